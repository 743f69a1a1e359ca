"""A bounded memory: least recently used leaves first, and nothing outlives its time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, TypeVar

from provider.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_NOTHING: Final = (None, 0, None)


class Memory(Generic[K, V]):
    """Remembers values within a bound; may be used by many threads.

    Args:
        clock: for the time to live.
        bound: sum of costs that is kept.
        cost: what one value costs; 1 by default, so that `bound` is a number of values.
    """

    def __init__(self, clock: Clock, bound: int, cost: Callable[[V], int] = lambda _: 1) -> None:
        self._clock = clock
        self._bound = bound
        self._cost = cost
        self._lock = threading.Lock()
        self._values: OrderedDict[K, tuple[V, int, float | None]] = OrderedDict()
        self._used = 0

    def get(self, key: K) -> V | None:
        """The value; None when it is not there, or no more."""
        return self.get_all((key,))[0]

    def get_all(self, keys: Iterable[K]) -> list[V | None]:
        """The value of each key, as `get` has it; of a hundred keys in half the time."""
        found: list[V | None] = []
        with self._lock:
            now = self._clock.monotonic()
            for key in keys:
                value, _, until = self._values.get(key, _NOTHING)
                if until is not None and until <= now:
                    self._drop(key)
                    value = None
                elif value is not None:
                    self._values.move_to_end(key)
                found.append(value)
        return found

    def put(self, key: K, value: V, seconds: float | None = None) -> None:
        """Remember a value, for so many seconds or for good; one that exceeds the bound by itself is not kept."""
        cost = self._cost(value)
        until = None if seconds is None else self._clock.monotonic() + seconds
        with self._lock:
            self._drop(key)
            if cost > self._bound:
                return
            self._values[key] = (value, cost, until)
            self._used += cost
            while self._used > self._bound:
                self._drop(next(iter(self._values)))

    def discard(self, key: K) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._drop(key)

    @property
    def used(self) -> int:
        """Sum of the costs of what is kept."""
        return self._used

    def __len__(self) -> int:
        return len(self._values)

    def _drop(self, key: K) -> None:
        entry = self._values.pop(key, None)
        if entry is not None:
            self._used -= entry[1]
