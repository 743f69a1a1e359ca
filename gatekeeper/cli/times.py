"""Times as people write them on the command line and in suites."""

from __future__ import annotations

import re
from typing import Final

import click

from provider.clock import SystemClock

_NANOSECONDS: Final = 1_000_000_000
# What the clock of a rule can say: nanoseconds since 1970 in 64 bits with a sign.
_END: Final = 2**63
_SECONDS: Final = {"y": 365 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "m": 60}


def read(text: str | None, option: str = "--now", now: int | None = None) -> int:
    """A moment in nanoseconds since 1970: now, one from now (`+1w`, `+14d`, `+36h`, `-30m`), a date, or RFC 3339.

    A date is the beginning of its day in UTC; a year from now is 365 days.

    Args:
        text: the time; None for now.
        option: where it stands, for messages.
        now: what a time from now is from, by default the present.

    Raises:
        click.UsageError: it is none of these, or no time that a cluster's clock can have.
    """
    moment = _moment(text, option, now)
    if not -_END <= moment < _END:
        raise click.UsageError(f"{option} {text}: expected a time from 1677-09-22 to 2262-04-11, as rules' clocks have")
    return moment


def _moment(text: str | None, option: str, now: int | None) -> int:
    now = int(SystemClock().now() * _NANOSECONDS) if now is None else now
    if text is None:
        return now
    relative = re.fullmatch(r"([+-][0-9]{1,5})([ywdhm])", text, re.ASCII)
    if relative:
        return now + int(relative.group(1)) * _SECONDS[relative.group(2)] * _NANOSECONDS
    from provider.golang.rfc3339 import created_ns  # noqa: PLC0415 - needed only here

    date = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII)
    moment = created_ns(f"{text}T00:00:00Z" if date else text)
    if moment is None:
        raise click.UsageError(
            f"{option} {text}: expected RFC 3339 (2026-01-31T12:00:00Z), a date (2026-01-31), or +14d, +2w, +36h, -30m"
        )
    return moment
