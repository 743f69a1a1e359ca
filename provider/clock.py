"""Time as a value: what needs a clock is given one."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Two times: one that never jumps, for waiting, and one that people read."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start, never going back."""
        ...

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start, never going back."""
        return time.monotonic()

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        return time.time()


@dataclass(frozen=True)
class Deadline:
    """A moment on a clock's monotonic time by which something must be done.

    Attributes:
        clock: the clock that `at` belongs to.
        at: monotonic seconds.
    """

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(clock, clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, 0 when it has passed."""
        return max(0.0, self.at - self.clock.monotonic())

    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() == 0.0


def rfc3339(seconds: float) -> str:
    """A moment as answers have it, in UTC.

    Args:
        seconds: since 1970.
    """
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
