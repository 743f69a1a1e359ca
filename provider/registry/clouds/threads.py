"""Where libraries run that block: a thread of its own for each cloud, and no other.

A library that hangs keeps its thread, and its cloud gives nothing until it ends; no other cloud waits for that, and the
process can stop all the same.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.hush import Hush
from provider.registry.clouds.places import CloudName

T = TypeVar("T")


class CloudThreads:
    """Runs what blocks; for one event loop.

    Args:
        hush: what such a thread prints is not shown.
    """

    def __init__(self, hush: Hush | None = None) -> None:
        self._hush = hush or Hush()
        self._each = {name: asyncio.Semaphore(1) for name in CloudName}

    async def run(self, cloud: CloudName, work: Callable[[], T]) -> T:
        """The result of `work`. Whoever waits may give up; the thread keeps its place until it ends.

        Raises:
            CloudError: `work` raised it, or anything else, of which nothing is shown.
        """
        own = self._each[cloud]
        await own.acquire()
        return await self._begun(work, own)

    def _begun(self, work: Callable[[], T], own: asyncio.Semaphore) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def done(value: Any, error: CloudError | None) -> None:  # noqa: ANN401 - the result of `work`
            own.release()
            if future.done():
                return
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        def run() -> None:
            value, error = self._outcome(work)
            try:
                loop.call_soon_threadsafe(done, value, error)
            except RuntimeError:
                # The loop has been closed, and nobody waits.
                return

        threading.Thread(target=run, name="cloud", daemon=True).start()
        return future

    def _outcome(self, work: Callable[[], T]) -> tuple[T | None, CloudError | None]:
        with self._hush.thread():
            try:
                return work(), None
            except CloudError as error:
                return None, CloudError(str(error))
            except BaseException as error:  # noqa: BLE001 - a library may raise anything, even SystemExit
                # Its message may have a secret in it.
                return None, CloudError(f"its library failed ({type(error).__name__})")
