"""The pool of threads, where the system has no more of them."""

from __future__ import annotations

import threading

import pytest

from provider.server.threads import Threads


@pytest.fixture
def threads():
    threads = Threads(2)
    yield threads
    threads.shutdown()


@pytest.fixture
def no_more(monkeypatch):
    """Called, it lets no further thread start."""

    def full(_):
        raise RuntimeError("can't start new thread")

    return lambda: monkeypatch.setattr(threading.Thread, "start", full)


def test_work_goes_on_with_the_threads_that_there_are(threads, no_more):
    busy = threading.Event()
    first = threads.submit(busy.wait, 20)
    no_more()
    second = threads.submit(lambda: "done")
    busy.set()
    assert first.result(20)
    assert second.result(20) == "done"


def test_without_any_thread_it_is_an_error(threads, no_more):
    no_more()
    with pytest.raises(RuntimeError):
        threads.submit(lambda: None)
