"""`bestbefore translate`: ClusterImagePolicy files to Gatekeeper objects."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from gatekeeper.cli import engine, output, policies
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.policy import PolicyError, read_documents
from gatekeeper.translation import rendering
from gatekeeper.translation.comparison import changes
from gatekeeper.translation.translate import Translation, objects


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
@policies.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    paths: tuple[str, ...],
    output_dir: Path | None,
    diff_path: str | None,
    check_path: str | None,
    no_match: str,
    given_config_maps: tuple[str, ...],
    given_secrets: tuple[str, ...],
) -> None:
    """Translate the ClusterImagePolicies of FILEs and DIRs (`-` is standard input).

    The output is the same bytes for the same policies, and can be kept in Git. Apply it with `kubectl apply
    --server-side`. What cannot be carried over is refused by its path, never dropped.

    Where the program opa is found, each rule is compiled as Gatekeeper would; else only our own checks are made.

    Exit: 0 translated, 1 something differs (--diff, --check), 2 invalid or not translatable, every problem listed as
    `file: path: problem`, 3 opa is there but cannot be run.
    """
    if sum(map(bool, (output_dir, diff_path, check_path))) > 1:
        raise click.UsageError("--output-dir, --diff and --check exclude each other")
    try:
        loaded = policies.load(paths, given_config_maps, given_secrets)
        translations = policies.translated(loaded, no_match, engine.checker())
        present = diff_path or check_path
        if present:
            _compare(translations, present, shown=diff_path is not None)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except NoVerdictError as error:
        output.problem(f"the rules could not be compiled: {error.message}")
        sys.exit(output.Exit.NO_VERDICT)
    if output_dir is None:
        click.echo(rendering.render(objects(translations)), nl=False)
    else:
        _write(output_dir, translations)


def _compare(translations: list[Translation], path: str, *, shown: bool) -> NoReturn:
    found = changes(objects(translations), (document.value for document in read_documents([path])))
    for each in found:
        if shown:
            click.echo(each.diff, nl=False)
        else:
            click.echo(f"{each.what}: {each.kind} {each.name}")
    if not found:
        click.echo("nothing would change", err=True)
    sys.exit(output.Exit.DENIED if found else output.Exit.ALLOWED)


def _write(folder: Path, translations: list[Translation]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for made in objects(translations):
            place = folder / f"{_stem(made['kind'])}-{made['metadata']['name']}.yaml"
            place.write_text(rendering.render([made]), encoding="utf-8")
            click.echo(str(place))
    except OSError as error:
        output.refuse([f"{error.filename}: {error.strerror}"])


def _stem(kind: str) -> str:
    return "template" if kind == "ConstraintTemplate" else "constraint"
