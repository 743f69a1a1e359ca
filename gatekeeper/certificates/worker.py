"""The thread of certificates: one round after another, while this process holds the Lease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from gatekeeper.certificates.keeper import CertificateKeeper


class KeeperFactory(Protocol):
    """Makes a keeper that knows nothing yet."""

    def __call__(self, may_write: Callable[[], bool]) -> CertificateKeeper:
        """A new one."""


class CertificateWorker:
    """Keeps certificates while this process holds the Lease.

    Args:
        make: makes the keeper of one such time.
        held: whether the Lease is ours, as far as is known.
    """

    def __init__(self, make: KeeperFactory, held: Callable[[], bool]) -> None:
        self._make = make
        self._held = held

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        keeper = self._make(lambda: self._held() and not stop.is_set())
        while not stop.is_set():
            stop.wait(keeper.round())
