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
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.review import Review
from gatekeeper.freshness.forecast.answer_book import AnswerBook
from gatekeeper.freshness.forecast.clue import Clue
from gatekeeper.freshness.forecast.occasion import Occasion, Occasions
from gatekeeper.freshness.forecast.rule import Rule, rules
from gatekeeper.freshness.forecast.search import search
from gatekeeper.freshness.forecast.unit import Unit, asked, units
from gatekeeper.freshness.forecast.unit_judge import NOT_EVALUATED, Line, UnitJudge
from gatekeeper.freshness.forecast.verdicts import turns
from gatekeeper.freshness.inventory.inventory import RunningWorkload, WorkloadInventory
from gatekeeper.freshness.outlook import Outlook, Question, Subject, Turn, Verdict
from gatekeeper.translation.translate import Translation

_SYSTEM: Final = "system-"
_RANDOM: Final = "the rule uses a random number: nobody can foresee what it says"


@dataclass(frozen=True)
class ForecastSurroundings:
    """What policies may look at beside an object, and who makes Pods.

    Attributes:
        data: what is at `data.inventory` of a cluster, where Waivers are: `{"cluster": {VERSION: {KIND: {NAME: …}}}}`.
        actors: the service accounts of operators that make Pods by themselves, by the kind of the Pods' owner:
            `{"Cluster": "cnpg-system/cnpg-manager"}`.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)


def outlooks(  # noqa: PLR0913, PLR0917 - what a forecast is made of
    translations: Sequence[Translation],
    inventory: WorkloadInventory,
    facts: FactSource,
    engine: Engine,
    now: int,
    until: int,
    surroundings: ForecastSurroundings | None = None,
    step: Callable[[], None] = lambda: None,
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
        step: is called for each Constraint that is done.
    """
    surroundings = surroundings or ForecastSurroundings()
    book = AnswerBook(facts)
    forecast = _Forecast(rules(translations, surroundings.data), Matcher(inventory.namespaces))
    for workload in inventory.workloads:
        for occasion in Occasions(surroundings.actors, inventory.team).of(workload):
            forecast.place(occasion)
    for number, rule in enumerate(forecast.rules):
        forecast.judge(number, UnitJudge(rule, book, engine), now, until)
        step()
    return list(forecast.outlooks(book))


@dataclass(frozen=True, slots=True)
class _Place:
    """An image of a workload, for one question.

    Attributes:
        units: by the number of the rule, and the field of the image in the review; of an image by itself empty.
    """

    question: Question
    workload: RunningWorkload
    subject: Subject
    units: Mapping[int, tuple[Unit, str]]


@dataclass
class _Forecast:
    """Places images, judges units, and puts together what came of it."""

    rules: Sequence[Rule]
    matcher: Matcher
    places: list[_Place] = field(default_factory=list)
    units: dict[int, dict[Unit, Unit]] = field(default_factory=dict)
    lines: dict[int, Mapping[Unit, Line]] = field(default_factory=dict)
    covered: dict[int, Mapping[Unit, frozenset[str] | None]] = field(default_factory=dict)

    def place(self, occasion: Occasion) -> None:
        """Take an occasion in."""
        given = Review(occasion.object)
        if given.unjudged:
            return
        found: dict[str, dict[int, tuple[Unit, str]]] = {path: {} for path in occasion.subjects}
        for number, rule in enumerate(self.rules):
            looked_at = self.matcher.select(rule.constraint, given).review
            if looked_at is None:
                continue
            known = self.units.setdefault(number, {})
            for one, path in units(_input(looked_at, occasion), rule.scope):
                unit = known.setdefault(one, one)
                for at in [looked_at.path(path)] if path else found:
                    if at in found:
                        found[at][number] = (unit, "" if path else _within(looked_at, at))
        for path, its in found.items():
            if its:
                self.places.append(_Place(occasion.question, occasion.workload, occasion.subjects[path], its))

    def judge(self, number: int, judge: UnitJudge, now: int, until: int) -> None:
        """Evaluate one rule over its units."""
        its, rule, book = self.units.get(number, {}), self.rules[number], judge.book
        found = judge.lines(dict.fromkeys(its, (now,)))
        if rule.random:
            found = {unit: [(now, frozenset({("", "", NOT_EVALUATED, _RANDOM)}))] for unit in its}
        elif rule.template.reads_clock and until > now:
            clue = Clue.of(rule.template, rule.parameters, rule.inventory)
            found = search(judge, clue, {unit: book.birth(asked(unit)) for unit in its}, now, until)
        self.lines[number], self.covered[number] = found, judge.covered

    def outlooks(self, book: AnswerBook) -> Iterator[Outlook]:
        """What came of it."""
        known: dict[tuple[Any, ...], Outlook] = {}
        for place in self.places:
            policies: dict[str, list[tuple[Rule, Line]]] = {}
            for number, (unit, path) in place.units.items():
                covered = self.covered[number].get(unit)
                if covered is None or place.subject.image in covered:
                    line = [(at, _rows(rows, path)) for at, rows in self.lines[number][unit]]
                    policies.setdefault(self.rules[number].policy, []).append((self.rules[number], line))
            for policy, said in policies.items():
                one = self._outlook(policy, place, turns(said), book)
                key = (
                    policy,
                    one.subject.workload,
                    one.question,
                    one.subject.path,
                    one.subject.image,
                    one.subject.digest,
                )
                other = known.get(key)
                if other is not None:
                    running = one.subject.running + (other.subject.running if one.question is Question.RUNNING else 0)
                    one = replace(one, subject=replace(one.subject, running=running))
                known[key] = one
        return iter(known.values())

    def _outlook(self, policy: str, place: _Place, its: tuple[Turn, ...], book: AnswerBook) -> Outlook:
        subject = place.subject
        if not subject.digest and place.question is not Question.RUNNING:
            subject = replace(subject, digest=book.digest(subject.image))
        until = None
        if its[0].verdict is Verdict.WAIVED:
            until = its[1].since if len(its) > 1 else None
        shape = place.workload.shape or (place.workload.pods[0].shape if place.workload.pods else None)
        critical = shape is not None and shape.priority.startswith(_SYSTEM)
        return Outlook(policy, subject, place.question, its, until, critical=critical)


def _rows(rows: frozenset[tuple[str, str, str, str]], path: str) -> frozenset[tuple[str, str, str, str]]:
    return frozenset(row for row in rows if row[0] in {"", path}) if path else rows


def _input(review: Review, occasion: Occasion) -> dict[str, Any]:
    """`input.review`, by whom it is asked."""
    return {**review.to_json(), "operation": occasion.operation, "userInfo": dict(occasion.user)}


def _within(review: Review, path: str) -> str:
    """A field of the object that was given as a field of what is judged of it."""
    return path.removeprefix(f"{review.subject.prefix}.") if review.subject.prefix else path
