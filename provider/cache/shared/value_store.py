"""A store of bytes by their names, as Redis and Valkey have it: one Protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class StoreTrouble(StrEnum):
    """What keeps a store from doing what it was asked to: a label of metrics."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    REFUSED = "refused"
    FULL = "full"
    READ_ONLY = "read_only"
    ERROR = "error"


class StoreError(Exception):
    """A store did not do what it was asked to.

    Attributes:
        trouble: what it is.
    """

    def __init__(self, trouble: StoreTrouble, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Entry:
    """A value to be written.

    Attributes:
        name: where.
        body: the value.
        seconds: how long it is kept.
        fixed: whether there is but one value that this name can have, so that one which is there may stay.
    """

    name: str
    body: bytes
    seconds: int
    fixed: bool = False


class ValueStore(Protocol):
    """Values by name; for one event loop. Nothing here has an end of its own: whoever asks sets one."""

    async def read(self, names: Sequence[str], most: int) -> Sequence[bytes]:
        """The values, in the order of the names; empty where there is none, `most` + 1 bytes where one has more.

        Raises:
            StoreError: there is no answer.
        """
        ...

    async def write(self, entries: Sequence[Entry]) -> None:
        """Write values; one that is there already and `fixed` only lives longer.

        Raises:
            StoreError: some of them are not written.
        """
        ...

    async def claim(self, name: str, seconds: float) -> bool:
        """Whether a name was free, and is taken now, for so long.

        Raises:
            StoreError: there is no answer.
        """
        ...

    async def drop(self, names: Sequence[str]) -> int:
        """Forget values; how many there were.

        Raises:
            StoreError: there is no answer.
        """
        ...

    async def ping(self) -> None:
        """Find out whether it answers.

        Raises:
            StoreError: it does not.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
