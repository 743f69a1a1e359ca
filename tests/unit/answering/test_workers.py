"""Who gets a thread."""

from __future__ import annotations

import threading

import pytest

from provider import limits
from provider.answering.workers import Task, Workers

TIMEOUT = 10.0


class Held:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.started = threading.Semaphore(0)
        self.names: list[str] = []

    def task(self, host: str, *, audit: bool = False, name: str = "") -> Task:
        def run() -> None:
            self.names.append(name or host)
            self.started.release()
            self.go.wait(TIMEOUT)

        return Task(host, audit, run)

    def await_started(self, count: int) -> None:
        for _ in range(count):
            assert self.started.acquire(timeout=TIMEOUT)


@pytest.fixture
def held():
    work = Held()
    yield work
    work.go.set()


def done(workers: Workers, host: str, *, audit: bool = False) -> bool:
    """Whether a task of the host is worked on while all others are held."""
    event = threading.Event()
    assert workers.submit(Task(host, audit, event.set))
    return event.wait(TIMEOUT)


def test_task_is_done():
    assert done(Workers(), "registry.example")


def test_threads_are_used_again():
    workers = Workers()
    for _ in range(50):
        assert done(workers, "registry.example")
    assert workers._started <= 2


def test_host_that_never_answers_does_not_hold_up_another(held):
    workers = Workers()
    for _ in range(100):
        workers.submit(held.task("slow.example"))
    held.await_started(8)
    assert workers.running() == 8
    assert done(workers, "good.example")


def test_all_hosts_that_no_setting_names_together_do_not_hold_up_one_that_is_named(held):
    workers = Workers({"named.example"})
    for number in range(200):
        workers.submit(held.task(f"slow-{number}.example"))
    held.await_started(limits.REGISTRY_REQUESTS)
    assert workers.running() == limits.REGISTRY_REQUESTS
    assert done(workers, "named.example")


def test_named_host_has_all_its_places(held):
    workers = Workers({"named.example"})
    for _ in range(100):
        workers.submit(held.task("named.example"))
    held.await_started(limits.REGISTRY_REQUESTS)
    assert workers.running() == limits.REGISTRY_REQUESTS


def test_audit_leaves_room_for_admission_on_the_same_host(held):
    workers = Workers()
    for _ in range(100):
        workers.submit(held.task("registry.example", audit=True))
    held.await_started(4)
    assert workers.running() == 4
    assert done(workers, "registry.example")


def test_audit_takes_half_of_all_threads_at_most(held):
    workers = Workers({"one.example", "two.example"}, threads=8)
    for host in ("one.example", "two.example"):
        for _ in range(10):
            workers.submit(held.task(host, audit=True))
    held.await_started(4)
    assert workers.running() == 4
    assert done(workers, "one.example")


def test_admission_that_waits_is_taken_before_audit_that_waits(held):
    workers = Workers(threads=1)
    first = Held()
    workers.submit(first.task("registry.example"))
    first.await_started(1)
    workers.submit(held.task("registry.example", audit=True, name="audit"))
    workers.submit(held.task("registry.example", name="admission"))
    first.go.set()
    held.await_started(1)
    assert held.names == ["admission"]


def test_hosts_that_wait_are_taken_in_turn(held):
    workers = Workers(threads=1)
    first = Held()
    workers.submit(first.task("registry.example"))
    first.await_started(1)
    for host in ("a.example", "a.example", "b.example"):
        workers.submit(held.task(host))
    held.go.set()
    first.go.set()
    held.await_started(3)
    assert held.names == ["a.example", "b.example", "a.example"]


def test_what_waits_is_done_when_there_is_room(held):
    workers = Workers()
    for _ in range(20):
        workers.submit(held.task("slow.example"))
    held.await_started(8)
    held.go.set()
    held.await_started(12)


def test_work_beyond_the_queue_is_refused(held):
    workers = Workers(threads=1, queue=2)
    assert [workers.submit(held.task("registry.example")) for _ in range(4)] == [True, True, True, False]


def test_task_that_raises_gives_its_thread_back(caplog):
    workers = Workers(threads=1)
    workers.submit(Task("registry.example", audit=False, run=lambda: 1 // 0))  # type: ignore[arg-type]
    assert done(workers, "registry.example")
    assert "a task raised" in caplog.text
