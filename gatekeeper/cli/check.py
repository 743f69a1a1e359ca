"""`bestbefore check`: the verdict of a cluster, without one."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from gatekeeper.cli import age, output, registries
from gatekeeper.evaluation import opa
from gatekeeper.evaluation.checker import Finding, Outcome, check
from gatekeeper.evaluation.facts import FactsFileError, FactSource, LiveFacts, RecordedFacts
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa
from gatekeeper.evaluation.review import Review
from gatekeeper.policy import LoadedPolicies, PolicyError, load_policies
from gatekeeper.policy.document import read_documents
from gatekeeper.translation.translate import Translation, coverage, translate
from provider.clock import SystemClock
from provider.errors import ImageError, SettingsError
from provider.registry import reference

_NANOSECONDS: Final = 1_000_000_000


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
    help="Decide from facts that `facts --output json` recorded.",
)
@click.option("--now", metavar="TIME", help="Judge as if it were this time: RFC 3339, or from now as in +14d, +36h.")
@click.option(
    "--no-match",
    type=click.Choice(["deny", "warn", "allow"]),
    default="deny",
    show_default=True,
    help="What to say of images that no policy covers. (In a cluster the default is allow.)",
)
@click.option("--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@registries.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    policies: tuple[str, ...],
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
        loaded = load_policies(policies)
        reviews = _reviews(resources, images)
        facts: FactSource = RecordedFacts.read(facts_file) if facts_file else LiveFacts(registries.inspector(**reach))
        engine = opa.find()
        outcome = check(_translations(loaded, no_match, engine), reviews, facts, engine, _time(now))
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except (FactsFileError, EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    except SettingsError as error:
        output.refuse(error.problems)
    except NoVerdictError as error:
        _no_verdict(error, form)
    else:
        _show(outcome, form)


def _translations(loaded: LoadedPolicies, no_match: str, engine: Opa) -> list[Translation]:
    for each in loaded.warnings:
        output.warning(str(each))
    translations = list(translate(loaded.policies, engine, loaded.documents))
    if no_match != "allow":
        translations.append(coverage(loaded.policies, no_match))
    return translations


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
    return [Review(document.value, named) for document in read_documents(resources)]


def _time(text: str | None) -> int:
    now = int(SystemClock().now() * _NANOSECONDS)
    if text is None:
        return now
    relative = re.fullmatch(r"([+-][0-9]{1,5})([dhm])", text)
    if relative:
        seconds = {"d": 86400, "h": 3600, "m": 60}[relative.group(2)]
        return now + int(relative.group(1)) * seconds * _NANOSECONDS
    from provider.age import created_ns  # noqa: PLC0415 - needed only here

    moment = created_ns(text)
    if moment is None:
        raise click.UsageError(f"--now {text}: expected RFC 3339 (2026-01-31T12:00:00Z) or +14d, +36h, -30m")
    return moment


def _show(outcome: Outcome, form: str) -> None:
    if form == "json":
        output.document(_document(outcome))
    else:
        _text(outcome)
    if outcome.undecided:
        sys.exit(output.Exit.NO_VERDICT)
    sys.exit(output.Exit.ALLOWED if outcome.allowed else output.Exit.DENIED)


def _document(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {
        "allowed": outcome.allowed,
        "errors": list(outcome.errors),
        "warnings": list(outcome.warnings),
        "images": {image: dict(fact) for image, fact in outcome.facts.items()},
    }
    if outcome.undecided:
        found["reason"] = outcome.undecided
    return found


def _no_verdict(error: NoVerdictError, form: str) -> None:
    if form == "json":
        output.document(
            {"allowed": False, "errors": [error.message], "warnings": [], "images": {}, "reason": error.reason}
        )
    output.problem(f"no verdict: {error.message}")
    sys.exit(output.Exit.NO_VERDICT)


def _text(outcome: Outcome) -> None:
    now = SystemClock().now()
    for image, fact in outcome.facts.items():
        told = f"{fact['reason']}: {fact['message']}" if "reason" in fact else f"built {age.told(fact, now)}"
        click.echo(f"{click.style(image, bold=True)}\n  {told}")
        if "digest" in fact:
            click.echo(f"  {fact['digest']}")
    for finding in outcome.findings:
        _finding(finding)
    verdict, colour = ("allowed", "green") if outcome.allowed else ("denied", "red")
    if outcome.undecided:
        verdict, colour = f"no verdict ({outcome.undecided})", "yellow"
    policies = len({policy for policy, _ in outcome.judged if policy})
    click.echo(
        f"{click.style(verdict, fg=colour, bold=True)} by {policies} {'policy' if policies == 1 else 'policies'}"
    )


def _finding(finding: Finding) -> None:
    word, colour = ("denied", "red") if finding.action == "deny" else ("warning", "yellow")
    where = f" {finding.review}" if finding.review else ""
    click.echo(f"{click.style(word, fg=colour)}{where}: {finding.violation.msg}")
