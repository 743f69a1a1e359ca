"""Time that passes only when a test says so.

clock = FakeClock()
clock.advance(1.2)
"""

from __future__ import annotations

import threading

EPOCH = 1_795_560_000.0


class FakeClock:
    """Implements `provider.clock.Clock`."""

    def __init__(self, now: float = EPOCH) -> None:
        self._monotonic = 1000.0
        self._now = now
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self._monotonic

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._monotonic += seconds
            self._now += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock, forward or back, while no time passes."""
        with self._lock:
            self._now += seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """As `threading.Event.wait`, but what does not happen at once lets that much time pass."""
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()
