"""`bestbefore check`: the verdict of a cluster, without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from gatekeeper.cli import outcomes, output, registries, times, trust_roots
from gatekeeper.cli import policies as given_policies
from gatekeeper.evaluation import opa
from gatekeeper.evaluation.checker import Outcome, check
from gatekeeper.evaluation.facts import FactsFileError, FactSource, LiveFacts, RecordedFacts
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa
from gatekeeper.evaluation.review import Review, read_reviews
from gatekeeper.policy import LoadedPolicies, PolicyError
from gatekeeper.translation.translate import Translation
from provider.errors import ImageError, SettingsError
from provider.registry import reference


@click.command()
@click.option(
    "--policy",
    "policies",
    multiple=True,
    required=True,
    metavar="FILE|DIR",
    help="ClusterImagePolicies. May be repeated.",
)
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="FILE|DIR",
    help="Objects whose images are judged (`-` is standard input). May be repeated.",
)
@click.option("--image", "images", multiple=True, metavar="IMAGE", help="An image to judge. May be repeated.")
@click.option(
    "--facts",
    "facts_file",
    type=click.Path(path_type=Path),
    help="Decide from facts that `facts --output json` or `check --output json` recorded.",
)
@click.option("--now", metavar="TIME", help="Judge as if it were this time: RFC 3339, or from now as in +14d, +36h.")
@click.option(
    "--no-match",
    type=click.Choice(["deny", "warn", "allow"]),
    default="deny",
    show_default=True,
    help="What to say of images that no policy covers. (In a cluster the default is allow.)",
)
@click.option("--output", "form", type=click.Choice(outcomes.FORMS), default="text", help="Form of the output.")
@given_policies.options
@trust_roots.option
@registries.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    policies: tuple[str, ...],
    given_config_maps: tuple[str, ...],
    given_secrets: tuple[str, ...],
    given_trust_roots: tuple[str, ...],
    resources: tuple[str, ...],
    images: tuple[str, ...],
    facts_file: Path | None,
    now: str | None,
    no_match: str,
    form: str,
    **reach: Any,  # noqa: ANN401 - the registries' options
) -> None:
    """Judge images by ClusterImagePolicies, as the cluster would.

    The very template that Gatekeeper gets is evaluated, by the engine that Gatekeeper has (the program opa). Objects
    are judged as if a person created them now, in a namespace where policies apply. With both --resource and --image
    the images are judged as if they stood in the object.

    Exit: 0 allowed, 1 denied, 2 invalid policy or usage, 3 no verdict (a registry is away, there is no opa).
    """
    try:
        loaded = given_policies.load(policies, given_config_maps, given_secrets)
        reviews = _reviews(resources, images)
        roots = trust_roots.named(given_trust_roots)
        recorded = RecordedFacts.read(facts_file) if facts_file else None
        engine = opa.find()
        moment = times.read(now)

        def facts(translations: Sequence[Translation]) -> FactSource:
            if recorded:
                return recorded.named(translations)
            return LiveFacts(registries.inspector(**reach, trust_roots=roots))

        outcome = _judged(loaded, no_match, engine, lambda made: check(made, reviews, facts(made), engine, moment))
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except (FactsFileError, EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    except SettingsError as error:
        output.refuse(error.problems)
    except NoVerdictError as error:
        outcomes.no_verdict(error, form)
    else:
        outcomes.show(outcome, form, moment)
        outcomes.leave(outcome)


def _judged(
    loaded: LoadedPolicies, no_match: str, engine: Opa, judge: Callable[[Sequence[Translation]], Outcome]
) -> Outcome:
    """Judge while the policies' rules are compiled beside it; what the compiler finds comes before any verdict."""
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(given_policies.translated, loaded, no_match, engine)
        try:
            outcome = judge(given_policies.translated(loaded, no_match, None))
        except EvaluationError:
            compiled.result()
            raise
        compiled.result()
        return outcome


def _reviews(resources: Sequence[str], images: Sequence[str]) -> list[Review]:
    if not resources and not images:
        raise click.UsageError("nothing to judge: name an --image or a --resource")
    for image in images:
        try:
            reference.parse(image)
        except ImageError as error:
            raise click.UsageError(f"--image {image}: {error.message}") from error
    named = tuple(images) or None
    if not resources:
        return [Review(images=named)]
    return read_reviews(resources, named)
