"""Files that may be replaced are looked at while nobody asks, so that one that cannot be used is reported at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from provider import limits
from provider.loop import LoopObserver


class FileWatch:
    """Looks at files every `limits.FILE_WATCH_SECONDS`; for one event loop.

    Args:
        looks: each reads its file again if it has changed, and reports what came of it. They run in a thread.
        observer: gets a report of a look that failed unexpectedly; the others go on.
    """

    def __init__(self, looks: Sequence[Callable[[], object]], observer: LoopObserver) -> None:
        self._looks = looks
        self._observer = observer
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to look, for as long as the loop turns. On its thread."""
        self._task = asyncio.ensure_future(self._watch())

    def end(self) -> None:
        """Look no more: threads are not to be had while a process ends. On the loop's thread."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(limits.FILE_WATCH_SECONDS)
            for look in self._looks:
                try:
                    await asyncio.to_thread(look)
                except Exception as error:  # noqa: BLE001 - whatever it is, the other files are looked at
                    self._observer.loop_failed("a file could not be looked at", error)
