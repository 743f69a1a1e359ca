"""Durations as parameters have them: `30d`, `720h`, `1d12h`; see `lib.bestbefore.duration`."""

from __future__ import annotations

import re
from typing import Final

PATTERN: Final = "^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?$"
# A hundred years.
_LONGEST_DAYS: Final = 36500
_LONGEST_MINUTES: Final = _LONGEST_DAYS * 24 * 60
LONGEST: Final = f"{_LONGEST_DAYS}d"
# What is above zero, for messages.
RANGE: Final = f"1m to {LONGEST}"
_UNIT_MINUTES: Final = {"d": 24 * 60, "h": 60, "m": 1}


def minutes(text: str) -> int | None:
    """The minutes of a duration; None for what is none, and beyond a hundred years."""
    if not text or not re.fullmatch(PATTERN, text):
        return None
    found = sum(int(amount) * _UNIT_MINUTES[unit] for amount, unit in re.findall(r"(\d+)([dhm])", text))
    return found if found <= _LONGEST_MINUTES else None
