"""Rollouts and scaling go on under policies whose rule looks at the whole object, controllers impersonated."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate, wait_for_denial
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World

_ACCOUNTS = "system:serviceaccount:kube-system"
# Every image by its digest, no object in quarantine, no long wait: the rule sees the whole object.
_POLICY = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: whole-object
spec:
  images: [{glob: "**"}]
  authorities: [{static: {action: pass}}]
  policy:
    includeSpec: true
    includeObjectMeta: true
    includeTypeMeta: true
    type: rego
    data: |
      package sigstore

      pod_spec := spec {
        spec := input.spec.jobTemplate.spec.template.spec
      } else := spec {
        spec := input.spec.template.spec
      } else := input.spec

      bad[image] {
        image := pod_spec[["initContainers", "containers", "ephemeralContainers"][_]][_].image
        not contains(image, "@sha256:")
      }

      bad["quarantine"] {
        metadata := input.metadata
        metadata.labels.quarantine == "yes"
      }

      bad["wait"] {
        input.spec.minReadySeconds > 50
      }

      isCompliant[{"result": count(bad) == 0, "error": sprintf("Bad: %s.", [concat(", ", bad)])}]
"""

Play = Callable[[str], KubernetesClient]


@pytest.fixture(scope="module", autouse=True)
def in_force(world: World, provider: RealProvider, old: PushedImage) -> Iterator[None]:
    policies = Policies(world.client)
    control = objects.pod(world.namespace(), old.reference)
    policies.enforce(translate(_POLICY, world.folder), control)
    yield
    policies.remove(control)


@pytest.fixture
def play(client: KubernetesClient) -> Iterator[Play]:
    """Clients that play controllers of kube-controller-manager."""
    clients: list[KubernetesClient] = []

    def playing(name: str) -> KubernetesClient:
        clients.append(client.playing(f"{_ACCOUNTS}:{name}"))
        return clients[-1]

    yield playing
    for each in clients:
        each.close()


@pytest.fixture
def running(world: World, client: KubernetesClient, old: PushedImage) -> Callable[[str], Object]:
    """Makes an object of a kind with an image by its tag, from before its namespace asked for policies."""

    def make(kind: str) -> Object:
        space = world.namespace(labels={})
        made = objects.pod(space, old.reference) if kind == "Pod" else objects.workload(kind, space, old.reference)
        made["metadata"]["finalizers"] = ["example.test/hold"]
        client.create(made).expect_ok()
        world.label(space, objects.INCLUDE)
        wait_for_denial(client, objects.pod(space, old.reference))
        return made

    return make


def _template(image: str) -> Object:
    return {"spec": {"template": {"spec": {"containers": objects.containers(image)}}}}


def test_rollout_from_a_bad_image_to_a_good_one_ends(
    client: KubernetesClient, running: Callable[[str], Object], play: Play, fresh: PushedImage
) -> None:
    deployment, old_set = running("Deployment"), running("ReplicaSet")
    assert client.patch(deployment, _template(fresh.pinned)).status == 200
    controller = play("deployment-controller")
    new_set = objects.workload("ReplicaSet", deployment["metadata"]["namespace"], fresh.pinned)
    assert controller.create(new_set).status == 201
    assert controller.patch(old_set, {"spec": {"replicas": 0}}).status == 200
    assert controller.patch(old_set, {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "2"}}}).ok
    assert client.get(old_set).body["spec"]["replicas"] == 0


def test_controller_is_judged_for_the_images_that_it_changes(
    running: Callable[[str], Object], play: Play, old: PushedImage
) -> None:
    answer = play("deployment-controller").patch(running("ReplicaSet"), _template(f"{old.reference}-other"))
    assert answer.status == 403
    assert "Bad: " in answer.message


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Deployment", {"spec": {"replicas": 3}}),
        ("Deployment", {"spec": {"replicas": 0}}),
        ("Deployment", {"spec": {"paused": True}}),
        ("Deployment", {"spec": {"revisionHistoryLimit": 2}}),
        ("ReplicaSet", {"spec": {"replicas": 0}}),
        ("StatefulSet", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}}),
        ("DaemonSet", {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}}),
        ("CronJob", {"spec": {"suspend": True}}),
        ("Job", {"spec": {"suspend": True}}),
        ("Pod", {"spec": {"tolerations": [{"key": "gpu", "operator": "Exists"}]}}),
        ("Pod", {"spec": {"activeDeadlineSeconds": 7200}}),
        ("Pod", {"metadata": {"finalizers": None}}),
        ("Deployment", {"metadata": {"finalizers": None}}),
    ],
)
def test_change_that_makes_no_other_pod_passes(
    client: KubernetesClient, running: Callable[[str], Object], kind: str, change: Object
) -> None:
    answer = client.patch(running(kind), change)
    assert answer.status == 200, answer.message


def test_scale_takes_effect(client: KubernetesClient, running: Callable[[str], Object], play: Play) -> None:
    deployment, its_set = running("Deployment"), running("ReplicaSet")
    assert client.patch(deployment, {"spec": {"replicas": 4}}, "scale").status == 200
    assert play("deployment-controller").patch(its_set, {"spec": {"replicas": 4}}).status == 200
    assert client.get(its_set).body["spec"]["replicas"] == 4


def test_pod_can_be_resized(world: World, client: KubernetesClient, old: PushedImage) -> None:
    space = world.namespace(labels={})
    pod = objects.pod(space, old.reference)
    (container,) = pod["spec"]["containers"]
    container["resources"] = {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}}
    client.create(pod).expect_ok()
    world.label(space, objects.INCLUDE)
    wait_for_denial(client, objects.pod(space, old.reference))
    resized = {**container, "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "300m"}}}
    answer = client.patch(pod, {"spec": {"containers": [resized]}}, "resize")
    assert answer.status == 200, answer.message


@pytest.mark.parametrize(
    ("controller", "kind", "change"),
    [
        ("replicaset-controller", "Pod", {"metadata": {"labels": {"quarantine": "yes"}}}),
        ("job-controller", "Pod", {"metadata": {"finalizers": ["batch.kubernetes.io/job-tracking"]}}),
        ("cronjob-controller", "Job", {"metadata": {"labels": {"seen": "yes"}}}),
    ],
)
def test_controllers_own_change_passes(
    running: Callable[[str], Object], play: Play, controller: str, kind: str, change: Object
) -> None:
    answer = play(controller).patch(running(kind), change)
    assert answer.status == 200, answer.message


def test_orphan_can_be_adopted(client: KubernetesClient, running: Callable[[str], Object]) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}
    assert client.patch(running("Pod"), {"metadata": {"ownerReferences": [owner]}}).status == 200


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Deployment", {"metadata": {"labels": {"quarantine": "yes"}}}),
        ("Deployment", {"spec": {"minReadySeconds": 51}}),
        ("Deployment", {"spec": {"replicas": 0, "template": {"metadata": {"labels": {"app": "rig", "a": "b"}}}}}),
        ("Pod", {"metadata": {"labels": {"quarantine": "yes"}}}),
    ],
)
def test_change_of_what_the_rule_reads_is_judged(
    client: KubernetesClient, running: Callable[[str], Object], kind: str, change: Object
) -> None:
    answer = client.patch(running(kind), change)
    assert answer.status == 403
    assert "[whole-object] Bad: " in answer.message
