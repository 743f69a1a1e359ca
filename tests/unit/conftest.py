"""A batch and an app with everything around them simulated: no thread, no socket, no time but the test's."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator

import pytest

from provider.answering.batch import Batch, BatchSettings
from provider.answering.result import KeyResult
from provider.answering.work import Works
from provider.cache.memory import Memory
from provider.questions.endpoint import Endpoint
from provider.registry.credentials.credentials import NoCredentials
from provider.server.routes import create_app
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from provider.telemetry.metrics import Metrics
from provider.telemetry.observation import Observation
from tests.simulators.clock import FakeClock
from tests.simulators.gatekeeper import Answer
from tests.simulators.inspector import InspectorSimulator
from tests.simulators.loop import LoopEvent, VirtualLoop

TAG_TTL = 30.0


class World:
    """A provider in one thread: a request that waits turns the loop.

    Attributes:
        clock, loop, inspector: the simulators.
        works, memory, batch: what answers.
        waits: what each request waited for, in order.
        on_wait: called whenever a request begins to wait; a request that it makes comes at the same time.
    """

    def __init__(self, memory_bytes: int = 1 << 20, tag_ttl: float = TAG_TTL, **settings: object) -> None:
        self.clock = FakeClock()
        self.loop = VirtualLoop(self.clock)
        self.inspector = InspectorSimulator(self.clock)
        self.stream = io.StringIO()
        self.log = Log(self.stream, LogLevel.INFO, LogFormat.JSON, self.clock)
        self.observation = Observation(Metrics(dict.fromkeys(Endpoint, 1.0), ["named.example"]), self.log, self.clock)
        self.memory: Memory[str, KeyResult] = Memory(self.clock, memory_bytes, lambda result: result.size)
        self.works = Works(self.inspector, NoCredentials(), self.memory, self.observation, self.clock, tag_ttl)
        self.waits: list[LoopEvent] = []
        self.on_wait: Callable[[], object] = lambda: None
        self.batch = Batch(
            self.works,
            self.memory,
            self.loop.call_soon,
            self.clock,
            BatchSettings(**settings),  # type: ignore[arg-type]
            event=self._event,
        )

    def ask(self, *keys: str, endpoint: Endpoint = Endpoint.VALIDATE) -> Answer:
        """What Gatekeeper gets."""
        return Answer(self.batch.answer(endpoint, keys).body())

    @property
    def waited(self) -> list[float]:
        """Seconds that passed while requests waited for the loop, those that waited for nothing left out."""
        return [event.waited for event in self.waits if event.waited > 1e-6]

    def lines(self) -> list[dict[str, object]]:
        """What was logged."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def events(self, event: str) -> Iterable[dict[str, object]]:
        """What was logged of one event."""
        return [line for line in self.lines() if line["event"] == event]

    def close(self) -> None:
        """Give up what is unfinished."""
        self.loop.finish()

    def _event(self) -> LoopEvent:
        event = LoopEvent(self.loop, self.on_wait)
        self.waits.append(event)
        return event


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    """Makes worlds with settings of their own."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(contextlib.closing(World(**settings)))


@pytest.fixture
def world(make_world) -> World:
    return make_world()


@pytest.fixture
def observation(world):
    return world.observation


@pytest.fixture
def client(world, observation):
    return create_app(world.batch, observation, world.clock).test_client()
