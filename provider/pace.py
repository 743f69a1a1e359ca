"""Steps that hold the interpreter for a while, one in each turn of the event loop.

All network work happens on one event loop. A step such as verifying a signature, or reading a large document, takes
milliseconds; were thirty of them ready at once, nothing else would happen for their sum. At a pace, one of them runs in
each turn of the loop, and everybody else's work between them. What takes longer than a step may, as a large
attestation, is read by a process of its own (`provider.signatures.document_reader`).
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Final, Protocol

from provider import limits

_WOKEN: Final = 16


class Strand(Protocol):
    """Work that takes steps.

    Attributes:
        paced: whether it has just waited for its step, and may take it at once.
    """

    paced: bool


class Pace:
    """Lets steps through; for one event loop. Whoever has waited takes its step before it waits for anything else.

    In one turn of the loop steps are let through for `PACE_SECONDS`; the next ones have to wait for its next turn, so
    that small steps cost no turn each, and large ones have one for themselves.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._number = 0
        self._began: float | None = None
        self._turning = False

    async def wait(self) -> None:
        """Until a step may be taken; in the order of those who wait."""
        loop = asyncio.get_running_loop()
        if not self._waiting and self._open(loop):
            return
        self._number += 1
        number = self._number
        try:
            while True:
                future: asyncio.Future[None] = loop.create_future()
                # Who has to wait for another turn keeps its place: the key stays where it is.
                self._waiting[number] = future
                await future
                if self._open(loop):
                    return
        finally:
            del self._waiting[number]

    async def wait_to_read(self, size: int, strand: Strand) -> None:
        """Until a document may be read.

        Args:
            size: bytes; a small one need not wait.
            strand: who reads it. What it has just fetched has waited already, because who waits with a document in hand
                holds its bytes.
        """
        paced, strand.paced = strand.paced, False
        if size > limits.STEP_BYTES and not paced:
            await self.wait()

    def _open(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether this turn of the loop has time for a step."""
        now = loop.time()
        if self._began is None:
            self._began = now
        if not self._turning:
            self._turning = True
            loop.call_soon(self._turned, loop)
        return now - self._began < limits.PACE_SECONDS

    def _turned(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop has turned: those that wait have their steps, as far as there is time in the next turn."""
        self._began = None
        self._turning = bool(self._waiting)
        for future in islice(self._waiting.values(), _WOKEN):
            if not future.done():
                future.set_result(None)
        if self._turning:
            loop.call_soon(self._turned, loop)
