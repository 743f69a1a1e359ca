"""Single flight: who asks for what is just being fetched waits for it instead of fetching it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from provider.clock import Deadline
from provider.errors import ImageError
from provider.loop import let_go
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


@dataclass(frozen=True, slots=True)
class _Flight(Generic[V]):
    task: asyncio.Task[V]
    urgency: Urgency


class Flights(Generic[K, V]):
    """Work that is going on, by its key; for one event loop.

    Work is a task of its own: a waiter that is cancelled cancels nobody, and work whose waiters have all gone is
    finished by its own deadline. An admission that joins audit's work makes it urgent.
    """

    def __init__(self) -> None:
        self._flying: dict[K, _Flight[V]] = {}

    async def run(self, key: K, work: Callable[[], Awaitable[V]], urgency: Urgency, deadline: Deadline) -> V:
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

    def _begin(self, key: K, work: Callable[[], Awaitable[V]], urgency: Urgency) -> _Flight[V]:
        async def fly() -> V:
            try:
                return await work()
            finally:
                del self._flying[key]

        flight = self._flying[key] = _Flight(asyncio.ensure_future(fly()), urgency)
        let_go(flight.task)
        return flight

    @staticmethod
    async def _landed(flight: _Flight[V]) -> V:
        try:
            return await asyncio.shield(flight.task)
        except ImageError as error:
            raise error.again() from error
