"""An event loop whose time passes only when nothing is left to do: no test sleeps.

    clock = FakeClock()
    loop = VirtualLoop(clock)
    loop.run(something())          # timers fire in their order, at once
    loop.run_for(1.2)              # what happens within that time
    loop.settle()                  # what can happen without time passing

`loop.turns` counts its turns. `LoopEvent` stands in for a thread's `threading.Event` where that thread would wait for
the loop: waiting turns the loop.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.simulators.clock import FakeClock

T = TypeVar("T")
# How long the loop really waits for another thread before a test is stuck, seconds.
_THREAD_SECONDS = 10.0


class _VirtualSelector(selectors.SelectSelector):
    """Waiting lets time pass instead."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(_THREAD_SECONDS)
            if not ready:
                raise RuntimeError("the loop waits for something that will never happen")
            return ready
        # A little more than asked for, or rounding would leave the timer just ahead for ever.
        self._clock.advance(timeout + 1e-9)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Turns by a `FakeClock`."""

    def __init__(self, clock: FakeClock) -> None:
        self._own_selector = _VirtualSelector(clock)
        super().__init__(self._own_selector)
        self.clock = clock

    @property
    def turns(self) -> int:
        """How often it has turned."""
        return self._own_selector.turns

    def time(self) -> float:
        return self.clock.monotonic()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine."""
        return self.run_until_complete(work)

    def run_for(self, seconds: float) -> None:
        """Let that much time pass."""
        self.call_later(seconds, self.stop)
        self.run_forever()

    def settle(self) -> None:
        """Do all that can be done without time passing."""
        self.run_until_complete(_settled())

    def finish(self) -> None:
        """Give up what is unfinished, and close."""
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        if tasks:
            self.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.close()


async def _settled() -> None:
    # A step of a task takes a turn of the loop each; no chain of ours is as long as this.
    for _ in range(200):
        await asyncio.sleep(0)


class LoopEvent(threading.Event):
    """An event that is set on a loop, and waited for by turning it.

    Args:
        loop: the loop.
        on_wait: called before it is waited for; may wait for other events of the same loop.

    Attributes:
        waited: seconds that passed while it was waited for.
    """

    def __init__(self, loop: VirtualLoop, on_wait: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._loop = loop
        self._on_wait = on_wait
        self.waited = 0.0

    def set(self) -> None:
        super().set()
        if self._loop.is_running():
            self._loop.stop()

    def wait(self, timeout: float | None = None) -> bool:
        began = self._loop.clock.monotonic()
        self._on_wait()
        # Another event of the loop may stop it, too.
        while not self.is_set() and (left := began + (timeout or 0.0) - self._loop.clock.monotonic()) > 0:
            timer = self._loop.call_later(left, self._loop.stop)
            self._loop.run_forever()
            timer.cancel()
        self.waited = self._loop.clock.monotonic() - began
        return self.is_set()
