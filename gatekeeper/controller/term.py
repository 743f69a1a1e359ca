"""What runs while this process holds the Lease: the source of denials, and what is done again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatekeeper.controller.limits import STOP_SECONDS, UNEXPECTED_SECONDS
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.source import DenialSink, DenialSource
from provider.clock import Clock
from provider.telemetry.log import Log


@dataclass(frozen=True)
class PeriodicTask:
    """Something that is done again and again.

    Attributes:
        name: for the log and the thread.
        seconds: how long is waited after each time.
        step: does it once.
    """

    name: str
    seconds: float
    step: Callable[[], None]


@dataclass(frozen=True)
class LastingTask:
    """Something that goes on for as long as the Lease is ours.

    Attributes:
        name: for the log and the thread.
        run: does it until the event is set.
    """

    name: str
    run: Callable[[threading.Event], None]


class LiveSource(DenialSource, Protocol):
    """A source that knows when it has given what was written before it began."""

    def caught_up(self) -> bool:
        """Whether all that was written while nobody read has been given, or cannot be read."""


class Term:
    """A time for which the Lease is ours.

    Args:
        source: of denials; None where they are not read.
        sink: takes them.
        tasks: what is done beside.
        log: where the unexpected is written.
        clock: for the end.
        lasting: what goes on beside.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        source: LiveSource | None,
        sink: DenialSink,
        tasks: Sequence[PeriodicTask],
        log: Log,
        clock: Clock,
        lasting: Sequence[LastingTask] = (),
    ) -> None:
        self._source = source
        self._sink = sink
        self._log = log
        self._clock = clock
        self._stop = threading.Event()
        self._threads = [self._thread(task.name, self._repeat(task)) for task in tasks]
        if source is not None:
            lasting = [LastingTask("denials", lambda stop: source.run(sink, stop)), *lasting]
        self._threads += [self._thread(task.name, self._repeat(self._again(task))) for task in lasting]

    def begin(self) -> None:
        """Have it run."""
        for thread in self._threads:
            thread.start()

    def caught_up(self) -> bool:
        """Whether what was denied before is counted."""
        return self._source is None or self._source.caught_up()

    def end(self) -> None:
        """Have it end; a call that hangs is left to itself, and gives nothing any more."""
        self._stop.set()
        ends = self._clock.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, ends - self._clock.monotonic()))

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=work, name=name, daemon=True)

    def _again(self, task: LastingTask) -> PeriodicTask:
        return PeriodicTask(task.name, UNEXPECTED_SECONDS, lambda: task.run(self._stop))

    def _repeat(self, task: PeriodicTask) -> Callable[[], None]:
        def repeat() -> None:
            while not self._stop.is_set():
                try:
                    task.step()
                except Exception:  # noqa: BLE001 - one broken task must not take the others along
                    self._log.error(ControllerEvent.TASK_FAILED, "something unexpected", task=task.name, exc_info=True)
                self._stop.wait(task.seconds)

        return repeat
