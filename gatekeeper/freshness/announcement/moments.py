"""Moments as announcements write them: always a date, never "in three days", which is another text each day."""

from __future__ import annotations

from datetime import UTC, datetime

from gatekeeper.freshness.outlook import SECOND


def date(moment: int) -> str:
    """For people, to the second: `2026-12-04 08:00:00 UTC`.

    Args:
        moment: nanoseconds since 1970.
    """
    return f"{datetime.fromtimestamp(moment // SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"


def stamp(moment: int) -> str:
    """For programs: `2026-12-04T08:00:00Z`.

    Args:
        moment: nanoseconds since 1970.
    """
    return f"{datetime.fromtimestamp(moment // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def read(text: str) -> int | None:
    """What `stamp` wrote, in nanoseconds since 1970; None of any other text."""
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(found.timestamp()) * SECOND
