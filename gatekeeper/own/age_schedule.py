"""Limits of MaximumImageAge that change with time: 90 days, from March on 60, from May on 30."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents.problems import Problem
from gatekeeper.own import duration
from provider.golang import rfc3339

# As in `lib.bestbefore.age_parameters`.
MOST_ENTRIES: Final = 12
# As far as Go's times in nanoseconds go; see `lib.bestbefore.schedule`.
_LAST: Final = 2**63 - 1


@dataclass(frozen=True)
class ScheduleEntry:
    """From a moment on, another limit.

    Attributes:
        start: RFC 3339 time, or a date, which counts from its beginning in UTC.
        max_age: how old an image may be from then on.
    """

    start: str
    max_age: str

    @property
    def moment(self) -> int | None:
        """When it begins, nanoseconds since 1970; None for what is no time."""
        is_date = re.fullmatch(r"\d{4}-\d\d-\d\d", self.start, re.ASCII)
        if not is_date and not re.match(r"\d{4}-\d\d-\d\dT", self.start, re.ASCII):
            return None
        found = rfc3339.created_ns(f"{self.start}T00:00:00Z" if is_date else self.start)
        return found if found is not None and -_LAST <= found <= _LAST else None

    def to_json(self) -> dict[str, str]:
        """The form of the parameters."""
        return {"from": self.start, "maxAge": self.max_age}


def problems(schedule: Sequence[ScheduleEntry]) -> Iterator[Problem]:
    """What is wrong with a schedule."""
    if len(schedule) > MOST_ENTRIES:
        yield Problem("schedule", f"{len(schedule)} entries, expected {MOST_ENTRIES} at most")
    before: int | None = None
    for index, entry in enumerate(schedule):
        path, moment = f"schedule[{index}]", entry.moment
        if moment is None:
            yield Problem(f"{path}.from", f"{entry.start!r} is no date such as `2026-03-01`, nor an RFC 3339 time")
        elif before is not None and moment <= before:
            yield Problem(f"{path}.from", f"{entry.start!r} is not after the entry before it")
        if not duration.minutes(entry.max_age):
            yield Problem(f"{path}.maxAge", f"{entry.max_age!r} is no duration of {duration.RANGE} such as `30d`")
        before = moment


def schedule_schema() -> dict[str, Any]:
    """The schema of a schedule in the parameters."""
    return {
        "description": "Other limits, each from a moment on, in their order: `[{from: 2026-03-01, maxAge: 60d}]`. "
        "Before the first one `maxAge` holds, which is needed beside it.",
        "type": "array",
        "maxItems": MOST_ENTRIES,
        "items": {
            "type": "object",
            "required": ["from", "maxAge"],
            "properties": {
                "from": {
                    "description": "When it begins: a date (its beginning in UTC), or an RFC 3339 time.",
                    "type": "string",
                    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$",
                },
                "maxAge": {
                    "description": "How old an image may be from then on, as `30d`.",
                    "type": "string",
                    "pattern": duration.PATTERN,
                    "minLength": 2,
                },
            },
        },
    }
