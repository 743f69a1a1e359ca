"""`bestbefore check`: the verdict of a cluster, without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.cli import engine as given_engine
from gatekeeper.cli import outcomes, output, policy_files, registries, times, trust_roots, waiver_files
from gatekeeper.cli.progress import Progress
from gatekeeper.cli.reports.sarif import SourceLine
from gatekeeper.cli.selecting import constraints_of, installed_beside, selector
from gatekeeper.documents.document import STDIN
from gatekeeper.documents.problems import Problem
from gatekeeper.evaluation.check_result import CheckResult, Omission
from gatekeeper.evaluation.checker import check
from gatekeeper.evaluation.facts import FactsFileError, LiveFacts, RecordedFacts
from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa
from gatekeeper.evaluation.review import Review, read_reviews
from gatekeeper.policy import LoadedPolicies, PolicyError
from gatekeeper.translation import marks
from gatekeeper.translation.translate import Translation, has_strict_rules
from gatekeeper.waivers.waiver import Waiver
from provider.errors import ImageError, SettingsError
from provider.registry import reference
from provider.registry.content import digests

if TYPE_CHECKING:
    from gatekeeper.freshness.forecast.review_outlook import ReviewOutlook

# As far as a forecast looks ahead.
_FORECAST_DAYS: Final = 400
_DAY: Final = 24 * 60 * 60 * 1_000_000_000
# Whose rule needs the platforms of an image.
_AGE_KIND: Final = "MaximumImageAge"


@click.command()
@click.option(
    "--policy",
    "policies",
    multiple=True,
    required=True,
    metavar="FILE|DIR",
    help="ClusterImagePolicies, and Constraints with their ConstraintTemplates; of MaximumImageAge and SignedImages a "
    "Constraint is enough. May be repeated.",
)
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="FILE|DIR",
    help="Objects whose images are judged (`-` is standard input), of a directory those of its folders too. May be "
    "repeated.",
)
@click.option("--image", "images", multiple=True, metavar="IMAGE", help="An image to judge. May be repeated.")
@click.option(
    "--facts",
    "facts_file",
    type=click.Path(path_type=Path),
    help="Decide from facts that `facts --output json` or `check --output json` recorded.",
)
@click.option(
    "--now", metavar="TIME", help="Judge as if it were this time: a date, RFC 3339, or from now as in +14d, +2w."
)
@click.option(
    "--until",
    metavar="TIME",
    help="Say from when each image would be denied, as far as this time: RFC 3339, a date, or from now as in +90d.",
)
@click.option(
    "--pinned",
    is_flag=True,
    help="Judge what the cluster's mutation leaves: the Pod, its tags replaced by the digests that they name now.",
)
@click.option(
    "--no-match",
    type=click.Choice(["deny", "warn", "allow"]),
    default="deny",
    show_default=True,
    help="What to say of images that no policy covers. (In a cluster the default is allow.)",
)
@click.option("-o", "--output", "form", type=click.Choice(outcomes.FORMS), default="text", help="Form of the output.")
@click.option("--quiet", "-q", is_flag=True, help="Show what is denied or warned of, and the summary; not the rest.")
@policy_files.options
@waiver_files.option
@trust_roots.option
@registries.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    policies: tuple[str, ...],
    given_config_maps: tuple[str, ...],
    given_secrets: tuple[str, ...],
    given_trust_roots: tuple[str, ...],
    given_waivers: tuple[str, ...],
    resources: tuple[str, ...],
    images: tuple[str, ...],
    facts_file: Path | None,
    now: str | None,
    until: str | None,
    pinned: bool,  # noqa: FBT001 - click's signature
    no_match: str,
    form: str,
    quiet: bool,  # noqa: FBT001 - click's signature
    **reach: Any,  # noqa: ANN401 - the registries' options
) -> None:
    """Judge images by ClusterImagePolicies, as the cluster would.

    The very template that Gatekeeper gets is evaluated, by the engine that Gatekeeper has (the program opa). Objects
    are judged as if a person created them now, in a namespace where policies apply. With both --resource and --image
    the images are judged as if they stood in the object.

    Constraints are judged as their match and enforcementAction say; what a manifest does not say of its namespace is
    taken as if it matched, and said.

    What is not judged is named: objects that bring no Pod, images that no policy covers. Any other object with a pod
    template is judged as the Pod that it will make.

    Exit: 0 allowed, 1 denied, 2 invalid policy or usage or nothing was judged, 3 no verdict (a registry is away, the
    recorded facts do not have the image, there is no opa).
    """
    try:
        loaded = policy_files.load(policies, given_config_maps, given_secrets, with_constraints=True)
        waivers = waiver_files.load(given_waivers)
        reviews, others = _reviews(resources, images, loaded)
        wanted = frozenset[str]() if facts_file else trust_roots.wanted(loaded.policies, constraints_of(loaded))
        roots = trust_roots.named(given_trust_roots, loaded.trust_roots, wanted)
        progress = Progress("questions to registries answered")
        inspect = registries.counted(registries.inspector(**reach, trust_roots=roots), progress)
        facts = RecordedFacts.read(facts_file) if facts_file else LiveFacts(inspect)
        engine = given_engine.found()
        moment = times.read(now)
        end = _end(until, moment)
        if pinned:
            from gatekeeper.evaluation import mutation  # noqa: PLC0415 - only where it is asked for

            reviews = mutation.pinned(reviews, facts)
        _warn_of_namespaces(loaded, reviews)
        installed, idle = installed_beside(loaded, engine)
        # What is no policy may be an object to judge: one directory may hold both.
        objects = {each.file for each in reviews}
        passed_over = [*(each for each in (*loaded.passed_over, *idle) if each.file not in objects), *others]
        question = _Check(loaded, installed, reviews, facts, no_match, moment, end, passed_over, waivers)
        with progress:
            result, ahead = question.answered(engine)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except (FactsFileError, EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    except SettingsError as error:
        output.refuse(error.problems)
    except NoVerdictError as error:
        outcomes.no_verdict(error, form)
    else:
        admits = no_match == "allow" and bool(loaded.policies)
        report = outcomes.Report(form, moment, quiet, admits, _source_lines(loaded), end, ahead)
        report.show(result)
        report.leave(result)


@dataclass(frozen=True)
class _Check:
    """What is to be judged, by what, and when.

    Attributes:
        loaded: ClusterImagePolicies.
        installed: Constraints.
        reviews: the objects and images.
        facts: answers the templates' questions.
        no_match: what to say of images that no ClusterImagePolicy covers.
        now: nanoseconds since 1970.
        until: the end of a forecast; None without one.
        passed_over: what stands in given files and is judged by nobody; standard error has it already.
        waivers: what lets pass for a time what the policies deny.
    """

    loaded: LoadedPolicies
    installed: Sequence[Translation]
    reviews: Sequence[Review]
    facts: LiveFacts | RecordedFacts
    no_match: str
    now: int
    until: int | None
    passed_over: Sequence[Problem] = ()
    waivers: Sequence[Waiver] = ()

    def answered(self, engine: Opa) -> tuple[CheckResult, list[ReviewOutlook]]:
        """The verdict, and the forecast; evaluating compiles the policies' rules.

        A run of the compiler alone comes only where it has something to add: where a rule is refused, because it finds
        every mistake with its line in the file, and where a rule says Rego v1, because an evaluation takes what that
        forbids.
        """
        checker = engine if has_strict_rules(self.loaded.policies) else None
        translated = policy_files.translated(self.loaded, self.no_match, checker, engine)
        try:
            return self._judged(translated, engine)
        except EvaluationError:
            policy_files.translated(self.loaded, self.no_match, engine)
            raise

    def _judged(self, translated: Sequence[Translation], engine: Opa) -> tuple[CheckResult, list[ReviewOutlook]]:
        every = waiver_files.applied([*translated, *self.installed], self.waivers, self.now)
        facts = self._named(every)
        select = selector(self.reviews, every[len(translated) :])
        result = check(every, self.reviews, facts, engine, self.now, select)
        result = replace(result, unjudged=(*result.unjudged, *map(_omission, self.passed_over)))
        if self.until is None:
            return result, []
        from gatekeeper.freshness.forecast.review_outlook import review_outlooks  # noqa: PLC0415 - few look ahead

        return result, review_outlooks(every, self.reviews, facts, engine, self.now, self.until, select)

    def _named(self, every: Sequence[Translation]) -> LiveFacts | RecordedFacts:
        """The facts; of recorded ones it is said whom they name and no policy does, which looks like no signature."""
        if not isinstance(self.facts, RecordedFacts):
            return self.facts
        facts, images = self.facts.named(every), dict.fromkeys(text for each in self.reviews for text in each.texts)
        output.notes(list(facts.unknown_signers(images)))
        if any(made["kind"] == _AGE_KIND for each in every for made in each.constraints):
            facts.require_platforms(images)
        return facts


def _omission(problem: Problem) -> Omission:
    return Omission("file", problem.file, str(problem).removeprefix(f"{problem.file}: "), file=problem.file)


def _end(until: str | None, now: int) -> int | None:
    """The end of a forecast.

    Raises:
        click.UsageError: it is no time, not after now, or too far away.
    """
    if until is None:
        return None
    end = times.read(until, "--until", now)
    if not now < end <= now + _FORECAST_DAYS * _DAY:
        raise click.UsageError(f"--until {until}: expected a time after --now, at most {_FORECAST_DAYS} days later")
    return end


def _warn_of_namespaces(loaded: LoadedPolicies, reviews: Sequence[Review]) -> None:
    """Say which of the given Namespaces would keep policies away from the objects in them."""
    label = marks.NAMESPACE_LABEL
    known = Matcher.among(reviews).namespaces
    used = dict.fromkeys(each.namespace for each in reviews if each.namespace in known and not each.unjudged)
    unlabelled = [name for name in used if known[name].get(label) != "true"]
    if loaded.policies and unlabelled:
        names = ", ".join(unlabelled)
        output.notes(
            [f"in a cluster ClusterImagePolicies do not apply in {names}: the label {label}=true is not there"]
        )


def _reviews(
    resources: Sequence[str], images: Sequence[str], loaded: LoadedPolicies
) -> tuple[list[Review], list[Problem]]:
    """What to judge, and what is passed over."""
    if not resources and not images:
        raise click.UsageError("nothing to judge: name an --image or a --resource")
    for image in images:
        try:
            named = reference.parse(image)
        except ImageError as error:
            raise click.UsageError(
                f"--image: {error.message}" if not image.strip() else f"--image {image}: {error.message}"
            ) from error
        if loaded.policies and named.digest and digests.algorithm(named.digest) != "sha256":
            raise click.UsageError(
                f"--image {image}: no ClusterImagePolicy can judge it: policy-controller reads digests of SHA-256 "
                "alone; name one, or a tag"
            )
    chosen = tuple(images) or None
    if not resources:
        return [Review(images=chosen)], []
    reviews, passed_over = read_reviews(resources, chosen, with_lines=True)
    output.notes([f"not judged: {each}" for each in passed_over])
    return reviews, passed_over


def _source_lines(loaded: LoadedPolicies) -> dict[str, SourceLine]:
    """Where each policy stands; standard input is no place."""
    return {
        name: SourceLine("" if document.file == STDIN else document.file, document.line or 1)
        for name, document in [*loaded.documents.items(), *((each.name, each) for each in loaded.gatekeeper)]
    }
