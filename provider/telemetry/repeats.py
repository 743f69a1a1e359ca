"""What happens over and over is logged now and then, with how often it happened."""

from __future__ import annotations

import threading

from provider.clock import Clock


class Repeats:
    """Keeps what happens over and over from filling the log.

    Args:
        clock: says when.
        seconds: how long a name is silent after it was let through.
    """

    def __init__(self, clock: Clock, seconds: float = 10.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._silent: dict[str, tuple[float, int]] = {}

    def let_through(self, name: str) -> int | None:
        """How many times it happened since it was last let through, this one included; None while it is silent.

        Args:
            name: one of few: a kind of event.
        """
        with self._lock:
            now = self._clock.monotonic()
            until, count = self._silent.get(name, (now, 0))
            if now < until:
                self._silent[name] = (until, count + 1)
                return None
            self._silent[name] = (now + self._seconds, 0)
            return count + 1
