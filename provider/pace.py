"""Steps that hold the interpreter for a while, one in each turn of the event loop.

All network work happens on one event loop. A step such as verifying a signature, or reading a large document, takes
milliseconds; were thirty of them ready at once, nothing else would happen for their sum. At a pace, one of them runs in
each turn of the loop, and everybody else's work between them. What takes longer than a step may will run in a process
of its own, behind the same door.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from provider import limits


class Strand(Protocol):
    """Work that takes steps.

    Attributes:
        paced: whether it has just waited for its step, and may take it at once.
    """

    paced: bool


class Pace:
    """Lets steps through; for one event loop. Whoever has waited takes its step before it waits for anything else."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Until a step may be taken."""
        await self._lock.acquire()
        # Not before the loop has turned: the step is taken in this turn.
        asyncio.get_running_loop().call_soon(self._lock.release)

    async def wait_to_read(self, size: int, strand: Strand) -> None:
        """Until a document may be read.

        Args:
            size: bytes; a small one need not wait.
            strand: who reads it. What it has just fetched has waited already, for who waits with a document in hand
                holds its bytes.
        """
        paced, strand.paced = strand.paced, False
        if size > limits.STEP_BYTES and not paced:
            await self.wait()
