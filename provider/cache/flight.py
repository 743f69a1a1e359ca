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
    """Work that goes on, what it gave, and who waits for it."""

    __slots__ = ("error", "landed", "urgency", "value", "waiting")

    def __init__(self, urgency: Urgency) -> None:
        self.urgency = urgency
        self.waiting: list[asyncio.Future[None]] = []
        self.landed = False
        self.value: V
        self.error: ImageError | None = None

    async def wait(self) -> None:
        """Until it has landed, well or not."""
        # A future of each waiter's own: one that is cancelled cancels nobody.
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        await future

    def land(self) -> None:
        """Give the result to those who wait."""
        for future in self.waiting:
            if not future.done():
                future.set_result(None)


class Flights(Generic[K, V]):
    """Work that is going on, by its key; for one event loop.

    Whoever asks first does the work; who asks meanwhile waits for it. A waiter that is cancelled cancels nobody; if the
    first is, or had less time than a waiter has, one of those who wait does the work. An admission that joins audit's
    work makes it urgent.
    """

    def __init__(self) -> None:
        self._flying: dict[K, _Flight[V]] = {}

    async def run(self, key: K, work: Callable[[], Coroutine[Any, Any, V]], urgency: Urgency, deadline: Deadline) -> V:
        """The result of `work`, or of somebody else's work under the same key.

        Args:
            key: what is worked on.
            work: does it; it ends by its own deadline.
            urgency: of who asks.
            deadline: of who asks.

        Raises:
            ImageError: what `work` raised.
        """
        while (flight := self._flying.get(key)) is not None:
            if not urgency.audit:
                flight.urgency.hurry()
            await flight.wait()
            if flight.landed:
                return flight.value
            error = flight.error
            if error is not None and (deadline.passed() or not _may_do_better(error, urgency)):
                raise error.again()
        return await self._fly(key, work, urgency)

    def __len__(self) -> int:
        return len(self._flying)

    async def _fly(self, key: K, work: Callable[[], Coroutine[Any, Any, V]], urgency: Urgency) -> V:
        flight: _Flight[V] = _Flight(urgency)
        self._flying[key] = flight
        try:
            flight.value = await work()
            flight.landed = True
        except ImageError as error:
            # A fresh one: what was raised holds on to all that its frames held.
            flight.error = error.again()
            raise
        finally:
            del self._flying[key]
            flight.land()
        return flight.value


def _may_do_better(error: ImageError, urgency: Urgency) -> bool:
    """Whether who waited may have an answer where the work had none: it has more time, or is no audit."""
    return error.reason is Reason.TIMEOUT or (error.audit_only and not urgency.audit)
