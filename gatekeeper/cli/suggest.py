"""`bestbefore suggest`: which other image of the repository the policies admit, and for how long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gatekeeper.alternatives.nearness import Distance, by_nearness
from gatekeeper.alternatives.search import Candidate, Opinion, Search, search
from gatekeeper.cli import clusters, output, policy_files, registries, times, trust_roots, waiver_files
from gatekeeper.cli import engine as given_engine
from gatekeeper.cli.progress import Progress
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import alternatives
from gatekeeper.cli.selecting import constraints_of, installed_beside, selector
from gatekeeper.documents.document import Document
from gatekeeper.evaluation import mutation
from gatekeeper.evaluation.checker import check
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.image_pods import pod_of
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa
from gatekeeper.evaluation.review import Review
from gatekeeper.policy import LoadedPolicies, PolicyError
from gatekeeper.translation.translate import Translation, has_strict_rules
from gatekeeper.waivers.waiver import Waiver
from provider.errors import BestbeforeError, ImageError, SettingsError
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.reference import Reference

if TYPE_CHECKING:
    from provider.registry.tag_pages import TagList

_DAY: Final = 24 * 60 * 60 * 1_000_000_000
# As far as it is looked ahead for the end of a suggestion.
_HORIZON_DAYS: Final = 400
# How many repositories are listed beside the image's own.
_MOST_MIRRORS: Final = 8


@click.command()
@click.argument("image", metavar="IMAGE")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="FILE|DIR",
    help="Policies as `check` takes them. May be repeated. Without it, those of a cluster: see --namespace.",
)
@click.option(
    "--namespace",
    "-n",
    default="",
    metavar="NAME",
    help="Judge for a Pod of this namespace: by the policies of a cluster that apply there, or by --policy.",
)
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    metavar="REPOSITORY",
    help="Another repository that holds such images, looked at after IMAGE's own. May be repeated.",
)
@click.option("--now", metavar="TIME", help="Judge as if it were this time; see `check`.")
@click.option(
    "--no-match",
    type=click.Choice(["deny", "warn", "allow"]),
    default="deny",
    show_default=True,
    help="What to say of images that no policy covers. (In a cluster the default is allow.)",
)
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@policy_files.options
@waiver_files.option
@trust_roots.option
@clusters.options
@registries.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    image: str,
    policies: tuple[str, ...],
    namespace: str,
    given_config_maps: tuple[str, ...],
    given_secrets: tuple[str, ...],
    given_waivers: tuple[str, ...],
    given_trust_roots: tuple[str, ...],
    mirrors: tuple[str, ...],
    now: str | None,
    no_match: str,
    form: str,
    kubeconfig: Path | None,
    context: str,
    **reach: Any,  # noqa: ANN401 - the registries' options
) -> None:
    """Look for the nearest image of IMAGE's repository that every policy admits.

    The tags of the repository are listed, and the nearest are looked at first: the tag itself, then the same line of
    versions (major and minor number) with the same suffix, then other ones, the newest version first. Of at most 32
    images the facts are asked for, and every policy is evaluated as by `check --pinned`, until one is admitted. It is
    said until when it will be; or, if none is, which rules are against them, and when the first one will be old enough.

    bestbefore suggest registry.example.com/shop/web:1.5.1 --policy policies/

    Nothing but registries is asked, and where --policy is not given a cluster: whose ConstraintTemplates and
    Constraints, and the Namespace itself, must be readable. What a Waiver lets pass is admitted until the Waiver ends:
    one of the cluster, or with --policy and --namespace one of --waiver.

    Exit: 0 an image is admitted, 1 none that was looked at, 2 invalid policy or usage or nothing was judged, 3 no
    verdict (a registry is away or lists no tags, there is no opa).
    """
    try:
        _refuse_odd(policies, namespace, given_waivers, mirrors, bool(kubeconfig or context))
        wanted = _reference(image, "IMAGE")
        places = [wanted, *(_reference(each, "--mirror") for each in mirrors)]
        moment = times.read(now)
        place = (
            _Place(policy_files.load(policies, given_config_maps, given_secrets, with_constraints=True), namespace)
            if policies
            else _in_cluster(namespace, kubeconfig, context)
        )
        waivers = waiver_files.load(given_waivers)
        loaded = place.policies
        roots = trust_roots.named(
            given_trust_roots, loaded.trust_roots, trust_roots.wanted(loaded.policies, constraints_of(loaded))
        )
        engine = given_engine.found()
        progress = Progress("questions to registries answered")
        session = registries.connected(trust_roots=roots, **reach)
        facts = LiveFacts(registries.counted(session.inspect, progress))
        every, installed = _translations(loaded, waivers, no_match, engine, moment)
        with progress:
            lists = _lists(places, session.tags)
            _tell_absent(wanted, lists)
            judge = _Assessor(every, installed, facts, engine, place)
            found = search(_candidates(lists, wanted), judge, moment)
    except PolicyError as error:
        output.refuse(str(problem) for problem in error.problems)
    except (EvaluationError, click.UsageError) as error:
        output.refuse([error.message if isinstance(error, click.UsageError) else str(error)])
    except SettingsError as error:
        output.refuse(error.problems)
    except NoVerdictError as error:
        output.problem(f"no verdict: {error.message}")
        sys.exit(output.Exit.NO_VERDICT)
    report = alternatives.SearchReport(image, found, moment, _HORIZON_DAYS, lists)
    report.show(form)
    sys.exit(_exit(found))


def _refuse_odd(
    policies: Sequence[str],
    namespace: str,
    waivers: Sequence[str],
    mirrors: Sequence[str],
    cluster: bool,  # noqa: FBT001 - whether one is named
) -> None:
    """Refuse options that make no sense together.

    Raises:
        click.UsageError: which.
    """
    if not policies and not namespace:
        raise click.UsageError("name policies (--policy), or the namespace of a cluster (--namespace)")
    if policies and cluster:
        raise click.UsageError("--policy asks no cluster: leave out --kubeconfig and --context")
    if waivers and not policies:
        raise click.UsageError("--waiver goes with --policy: by the policies of a cluster its own Waivers count")
    if waivers and not namespace:
        raise click.UsageError("--waiver needs --namespace: a Waiver holds in the namespaces that it names")
    if len(mirrors) > _MOST_MIRRORS:
        raise click.UsageError(f"--mirror: {len(mirrors)} repositories, at most {_MOST_MIRRORS}")


def _exit(found: Search) -> output.Exit:
    if found.found:
        return output.Exit.ALLOWED
    if found.opinions and not any(each.covered for each in found.opinions):
        output.problem("nothing was judged: no policy looks at these images")
        return output.Exit.USAGE
    return output.Exit.DENIED if found.decided else output.Exit.NO_VERDICT


def _reference(text: str, option: str) -> Reference:
    try:
        return reference.parse(text)
    except ImageError as error:
        raise click.UsageError(f"{option} {text}: {error.message}") from error


@dataclass(frozen=True)
class _Place:
    """Where the images would run.

    Attributes:
        policies: those that apply there.
        name: of the namespace; empty where none is named.
        namespace: the object; None where it is not known.
        waivers: the Waivers of the cluster.
    """

    policies: LoadedPolicies
    name: str = ""
    namespace: Document | None = None
    waivers: Sequence[Mapping[str, Any]] = ()


def _in_cluster(namespace: str, kubeconfig: Path | None, context: str) -> _Place:
    from gatekeeper.cli import cluster_policies, cluster_waivers  # noqa: PLC0415 - few ask a cluster

    api = clusters.connect(kubeconfig, context).api
    loaded, space = cluster_policies.read(api, namespace)
    templates = [each.value for each in loaded.gatekeeper if each.kind == "ConstraintTemplate"]
    waivers = cluster_waivers.read(api, templates)
    if waivers.problem:
        output.warning(waivers.problem)
    return _Place(loaded, namespace, space, waivers.objects)


def _translations(
    loaded: LoadedPolicies, waivers: Sequence[Waiver], no_match: str, engine: Opa, now: int
) -> tuple[list[Translation], list[Translation]]:
    """Every policy with the Waivers of files, and those of them that stand as Constraints."""
    checker = engine if has_strict_rules(loaded.policies) else None
    translated = policy_files.translated(loaded, no_match, checker, engine)
    installed, _ = installed_beside(loaded, engine)
    if not translated and not installed:
        raise click.UsageError("there is no policy about images")
    every = waiver_files.applied([*translated, *installed], waivers, now)
    return every, every[len(translated) :]


def _lists(places: Sequence[Reference], listed: Callable[[str], TagList]) -> dict[Reference, TagList]:
    """The tags of each repository.

    Raises:
        NoVerdictError: not one of them lists tags.
    """
    found: dict[Reference, TagList] = {}
    for place in places:
        try:
            found[place] = listed(f"{place.context}:{reference.DEFAULT_TAG}")
        except BestbeforeError as error:
            output.warning(f"{place.context} lists no tags: {error.reason}: {visible(error.message)}")
            last = error
            continue
        if not found[place].whole:
            output.notes([f"{place.context} has more than the {len(found[place].tags)} tags that were read"])
    if not found:
        raise NoVerdictError(last.reason, "no repository lists its tags, so nothing can be looked for")
    return found


def _tell_absent(wanted: Reference, lists: Mapping[Reference, TagList]) -> None:
    """Say that nobody pushed the tag that was asked about, where all tags are known."""
    listed = lists.get(wanted)
    if listed is not None and listed.whole and wanted.tag and wanted.tag not in listed.tags:
        output.notes([f"{wanted.context} has no tag {wanted.tag}"])


def _candidates(lists: dict[Reference, TagList], wanted: Reference) -> Iterator[Candidate]:
    """What to look at, the nearest first; of the same distance those of the image's own repository."""
    tag = wanted.tag or ""
    if wanted.digest:
        yield Candidate(wanted.text, Distance.SAME)
    order = list(Distance)
    near = [
        (number, place, each)
        for number, (place, listed) in enumerate(lists.items())
        for each in by_nearness(listed.tags, tag)
    ]
    for _, place, each in sorted(near, key=lambda found: (order.index(found[2].distance), found[0])):
        yield Candidate(f"{_written(place)}:{each.tag}", each.distance)


def _written(place: Reference) -> str:
    """The repository as its user wrote it, `alpine` and not `index.docker.io/library/alpine`."""
    name = place.text.partition("@")[0]
    return name.removesuffix(f":{place.tag}") if place.tag else name


@dataclass(frozen=True)
class _Assessor:
    """What the policies say of images; see `Assessor`.

    Attributes:
        every: the policies.
        installed: those of them whose `match` counts.
        facts: answers the templates' questions.
        engine: evaluates.
        place: where the images would run.
    """

    every: Sequence[Translation]
    installed: Sequence[Translation]
    facts: LiveFacts
    engine: Opa
    place: _Place

    def opinions(self, candidates: Sequence[Candidate], at: int) -> list[Opinion]:
        """See `Assessor.opinions`."""
        reviews = mutation.pinned([self._review(each.image) for each in candidates], self.facts)
        select = selector([*reviews, *self._known()], self.installed)
        result = check(self.every, reviews, self.facts, self.engine, at, select, self.place.waivers)
        found = []
        for candidate, review in zip(candidates, reviews, strict=True):
            judgements = [each for each in result.judgements if each.review is review]
            findings = [one for each in judgements for one in each.findings]
            denials = tuple(one for one in findings if one.action == "deny")
            waived = tuple(one for one in findings if one.reason == Reason.WAIVED)
            covered = any(each.covers for each in judgements)
            found.append(Opinion(candidate, review.texts[0], covered, denials, waived))
        return found

    def denied_from(self, opinion: Opinion, at: int) -> tuple[int, str] | None:
        """See `Assessor.denied_from`.

        Raises:
            NoVerdictError: nobody can say for how long a policy admits it: "until" must not promise what is not so.
        """
        from gatekeeper.freshness.forecast.review_outlook import review_outlooks  # noqa: PLC0415 - as above

        reviews = [self._review(opinion.pinned)]
        select = selector([*reviews, *self._known()], self.installed)
        end = at + _HORIZON_DAYS * _DAY
        found = review_outlooks(self.every, reviews, self.facts, self.engine, at, end, select, self.place.waivers)
        for each in found:
            if each.denies and each.unknown is not None:
                raise NoVerdictError(each.unknown.reason, f"{each.policy}: {each.unknown.sentence}")
        denied = [(each.denial.since, each.policy) for each in found if each.denial is not None]
        return min(denied, default=None)

    def _review(self, image: str) -> Review:
        """A Pod with this image alone; without a namespace, where none is known, each `match` takes it as its own."""
        pod = pod_of((image,))
        namespace = {"namespace": self.place.name} if self.place.name else {}
        return Review({**pod, "metadata": {"name": pod["metadata"]["name"], **namespace}})

    def _known(self) -> list[Review]:
        return [Review(self.place.namespace.value)] if self.place.namespace else []
