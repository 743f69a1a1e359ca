"""Looks that go on beside the rounds: a mirror that is slow keeps nobody waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from gatekeeper.trustroots import limits
from gatekeeper.trustroots.look import RootLook, RootLooks
from gatekeeper.trustroots.root_object import RootObject


class PendingLooks(Protocol):
    """Begins looks, and has what came of them."""

    def begin(self, found: RootObject, wanted: frozenset[str]) -> bool:
        """Begin a look at an object, of which at most one goes on; whether it was begun."""

    def done(self) -> list[RootLook]:
        """Those that ended since this was last asked."""


class LookThreads:
    """Implements `PendingLooks`, a thread each.

    Args:
        looks: look.
        ended: is called when one has ended, by its thread.
    """

    def __init__(self, looks: RootLooks, ended: Callable[[], None]) -> None:
        self._looks = looks
        self._ended = ended
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._done: list[RootLook] = []

    def begin(self, found: RootObject, wanted: frozenset[str]) -> bool:
        """See the Protocol."""
        with self._lock:
            if found.name in self._running or len(self._running) >= limits.LOOKS:
                return False
            self._running.add(found.name)
        threading.Thread(target=self._run, args=(found, wanted), name=f"trust-{found.name}", daemon=True).start()
        return True

    def done(self) -> list[RootLook]:
        """See the Protocol."""
        with self._lock:
            done, self._done = self._done, []
        return done

    def _run(self, found: RootObject, wanted: frozenset[str]) -> None:
        try:
            look = self._looks.at(found, wanted)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this object that has no trust root
            words = f"something unexpected ({type(error).__name__}); this is a fault of bestbefore"
            look = RootLook(found, problems=[words])
        with self._lock:
            self._running.discard(found.name)
            self._done.append(look)
        self._ended()
