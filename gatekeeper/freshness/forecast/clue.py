"""Where it is worth to look: the dates and durations that a Constraint names.

They decide nothing: the template is evaluated there, and says what it says. A rule that turns at other moments is found
by the samples.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, islice
from typing import Any, Final

from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.outlook import DAY, SECOND
from provider.golang import rfc3339

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\S+)?")
# As many digits as `duration.rego` reads.
_DURATION: Final = re.compile(r"(?:\d{1,9}[dhms])+")
_PART: Final = re.compile(r"(\d+)([dhms])")
_UNITS: Final = {"d": DAY, "h": DAY // 24, "m": DAY // 1440, "s": SECOND}
_DAYS: Final = "Days"
# Parameters of `schedule.rego`: how old an image may be, and from when on.
_LIMIT: Final = "maxAge"
_BEGINNING: Final = "from"
# Of `rescheduling.rego`: by how much later a Pod of a controller is denied.
_GRACE: Final = "grace"
# A parameter of `waivers.rego`: how long a Waiver may hold, which no date of an image is compared with.
_LONGEST_WAIVER: Final = "maxDays"
# A Waiver's `metadata.creationTimestamp`, and how long before it holds (`waivers.rego`).
_CREATED: Final = "creationTimestamp"
_CREATED_AHEAD: Final = DAY // 24
# How far ahead a date may lie that is believed (`dates.rego`).
_CLOCK_SKEW: Final = 5 * 60 * SECOND
_LIBRARY: Final = "lib.bestbefore."
_OURS: Final = frozenset({"lib.bestbefore.judgement", "lib.bestbefore.cip"})
# A date or a duration, and the name of its field.
_Leaf = tuple[str, int]
# Texts of a Constraint and of the cluster's objects beside it that are looked through.
_TEXTS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Clue:
    """What a Constraint names.

    Attributes:
        moments: dates, nanoseconds since 1970.
        ages: durations, and sums of two of them, nanoseconds; of ours only a limit with its grace.
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
        own, others = (list(_dates(each[:_TEXTS])) for each in leaves)
        durations = list(_durations(leaves[0][:_TEXTS]))
        known = is_known(template)
        moments, ages = _of_ours(own, durations) if known else _of_others(own, durations)
        # A date of the cluster's objects begins or ends there, and that is all.
        every = moments | {at for _, at in others}
        return cls(frozenset(every), frozenset(ages), known and all(len(each) <= _TEXTS for each in leaves))


def is_known(template: Template) -> bool:
    """Whether a template is ours, without a rule that somebody wrote."""
    packages = template.modules.keys() - {template.package}
    return not _OURS.isdisjoint(packages) and all(each.startswith(_LIBRARY) for each in packages)


def _of_ours(dates: Iterable[_Leaf], durations: Sequence[_Leaf]) -> tuple[set[int], set[int]]:
    """Moments and ages: only a grace is added, to a limit and to the moment at which one begins."""
    graces = [age for name, age in durations if name == _GRACE]
    ages = {age for name, age in durations if name not in {_GRACE, _LONGEST_WAIVER}}
    later = {age + grace for name, age in durations if name == _LIMIT for grace in graces}
    every = list(dates)
    moments = {at for _, at in every} | {at + grace for name, at in every if name == _BEGINNING for grace in graces}
    return moments, ages | later | {-_CLOCK_SKEW}


def _of_others(dates: Iterable[_Leaf], durations: Sequence[_Leaf]) -> tuple[set[int], set[int]]:
    """Moments and ages: what is due at a date, or at an age, may have a grace by any name."""
    moments = {at for _, at in dates}
    ages = {age for _, age in durations}
    repeated = {age for age, count in Counter(age for _, age in durations).items() if count > 1}
    sums = {one + other for one, other in combinations(ages, 2)} | {2 * age for age in repeated}
    return moments | {at + age for at in moments for age in ages}, ages | sums


def _dates(leaves: Iterable[tuple[str, Any]]) -> Iterator[_Leaf]:
    for name, each in leaves:
        if isinstance(each, str) and _DATE.fullmatch(each):
            yield from ((name, at) for at in _moments(name, each))


def _durations(leaves: Iterable[tuple[str, Any]]) -> Iterator[_Leaf]:
    for name, each in leaves:
        age = 0
        if isinstance(each, str) and _DURATION.fullmatch(each):
            age = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(each))
        elif isinstance(each, int) and not isinstance(each, bool) and name.endswith(_DAYS):
            age = each * DAY
        if age:
            yield name, age


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
    """A time, in whole seconds; of a day its beginning and its end, in UTC.

    Of a creation also what clocks may differ by, before it. Of a day from which on something holds only its beginning.
    """
    found = _time(text)
    if found is None:
        return
    # Between two seconds it turns at the next whole one.
    at = -(-found // SECOND) * SECOND
    yield at
    if name == _CREATED:
        yield at - _CREATED_AHEAD
    if "T" not in text and name != _BEGINNING:
        yield at + DAY


def _time(text: str) -> int | None:
    """As opa reads it, which is written in Go; of what only somebody else's rule may read, as Python does."""
    found = rfc3339.created_ns(text if "T" in text else f"{text}T00:00:00Z")
    if found is not None:
        return found
    try:
        other = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((other if other.tzinfo else other.replace(tzinfo=UTC)).timestamp()) * SECOND
