"""Lengths of time as Go writes them: `time.ParseDuration`."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3_600 * 1_000_000_000,
}
_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
# What 64 bits with a sign hold; a text of more characters than this is none that anybody wrote.
_END: Final = 2**63
_CHARACTERS: Final = 200


def nanoseconds(text: str) -> int | None:
    """`1h30m` in nanoseconds; None of what is no length of time for Go, or too long for it."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits == "0":
        return 0
    if not digits or len(digits) > _CHARACTERS:
        return None
    found, at = 0, 0
    while at < len(digits):
        part = _PART.match(digits, at)
        if part is None or not (part[1] or part[2]):
            return None
        unit = _UNITS[part[3]]
        fraction = part[2] or ""
        found += int(part[1] or "0") * unit + int(fraction or "0") * unit // 10 ** len(fraction)
        at = part.end()
    value = sign * found
    return value if -_END <= value < _END else None
