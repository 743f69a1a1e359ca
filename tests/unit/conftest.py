"""A batch and an app with everything around them simulated: no thread, no socket, no time but the test's."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable

import pytest

from provider.answering.batch import Batch, BatchSettings, Endpoint
from provider.answering.workers import Task
from provider.server.routes import create_app
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.logs import KeyRecords, Log
from provider.telemetry.metrics import Metrics
from provider.telemetry.observation import Observation
from tests.simulators.clock import FakeClock
from tests.simulators.gatekeeper import Answer
from tests.simulators.inspector import InspectorSimulator


class PoolSimulator:
    """Does tasks at once, or holds them until a test lets them go.

    Attributes:
        holding: whether tasks are held.
        holding_hosts: registries whose tasks are held all the same.
        full: whether tasks are refused.
        held: what is held, in order.
    """

    def __init__(self) -> None:
        self.holding = False
        self.holding_hosts: set[str] = set()
        self.full = False
        self.held: list[Task] = []

    def submit(self, task: Task) -> bool:
        if self.full:
            return False
        if self.holding or task.host in self.holding_hosts:
            self.held.append(task)
        else:
            task.run()
        return True

    def release(self) -> None:
        """Do what is held."""
        held, self.held = self.held, []
        for task in held:
            task.run()


class World:
    """A provider in one thread.

    Attributes:
        clock, inspector, pool: the simulators.
        on_wait: called whenever a request waits, before time passes.
    """

    def __init__(self, **settings: object) -> None:
        self.clock = FakeClock()
        self.inspector = InspectorSimulator(self.clock)
        self.pool = PoolSimulator()
        self.stream = io.StringIO()
        self.log = Log(self.stream, LogLevel.INFO, LogFormat.JSON, self.clock)
        self.on_wait: Callable[[], object] = lambda: None
        self.waited: list[float] = []
        self.batch = Batch(
            self.inspector,
            self.pool,
            KeyRecords(self.log),
            self.clock,
            BatchSettings(**settings),  # type: ignore[arg-type]
            wait=self._wait,
        )

    def ask(self, *keys: str, endpoint: Endpoint = Endpoint.VALIDATE) -> Answer:
        """What Gatekeeper gets."""
        return Answer(self.batch.answer(endpoint, keys).body())

    def lines(self) -> list[dict[str, object]]:
        """What was logged."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def events(self, event: str) -> Iterable[dict[str, object]]:
        """What was logged of one event."""
        return [line for line in self.lines() if line["event"] == event]

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        self.on_wait()
        if not event.is_set():
            self.waited.append(seconds)
        return self.clock.wait(event, seconds)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def observation(world):
    return Observation(Metrics(dict.fromkeys(Endpoint, 1.0), ["named.example"]), world.log, world.clock)


@pytest.fixture
def client(world, observation):
    return create_app(world.batch, observation, world.clock).test_client()
