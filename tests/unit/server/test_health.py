"""What the probes are told of a provider that runs, starts, stops or hangs."""

from __future__ import annotations

import threading

import pytest

from provider import limits
from provider.loop import EventLoop
from provider.server.routes import create_metrics_app
from provider.server.serving import _Health
from tests.simulators.clock import FakeClock

SOON = 20.0


class Reports:
    """Tells when the pulse has beaten."""

    def __init__(self):
        self.beaten = threading.Semaphore(0)

    def loop_lagged(self, seconds):
        self.beaten.release()

    def loop_failed(self, message, error): ...

    def loop_ended(self, error): ...


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def reports():
    return Reports()


@pytest.fixture
def loop(clock, reports, monkeypatch):
    monkeypatch.setattr(limits, "LOOP_PULSE_SECONDS", 0.001)
    loop = EventLoop(clock, reports)
    loop.start()
    yield loop
    loop.stop()


@pytest.fixture
def health(loop):
    return _Health(loop)


@pytest.fixture
def probe(health):
    plain = create_metrics_app(lambda: b"", health.unhealthy, health.unready).test_client()

    def probe(path):
        response = plain.get(path)
        return response.status_code, response.text

    return probe


def test_provider_that_starts_is_healthy_and_not_ready(probe):
    assert probe("/healthz") == (200, "ok\n")
    assert probe("/readyz") == (503, "starting\n")


def test_provider_that_has_started_is_ready(probe, health):
    health.started.set()
    assert probe("/readyz") == (200, "ok\n")


def test_provider_that_is_told_to_stop_is_healthy_and_not_ready(probe, health):
    health.started.set()
    health.drain()
    assert probe("/healthz") == (200, "ok\n")
    assert probe("/readyz") == (503, "draining\n")


def test_provider_whose_loop_is_stuck_is_unhealthy_until_it_turns_again(probe, loop, clock, reports):
    held, go = threading.Event(), threading.Event()
    loop.hand(lambda: (held.set(), go.wait(SOON)))
    assert held.wait(SOON)
    while reports.beaten.acquire(blocking=False):
        pass
    clock.advance(limits.LOOP_STUCK_SECONDS + 0.1)
    assert probe("/healthz") == (503, "stuck: the event loop does not turn\n")
    go.set()
    # After the second beat the first has had its effect.
    assert reports.beaten.acquire(timeout=SOON)
    assert reports.beaten.acquire(timeout=SOON)
    assert probe("/healthz") == (200, "ok\n")
