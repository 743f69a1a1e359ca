"""Whether Gatekeeper's logger may have left lines out.

Of lines with one level and one text it keeps the first 100 in a second, and then each hundredth (zap's sampler), and
says nothing of the others. A second of its begins with a line, not with the clock's, so two seconds of the clock are
looked at together.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

KEPT: Final = 100
_SECONDS: Final = 10_000


class SampledSeconds:
    """Texts by seconds, and in which of these there were so many that some may be missing."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._full: set[int] = set()

    def add(self, message: str, time: float) -> None:
        """A line with this text was written at this time."""
        second = int(time)
        count = self._counts[message, second] = self._counts.get((message, second), 0) + 1
        if len(self._counts) > _SECONDS:
            self._counts.popitem(last=False)
        if count + self._counts.get((message, second - 1), 0) >= KEPT and len(self._full) < _SECONDS:
            self._full.add(second)

    def __len__(self) -> int:
        """How many seconds may lack lines."""
        return len(self._full)
