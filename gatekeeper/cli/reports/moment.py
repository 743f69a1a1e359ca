"""Times in reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_NANOSECONDS: Final = 1_000_000_000


def rfc3339(nanoseconds: int) -> str:
    """A time since 1970 as `2026-12-05T10:00:00Z`, in whole seconds."""
    return f"{datetime.fromtimestamp(nanoseconds // _NANOSECONDS, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(nanoseconds: int) -> str:
    """Its day in UTC, `2026-12-05`."""
    return rfc3339(nanoseconds).partition("T")[0]
