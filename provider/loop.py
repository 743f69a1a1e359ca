"""The event loop: one thread that does all network work and all waiting.

Other threads hand work over; the loop never waits for them. A pulse shows how late the loop is, and whether it turns at
all: that is what the liveness probe asks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol, TypeVar

from provider import limits
from provider.clock import Clock

T = TypeVar("T")


class LoopObserver(Protocol):
    """Gets reports of how the loop does. Every report is a call that returns at once and never raises."""

    def loop_lagged(self, seconds: float) -> None:
        """The pulse came so late."""

    def loop_failed(self, message: str, error: BaseException | None) -> None:
        """Something on the loop failed, and nobody waits for it; the loop goes on."""

    def loop_ended(self, error: BaseException | None) -> None:
        """The loop turns no more, though nobody stopped it."""


class EventLoop:
    """An event loop on a thread of its own.

    Args:
        clock: for the pulse.
        observer: gets reports of how it does.
    """

    def __init__(self, clock: Clock, observer: LoopObserver) -> None:
        self._clock = clock
        self._observer = observer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._stopping = False
        self._due = self._beaten = clock.monotonic()

    def start(self) -> None:
        """Begin to turn. After a fork, because no thread survives one."""
        self._thread = threading.Thread(target=self._turn, name="loop", daemon=True)
        self._beaten = self._clock.monotonic()
        self._thread.start()
        self._started.wait()

    def hand(self, work: Callable[..., object], *arguments: object) -> None:
        """Have a function called on the loop, soon.

        Raises:
            RuntimeError: the loop does not turn.
        """
        if self._loop is None:
            raise RuntimeError("the event loop was not started")
        self._loop.call_soon_threadsafe(work, *arguments)

    def run(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """The result of a coroutine on the loop; waits for it. Not for the loop's own thread.

        Args:
            work: the coroutine.
            seconds: how long it is waited for; None for as long as it takes.

        Raises:
            RuntimeError: the loop does not turn.
            TimeoutError: there is no result in time; the work goes on.
        """
        if self._loop is None:
            raise RuntimeError("the event loop was not started")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def stuck(self) -> bool:
        """Whether it has not turned for `limits.LOOP_STUCK_SECONDS`, though it was started."""
        return self._started.is_set() and self._clock.monotonic() - self._beaten > limits.LOOP_STUCK_SECONDS

    def stop(self) -> None:
        """Turn no more; what is unfinished is given up."""
        self._stopping = True
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _turn(self) -> None:
        error: BaseException | None = None
        try:
            loop = self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            loop.set_exception_handler(self._failed)
            loop.call_soon(self._begin)
            loop.run_forever()
        except BaseException as problem:  # noqa: BLE001 - whatever ends the loop ends the process: see `loop_ended`
            error = problem
        finally:
            self._started.set()
        if not self._stopping:
            self._observer.loop_ended(error)
        if self._loop is not None:
            _give_up(self._loop)

    def _begin(self) -> None:
        self._due = self._clock.monotonic()
        self._beat()
        self._started.set()

    def _beat(self) -> None:
        now = self._clock.monotonic()
        self._observer.loop_lagged(max(0.0, now - self._due))
        self._beaten, self._due = now, now + limits.LOOP_PULSE_SECONDS
        if self._loop is not None:
            self._loop.call_later(limits.LOOP_PULSE_SECONDS, self._beat)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._observer.loop_failed(str(context.get("message", "")), context.get("exception"))


def _give_up(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is unfinished, or it would be reported as lost; from now on the loop takes nothing more."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()


async def gathered(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of works side by side; when one fails the others are given up, and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]


def let_go(task: asyncio.Future[Any]) -> None:
    """Nobody may be waiting for this any more: its error is looked at, or the loop would report it as lost."""
    task.add_done_callback(_look)


def _look(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
