"""The deny line of the real Gatekeeper: who asked, by which request, for which owner, and the provider's question."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest

from provider.questions import question
from tests.e2e import seed
from tests.e2e.rig import accounts, objects
from tests.e2e.rig.gatekeeper import Gatekeeper
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, expand, translate
from tests.e2e.rig.processes import POLL_SECONDS, RigError
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World
from tests.e2e.test_expansion import expansion

_GENERATION = 4
_PERSON = "ann"
_ACCOUNT = "system:serviceaccount:argocd:argocd-application-controller"
_CONTROLLER = "system:serviceaccount:kube-system:replicaset-controller"
_PLAYED = (_PERSON, _ACCOUNT, _CONTROLLER)
_SECONDS = 40.0


@dataclass(frozen=True)
class DenyLog:
    """The deny lines of Gatekeeper's log."""

    gatekeeper: Gatekeeper

    def details(self, name: str) -> dict[str, Any]:
        """Of the last deny line about an object of that name.

        Raises:
            RigError: there is none.
        """
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            lines = [line for line in self.gatekeeper.output().splitlines() if f'"resource_name":"{name}"' in line]
            found = [each for each in map(json.loads, lines) if each.get("event_type") == "violation"]
            if found:
                return dict(found[-1]["details"])
            time.sleep(POLL_SECONDS)
        raise RigError(f"no deny line about {name}")


@pytest.fixture
def log(world: World) -> DenyLog:
    """Of the running Gatekeeper."""
    return DenyLog(world.gatekeeper)


@pytest.fixture(scope="module", autouse=True)
def in_force(world: World, provider: RealProvider, old: PushedImage) -> Iterator[None]:
    """The policy of the story as it comes from a cluster, for Pods alone; Deployments are expanded."""
    text = seed.policy().replace("metadata:\n", f"metadata:\n  generation: {_GENERATION}\n", 1)
    made = copy.deepcopy(translate(text, world.folder))
    for each in made:
        if "parameters" in each["spec"]:
            each["spec"]["match"]["kinds"] = [{"apiGroups": [""], "kinds": ["Pod"]}]
            each["spec"]["parameters"]["workloads"] = []
    template = expansion("details", "apps", "v1", ["Deployment"], "spec.template", ("", "v1", "Pod"))
    policies = Policies(world.client)
    control = objects.pod(world.namespace(), old.reference)
    expand(world.client, template)
    policies.enforce(made, control)
    yield
    policies.remove(control)
    world.client.delete(template)


@pytest.fixture(scope="module", autouse=True)
def rights(world: World) -> Iterator[None]:
    """Who is played may create Pods; otherwise the API server itself refuses them."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "details"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"} for name in _PLAYED],
    }
    accounts.grant(world.client, [binding])
    yield
    world.client.delete(binding)


@pytest.fixture
def play(client: KubernetesClient) -> Iterator[Callable[[str], KubernetesClient]]:
    """Clients that play somebody."""
    clients: list[KubernetesClient] = []

    def playing(user: str) -> KubernetesClient:
        clients.append(client.playing(user))
        return clients[-1]

    yield playing
    for each in clients:
        each.close()


def _owned(pod: Object) -> Object:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d5f", "uid": "1", "controller": True}
    other = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "2"}
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [other, owner]}}


def _request(found: dict[str, Any]) -> dict[str, Any]:
    """The request without its uid, which is one."""
    request = dict(found["request"])
    assert len(request.pop("uid")) == len("705ab4f5-6393-11e8-b7cc-42010a800002")
    return request


@pytest.mark.parametrize(
    ("user", "actor"), [(_PERSON, "person"), (_ACCOUNT, "serviceaccount"), (_CONTROLLER, "controller")]
)
def test_line_says_everything_of_a_denied_pod(
    play: Callable[[str], KubernetesClient], namespace: str, old: PushedImage, log: DenyLog, user: str, actor: str
) -> None:
    pod = _owned(objects.pod(namespace, old.reference))
    assert seed.OWN_SENTENCE in play(user).create(pod).message
    found = log.details(pod["metadata"]["name"])
    assert _request(found) == {"operation": "CREATE", "dryRun": False}
    assert (found["actor"], found["owner"]) == (actor, {"kind": "ReplicaSet", "name": "web-6d5f"})
    assert (found["policy"], found["generation"]) == (seed.NAME, _GENERATION)
    assert json.loads(found["question"])["image"] == old.reference
    assert found["ref"] == question.ref(found["question"])
    assert (found["image"], found["path"]) == (old.reference, "spec.containers[0].image")
    assert (found["reason"], found["said"]) == ("PolicyFailed", seed.OWN_SENTENCE)
    assert found["digest"] == old.digest
    assert found["created"]
    assert found["remedy"]


def test_uid_is_the_requests_and_a_retry_has_another(
    client: KubernetesClient, namespace: str, old: PushedImage, log: DenyLog
) -> None:
    pod = objects.pod(namespace, old.reference)
    client.create(pod)
    first = log.details(pod["metadata"]["name"])["request"]["uid"]
    client.create(pod)
    deadline = time.monotonic() + _SECONDS
    while log.details(pod["metadata"]["name"])["request"]["uid"] == first:
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)


def test_pod_without_an_owner_has_none(
    client: KubernetesClient, namespace: str, old: PushedImage, log: DenyLog
) -> None:
    pod = objects.pod(namespace, old.reference)
    client.create(pod)
    assert "owner" not in log.details(pod["metadata"]["name"])


def test_dry_run_is_known_as_one(client: KubernetesClient, namespace: str, old: PushedImage, log: DenyLog) -> None:
    pod = objects.pod(namespace, old.reference)
    client.create(pod, dry_run=True)
    assert _request(log.details(pod["metadata"]["name"])) == {"operation": "CREATE", "dryRun": True}


def test_expanded_workload_names_its_owner_and_nobody_who_asked(
    client: KubernetesClient, namespace: str, old: PushedImage, log: DenyLog
) -> None:
    deployment = objects.workload("Deployment", namespace, old.reference)
    assert client.create(deployment).status == HTTPStatus.FORBIDDEN
    found = log.details(deployment["metadata"]["name"])
    assert found["request"] == {"operation": "CREATE"}
    assert found["actor"] == "unknown"
    assert found["owner"] == {"kind": "Deployment", "name": deployment["metadata"]["name"]}
    assert found["image"] == old.reference


def test_ephemeral_container_is_known_as_one(
    client: KubernetesClient, namespace: str, old: PushedImage, fresh: PushedImage, log: DenyLog
) -> None:
    pod = objects.pod(namespace, fresh.reference)
    client.create(pod).expect_ok()
    debugger = [{"name": "debug", "image": old.reference}]
    client.patch(pod, {"spec": {"ephemeralContainers": debugger}}, "ephemeralcontainers")
    assert _request(log.details(pod["metadata"]["name"])) == {
        "operation": "UPDATE",
        "dryRun": False,
        "subResource": "ephemeralcontainers",
    }


def test_update_is_known_as_one(
    client: KubernetesClient, namespace: str, old: PushedImage, fresh: PushedImage, log: DenyLog
) -> None:
    pod = objects.pod(namespace, fresh.reference)
    client.create(pod).expect_ok()
    change = {"spec": {"containers": [{"name": "c0", "image": old.reference}]}}
    client.patch(pod, change)
    assert _request(log.details(pod["metadata"]["name"])) == {"operation": "UPDATE", "dryRun": False}
