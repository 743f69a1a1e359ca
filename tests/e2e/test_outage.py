"""Gatekeeper is away: nodes live, people who did not ask for policies work, and the printed exit works."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import definitions, gatekeeper, objects
from tests.e2e.rig.kubernetes import Answer, Object
from tests.e2e.rig.policies import until
from tests.e2e.rig.processes import POLL_SECONDS
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.shell import Shell
from tests.e2e.rig.world import World
from tests.programs import ROOT, program
from tests.unit.docs.pages import commands

_INSTALL = ROOT / "docs" / "how-to" / "install.md"
_EXIT = ROOT / "docs" / "how-to" / "nothing-can-be-deployed.md"
_WEBHOOKS: Object = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": gatekeeper.VALIDATION},
}
_TAKEN_UP_SECONDS = 40.0
_NODE: Object = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}}


def _lease(space: str) -> Object:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": objects.unique("worker"), "namespace": space},
        "spec": {"holderIdentity": "worker-1", "leaseDurationSeconds": 40},
    }


def _event(space: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": objects.unique("event"), "namespace": space},
        "involvedObject": {"kind": "Pod", "namespace": space, "name": "web"},
        "reason": "Pulled",
        "type": "Normal",
    }


def _endpoints(space: str) -> Object:
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": objects.unique("web"), "namespace": space}}


def _slice(space: str) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": objects.unique("web"), "namespace": space},
        "addressType": "IPv4",
        "endpoints": [],
    }


def _binding(pod: Object) -> Object:
    target = {"apiVersion": "v1", "kind": "Node", "name": "worker-1"}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]}, "target": target}


def _eviction(pod: Object) -> Object:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": pod["metadata"]}


def _token_review() -> Object:
    return {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "metadata": {"name": ""},
        "spec": {"token": "?"},
    }


def _access_review() -> Object:
    attributes = {"verb": "get", "resource": "pods", "namespace": "default"}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {"name": ""},
        "spec": {"user": "system:node:worker-1", "resourceAttributes": attributes},
    }


def _volume_attachment() -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {"name": objects.unique("volume")},
        "spec": {"attacher": "csi.example.test", "nodeName": "worker-1", "source": {"persistentVolumeName": "pv"}},
    }


def _pool(*, namespace: str = "") -> Object:
    """A custom resource such as those of network plugins."""
    kind = "NamespacedPool" if namespace else "Pool"
    metadata = {"name": objects.unique("pool"), **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "network.example.test/v1", "kind": kind, "metadata": metadata}


def _pool_definition(kind: str, scope: str) -> Object:
    plural = f"{kind.lower()}s"
    served = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.network.example.test"},
        "spec": {
            "group": "network.example.test",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": scope,
            "versions": [served],
        },
    }


@pytest.fixture(scope="module")
def pools(world: World) -> None:
    """Their definitions, from before the outage."""
    for kind, scope in (("Pool", "Cluster"), ("NamespacedPool", "Namespaced")):
        definitions.apply(world.client, [_pool_definition(kind, scope)])
    for made in (_pool(), _pool(namespace="default")):
        until(functools.partial(world.client.create, made, dry_run=True), lambda answer: answer.ok, "served kind")


@pytest.fixture(scope="module")
def pod(world: World, fresh: PushedImage) -> Object:
    """A Pod with a finalizer, in a namespace with policies, from before the outage."""
    made = objects.pod(world.namespace(), fresh.reference)
    made["metadata"]["finalizers"] = ["batch.kubernetes.io/job-tracking"]
    return world.client.create(made).expect_ok()


@pytest.fixture(scope="module")
def unlabelled(world: World) -> str:
    """A namespace that did not opt in."""
    return world.namespace(labels={})


@pytest.fixture(scope="module")
def labelled(world: World) -> str:
    """A namespace that did."""
    return world.namespace()


@pytest.fixture(scope="module")
def before(world: World, pod: Object, unlabelled: str, labelled: str, pools: None) -> dict[str, Object]:
    """What was made before the outage."""
    made = {"node": _NODE, "lease": _lease("kube-node-lease"), "elsewhere": _lease(unlabelled)}
    for obj in made.values():
        world.client.create(obj).expect_ok()
    return made


@pytest.fixture(scope="module")
def away(world: World, before: dict[str, Object]) -> Iterator[World]:
    """The world without Gatekeeper, whose webhooks are still configured."""
    world.gatekeeper.stop()
    try:
        yield world
    finally:
        world.gatekeeper.start()


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Shell:
    return Shell(world.server.kubeconfig, tmp_path, [program("kubectl").parent])


@pytest.fixture
def configuration(world: World) -> Iterator[None]:
    """Lets a test change the webhooks, and changes them back."""
    kept = world.client.get(_WEBHOOKS).expect_ok()["webhooks"]
    yield
    world.client.patch(_WEBHOOKS, {"webhooks": kept}).expect_ok()


@pytest.fixture
def opted_in(shell: Shell, configuration: None) -> None:
    """The webhook limited to namespaces that opted in, as the page says."""
    (command,) = (line for line in commands(_INSTALL) if "namespaceSelector" in line and "patch" in line)
    shell.output(command)


def refused(answer: Answer) -> bool:
    """Whether it was refused because Gatekeeper is away."""
    return answer.status == 500 and "failed calling webhook" in answer.message


def until_seen(ask: Callable[[], tuple[Answer, ...]]) -> tuple[Answer, ...]:
    """The answers once the API server has taken up a changed webhook: the first is no refusal, or time is up."""
    end = time.monotonic() + _TAKEN_UP_SECONDS
    while True:
        answers = ask()
        if not refused(answers[0]) or time.monotonic() > end:
            return answers
        time.sleep(POLL_SECONDS)


def test_namespace_with_policies_stands_still(away: World, labelled: str, fresh: PushedImage) -> None:
    answer = away.client.create(objects.pod(labelled, fresh.reference))
    assert refused(answer), answer.body


def test_nodes_renew_their_leases(away: World, before: dict[str, Object]) -> None:
    for name in ("lease", "elsewhere"):
        renewed = away.client.patch(before[name], {"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}})
        assert renewed.ok, renewed.message
    assert away.client.create(_lease("kube-node-lease")).ok


def test_nodes_can_be_tainted_and_join(away: World) -> None:
    taint = [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]
    assert away.client.patch(_NODE, {"spec": {"taints": taint}}).ok
    assert away.client.create({**_NODE, "metadata": {"name": "worker-2"}}).ok


@pytest.mark.parametrize("make", [_event, _endpoints, _slice, _lease], ids=lambda make: make.__name__.strip("_"))
def test_what_keeps_services_and_elections_going_is_admitted(away: World, labelled: str, make: Any) -> None:
    answer = away.client.create(make(labelled))
    assert answer.ok, answer.message


@pytest.mark.parametrize("make", [_token_review, _access_review, _volume_attachment], ids=lambda make: make.__name__)
def test_logins_and_volumes_work(away: World, make: Any) -> None:
    obj = make()
    answer = away.client.create(obj)
    assert answer.ok, answer.message


def test_pod_is_bound_evicted_and_loses_its_finalizer(away: World, pod: Object) -> None:
    path = away.client.path(pod)
    bound = away.client.request("POST", f"{path}/binding", _binding(pod))
    assert bound.ok, bound.message
    evicted = away.client.request("POST", f"{path}/eviction", _eviction(pod))
    assert evicted.ok, evicted.message
    away.client.delete(pod).expect_ok()
    gone = away.client.patch(pod, {"metadata": {"finalizers": None}})
    assert gone.ok, gone.message
    assert away.client.get(pod).status == 404


def test_only_custom_resources_of_the_whole_cluster_are_admitted(away: World, labelled: str) -> None:
    answer = away.client.create(_pool())
    assert answer.ok, answer.message
    assert refused(away.client.create(_pool(namespace=labelled)))
    provider = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "Provider", "metadata": {"name": "other"}}
    provider["spec"] = {"url": "https://other.example.test/validate", "timeout": 1, "caBundle": "Cg=="}
    assert refused(away.client.create(provider))


def test_pods_of_kube_system_start(away: World, fresh: PushedImage) -> None:
    assert away.client.create(objects.pod("kube-system", fresh.reference)).ok


def test_role_that_the_api_server_brings_is_written(away: World) -> None:
    metadata = {"name": objects.unique("system")}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": []}
    assert refused(away.client.create(role))
    server = away.client.playing("system:apiserver")
    try:
        assert not refused(server.create(role))
    finally:
        server.close()


@pytest.mark.usefixtures("opted_in")
def test_namespaces_that_did_not_opt_in_work(away: World, unlabelled: str, labelled: str, fresh: PushedImage) -> None:
    def both() -> tuple[Answer, Answer]:
        made = [objects.workload("Deployment", space, fresh.reference) for space in (unlabelled, labelled)]
        return away.client.create(made[0]), away.client.create(made[1])

    free, bound = until_seen(both)
    assert free.ok, free.message
    assert refused(bound)
    assert away.client.create(objects.pod(unlabelled, fresh.reference)).ok


@pytest.mark.usefixtures("configuration")
def test_printed_exit_works_while_gatekeeper_is_away(
    away: World, labelled: str, fresh: PushedImage, shell: Shell
) -> None:
    label = f"kubectl label namespace {labelled} policy.sigstore.dev/include-"
    assert "failed calling webhook" in shell.run(label).stderr
    out, back = (line for line in commands(_EXIT) if "failurePolicy" in line and "patch" in line)

    shell.output(out)
    admitted = until_seen(lambda: (away.client.create(objects.pod(labelled, fresh.reference)),))
    assert admitted[0].ok, admitted[0].message
    shell.output(f"{label} --dry-run=server")

    shell.output(back)
    hooks = away.client.get(_WEBHOOKS).expect_ok()["webhooks"]
    assert [hook["failurePolicy"] for hook in hooks] == ["Fail", "Fail"]
