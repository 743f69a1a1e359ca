"""What policies will say of all images of an inventory: the forecast.

    found = outlooks(translations, inventory, LiveFacts(inspect), opa.find(), now, now + 30 * DAY)
    for each in sorted(found, key=lambda one: one.best_before or until):
        print(each.policy, each.subject.workload.name, each.question, each.now.verdict, each.best_before)

prints, of a Deployment whose image is 27 days old under a limit of 30:

    maximum-image-age web apply admitted 1796256000000000000
    maximum-image-age web running admitted 1796256000000000000
    maximum-image-age web reschedule admitted None
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gatekeeper.documents import fields
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.actors import Actors, named_accounts
from gatekeeper.freshness.forecast.answer_book import AnswerBook, image_of
from gatekeeper.freshness.forecast.forecast_memory import ForecastMemory, KnownLine, RuleNames, look_ahead
from gatekeeper.freshness.forecast.line import Search
from gatekeeper.freshness.forecast.occasion import Occasions
from gatekeeper.freshness.forecast.outlook_book import OutlookBook, RuleResult
from gatekeeper.freshness.forecast.placement import Placement
from gatekeeper.freshness.forecast.rule import Rule, rules
from gatekeeper.freshness.forecast.rule_search import rule_search, samples_of_each
from gatekeeper.freshness.forecast.shared_lines import SharedLines
from gatekeeper.freshness.forecast.unit import Unit, images_asked
from gatekeeper.freshness.forecast.unit_judge import UnitJudge
from gatekeeper.freshness.inventory.inventory import WorkloadInventory
from gatekeeper.freshness.outlook import Outlook
from gatekeeper.translation.translate import Translation
from gatekeeper.waivers.waiver import GROUP_VERSION, KIND


@dataclass(frozen=True)
class ForecastSurroundings:
    """What policies may look at beside an object, and who makes Pods.

    Attributes:
        data: what is at `data.inventory` of a cluster beside Waivers.
        actors: the service accounts of operators that make Pods by themselves, by the kind of the Pods' owner:
            `{"Cluster": "cnpg-system/cnpg-manager"}`; of other kinds those count that policies name (see `actors`).
        waivers: the Waiver objects of the cluster, as `kubectl get -o json` has them.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)
    waivers: Sequence[Mapping[str, Any]] = ()

    @property
    def inventory(self) -> Mapping[str, Any]:
        """What templates see at `data.inventory`."""
        if not self.waivers:
            return self.data
        synced = {GROUP_VERSION: {KIND: {fields.name(each): each for each in self.waivers}}}
        return {**self.data, "cluster": {**fields.mapping(self.data, "cluster"), **synced}}


def outlooks(  # noqa: PLR0913, PLR0917 - what a forecast is made of
    translations: Sequence[Translation],
    inventory: WorkloadInventory,
    facts: FactSource,
    engine: Engine,
    now: int,
    until: int,
    surroundings: ForecastSurroundings | None = None,
    step: Callable[[], None] = lambda: None,
    memory: ForecastMemory | None = None,
) -> Sequence[Outlook]:
    """Each (policy, image, workload) that a policy covers, for each question about it.

    Each distinct image is judged once for all workloads where it is judged alike, each question of a template is asked
    of `facts` once. What cannot be judged is `UNKNOWN`, with the reason.

    Args:
        translations: the policies, as `check` takes them or as `GeneratedConstraint.translation` reads them.
        inventory: what runs.
        facts: answers the templates' questions; facts are those of now.
        engine: the real opa.
        now: nanoseconds since 1970.
        until: the end of the horizon.
        surroundings: see there.
        memory: of earlier rounds, and for later ones: what is as it was is evaluated no second time.
        step: is called for each Constraint that is done.
    """
    surroundings = surroundings or ForecastSurroundings()
    memory = memory or ForecastMemory()
    placement = Placement(rules(translations, surroundings.inventory), Matcher(inventory.namespaces))
    occasions = Occasions(Actors(surroundings.actors, named_accounts(translations)), inventory.team)
    for workload in inventory.workloads:
        for occasion in occasions.of(workload):
            placement.take(occasion)
    book = AnswerBook(facts, memory.sightings, now)
    images = {image for its in placement.units.values() for unit in its for image in images_asked(unit)}
    book.ask(key for key in memory.keys if image_of(key) in images)
    results: dict[int, RuleResult] = {}
    shared = SharedLines()
    evaluations = samples_of_each(placement.rules)
    names = RuleNames(placement.rules)
    for group in _groups(placement.rules).values():
        known = _judged(group, names, placement, book, engine, memory, shared, now, until, evaluations)
        for number, found in known.items():
            results[number] = RuleResult(group[number], found)
            step()
    # Only now all is known that is asked about an image.
    lines = ((number, unit, line) for number, its in results.items() for unit, line in its.lines.items())
    memory.keep(((names.of(number, unit), unit, line) for number, unit, line in lines), book)
    return list(OutlookBook(results, book, now, until).outlooks(placement.places))


def _groups(several: Sequence[Rule]) -> Mapping[Template, Mapping[int, Rule]]:
    """Rules of one template are evaluated together."""
    found: dict[Template, dict[int, Rule]] = {}
    for number, rule in enumerate(several):
        found.setdefault(rule.template, {})[number] = rule
    return found


def _judged(  # noqa: PLR0913, PLR0917 - those of `outlooks`
    group: Mapping[int, Rule],
    names: RuleNames,
    placement: Placement,
    book: AnswerBook,
    engine: Engine,
    memory: ForecastMemory,
    shared: SharedLines,
    now: int,
    until: int,
    evaluations: int,
) -> dict[int, dict[Unit, KnownLine]]:
    """What rules say of their units; what is new is looked at a little beyond the horizon, for later rounds."""
    ends = {number: look_ahead(rule, until) for number, rule in group.items()}
    judge = UnitJudge(group, book, engine)
    found: dict[int, dict[Unit, KnownLine]] = {}
    searches: dict[int, Search] = {}
    sizes: dict[int, int] = {}
    # Whose line it will be where several rules are given the same for a unit.
    first: dict[tuple[str, Unit], int] = {}
    for number, rule in group.items():
        its = {unit: names.of(number, unit) for unit in placement.units.get(number, {})}
        found[number] = memory.known(its, book, now, until)
        new = [unit for unit in its if unit not in found[number]]
        own = [unit for unit in new if first.setdefault((its[unit], unit), number) == number]
        if own:
            sizes[number] = len(own)
            covers = partial(judge.covers, number)
            searches[number] = rule_search(rule, own, book, covers, now, ends[number], evaluations)
    for lot in _lots(_together(group, sizes)):
        for number, lines in judge.found({number: searches[number] for number in lot}).items():
            for unit, line in lines.items():
                covered = shared.texts(judge.covered.get((number, unit)))
                found[number][unit] = KnownLine(shared.line(line), ends[number], "", covered)
    for number in group:
        for unit in placement.units.get(number, {}):
            if unit not in found[number]:
                found[number][unit] = found[first[names.of(number, unit), unit]][unit]
    return found


def _together(group: Mapping[int, Rule], sizes: Mapping[int, int]) -> Mapping[tuple[int, ...], int]:
    """The rules of each policy, with how many units they have: what a pair of them says is evaluated at once."""
    by_policy: dict[str, list[int]] = {}
    for number in sizes:
        by_policy.setdefault(group[number].policy, []).append(number)
    return {tuple(numbers): sum(sizes[number] for number in numbers) for numbers in by_policy.values()}


def _lots(sizes: Mapping[tuple[int, ...], int]) -> Iterator[list[int]]:
    """Rules whose searches go on at once: each search keeps all that was said of its units until it ends.

    Args:
        sizes: how many units the rules of each policy have.
    """
    lot: list[int] = []
    units = 0
    for numbers, size in sizes.items():
        if lot and units + size > limits.UNITS_TOGETHER:
            yield lot
            lot, units = [], 0
        lot += numbers
        units += size
    if lot:
        yield lot
