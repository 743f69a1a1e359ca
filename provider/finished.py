"""Answers that are finished: as bytes, and kept as long as they are as true as a new look would make them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from provider.reasons import Reason

# What an entry costs beside its texts: the objects around them.
_OVERHEAD_BYTES: Final = 600


@dataclass(frozen=True, slots=True)
class Finished:
    """What there is to say about a key.

    Attributes:
        ref: the key's short name.
        item: the item, ready for the wire; None when the key is left out of `items`.
        problem: its member of `systemError`; empty when there is an item.
        reason: why there is no answer; None when there is one.
        record: the fields of its log line, rendered.
    """

    ref: str
    item: bytes | None
    problem: str = ""
    reason: Reason | None = None
    record: str = ""

    @property
    def size(self) -> int:
        """Bytes that keeping it takes, about."""
        return _OVERHEAD_BYTES + len(self.item or b"") + len(self.problem) + len(self.record)


class Memory:
    """Finished answers by key, the least recently used dropped first.

    Not safe to call from two threads at a time: the owner holds its lock.

    Args:
        bound: bytes at most.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._entries: OrderedDict[tuple[str, str], tuple[Finished, float]] = OrderedDict()
        self.bytes = 0
        self.evicted = 0

    def get(self, name: tuple[str, str], now: float) -> Finished | None:
        """The answer to a question, while it is true.

        Args:
            name: the kind of the question, and the key.
            now: monotonic seconds.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None
        finished, until = entry
        if now >= until:
            self._drop(name)
            return None
        self._entries.move_to_end(name)
        return finished

    def keep(self, name: tuple[str, str], finished: Finished, until: float) -> None:
        """Remember an answer until a moment, monotonic seconds."""
        self._drop(name)
        self._entries[name] = (finished, until)
        self.bytes += finished.size + len(name[1])
        while self.bytes > self._bound and self._entries:
            self._drop(next(iter(self._entries)))
            self.evicted += 1

    def __len__(self) -> int:
        return len(self._entries)

    def _drop(self, name: tuple[str, str]) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self.bytes -= entry[0].size + len(name[1])
