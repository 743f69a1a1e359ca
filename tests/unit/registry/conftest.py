"""A client and a store on a registry in memory, turned by a virtual loop.

    def test_something(run, client, registry, call):
        registry.push_image("team/app", "v1")
        assert run(client.manifest(IMAGE, call))

Nothing that fails on the loop may go unheard: what nobody waits for fails the test.
"""

import pytest

from provider.clock import Deadline
from provider.observer import NullObserver
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.credentials.credential import ANONYMOUS
from provider.registry.settings import RegistrySettings
from provider.registry.turns.claim import Claim
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.simulators.registry import RegistrySimulator


class RecordingObserver(NullObserver):
    """Remembers what it was told."""

    def __init__(self):
        self.requests = []
        self.throttled = []
        self.retried = []
        self.quotas = []
        self.lookups = []
        self.rejected = []
        self.files_rejected = []
        self.unusable = []
        self.passed_over = []

    def registry_request(self, registry, operation, code, seconds):
        self.requests.append((registry, str(operation), code))

    def registry_throttled(self, registry, cause):
        self.throttled.append((registry, str(cause)))

    def registry_retried(self, registry):
        self.retried.append(registry)

    def registry_quota(self, registry, account, remaining, limit):
        self.quotas.append((registry, account, remaining, limit))

    def cache_lookup(self, layer, what, result):
        self.lookups.append((layer, what, result))

    def registry_ca_rejected(self, problem):
        self.rejected.append(problem)

    def file_rejected(self, setting, name, problem):
        self.files_rejected.append((str(setting), problem))

    def file_in_force(self, setting, name, problems):
        self.unusable.append("; ".join(problems))

    def entries_passed_over(self, listed, problems):
        self.passed_over.append((str(listed), *problems))


class Credentials:
    """Gives what a test put in, by registry; a call's own."""

    def __init__(self, **by_registry):
        self.by_registry = {name.replace("_", "."): one for name, one in by_registry.items()}

    async def prepare(self, registry, repository):
        pass

    def of(self, registry, repository):
        return self.by_registry.get(registry, ANONYMOUS)


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
def run(loop):
    """Gives the result of a coroutine."""
    return loop.run


@pytest.fixture
def registry():
    return RegistrySimulator()


@pytest.fixture
def observer():
    return RecordingObserver()


@pytest.fixture
def make_call(clock):
    """Makes calls: who asks rides in them, `make_call(reg_io=Credential("me", "secret"))`."""

    def make(seconds=30.0, caller=None, audit=False, ref="0123456789ab", **credentials):
        claim = Claim(caller or object(), audit=audit)
        return Call(Deadline.after(clock, seconds), claim, Credentials(**credentials), ref)

    return make


@pytest.fixture
def call(make_call):
    return make_call()


@pytest.fixture
def make_client(clock, registry, observer):
    def make(settings=None):
        return RegistryClient(settings or RegistrySettings(), registry, clock, observer)

    return make


@pytest.fixture
def client(make_client):
    return make_client()
