"""An answer that is finished: as bytes, so that giving it again costs next to nothing."""

from __future__ import annotations

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
