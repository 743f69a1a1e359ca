"""The threads of reconciling: two that watch, and one that takes rounds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from gatekeeper.reconciliation.limits import GATHER_SECONDS, UNEXPECTED_SECONDS
from gatekeeper.reconciliation.reconciler import Reconciler, ReconcilerMirrors


class ReconcilerFactory(Protocol):
    """Makes a reconciler that knows nothing yet but what the mirrors show."""

    def __call__(self, mirrors: ReconcilerMirrors, may_write: Callable[[], bool]) -> Reconciler:
        """A new one."""


class ReconciliationWorker:
    """Reconciles while this process holds the Lease; each time it begins with what the cluster has.

    Args:
        watch: makes the mirrors of one such time.
        make: makes its reconciler, and a new one after something unexpected.
        held: whether the Lease is ours, as far as is known.
        report: takes what was unexpected in a round.
        listen: has somebody else call for a round, too.
    """

    def __init__(
        self,
        watch: Callable[[], ReconcilerMirrors],
        make: ReconcilerFactory,
        held: Callable[[], bool],
        report: Callable[[Exception], None],
        listen: Callable[[Callable[[], None]], None] = lambda _: None,
    ) -> None:
        self._watch = watch
        self._make = make
        self._held = held
        self._report = report
        self._listen = listen

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; a watch that waits for its next event then ends with it, and changes nothing."""
        stirred, mirrors = threading.Event(), self._watch()
        self._listen(stirred.set)
        for each in (mirrors.policies, mirrors.templates):
            name = f"watch-{each.resource.plural}"
            threading.Thread(target=each.run, args=(stop, stirred.set), name=name, daemon=True).start()
        while not stop.is_set():
            reconciler = self._make(mirrors, lambda: self._held() and not stop.is_set())
            try:
                _rounds(reconciler, stirred, stop)
            except Exception as error:  # noqa: BLE001 - the watches go on, and nobody waits for their end
                self._report(error)
                stop.wait(UNEXPECTED_SECONDS)


def _rounds(reconciler: Reconciler, stirred: threading.Event, stop: threading.Event) -> None:
    while not stop.is_set():
        stirred.clear()
        rest = reconciler.round()
        if _wait(stirred, stop, rest):
            # One change is seldom alone.
            stop.wait(GATHER_SECONDS)


def _wait(stirred: threading.Event, stop: threading.Event, seconds: float) -> bool:
    """Whether something happened before the time was over; a stop is noticed within a second."""
    left = seconds
    while left > 0 and not stop.is_set():
        if stirred.wait(min(left, 1.0)):
            return True
        left -= 1.0
    return False
