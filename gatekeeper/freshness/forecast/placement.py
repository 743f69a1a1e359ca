"""Which rules look at which images of an inventory, and what is to be evaluated for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.review import Review
from gatekeeper.freshness.forecast.occasion import Occasion
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.unit import Unit, units
from gatekeeper.freshness.inventory.inventory import RunningWorkload
from gatekeeper.freshness.outlook import OutlookSubject, Question


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """An image of a workload, for one question.

    Attributes:
        question: see `Occasion`.
        workload: see `Occasion`.
        subject: the image.
        running: the digests of it that run, as far as nodes say them.
        units: by the number of the rule, and the field of the image in the review; of an image by itself empty.
    """

    question: Question
    workload: RunningWorkload
    subject: OutlookSubject
    running: frozenset[str]
    units: Mapping[int, tuple[Unit, str]]


@dataclass
class Placement:
    """Takes occasions in.

    Attributes:
        rules: of all policies.
        matcher: says which objects a Constraint looks at.
        places: the images that some rule looks at.
        units: what is to be evaluated, by the number of the rule.
    """

    rules: Sequence[Rule]
    matcher: Matcher
    places: list[ImagePlace] = field(default_factory=list)
    units: dict[int, dict[Unit, Unit]] = field(default_factory=dict)
    _known: dict[Any, Any] = field(default_factory=dict)

    def take(self, occasion: Occasion) -> None:
        """Take an occasion in."""
        given = Review(occasion.object)
        if given.unjudged:
            return
        found: dict[str, dict[int, tuple[Unit, str]]] = {path: {} for path in occasion.subjects}
        made: dict[Any, list[tuple[Unit, str]]] = {}
        for number, rule in enumerate(self.rules):
            looked_at = self.matcher.select(rule.constraint, given).review
            if looked_at is None:
                continue
            # Rules of one scope, that see the same of an object, have the same units.
            key = rule.scope, looked_at.as_pod
            if key not in made:
                made[key] = [(self._once(unit), path) for unit, path in units(_input(looked_at, occasion), rule.scope)]
            known = self.units.setdefault(number, {})
            for unit, path in made[key]:
                known[unit] = unit
                for at in [looked_at.path(path)] if path else found:
                    if at in found:
                        found[at][number] = (unit, "" if path else _within(looked_at, at))
        for path, its in found.items():
            if its:
                running = occasion.running.get(path, frozenset())
                place = ImagePlace(occasion.question, occasion.workload, occasion.subjects[path], running, its)
                self.places.append(place)

    def _once(self, unit: Unit) -> Unit:
        """The same unit, kept once; so is its head, which many have."""
        if unit not in self._known:
            self._known[unit] = Unit(self._known.setdefault(unit.head, unit.head), unit.part)
        found: Unit = self._known[unit]
        return found


def _input(review: Review, occasion: Occasion) -> dict[str, Any]:
    """`input.review`, by whom it is asked: what people apply makes Pods by a controller."""
    user = occasion.controller if review.as_pod else occasion.user
    return {**review.to_json(), "operation": occasion.operation, "userInfo": dict(user)}


def _within(review: Review, path: str) -> str:
    """A field of the object that was given as a field of what is judged of it."""
    return path.removeprefix(f"{review.subject.prefix}.") if review.subject.prefix else path
