"""`bestbefore translate`: ClusterImagePolicy files to Gatekeeper objects."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import click
from click.core import ParameterSource

from gatekeeper.cli import engine, output, policy_files, times, trust_roots, waiver_files
from gatekeeper.documents.problems import Problem, Severity
from gatekeeper.evaluation import installed
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.policy import LoadedPolicies, PolicyError, read_documents
from gatekeeper.policy.model import ClusterImagePolicy
from gatekeeper.translation import rendering
from gatekeeper.translation.changes import changes
from gatekeeper.translation.schema import ADDRESS
from gatekeeper.translation.translate import objects
from gatekeeper.translation.twins import twin_problems

_UNCOVERED: Final = (
    "images that none of these policies covers are admitted in the cluster; policy-controller denies them. "
    "--no-match deny (or warn) makes a template for them, --no-match allow says that this is meant"
)


def _checked_address(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(ADDRESS, value):
        raise click.BadParameter("expected an http or https address of at most 200 characters")
    return value


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR...")
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write template-KIND.yaml and constraint-NAME.yaml files there, instead of one stream to standard output.",
)
@click.option(
    "--diff",
    "diff_path",
    metavar="FILE|DIR",
    help="Show what would change against objects in files, or `kubectl get … -o yaml` from a cluster (`-`).",
)
@click.option(
    "--check",
    "check_path",
    metavar="FILE|DIR",
    help="Say whether what is there is what would be generated, for CI. Like --diff, without the lines.",
)
@click.option(
    "--no-match",
    type=click.Choice(["deny", "warn", "allow"]),
    default="allow",
    show_default=True,
    help="What the cluster does with images that no policy covers; a template of its own where not allowed.",
)
@click.option(
    "--reasons-url",
    metavar="URL",
    callback=_checked_address,
    help="Address of your copy of the page of reasons; denials name it, with the reason as its heading.",
)
@click.option(
    "--uncompiled",
    is_flag=True,
    help="Do without the program opa: rules are not compiled, and a mistake in one is found by the cluster.",
)
@click.option(
    "--library",
    "with_library",
    is_flag=True,
    help="FILEs and DIRs hold ConstraintTemplates of your own: put the libraries into them that they import "
    "(`import data.lib.bestbefore.images`).",
)
@click.option(
    "--synced-waivers",
    is_flag=True,
    help="Let the templates of policies that take Waivers read those of the cluster. Gatekeeper needs referential "
    "rules and a SyncSet for it.",
)
@waiver_files.option
@policy_files.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    paths: tuple[str, ...],
    output_dir: Path | None,
    diff_path: str | None,
    check_path: str | None,
    no_match: str,
    reasons_url: str | None,
    uncompiled: bool,  # noqa: FBT001 - click gives it so
    with_library: bool,  # noqa: FBT001
    given_config_maps: tuple[str, ...],
    given_secrets: tuple[str, ...],
    given_waivers: tuple[str, ...],
    synced_waivers: bool,  # noqa: FBT001
) -> None:
    """Translate the ClusterImagePolicies of FILEs and DIRs (`-` is standard input).

    The output is the same bytes for the same policies, and can be kept in Git. Apply it with `kubectl apply
    --server-side`. What cannot be carried over is refused by its path, never dropped.

    Each rule is compiled by the program opa, as Gatekeeper would do it; --uncompiled does without.

    Exit: 0 translated, 1 something differs (--diff, --check), 2 invalid or not translatable, every problem listed as
    `file: path: problem`, 3 there is no opa, or it cannot be run.
    """
    if sum(map(bool, (output_dir, diff_path, check_path))) > 1:
        raise click.UsageError("--output-dir, --diff and --check exclude each other")
    if with_library and given_waivers:
        raise click.UsageError("--waiver: a template has no place for Waivers; they stand in Constraints")
    try:
        if with_library:
            documents = read_documents(paths, with_lines=True)
            compiler = None if uncompiled else engine.found()
            made = tuple(installed.templates_with_library(documents, compiler, synced_waivers=synced_waivers))
        else:
            loaded = policy_files.load(paths, given_config_maps, given_secrets, with_constraints=True)
            _check_constraints(loaded)
            compiler = None if uncompiled else engine.found()
            translations = policy_files.translated(loaded, no_match, compiler, compiler, synced_waivers=synced_waivers)
            waivers = waiver_files.load(given_waivers)
            translations = waiver_files.applied(translations, waivers, times.read(None), _absence)
            _uncovered(loaded.policies)
            trust_roots.tell(loaded.trust_roots, for_provider=True)
            if reasons_url:
                translations = [each.with_reasons_url(reasons_url) for each in translations]
            made = objects(translations)
        present = diff_path or check_path
        if present:
            _compare(made, present, shown=diff_path is not None)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except NoVerdictError as error:
        output.problem(
            f"the rules could not be compiled: {error.message}; with --uncompiled they are translated all the same"
        )
        sys.exit(output.Exit.NO_VERDICT)
    if output_dir is None:
        click.echo(rendering.render(made), nl=False)
    else:
        _write(output_dir, made)


def _absence(policy: str) -> str:
    """Of a Waiver for a policy that is not translated: it may be a Constraint that people write themselves."""
    return (
        f"no ClusterImagePolicy here is called {policy}, so it is written nowhere; if that is a Constraint of your own "
        "(MaximumImageAge, SignedImages), write it there yourself, into `spec.parameters.waivers.entries`"
    )


def _check_constraints(loaded: LoadedPolicies) -> None:
    """Constraints beside policies are Gatekeeper's already; what can be said of them is whether a pair is whole.

    Raises:
        PolicyError: a pair is not, or there is nothing but Constraints.
    """
    problems = list(twin_problems(each for each in loaded.gatekeeper if each.kind != "ConstraintTemplate"))
    if loaded.gatekeeper and not loaded.policies:
        problems += [
            each.locate(Problem("kind", f"{each.kind} is no ClusterImagePolicy")) for each in loaded.gatekeeper
        ]
    if problems:
        raise PolicyError(problems)
    said = "passed over: it holds objects of Gatekeeper's, and no policy to translate"
    files = dict.fromkeys(each.file for each in loaded.gatekeeper)
    output.notes(policy_files.summed_up([Problem("", said, Severity.WARNING, file=each) for each in files]))


def _uncovered(given: Sequence[ClusterImagePolicy]) -> None:
    """Say what happens to images that no policy covers, where nobody has said what should."""
    said = click.get_current_context().get_parameter_source("no_match") is not ParameterSource.DEFAULT
    everything = any(image.glob == "**" for each in given if not each.spec.match for image in each.spec.images)
    if not said and not everything:
        output.notes([_UNCOVERED])


def _compare(made: Sequence[Mapping[str, Any]], path: str, *, shown: bool) -> NoReturn:
    found = changes(made, (document.value for document in read_documents([path])))
    for each in found:
        if shown:
            click.echo(each.diff, nl=False)
        else:
            click.echo(f"{each.what}: {each.kind} {each.name}")
    if not found:
        click.echo("nothing would change", err=True)
    sys.exit(output.Exit.DENIED if found else output.Exit.ALLOWED)


def _write(folder: Path, objects_made: Sequence[Mapping[str, Any]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for made in objects_made:
            place = folder / f"{_stem(made['kind'])}-{made['metadata']['name']}.yaml"
            place.write_text(rendering.render([made]), encoding="utf-8")
            click.echo(str(place))
    except OSError as error:
        output.refuse([f"{error.filename}: {error.strerror}"])


def _stem(kind: str) -> str:
    return "template" if kind == "ConstraintTemplate" else "constraint"
