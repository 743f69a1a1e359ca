"""An inspector over a registry in memory, on a loop whose time passes only when nothing is left to do."""

from __future__ import annotations

import pytest

from provider.clock import Deadline
from provider.errors import ImageError
from provider.images.default_authorities import DefaultAuthorities
from provider.images.inspector import ImageInspector
from provider.observer import NullObserver
from provider.pace import Pace
from provider.questions import item_key
from provider.questions.item_key import KeyKind
from provider.questions.question import FactQuestion
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.credentials.credentials import NoCredentials
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store
from provider.registry.turns.claim import Claim
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.simulators.registry import RegistrySimulator

IMAGE = "reg.io/team/app:v1"
FRESH, OLD, OLDER = "2026-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2023-01-01T00:00:00Z"


class Trips(NullObserver):
    """Remembers how many round trips each question took."""

    def __init__(self):
        self.counts = []

    def round_trips(self, count):
        self.counts.append(count)


class NoProver:
    """Nobody asks for signatures here."""

    async def prove(self, image, verify, call, *, explained=True):
        raise AssertionError(image)

    async def examine(self, image, verify, call):
        raise AssertionError(image)

    def close(self):
        """Nothing works for it."""


class World:
    """An inspector with everything below it but the network."""

    def __init__(self, prover=None, authorities=None, memory_bytes=1 << 20, stale_seconds=0.0):
        self.clock = FakeClock()
        self.loop = VirtualLoop(self.clock)
        self.registry = RegistrySimulator()
        self.trips = Trips()
        client = RegistryClient(RegistrySettings(), self.registry, self.clock, self.trips)
        bounds = {"memory_bytes": memory_bytes, "tag_ttl": 30, "stale_seconds": stale_seconds}
        self.store = Store(client, self.clock, self.trips, **bounds)
        self.pace = Pace()
        prover = prover or NoProver()
        defaults = DefaultAuthorities(lambda: authorities or {}, prover.prove)
        self.inspector = ImageInspector(self.store, self.pace, self.trips, prover, defaults)

    def call(self, seconds=30, caller=None, ref=None):
        return Call(Deadline.after(self.clock, seconds), Claim(caller or object()), NoCredentials(), ref)

    async def inspect(self, image=IMAGE, *, config=False, seconds=30, caller=None):
        key = item_key.of(FactQuestion(image, config))
        return await self.inspector.inspect(key, self.call(seconds, caller, key.ref))

    def ask(self, image=IMAGE, *, config=False, seconds=30):
        return self.loop.run(self.inspect(image, config=config, seconds=seconds))

    def ask_key(self, text):
        """The answer to a key as it comes by the wire."""
        key = item_key.read(KeyKind.QUESTION, text)
        return self.loop.run(self.inspector.inspect(key, self.call(ref=key.ref)))

    def refused(self, image=IMAGE, *, config=False, seconds=30):
        with pytest.raises(ImageError) as caught:
            self.ask(image, config=config, seconds=seconds)
        assert caught.value.message.isprintable()
        return caught.value

    def resolve(self, text, seconds=30):
        key = item_key.read(KeyKind.TAG, text)
        return self.loop.run(self.inspector.resolve(key, self.call(seconds, ref=key.ref)))

    def push(self, tag=None, created=FRESH, **fields):
        return self.registry.push_image("team/app", tag, created=created, **fields)

    def index(self, *children, tag="v1"):
        return self.registry.push_index("team/app", tag, children)
