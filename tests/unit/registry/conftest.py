"""A client on a registry in memory."""

import pytest

from provider.clock import Deadline
from provider.observer import NullObserver
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.credentials import ANONYMOUS
from provider.registry.settings import RegistrySettings
from tests.simulators.clock import FakeClock
from tests.simulators.registry import RegistrySimulator


class RecordingObserver(NullObserver):
    """Remembers what it was told."""

    def __init__(self):
        self.requests = []
        self.throttled = []
        self.lookups = []

    def registry_request(self, registry, operation, code, seconds):
        self.requests.append((registry, str(operation), code))

    def registry_throttled(self, registry, cause):
        self.throttled.append((registry, str(cause)))

    def cache_lookup(self, layer, what, result):
        self.lookups.append((layer, what, result))


class Credentials:
    """Gives what a test put in, by registry."""

    def __init__(self, **by_registry):
        self.by_registry = by_registry

    def of(self, registry, repository):
        return self.by_registry.get(registry, ANONYMOUS)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def registry(clock):
    return RegistrySimulator(clock)


@pytest.fixture
def observer():
    return RecordingObserver()


@pytest.fixture
def call(clock):
    return Call(Deadline.after(clock, 30), "0123456789ab")


@pytest.fixture
def make_client(clock, registry, observer):
    def make(settings=None, **credentials):
        return RegistryClient(
            settings or RegistrySettings(),
            clock,
            transport=registry,
            credentials=Credentials(**{name.replace("_", "."): one for name, one in credentials.items()}),
            observer=observer,
        )

    return make


@pytest.fixture
def client(make_client):
    return make_client()
