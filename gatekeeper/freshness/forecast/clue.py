"""Where it is worth to look: the dates and durations that a Constraint names.

They decide nothing: the template is evaluated there, and says what it says. A rule that turns at other moments is found
by the samples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.outlook import DAY, SECOND

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\S+)?")
_DURATION: Final = re.compile(r"(?:\d{1,6}[dhms])+")
_PART: Final = re.compile(r"(\d+)([dhms])")
_UNITS: Final = {"d": DAY, "h": DAY // 24, "m": DAY // 1440, "s": SECOND}
_DAYS: Final = "Days"
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
        moments: set[int] = set()
        ages: set[int] = set()
        for number, (name, value) in enumerate(_leaves(json.loads(parameters), json.loads(inventory))):
            if number >= _TEXTS:
                break
            if isinstance(value, str) and _DATE.fullmatch(value):
                moments.update(_moments(value))
            elif isinstance(value, str) and _DURATION.fullmatch(value):
                ages.add(sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(value)))
            elif isinstance(value, int) and not isinstance(value, bool) and name.endswith(_DAYS):
                ages.add(value * DAY)
        sums = {one + other for one in ages for other in ages}
        packages = template.modules.keys() - {template.package}
        complete = not _OURS.isdisjoint(packages) and all(each.startswith(_LIBRARY) for each in packages)
        return cls(
            frozenset(moments | {each + age for each in moments for age in ages}), frozenset(ages | sums), complete
        )


def _leaves(*values: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    waiting: list[tuple[str, Any]] = [("", each) for each in values]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
        else:
            yield name, value


def _moments(text: str) -> Iterator[int]:
    """A time; of a day its beginning and its end, in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return
    at = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()) * SECOND
    yield at
    if "T" not in text:
        yield at + DAY
