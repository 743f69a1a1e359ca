"""Which rules look at which images of an inventory, and what is to be evaluated for that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.review import Review
from gatekeeper.freshness.forecast.occasion import Occasion
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.scope import Scope
from gatekeeper.freshness.forecast.unit import Unit, units
from gatekeeper.freshness.inventory.inventory import RunningWorkload
from gatekeeper.freshness.outlook import OutlookSubject, Question

Units = Mapping[int, tuple[Unit, str]]
"""By the number of the rule the unit, and the field of the image in the review; of an image by itself empty."""


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """An image of a workload, for one question.

    Attributes:
        question: see `Occasion`.
        workload: see `Occasion`.
        subject: the image.
        running: the digests of it that run, as far as nodes say them.
        units: by the number of the rule; the same object for all that are judged alike.
    """

    question: Question
    workload: RunningWorkload
    subject: OutlookSubject
    running: frozenset[str]
    units: Units


@dataclass(frozen=True)
class _RuleGroup:
    """Rules that look at the same objects, and may read the same of them.

    Attributes:
        match: `spec.match` of their Constraints, as text.
        constraint: of one of them.
        scope: of each.
        numbers: of the rules.
        units: what is to be evaluated by each of them.
    """

    match: str
    constraint: Mapping[str, Any]
    scope: Scope
    numbers: list[int] = field(default_factory=list)
    units: dict[Unit, Unit] = field(default_factory=dict)


class Placement:
    """Takes occasions in.

    Args:
        rules: of all policies.
        matcher: says which objects a Constraint looks at.
    """

    def __init__(self, rules: Sequence[Rule], matcher: Matcher) -> None:
        self.rules = rules
        self.places: list[ImagePlace] = []
        self._matcher = matcher
        self._groups = _rule_groups(rules)
        self._known: dict[Any, Any] = {}

    @property
    def units(self) -> Mapping[int, Mapping[Unit, Unit]]:
        """What is to be evaluated, by the number of the rule."""
        return {number: group.units for group in self._groups for number in group.numbers}

    def take(self, occasion: Occasion) -> None:
        """Take an occasion in; of it the images that some rule looks at are places."""
        given = Review(occasion.object)
        if given.unjudged:
            return
        found: dict[str, list[tuple[int, Unit, str]]] = {path: [] for path in occasion.subjects}
        selected = {group.match: group.constraint for group in self._groups}
        reviews = {match: self._matcher.select(each, given).review for match, each in selected.items()}
        made: dict[Any, list[tuple[Unit, str]]] = {}
        for place, group in enumerate(self._groups):
            looked_at = reviews[group.match]
            if looked_at is None:
                continue
            # Groups of one scope, that see the same of an object, have the same units.
            key = group.scope, looked_at.as_pod
            if key not in made:
                its = units(_input(looked_at, occasion), group.scope)
                made[key] = [(self._once(unit), path) for unit, path in its]
            for unit, path in made[key]:
                group.units[unit] = unit
                for at in {looked_at.path(path)} & found.keys() if path else found:
                    found[at].append((place, unit, "" if path else _within(looked_at, at)))
        for path, several in found.items():
            if several:
                running = occasion.running.get(path, frozenset())
                subject = occasion.subjects[path]
                its_units = self._units(tuple(several))
                self.places.append(ImagePlace(occasion.question, occasion.workload, subject, running, its_units))

    def _units(self, several: tuple[tuple[int, Unit, str], ...]) -> Units:
        """By the number of the rule; kept once."""
        if several not in self._known:
            by_rule = {n: (unit, path) for place, unit, path in several for n in self._groups[place].numbers}
            self._known[several] = dict(sorted(by_rule.items()))
        found: Units = self._known[several]
        return found

    def _once(self, unit: Unit) -> Unit:
        """The same unit, kept once; so is its head, which many have."""
        if unit not in self._known:
            self._known[unit] = Unit(self._known.setdefault(unit.head, unit.head), unit.part)
        found: Unit = self._known[unit]
        return found


def _rule_groups(rules: Sequence[Rule]) -> list[_RuleGroup]:
    found: dict[tuple[str, Scope], _RuleGroup] = {}
    for number, rule in enumerate(rules):
        match = json.dumps(rule.constraint["spec"].get("match"), sort_keys=True, default=str)
        group = found.setdefault((match, rule.scope), _RuleGroup(match, rule.constraint, rule.scope))
        group.numbers.append(number)
    return list(found.values())


def _input(review: Review, occasion: Occasion) -> dict[str, Any]:
    """`input.review`, by whom it is asked: what people apply makes Pods by a controller."""
    user = occasion.controller if review.as_pod else occasion.user
    return {**review.to_json(), "operation": occasion.operation, "userInfo": dict(user)}


def _within(review: Review, path: str) -> str:
    """A field of the object that was given as a field of what is judged of it."""
    return path.removeprefix(f"{review.subject.prefix}.") if review.subject.prefix else path
