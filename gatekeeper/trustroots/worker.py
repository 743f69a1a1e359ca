"""The threads of trust roots: one that watches, one that takes rounds, and those of looks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from gatekeeper.reconciliation.mirror import Mirror
from gatekeeper.trustroots import limits
from gatekeeper.trustroots.keeper import RootKeeper
from gatekeeper.trustroots.root_object import RootObject


class RootKeeperFactory(Protocol):
    """Makes a keeper that knows nothing yet."""

    def __call__(
        self, objects: Mirror[RootObject], stir: Callable[[], None], may_write: Callable[[], bool]
    ) -> RootKeeper:
        """A new one; what ends beside its rounds calls `stir`."""


class RootWorker:
    """Keeps trust roots while this process holds the Lease.

    Args:
        watch: makes the mirror of the objects of one such time.
        make: makes its keeper.
        held: whether the Lease is ours, as far as is known.
        report: takes what was unexpected in a round.
    """

    def __init__(
        self,
        watch: Callable[[], Mirror[RootObject]],
        make: RootKeeperFactory,
        held: Callable[[], bool],
        report: Callable[[Exception], None],
    ) -> None:
        self._watch = watch
        self._make = make
        self._held = held
        self._report = report

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; a watch that waits for its next event then ends with it, and changes nothing."""
        stirred, objects = threading.Event(), self._watch()
        thread = threading.Thread(target=objects.run, args=(stop, stirred.set), name="watch-trustroots", daemon=True)
        thread.start()
        while not stop.is_set():
            keeper = self._make(objects, stirred.set, lambda: self._held() and not stop.is_set())
            try:
                while not stop.is_set():
                    stirred.clear()
                    _wait(stirred, stop, keeper.round())
            except Exception as error:  # noqa: BLE001 - the watch goes on, and nobody waits for its end
                self._report(error)
                stop.wait(limits.UNEXPECTED_SECONDS)


def _wait(stirred: threading.Event, stop: threading.Event, seconds: float) -> None:
    """Until something happens, or the time is over; a stop is noticed within a second."""
    left = seconds
    while left > 0 and not stop.is_set():
        if stirred.wait(min(left, 1.0)):
            # One change is seldom alone.
            stop.wait(limits.GATHER_SECONDS)
            return
        left -= 1.0
