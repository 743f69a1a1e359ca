"""Times as people read them: absolute, in UTC, with the day of the week."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_NANOSECONDS: Final = 1_000_000_000
# Not by strftime: its names follow the locale of the machine.
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(nanoseconds: int) -> str:
    """`Fri 4 Dec 2026`."""
    at = _date(nanoseconds)
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}"


def short_day(nanoseconds: int) -> str:
    """`4 Dec`."""
    at = _date(nanoseconds)
    return f"{at.day} {_MONTHS[at.month - 1]}"


def date(nanoseconds: int) -> str:
    """`2026-12-04`."""
    return f"{_date(nanoseconds):%Y-%m-%d}"


def clock(nanoseconds: int) -> str:
    """`09:12 UTC`."""
    return f"{_date(nanoseconds):%H:%M} UTC"


def minute(nanoseconds: int) -> str:
    """`Fri 4 Dec 2026 09:12 UTC`."""
    return f"{day(nanoseconds)} {clock(nanoseconds)}"


def rfc3339(nanoseconds: int) -> str:
    """`2026-12-04T09:12:31Z`, in whole seconds."""
    return f"{_date(nanoseconds):%Y-%m-%dT%H:%M:%SZ}"


def _date(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // _NANOSECONDS, UTC)
