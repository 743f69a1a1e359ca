"""Label sets within a bound: what there is no room for goes into `other`, and is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final, Generic, TypeVar

from prometheus_client import Counter, Gauge

OTHER: Final = "other"

Metric = TypeVar("Metric", Counter, Gauge)


class Names:
    """Values of one label: the first so many have their own.

    Args:
        capacity: how many.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def label(self, name: str) -> str:
        """The name, or `other`."""
        if name in self._known:
            return name
        with self._lock:
            if len(self._known) >= self._capacity:
                return OTHER
            self._known.add(name)
        return name

    def forget(self, name: str) -> None:
        """Make room: the name has no label of its own any more, unless it comes again."""
        with self._lock:
            self._known.discard(name)


class Family(Generic[Metric]):
    """The series of one metric, at most so many.

    A label set that there is no room for loses its open labels, those that strangers choose; the others are of closed
    lists, so that what is left has room: as many sets as these lists have.

    Args:
        metric: with labels.
        capacity: series, those with `other` included.
        names: for each label the list of its values; None where the list is closed.
        folded: called for each observation that went into `other`.
        reserve: series that are kept free for those with `other` alone.
    """

    def __init__(
        self,
        metric: Metric,
        capacity: int,
        names: Sequence[Names | None],
        folded: Callable[[], None],
        reserve: int,
    ) -> None:
        self.metric: Metric = metric
        self._room = capacity - reserve
        self._names = names
        self._folded = folded
        self._children: dict[tuple[str, ...], Metric] = {}
        self._lock = threading.Lock()

    def of(self, *values: str) -> Metric:
        """The series of these values."""
        child = self._children.get(values)
        if child is None:
            with self._lock:
                child = self._find(values)
        return child

    def series(self) -> Collection[tuple[str, ...]]:
        """All label sets that there are."""
        return self._children.keys()

    def drop(self, *values: str) -> None:
        """Take a series away."""
        with self._lock:
            if self._children.pop(values, None) is not None:
                self.metric.remove(*values)

    def drop_all(self, names: Names, name: str) -> None:
        """Take away the series of one value of a label."""
        places = [place for place, each in enumerate(self._names) if each is names]
        for values in list(self._children):
            if any(values[place] == name for place in places):
                self.drop(*values)

    def _find(self, values: tuple[str, ...]) -> Metric:
        wanted = tuple(
            value if names is None else names.label(value) for names, value in zip(self._names, values, strict=True)
        )
        if wanted not in self._children and len(self._children) >= self._room:
            wanted = tuple(value if names is None else OTHER for names, value in zip(self._names, values, strict=True))
        if wanted != values:
            self._folded()
        child = self._children.get(wanted)
        if child is None:
            child = self._children[wanted] = self.metric.labels(*wanted)
        return child
