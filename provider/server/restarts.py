"""When a worker that has died is replaced: at once, and later each time when one after the other dies young."""

from __future__ import annotations

import math

from provider import limits


class Restarts:
    """Paces the beginnings of workers, so that one that dies at every start does not take the whole processor."""

    def __init__(self) -> None:
        self._begun = -math.inf
        self._pause = 0.0

    def may_begin(self, now: float) -> bool:
        """Whether the next worker may begin; seconds of the monotonic clock."""
        return now >= self._begun + self._pause

    def begin(self, now: float) -> None:
        """A worker begins."""
        died_young = now - self._begun < self._pause + limits.WORKER_YOUNG_SECONDS
        longer = min(max(2 * self._pause, limits.WORKER_PAUSE_SECONDS), limits.WORKER_LONGEST_PAUSE_SECONDS)
        self._pause = longer if died_young else 0.0
        self._begun = now
