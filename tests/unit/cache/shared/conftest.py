"""Shared memory on a store in memory, turned by a virtual loop."""

import pytest

from provider.cache.shared.shared_memory import SharedMemory
from provider.observer import NullObserver
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.simulators.value_store import ValueStoreSimulator


class StoreObserver(NullObserver):
    """Remembers what it was told of the store."""

    def __init__(self):
        self.told = []
        self.dropped = 0

    def store_away(self, trouble):
        self.told.append(("away", str(trouble)))

    def store_back(self):
        self.told.append(("back", ""))

    def store_troubled(self, trouble):
        self.told.append(("troubled", str(trouble)))

    def store_writes_dropped(self, count):
        self.dropped += count

    def store_entry_rejected(self, kind):
        self.told.append(("rejected", kind))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def loop(clock):
    """The loop; what it reports as lost fails the test."""
    lost = []
    loop = VirtualLoop(clock)
    loop.set_exception_handler(lambda _, context: lost.append(context))
    yield loop
    loop.finish()
    assert not lost


@pytest.fixture
def observer():
    return StoreObserver()


@pytest.fixture
def store(clock):
    return ValueStoreSimulator(clock)


@pytest.fixture
def memory(store, clock, observer):
    return SharedMemory(store, clock, observer)
