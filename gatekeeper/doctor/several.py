"""Several names in one sentence; of many only the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SHOWN: Final = 3


def some(names: Sequence[str]) -> str:
    """`a, b, c and 2 more`."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def pods(names: Sequence[str]) -> str:
    """`Pod a`, `Pods a, b`."""
    return f"Pod{'s' if len(names) > 1 else ''} {some(names)}"
