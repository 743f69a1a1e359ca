"""The thread of certificates: a new keeper for each time that the Lease is ours, and an end at once."""

from __future__ import annotations

import threading

from gatekeeper.certificates.worker import CertificateWorker


class KeeperSimulator:
    """Implements what the worker uses of `CertificateKeeper`."""

    def __init__(self, may_write, stop: threading.Event, rounds: int) -> None:
        self.may_write = may_write
        self.rounds = 0
        self._stop, self._last = stop, rounds

    def round(self) -> float:
        self.rounds += 1
        if self.rounds == self._last:
            self._stop.set()
        return 0.0


def test_rounds_go_on_until_the_end_and_nobody_writes_after_it():
    made: list[KeeperSimulator] = []
    held = True

    def make(may_write):
        made.append(KeeperSimulator(may_write, stop, rounds=3))
        return made[-1]

    worker = CertificateWorker(make, lambda: held)
    for _ in range(2):
        stop = threading.Event()
        worker.run(stop)
    assert [each.rounds for each in made] == [3, 3]
    assert not made[0].may_write(), "it was asked to stop"
    stop.clear()
    assert made[1].may_write()
    held = False
    assert not made[1].may_write(), "the Lease is another's"
