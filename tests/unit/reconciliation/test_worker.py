"""The threads of reconciling: a change is seen without waiting, and an end ends all of them."""

from __future__ import annotations

import queue
import threading

from gatekeeper.cluster.errors import ClusterUnavailableError
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES
from gatekeeper.reconciliation.mirror import Mirror
from gatekeeper.reconciliation.present import PolicyObject
from gatekeeper.reconciliation.reconciler import ReconcilerMirrors
from gatekeeper.reconciliation.worker import ReconciliationWorker
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator


class QuietMirror:
    """Implements what the worker uses of `Mirror`."""

    def __init__(self) -> None:
        self.resource = CLUSTER_IMAGE_POLICIES
        self.changed = lambda: None
        self.begun, self.ended = threading.Event(), threading.Event()

    def run(self, stop, changed):
        self.changed = changed
        self.begun.set()
        while not stop.wait(10):
            pass
        self.ended.set()


class ReconcilerSimulator:
    """Implements what the worker uses of `Reconciler`."""

    def __init__(self, may_write=lambda: True, failure: Exception | None = None) -> None:
        self.may_write = may_write
        self.failure = failure
        self.rounds = threading.Semaphore(0)

    def round(self) -> float:
        self.rounds.release()
        if self.failure is not None:
            raise self.failure
        return 1000.0


class QuietStop(threading.Event):
    """A stop for which nobody waits long."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(min(timeout or 0.01, 0.01))


def worker_of(made, held=lambda: True, report=lambda _: None):
    """A worker, and the mirrors that it makes."""
    mirrors = ReconcilerMirrors(QuietMirror(), QuietMirror())
    return ReconciliationWorker(lambda: mirrors, made, held, report), mirrors


def test_change_begins_a_round_and_a_stop_ends_all():
    made = queue.Queue()
    held, stop = threading.Event(), threading.Event()
    held.set()

    def make(_, may_write):
        simulator = ReconcilerSimulator(may_write)
        made.put(simulator)
        return simulator

    worker, mirrors = worker_of(make, held.is_set)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    reconciler = made.get(timeout=10)
    assert reconciler.rounds.acquire(timeout=10)
    assert reconciler.may_write()
    assert mirrors.templates.begun.wait(10)
    mirrors.templates.changed()
    assert reconciler.rounds.acquire(timeout=10)
    held.clear()
    assert not reconciler.may_write()
    held.set()
    stop.set()
    assert not reconciler.may_write()
    mirrors.policies.changed()
    thread.join(10)
    assert mirrors.policies.ended.wait(10)
    assert not thread.is_alive()


def test_after_a_round_that_fails_another_reconciler_goes_on_with_the_same_watches():
    failing, going_on = ReconcilerSimulator(failure=KeyError("spec")), ReconcilerSimulator()
    left, reported, seen, stop = [failing, going_on], [], [], QuietStop()

    def make(mirrors, _):
        seen.append(mirrors)
        return left.pop(0)

    worker, mirrors = worker_of(make, report=reported.append)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    assert going_on.rounds.acquire(timeout=10)
    assert reported == [failing.failure]
    assert seen == [mirrors, mirrors]
    # Whoever would wait for the end of the watches would wait for minutes, and reconcile nothing meanwhile.
    assert not mirrors.policies.ended.is_set()
    assert mirrors.policies.begun.wait(10)
    mirrors.policies.changed()
    assert going_on.rounds.acquire(timeout=10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_mirror_keeps_what_it_knew_while_nobody_answers():
    cluster, changes = ClusterSimulator(), []
    mirror = Mirror(cluster, CLUSTER_IMAGE_POLICIES, PolicyObject.of, FakeClock())
    cluster.add(CLUSTER_IMAGE_POLICIES, {"metadata": {"name": "a"}, "spec": {}})
    mirror.turn(lambda: changes.append(1))
    cluster.fail("*", ClusterUnavailableError("no answer"))
    stop = threading.Event()

    def failing() -> None:
        stop.set()

    mirror.run(stop, failing)
    assert list(mirror.objects) == ["a"]
    assert mirror.error.message == "no answer"
    assert not mirror.absent


def test_mirror_follows_a_watch_and_lists_anew_now_and_then():
    cluster, clock, changes = ClusterSimulator(), FakeClock(), []
    mirror = Mirror(cluster, CLUSTER_IMAGE_POLICIES, PolicyObject.of, clock)
    mirror.turn(lambda: changes.append("list"))
    cluster.add(CLUSTER_IMAGE_POLICIES, {"metadata": {"name": "a"}, "spec": {}})
    mirror.turn(lambda: changes.append("watch"))
    assert list(mirror.objects) == ["a"]
    cluster.remove(CLUSTER_IMAGE_POLICIES, "a")
    mirror.turn(lambda: changes.append("watch"))
    assert mirror.objects == {}
    clock.advance(10_000)
    mirror.turn(lambda: changes.append("list"))
    assert changes == ["list", "watch", "watch"]
    assert [call for call in cluster.calls if call.startswith("list")] == ["list clusterimagepolicies"] * 2


class PauseCounter(threading.Event):
    """A stop that waits for nothing, and is set after some pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        if len(self.pauses) == 8:
            self.set()
        return self.is_set()


def test_watch_that_somebody_ends_at_once_is_begun_less_and_less_often():
    cluster, stop = ClusterSimulator(), PauseCounter()
    Mirror(cluster, CLUSTER_IMAGE_POLICIES, PolicyObject.of, FakeClock()).run(stop, lambda: None)
    watches = [call for call in cluster.calls if call.startswith("watch")]
    assert len(watches) == len(stop.pauses) == 8
    assert stop.pauses[0] < 2
    assert stop.pauses[-1] > 10


def test_object_that_nobody_expects_does_not_end_the_mirror():
    cluster = ClusterSimulator()
    cluster.add(CLUSTER_IMAGE_POLICIES, {"metadata": {"name": "a"}, "spec": {}})

    def reduce(found):
        raise KeyError("spec")

    mirror, stop = Mirror(cluster, CLUSTER_IMAGE_POLICIES, reduce, FakeClock()), threading.Event()
    mirror.run(stop, stop.set)
    assert mirror.error.message == "watch clusterimagepolicies: something unexpected (KeyError)"


def test_mirror_of_a_kind_that_goes_away_knows_nothing():
    cluster = ClusterSimulator()
    mirror = Mirror(cluster, CLUSTER_IMAGE_POLICIES, PolicyObject.of, FakeClock())
    mirror.turn(lambda: None)
    cluster.without(CLUSTER_IMAGE_POLICIES)
    stop = threading.Event()
    mirror.run(stop, stop.set)
    assert mirror.absent
    assert mirror.objects is None
