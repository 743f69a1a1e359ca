"""Single flight: who asks for what is just being fetched waits for it instead of fetching it again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flights(Generic[K, V]):
    """Work that is going on, by its key.

    The first caller does the work in its own thread; nothing waits for a free thread, so nothing can be locked up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying: dict[K, Future[V]] = {}

    def run(self, key: K, work: Callable[[], V], deadline: Deadline) -> V:
        """The result of `work`, or of somebody else's work under the same key.

        Raises:
            ImageError: what `work` raised; `Timeout` when the other's work is not done by the deadline.
        """
        future, mine = self._board(key)
        if mine:
            return self._fly(key, future, work)
        try:
            return self._wait(future, deadline)
        except ImageError as error:
            if error.reason is not Reason.TIMEOUT or deadline.passed():
                raise
        # The other had less time than we have: once more, on our own account.
        future, mine = self._board(key)
        return self._fly(key, future, work) if mine else self._wait(future, deadline)

    def __len__(self) -> int:
        return len(self._flying)

    def _board(self, key: K) -> tuple[Future[V], bool]:
        with self._lock:
            future = self._flying.get(key)
            if future is not None:
                return future, False
            future = self._flying[key] = Future()
            return future, True

    def _fly(self, key: K, future: Future[V], work: Callable[[], V]) -> V:
        try:
            result = work()
        except BaseException as error:
            self._land(key)
            future.set_exception(error)
            raise
        self._land(key)
        future.set_result(result)
        return result

    def _land(self, key: K) -> None:
        with self._lock:
            self._flying.pop(key, None)

    @staticmethod
    def _wait(future: Future[V], deadline: Deadline) -> V:
        try:
            return future.result(timeout=deadline.remaining())
        except ImageError as error:
            # A fresh one: tracebacks of several threads must not grow on one object.
            raise ImageError(error.reason, error.message) from error
        except TimeoutError as error:
            raise ImageError(Reason.TIMEOUT, "what another request is fetching did not come in time") from error
