"""Times as people write them on the command line and in suites."""

from __future__ import annotations

import re
from typing import Final

import click

from provider.clock import SystemClock

_NANOSECONDS: Final = 1_000_000_000
_SECONDS: Final = {"d": 86400, "h": 3600, "m": 60}


def read(text: str | None) -> int:
    """A moment in nanoseconds since 1970: now, one from now (`+14d`, `+36h`, `-30m`), or RFC 3339.

    Raises:
        click.UsageError: it is none of these.
    """
    now = int(SystemClock().now() * _NANOSECONDS)
    if text is None:
        return now
    relative = re.fullmatch(r"([+-][0-9]{1,5})([dhm])", text, re.ASCII)
    if relative:
        return now + int(relative.group(1)) * _SECONDS[relative.group(2)] * _NANOSECONDS
    from provider.golang.rfc3339 import created_ns  # noqa: PLC0415 - needed only here

    moment = created_ns(text)
    if moment is None:
        raise click.UsageError(f"--now {text}: expected RFC 3339 (2026-01-31T12:00:00Z) or +14d, +36h, -30m")
    return moment
