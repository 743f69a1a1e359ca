"""Where it is worth to look: the dates and durations that a Constraint names.

They decide nothing: the template is evaluated there, and says what it says. A rule that turns at other moments is found
by the samples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.outlook import DAY, SECOND

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\S+)?")
_DURATION: Final = re.compile(r"(?:\d{1,6}[dhms])+")
_PART: Final = re.compile(r"(\d+)([dhms])")
_UNITS: Final = {"d": DAY, "h": DAY // 24, "m": DAY // 1440, "s": SECOND}
_DAYS: Final = "Days"
# A Waiver's `metadata.creationTimestamp`, and how long before it holds (`waivers.rego`).
_CREATED: Final = "creationTimestamp"
_CREATED_AHEAD: Final = DAY // 24
# How far ahead a date may lie that is believed (`dates.rego`).
_CLOCK_SKEW: Final = 5 * 60 * SECOND
_LIBRARY: Final = "lib.bestbefore."
_OURS: Final = frozenset({"lib.bestbefore.judgement", "lib.bestbefore.cip"})
# Texts of a Constraint and of the cluster's objects beside it that are looked through.
_TEXTS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Clue:
    """What a Constraint names.

    Attributes:
        moments: dates, nanoseconds since 1970.
        ages: durations, and sums of two of them, nanoseconds.
        complete: whether its verdicts can turn at no other moments: the template is ours, without a rule that
            somebody wrote: it compares the clock with these and with the images' dates, and does nothing else with it.
            Not where there are more texts than are looked through.
    """

    moments: frozenset[int]
    ages: frozenset[int]
    complete: bool

    @classmethod
    def of(cls, template: Template, parameters: str, inventory: str) -> Clue:
        """Of a Constraint.

        Args:
            template: of its kind.
            parameters: as JSON.
            inventory: what is at `data.inventory`, as JSON.
        """
        leaves = [list(islice(_leaves(json.loads(text)), _TEXTS + 1)) for text in (parameters, inventory)]
        own, ages, repeated = _named(leaves[0][:_TEXTS])
        others, _, _ = _named(leaves[1][:_TEXTS])
        # What is due at a date may have a grace; a date of the cluster's objects begins or ends there, and that is all.
        moments = {*own, *others, *(each + age for each in own for age in ages)}
        sums = {one + other for one in ages for other in ages if one != other or one in repeated}
        complete = is_known(template) and all(len(each) <= _TEXTS for each in leaves)
        return cls(frozenset(moments), frozenset(ages | sums | ({-_CLOCK_SKEW} if complete else set())), complete)


def is_known(template: Template) -> bool:
    """Whether a template is ours, without a rule that somebody wrote."""
    packages = template.modules.keys() - {template.package}
    return not _OURS.isdisjoint(packages) and all(each.startswith(_LIBRARY) for each in packages)


def _named(leaves: Iterable[tuple[str, Any]]) -> tuple[set[int], set[int], set[int]]:
    """Dates, durations, and those durations that stand there more than once."""
    moments: set[int] = set()
    ages: set[int] = set()
    repeated: set[int] = set()
    for name, each in leaves:
        age = 0
        if isinstance(each, str) and _DATE.fullmatch(each):
            moments.update(_moments(name, each))
        elif isinstance(each, str) and _DURATION.fullmatch(each):
            age = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(each))
        elif isinstance(each, int) and not isinstance(each, bool) and name.endswith(_DAYS):
            age = each * DAY
        if age:
            repeated |= {age} & ages
            ages.add(age)
    return moments, ages, repeated


def _leaves(whole: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    waiting: list[tuple[str, Any]] = [("", whole)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
        else:
            yield name, value


def _moments(name: str, text: str) -> Iterator[int]:
    """A time; of a day its beginning and its end, in UTC; of a creation also what clocks may differ by, before it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return
    at = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()) * SECOND
    yield at
    if name == _CREATED:
        yield at - _CREATED_AHEAD
    if "T" not in text:
        yield at + DAY
