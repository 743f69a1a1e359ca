"""Two replicas, a registry on a socket, and a real store between them."""

import json

import pytest

from provider import limits
from provider.cache.shared.settings import StoreSettings
from provider.clock import Deadline, SystemClock
from provider.errors import ImageError
from provider.images.assembly import assemble
from provider.loop import EventLoop
from provider.questions import item_key
from provider.questions.item_key import KeyKind
from provider.questions.proof_question import Format, Key, Verify
from provider.questions.question import ProofQuestion, key_of
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.settings import RegistrySettings
from provider.registry.turns.claim import Claim
from tests.integration.answering import Reports
from tests.integration.store import servers
from tests.simulators.registry import RegistrySimulator
from tests.simulators.signing import Signer, new_key

pytestmark = pytest.mark.integration


class Replica:
    """A provider without a server: what answers, on a loop of its own."""

    def __init__(self, shared, tag_ttl):
        self.clock = SystemClock()
        settings = RegistrySettings(
            allow_loopback_http=True, allow_private=True, shared=shared, tag_ttl=tag_ttl, stale_seconds=3600
        )
        self.assembly = assemble(settings, self.clock)
        self.loop = EventLoop(self.clock, Reports())
        self.loop.start()

    def answer(self, key):
        """The answer to a key, as JSON."""
        read = item_key.read(KeyKind.QUESTION, key)
        call = Call(Deadline.after(self.clock, 10), Claim(self), self.assembly.credentials, read.ref)
        return self.loop.run(self.assembly.inspector.inspect(read, call)).to_json(read.ref)

    def close(self):
        """End; what waits to be written is written."""
        self.loop.run(self.assembly.inspector.close())
        self.loop.stop()


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A machine may be busy with other things: what is in the store is waited for."""
    monkeypatch.setattr(limits, "STORE_READ_SECONDS", 5.0)
    monkeypatch.setattr(limits, "STORE_WAIT_SECONDS", 5.0)


@pytest.fixture
def server():
    with servers.single() as server:
        yield server


@pytest.fixture
def settings(tmp_path, server):
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    return StoreSettings(server.addresses, key)


@pytest.fixture
def replica(settings):
    replicas = []

    def make(tag_ttl=30.0):
        replicas.append(Replica(settings, tag_ttl))
        return replicas[-1]

    yield make
    for one in replicas:
        if one.loop is not None:
            one.close()


@pytest.fixture
def registry():
    simulator = RegistrySimulator()
    simulator.push_index("shop/web", "1.4", [simulator.push_image("shop/web", None, architecture=one) for one in "ab"])
    with simulator.serve() as host:
        simulator.host = host
        yield simulator


@pytest.fixture
def key(registry):
    return json.dumps(
        {"config": [["created"]], "image": f"{registry.host}/shop/web:1.4", "v": 1}, separators=(",", ":")
    )


def test_what_one_replica_has_seen_costs_the_other_no_request(replica, registry, key):
    first = replica()
    answer = first.answer(key)
    first.close()
    first.loop = None
    registry.requests.clear()
    assert replica().answer(key) == answer
    assert registry.requests == []


def test_store_that_comes_and_goes_changes_no_answer(replica, registry, key, server):
    one = replica()
    answer = one.answer(key)
    server.all[0].stop()
    assert replica().answer(key)["created"] == answer["created"]
    server.all[0].start()
    assert replica().answer(key)["created"] == answer["created"]


def test_nothing_of_a_repository_stands_in_the_store_in_clear(replica, registry, key, server):
    one = replica()
    one.answer(key)
    one.close()
    one.loop = None
    names = server.keys()
    assert names
    assert not any("shop" in name or registry.host in name for name in names)


def test_registry_that_refuses_is_believed_whatever_is_shared(replica, registry, key):
    one = replica()
    one.answer(key)
    one.close()
    one.loop = None
    registry.fail("manifest", 403)
    other = json.dumps({**json.loads(key), "image": f"{registry.host}/shop/other:1.4"}, separators=(",", ":"))
    with pytest.raises(ImageError):
        replica().answer(other)


def test_outage_of_a_registry_is_none_of_the_cluster_even_after_a_restart_of_all_replicas(replica, registry, key):
    """No tag is believed here, so each question asks the registry."""
    one = replica(tag_ttl=0.0)
    answer = one.answer(key)
    one.close()
    one.loop = None
    registry.fail("any", how="close")
    again = replica(tag_ttl=0.0)
    found = again.answer(key)
    assert found == {**answer, "stale": True}
    new = json.dumps({**json.loads(key), "image": f"{registry.host}/shop/web:1.5"}, separators=(",", ":"))
    with pytest.raises(ImageError) as caught:
        again.answer(new)
    assert not caught.value.reason.durable


def test_no_of_a_registry_that_one_replica_met_is_heard_by_the_other_while_the_registry_is_away(replica, registry, key):
    one, other = replica(tag_ttl=0.0), replica(tag_ttl=0.0)
    one.answer(key)
    other.answer(key)
    registry.fail("manifest", 403)
    with pytest.raises(ImageError):
        other.answer(key)
    other.close()
    other.loop = None
    registry.heal()
    registry.fail("any", 503)
    with pytest.raises(ImageError) as caught:
        one.answer(key)
    assert not caught.value.reason.durable


def test_unsigned_image_is_unsigned_for_the_other_replica_too_while_the_registry_is_away(replica, registry):
    """No tag is believed here, so each question asks the registry."""
    digest = registry.push_image("shop/web", "unsigned").digest
    verify = Verify(key=Key(Signer(new_key()).public_pem), format=Format.ANY)
    key = key_of(ProofQuestion(f"{registry.host}/shop/web@{digest}", verify))
    one = replica(tag_ttl=0.0)
    with pytest.raises(ImageError) as caught:
        one.answer(key)
    assert (caught.value.reason, "its registry is away" in caught.value.detail) == (Reason.SIGNATURE_ABSENT, False)
    one.close()
    one.loop = None
    registry.fail("any", 503)
    with pytest.raises(ImageError) as caught:
        replica(tag_ttl=0.0).answer(key)
    assert (caught.value.reason, "its registry is away" in caught.value.detail) == (Reason.SIGNATURE_ABSENT, True)
