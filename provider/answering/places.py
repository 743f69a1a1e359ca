"""How many calls may wait at a time: the server's threads are for answers from memory, too."""

from __future__ import annotations

import threading


class CallPlaces:
    """Places of an endpoint's calls; may be used by many threads.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = max(1, count)

    def take(self) -> bool:
        """Take one; False when there is none."""
        with self._lock:
            if not self._free:
                return False
            self._free -= 1
            return True

    def give_back(self) -> None:
        """Let another call wait."""
        with self._lock:
            self._free += 1
