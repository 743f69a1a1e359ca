"""Lines of a container's log as the kubelet gives them: `2026-11-30T08:30:02.123456789Z text`.

The kubelet writes the time with the zone of its node, and drops zeros at the end of the fraction. Here it is always UTC
with nine digits, so that times can be compared as texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_STAMP: Final = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ",
)
# A time with its zone is never longer.
_STAMP_BYTES: Final = 40


@dataclass(frozen=True)
class StampedLine:
    """A line with its time.

    Attributes:
        written: when, UTC, RFC 3339 with nine digits.
        text: without the newline; what is not UTF-8 in it is replaced.
        whole: false for one that is too long; its text is empty then.
    """

    written: str
    text: str
    whole: bool = True


class LineCutter:
    """Makes lines of pieces, within a bound of memory.

    Args:
        limit: bytes of the longest line that is kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""
        self._passing_over = False

    def lines(self, piece: bytes) -> Iterator[StampedLine]:
        """The lines that end in this piece. One without a time, the tail of a line that was cut, is left out."""
        *ended, rest = piece.split(b"\n")
        for part in ended:
            line = self._ended(part)
            if line is not None:
                yield line
        self._keep(rest)

    def _ended(self, part: bytes) -> StampedLine | None:
        text, self._rest = self._rest + part, b""
        passed_over, self._passing_over = self._passing_over, False
        return stamped(text[:_STAMP_BYTES] if passed_over else text, whole=not passed_over and len(text) <= self._limit)

    def _keep(self, rest: bytes) -> None:
        if self._passing_over:
            return
        self._rest += rest
        if len(self._rest) > self._limit:
            self._rest, self._passing_over = self._rest[:_STAMP_BYTES], True


def stamped(line: bytes, *, whole: bool = True) -> StampedLine | None:
    """A line with its time; None where it has none."""
    found = _STAMP.match(line)
    if found is None:
        return None
    seconds, fraction, zone = found.groups()
    written = _utc(seconds.decode(), (fraction or b"").decode(), zone.decode())
    if written is None:
        return None
    return StampedLine(written, line[found.end() :].decode("utf-8", "replace") if whole else "", whole)


def _utc(seconds: str, fraction: str, zone: str) -> str | None:
    digits = fraction.ljust(9, "0")
    if zone == "Z":
        return f"{seconds}.{digits}Z"
    try:
        moment = datetime.fromisoformat(seconds + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{digits}Z"
