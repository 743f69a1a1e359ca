"""Gatekeeper takes connections and does not answer: nodes do not wait for it, and people are not let in unseen."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World

# Well below the three seconds that the webhook has.
_AT_ONCE_SECONDS = 2.0
# Other work on the machine may cost one attempt its bound; who waits for the webhook loses all of them.
_ATTEMPTS = 5


@pytest.fixture
def lease(world: World) -> Object:
    """A node's Lease, from before."""
    obj = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": objects.unique("worker"), "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": "worker-1", "leaseDurationSeconds": 40},
    }
    world.client.create(obj).expect_ok()
    return obj


@pytest.fixture
def hanging(world: World) -> Iterator[World]:
    """The world with a Gatekeeper that is held."""
    world.gatekeeper.signal(signal.SIGSTOP)
    try:
        yield world
    finally:
        world.gatekeeper.signal(signal.SIGCONT)


def test_nodes_renew_their_leases_without_waiting(lease: Object, hanging: World) -> None:
    taken: list[float] = []
    while not taken or taken[-1] >= _AT_ONCE_SECONDS:
        assert len(taken) < _ATTEMPTS, taken
        renewed = hanging.client.patch(lease, {"spec": {"renewTime": f"2026-01-01T00:00:0{len(taken)}.000000Z"}})
        assert renewed.ok, renewed.message
        taken.append(renewed.seconds)


def test_pod_is_refused_when_the_webhook_has_had_its_time(hanging: World, fresh: PushedImage) -> None:
    answer = hanging.client.create(objects.pod("default", fresh.reference))
    assert answer.status == 500
    assert "failed calling webhook" in answer.message
    assert "deadline exceeded" in answer.message
