"""What policies will say of objects that somebody holds in a hand: as of an inventory, by the same search."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gatekeeper.evaluation import pod_template
from gatekeeper.evaluation.checker import Select, overridden, pairs
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import Template
from gatekeeper.evaluation.review import Review
from gatekeeper.freshness.forecast.answer_book import AnswerBook
from gatekeeper.freshness.forecast.line import Line, Search
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings
from gatekeeper.freshness.forecast.rule import Rule, rules
from gatekeeper.freshness.forecast.rule_search import rule_search, samples_of_each
from gatekeeper.freshness.forecast.scope import Scope
from gatekeeper.freshness.forecast.unit import Unit, asked, units
from gatekeeper.freshness.forecast.unit_judge import UnitJudge
from gatekeeper.freshness.forecast.verdicts import turns, without_facts
from gatekeeper.freshness.outlook import OutlookTurn, OutlookVerdict
from gatekeeper.translation.translate import Translation


@dataclass(frozen=True, slots=True)
class ReviewOutlook:
    """What one policy will say of one image of an object.

    Attributes:
        policy: its name; empty for what is said of images that no policy covers.
        review: the object.
        image: as written.
        path: its field in the object that was given.
        turns: what the policy says, in order of time; the first one is what it says now.
        denies: whether the policy may deny the image; one that only warns does not.
    """

    policy: str
    review: Review
    image: str
    path: str
    turns: Sequence[OutlookTurn]
    denies: bool = True

    @property
    def denial(self) -> OutlookTurn | None:
        """The first turn that denies; None where none does within the horizon."""
        return self._first(OutlookVerdict.DENIED)

    @property
    def admitted_again(self) -> OutlookTurn | None:
        """The turn that ends the first denial by itself; None where none does within the horizon."""
        denial = self.denial
        later = (each for each in self.turns if denial is not None and each.since > denial.since)
        return next((each for each in later if each.verdict is not OutlookVerdict.DENIED), None)

    @property
    def unknown(self) -> OutlookTurn | None:
        """The first turn from which on nobody can say; None where there is none."""
        return self._first(OutlookVerdict.UNKNOWN)

    def _first(self, verdict: OutlookVerdict) -> OutlookTurn | None:
        return next((each for each in self.turns if each.verdict is verdict), None)


def review_outlooks(  # noqa: PLR0913, PLR0917 - those of a check, and the end
    translations: Sequence[Translation],
    reviews: Sequence[Review],
    facts: FactSource,
    engine: Engine,
    now: int,
    until: int,
    select: Select,
    waivers: Sequence[Mapping[str, Any]] = (),
) -> list[ReviewOutlook]:
    """Each (policy, object, image) that a policy covers, in the order of the objects; see `outlooks`.

    Args:
        translations: see `check`.
        reviews: see `check`.
        facts: see `check`; facts are those of now.
        engine: see `check`.
        now: nanoseconds since 1970.
        until: the last moment to look at.
        select: see `check`.
        waivers: see `check`.
    """
    asked_rules = rules(translations, ForecastSurroundings(waivers=waivers).inventory)
    every = [each for each in pairs(translations, reviews, select) if each.selection.review is not None]
    places = _Places(asked_rules)
    for pair in every:
        if pair.selection.review is not None:
            places.take(pair.constraint, pair.review, pair.selection.review)
    book, images = AnswerBook(facts, {}, now), overridden(every)
    stand_ins = [each["text"] for each in images or ()]
    samples = samples_of_each([asked_rules[number] for number in places.units])
    lines: dict[int, Mapping[Unit, Line]] = {}
    covered: dict[tuple[int, Unit], frozenset[str] | None] = {}
    for numbers in _by_template(asked_rules, places.units).values():
        judge = UnitJudge({number: asked_rules[number] for number in numbers}, book, engine, images)
        searches: dict[int, Search] = {
            number: rule_search(
                asked_rules[number],
                list(places.units[number]),
                book,
                partial(judge.covers, number),
                now,
                until,
                samples,
                stand_ins,
            )
            for number in numbers
        }
        lines |= judge.found(searches)
        covered |= judge.covered
    return list(_outlooks(asked_rules, places, lines, covered, book))


@dataclass(frozen=True, slots=True)
class _ImageField:
    """An image, and by what a rule's rows name it.

    Attributes:
        unit: that is evaluated.
        name: what its rows have there; empty where all rows are about it.
        names: what rows may have there of all images of the unit.
        column: where rows have it: 0, the path, or 1, the image as written.
    """

    unit: Unit
    name: str = ""
    names: frozenset[str] = frozenset()
    column: int = 0

    def line(self, line: Line) -> Line:
        """What of a line is about it: what names it, and what names none of them."""
        others = self.names - {self.name}
        return [(at, frozenset(row for row in rows if row[self.column] not in others)) for at, rows in line]


@dataclass(frozen=True, slots=True)
class _ReviewImage:
    """An image of an object that was given, as one policy looks at it."""

    policy: str
    review: int
    path: str
    image: str


@dataclass
class _Places:
    """Where rules look.

    Attributes:
        rules: of all Constraints.
        units: what is to be evaluated, by the number of the rule.
        reviews: the objects, by their id.
        images: where each image is evaluated, by the number of the rule.
    """

    rules: Sequence[Rule]
    units: dict[int, dict[Unit, None]] = field(default_factory=dict)
    reviews: dict[int, Review] = field(default_factory=dict)
    images: dict[_ReviewImage, list[tuple[int, _ImageField]]] = field(default_factory=dict)

    def take(self, constraint: Mapping[str, Any], given: Review, looked_at: Review) -> None:
        """Take in what a Constraint looks at of an object."""
        self.reviews[id(given)] = looked_at
        for number, rule in enumerate(self.rules):
            if rule.constraint is not constraint:
                continue
            for image, path, place in _fields(looked_at, rule.scope):
                self.units.setdefault(number, {})[place.unit] = None
                key = _ReviewImage(rule.policy, id(given), path, image)
                self.images.setdefault(key, []).append((number, place))


def _fields(review: Review, scope: Scope) -> Iterator[tuple[str, str, _ImageField]]:
    """The images of an object: as written, the field in the object that was given, and where it is evaluated."""
    seen = review.to_json()
    instead = review.overridden()
    if instead is not None:
        unit, names = Unit(json.dumps(seen, sort_keys=True)), frozenset(each["text"] for each in instead)
        for each in instead:
            yield each["text"], review.path(each["path"]), _ImageField(unit, each["text"], names, column=1)
        return
    images = list(pod_template.images(review.subject.object))
    texts = {path: text for text, path in images}
    for unit, path in units(seen, scope):
        if path:
            yield texts.get(path, ""), review.path(path), _ImageField(unit)
        else:
            for text, its in images:
                yield text, review.path(its), _ImageField(unit, its, frozenset(texts))


def _by_template(every: Sequence[Rule], numbers: Iterable[int]) -> Mapping[Template, Sequence[int]]:
    """Rules of one template are evaluated together."""
    found: dict[Template, list[int]] = {}
    for number in numbers:
        found.setdefault(every[number].template, []).append(number)
    return found


def _outlooks(
    every: Sequence[Rule],
    places: _Places,
    lines: Mapping[int, Mapping[Unit, Line]],
    covered: Mapping[tuple[int, Unit], frozenset[str] | None],
    book: AnswerBook,
) -> Iterator[ReviewOutlook]:
    for key, several in places.images.items():
        looking = [(number, place) for number, place in several if _is_covered(covered.get((number, place.unit)), key)]
        if not looking:
            continue
        its = turns([(every[number], place.line(lines[number][place.unit])) for number, place in looking])
        if any(book.is_absent(asked(place.unit) or key.image) for _, place in looking):
            its = without_facts(its)
        denies = any(every[number].action == "deny" for number, _ in looking)
        yield ReviewOutlook(key.policy, places.reviews[key.review], key.image, key.path, its, denies)


def _is_covered(images: frozenset[str] | None, key: _ReviewImage) -> bool:
    return images is None or key.image in images
