"""Steps that hold the interpreter for a while, one at a time.

All network work happens on one event loop. A step such as verifying a signature, or reading a large document, takes
milliseconds; were thirty of them ready at once, nothing else would happen for their sum. At a pace, one of them runs in
each turn of the loop, and everybody else's work between them. What takes longer than a step may will run in a process
of its own, behind the same door.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class Pace:
    """`async with pace:` around a step; for one event loop."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._lock.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # In the next turn: steps that are ready in this one find the way barred, though this step is over.
        asyncio.get_running_loop().call_soon(self._lock.release)
