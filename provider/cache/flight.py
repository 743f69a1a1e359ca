"""Single flight: who asks for what is just being fetched waits for it instead of fetching it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, Protocol, TypeVar

from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Urgency(Protocol):
    """How urgent work is; it may become more so while it goes on."""

    @property
    def audit(self) -> bool:
        """Whether nobody's admission waits for it."""
        ...

    def hurry(self) -> None:
        """An admission waits for it now."""
        ...


class _Flight(Generic[V]):
    """Work, and who waits for it."""

    __slots__ = ("task", "urgency", "waiting")

    def __init__(self, task: asyncio.Task[V], urgency: Urgency) -> None:
        self.task = task
        self.urgency = urgency
        self.waiting: list[asyncio.Future[None]] = []


class Flights(Generic[K, V]):
    """Work that is going on, by its key; for one event loop.

    Work is a task of its own: a waiter that is cancelled cancels nobody, and work whose waiters have all gone is
    finished by its own deadline. An admission that joins audit's work makes it urgent.
    """

    def __init__(self) -> None:
        self._flying: dict[K, _Flight[V]] = {}

    async def run(self, key: K, work: Callable[[], Coroutine[Any, Any, V]], urgency: Urgency, deadline: Deadline) -> V:
        """The result of `work`, or of somebody else's work under the same key.

        Args:
            key: what is worked on.
            work: does it; it ends by its own deadline.
            urgency: of who asks.
            deadline: of who asks; another's work that had less time is begun again within it.

        Raises:
            ImageError: what `work` raised.
        """
        flight = self._flying.get(key)
        if flight is None:
            return await self._landed(self._begin(key, work, urgency))
        if not urgency.audit:
            flight.urgency.hurry()
        try:
            return await self._landed(flight)
        except ImageError as error:
            if error.reason is not Reason.TIMEOUT or deadline.passed():
                raise
        # The other had less time than we have: once more, on our own account.
        return await self._landed(self._flying.get(key) or self._begin(key, work, urgency))

    def __len__(self) -> int:
        return len(self._flying)

    def _begin(self, key: K, work: Callable[[], Coroutine[Any, Any, V]], urgency: Urgency) -> _Flight[V]:
        flight = self._flying[key] = _Flight(asyncio.get_running_loop().create_task(work()), urgency)
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: K, flight: _Flight[V]) -> None:
        del self._flying[key]
        if not flight.task.cancelled():
            # Looked at here: an error that nobody waits for any more would be reported as lost.
            flight.task.exception()
        for future in flight.waiting:
            if not future.done():
                future.set_result(None)

    @staticmethod
    async def _landed(flight: _Flight[V]) -> V:
        if not flight.task.done():
            # A future of our own: who waits may be cancelled, and the work goes on.
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            flight.waiting.append(future)
            await future
        try:
            return flight.task.result()
        except ImageError as error:
            raise error.again() from error
        except asyncio.CancelledError as error:
            raise ImageError(Reason.TIMEOUT, "the look-up was given up") from error
