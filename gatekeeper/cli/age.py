"""Ages in a person's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provider.questions.date_source import DateSource

_DAY: Final = 24 * 60 * 60
_NANOSECONDS: Final = 1_000_000_000


def since_build(fact: Mapping[str, Any], now: float) -> str:
    """When something was built, as found, and how long ago: `2026-10-25T00:00:00Z (31 days ago)`.

    Args:
        fact: holds `created`, a text or None, and `createdNs`, digits or None.
        now: seconds since 1970.
    """
    if fact.get("gone"):
        return "at a time that nobody can see: the registry does not have it"
    created, nanoseconds = fact.get("created"), fact.get("createdNs")
    if created is None:
        return "at a time that the image does not name"
    if nanoseconds is None:
        return f"at a time that cannot be read ({created!r})"
    source = ", as an annotation says" if fact.get("createdFrom") == DateSource.ANNOTATION else ""
    return f"{created} ({_ago(now - int(nanoseconds) / _NANOSECONDS)}{source})"


def _ago(seconds: float) -> str:
    if seconds < 0:
        return f"{-seconds / _DAY:.0f} days from now"
    if seconds < 2 * _DAY:
        return f"{seconds / 3600:.0f} hours ago"
    return f"{seconds / _DAY:.0f} days ago"
