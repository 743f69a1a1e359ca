"""A registry goes away, and nobody notices: two replicas, a Redis between them, a mirror, a private repository.

What was seen before is admitted, and audited, although every process was restarted meanwhile; what is new is denied in
time, with its reason. Times are scaled down; what is waited for are events.
"""

from __future__ import annotations

import itertools
import secrets
import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig import registry as registries
from tests.e2e.rig.audit import Audit
from tests.e2e.rig.forwarding import copy_both_ways
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.private_registry import PrivateRegistry
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.pull_secrets import policy, pull_secret, readable
from tests.e2e.rig.registry import PushedImage, Registry, days_ago
from tests.e2e.rig.world import World
from tests.integration.store import servers
from tests.programs import program

# A name that no resolver knows: only the mirror has its images.
_HOST = "images.example.test"
_SECONDS = 20.0
_WEBHOOK_SECONDS = 3.0
_TOO_OLD = 31
_USER = ("ann", "secret-of-ann")
_SECRET = "regcred"


class Service(socketserver.ThreadingTCPServer):
    """One address for several replicas, a connection to each in turn, as a Service without affinity."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, ports: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.turn = itertools.cycle(ports)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """`https://127.0.0.1:PORT`."""
        return f"https://127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.BaseRequestHandler):
    server: Service

    def handle(self) -> None:
        copy_both_ways(self.request, next(self.server.turn))


@dataclass
class Fleet:
    """The provider's replicas, and what they need.

    Attributes:
        world: where Gatekeeper is that asks them.
        replicas: behind one address.
        store: is between them.
        registry: the mirror that has the images of `_HOST`.
        door: the registry's whose images only the pull secret opens.
        namespace: whose Pods have that pull secret.
    """

    world: World
    replicas: list[RealProvider]
    store: servers.Server
    registry: Registry
    door: PrivateRegistry
    namespace: str

    def push(self, name: str, days: float) -> PushedImage:
        """An image that is so many days old, by the name that Pods use."""
        pushed = self.registry.push(name, days_ago(days))
        reference = pushed.reference.replace(self.registry.host, _HOST)
        return replace(pushed, reference=reference, repository=f"{_HOST}/{name}")

    def push_private(self, name: str, days: float) -> PushedImage:
        """Likewise, of the registry that wants a password; no mirror has it."""
        pushed = self.world.registry.push(name, days_ago(days))
        self.door.readers[name] = _USER
        return replace(pushed, reference=pushed.reference.replace(self.world.registry.host, self.door.host))

    def pod(self, image: str) -> Object:
        """A Pod of the namespace, with its pull secret."""
        return objects.pod(self.namespace, image, imagePullSecrets=[{"name": _SECRET}])

    def lose_registries(self) -> None:
        """The mirror ends, and the private registry."""
        self.registry.stop()
        self.door.stop()

    def restart(self) -> None:
        """Every replica ends, and begins again without what it remembered."""
        for replica in self.replicas:
            replica.stop()
        for replica in self.replicas:
            replica.start()


@pytest.fixture
def fleet(world: World, provider: RealProvider, tmp_path: Path) -> Iterator[Fleet]:
    """Two replicas, which Gatekeeper asks in turn."""
    with ExitStack() as stack:
        store = stack.enter_context(servers.with_tls(_folder(tmp_path / "redis")))
        registry = registries.start(program("registry"), world.logs)
        stack.callback(registry.stop)
        door = PrivateRegistry(world.registry.host, {})
        stack.callback(door.stop)
        space = world.namespace()
        world.client.create(pull_secret(space, _SECRET, door.host, _USER)).expect_ok()
        options = _options(tmp_path, store.addresses[0], registry.host)
        options += stack.enter_context(readable(world, [space]))
        replicas = [RealProvider(world.provider_pair, [door.host], world.logs, options=options) for _ in range(2)]
        for replica in replicas:
            stack.callback(replica.stop)
            replica.start()
        service = stack.enter_context(Service([replica.port for replica in replicas]))
        stack.callback(service.shutdown)
        _lead(world, service.address)
        yield Fleet(world, replicas, store.all[0], registry, door, space)
    _lead(world, provider.address)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _lead(world: World, address: str) -> None:
    for each in provider_objects(address, world.authority):
        world.apply_provider(each)


def _options(folder: Path, store: tuple[str, int], registry: str) -> list[str]:
    hosts = folder / "hosts" / _HOST
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(f'[host."http://{registry}"]\ncapabilities = ["pull", "resolve"]\n')
    key = folder / "store.key"
    key.write_text(secrets.token_hex(32))
    return [
        f"--hosts-dir={hosts.parent}",
        f"--store={store[0]}:{store[1]}",
        f"--store-key={key}",
        f"--store-ca={folder}/redis/ca.pem",
        f"--store-cert={folder}/redis/client.pem",
        f"--store-cert-key={folder}/redis/client.key",
    ]


@pytest.fixture
def rule(world: World, fleet: Fleet, policies: Policies) -> list[Object]:
    """The story's policy, in force by the fleet's answers."""
    documents = translate(policy(objects.unique("outage")), world.folder)
    policies.enforce(documents, objects.pod(world.namespace(), fleet.push("control", _TOO_OLD).reference))
    return documents


def test_outage_that_nobody_notices(world: World, fleet: Fleet, rule: list[Object]) -> None:
    fresh, old = fleet.push("team/fresh", 1), fleet.push("team/old", _TOO_OLD)
    private, aged_private = fleet.push_private("team/private", 1), fleet.push_private("team/aged", _TOO_OLD)
    outside = world.namespace({})
    good, bad = [fleet.pod(each.reference) for each in (fresh, private)], fleet.pod(aged_private.reference)
    for pod in good:
        answer = world.client.create(pod, dry_run=True)
        assert answer.status == 201, answer.message
    for pod in (bad, fleet.pod(old.reference)):
        assert seed.OWN_SENTENCE in world.client.create(pod).message
    aged = objects.pod(outside, old.reference)
    world.client.create(aged).expect_ok()
    assert fleet.door.asked

    fleet.lose_registries()
    fleet.restart()

    def told_as_it_was_seen(replica: RealProvider) -> bool:
        for pod in good:
            answer = world.client.create(pod, dry_run=True)
            assert answer.status == 201, answer.message
        assert seed.OWN_SENTENCE in world.client.create(bad).message
        return _stale(replica) > 0

    # Connections are kept, so behind one address it would be chance who is asked.
    for replica in fleet.replicas:
        _lead(world, replica.address)
        # At first a tag is believed as it was seen, later it is told that it may have moved.
        wait_until(partial(told_as_it_was_seen, replica), "stale answers", _SECONDS)
    world.label(outside, objects.INCLUDE)
    assert Audit(world.client, rule).violation(aged)["message"].startswith(seed.OWN_SENTENCE)

    for new in (f"{_HOST}/team/new:1", f"{fleet.door.host}/team/new:1"):
        denied = world.client.create(fleet.pod(new))
        assert denied.status == 403
        assert f"{new} (RegistryUnavailable, ref " in denied.message
        assert denied.seconds < _WEBHOOK_SECONDS
    # Of what the secret has opened, nothing is told to a Pod without it, now neither.
    stranger = objects.pod(fleet.namespace, private.reference)
    denied = world.client.create(stranger)
    assert denied.status == 403
    assert "(RegistryUnavailable, ref " in denied.message


def test_store_that_goes_away_beside_the_registry_costs_what_a_process_does_not_remember_itself(
    world: World, fleet: Fleet, rule: list[Object]
) -> None:
    fresh, space = fleet.push("team/fresh", 1), world.namespace()

    def admits(replica: RealProvider) -> None:
        # Connections and answers are kept, so behind one address it would be chance who is asked.
        _lead(world, replica.address)
        asked = _asked(replica)

        def has_answered() -> bool:
            answer = world.client.create(objects.pod(space, fresh.reference))
            assert answer.status == 201, answer.message
            return _asked(replica) > asked

        wait_until(has_answered, "question to the replica", _SECONDS)

    for replica in fleet.replicas:
        admits(replica)
    fleet.store.stop()
    fleet.lose_registries()
    for replica in fleet.replicas:
        admits(replica)
    fleet.restart()
    denied = world.client.create(objects.pod(space, fresh.reference))
    assert denied.status == 403
    assert "(RegistryUnavailable, ref " in denied.message
    assert denied.seconds < _WEBHOOK_SECONDS


def _stale(replica: RealProvider) -> float:
    return _sum(replica, "bestbefore_stale_keys_total")


def _asked(replica: RealProvider) -> float:
    return _sum(replica, 'bestbefore_keys_total{endpoint="validate"')


def _sum(replica: RealProvider, name: str) -> float:
    """Over all series whose lines begin so."""
    lines = (line for line in replica.metrics().splitlines() if line.startswith(name))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
