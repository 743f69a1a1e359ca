"""Connections to the store whose answers have a bound.

The client library takes an answer of any length, and lets nothing else run while it reads one that is there already.
Who listens in the store's place could fill the memory so, or hold the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from redis.asyncio import Connection
from redis.exceptions import InvalidResponse

from provider import limits


class BoundedReader:
    """What answers are read from, as far as the library's parser uses an `asyncio.StreamReader`.

    Args:
        reader: has the bytes.
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.renew()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the reader has
        return getattr(self._reader, name)

    def renew(self) -> None:
        """Something new has been asked: its answers may have all that answers may have."""
        self._bytes = limits.STORE_ANSWER_BYTES
        self._lines = limits.STORE_ANSWER_LINES

    async def readexactly(self, length: int) -> bytes:
        """So many bytes.

        Raises:
            InvalidResponse: that is more than answers may have.
        """
        self._take(length)
        return await self._reader.readexactly(length)

    async def readline(self) -> bytes:
        """A line, of no more than the 64 KiB of asyncio.

        Raises:
            InvalidResponse: it is longer, or one more than answers may have.
        """
        self._lines -= 1
        if self._lines % limits.STORE_ANSWER_PORTION == 0:
            # A line that is there already is read without a pause.
            await asyncio.sleep(0)
        if self._lines < 0:
            raise InvalidResponse("answers have too many lines")
        try:
            line = await self._reader.readline()
        except ValueError as error:
            raise InvalidResponse("a line of an answer is too long") from error
        self._take(len(line))
        return line

    def _take(self, length: int) -> None:
        self._bytes -= length
        if length < 0 or self._bytes < 0:
            raise InvalidResponse("answers have too many bytes")


class _BoundedAnswers(Connection):
    """A connection of the library, or before one in the order of bases; both methods replace parts that are its own."""

    async def _connect(self) -> None:
        await super()._connect()  # type: ignore[no-untyped-call]
        self._reader: Any = BoundedReader(self._reader)

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - as the library has it
        if isinstance(self._reader, BoundedReader):
            self._reader.renew()
        await super().send_packed_command(command, check_health)


def bounded(kind: type[Connection]) -> type[Connection]:
    """A kind of connections, with bounds."""
    return type(f"Bounded{kind.__name__}", (_BoundedAnswers, kind), {})
