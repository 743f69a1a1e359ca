"""Where we are in the log of one Pod: which lines are new, and whether some are missing.

After each break the log is read again from the second of the last line that was taken, because the API drops the
fraction of a second. So lines come twice, and are known by their time and text. That last line, the cursor, must come
back as well: where it does not, the log was rotated, or its container restarted twice, and lines are missing.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum, auto
from typing import Final

from gatekeeper.cluster.log_lines import StampedLine

# How many of the last lines are known: enough for a busy second, and for the hour that a node's clock goes back.
_KNOWN_LINES: Final = 20_000


class Novelty(Enum):
    """Whether a line was taken before, and whether lines are missing between."""

    OLD = auto()
    NEW = auto()
    NEW_BEHIND_GAP = auto()


class LogPosition:
    """Where we are in a log.

    Args:
        cursor: when the last line was written that was taken; empty for none.
    """

    def __init__(self, cursor: str = "") -> None:
        self.cursor = cursor
        self._sought = cursor
        # Whether the line of the cursor was taken by a process before this one.
        self._inherited = bool(cursor)
        self._known: OrderedDict[int, None] = OrderedDict()

    @property
    def since(self) -> str:
        """From when the log is to be read again, whole seconds; empty for all of it."""
        return f"{self.cursor[:19]}Z" if self.cursor else ""

    def read_again(self) -> None:
        """The log is going to be read from `since`."""
        self._sought = self.cursor

    def go_back(self, to: str) -> None:
        """Read on from another time: nothing that is written now would be read behind the cursor."""
        self.cursor, self._sought = to, ""

    def begin_behind(self, line: StampedLine) -> None:
        """Leave alone a line, the last one there is, and all before it."""
        self.cursor = self._sought = line.written
        self._know(line)

    def take(self, line: StampedLine) -> Novelty:
        """Go behind a line, unless it was taken before."""
        known, missing = hash(line) in self._known, False
        if line.written == self._sought:
            self._sought = ""
            if self._inherited:
                self._inherited = False
                self._know(line)
                return Novelty.OLD
        elif self._sought and not known:
            if line.written < self._sought:
                # It comes again when the log is read again, and then the cursor may have been found already.
                self._know(line)
                return Novelty.OLD
            missing, self._sought = True, ""
        if known:
            return Novelty.OLD
        self.cursor = line.written
        self._know(line)
        return Novelty.NEW_BEHIND_GAP if missing else Novelty.NEW

    def _know(self, line: StampedLine) -> None:
        self._known[hash(line)] = None
        if len(self._known) > _KNOWN_LINES:
            self._known.popitem(last=False)
