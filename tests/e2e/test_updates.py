"""What runs already can be tidied up: it was admitted once, and a policy must not hold it fast."""

from __future__ import annotations

from functools import partial

import pytest

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate, until, wait_for_denial
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World

pytestmark = pytest.mark.usefixtures("seed_policy")

_FINALIZER = "example.test/hold"
# A tag is looked up again after the provider's 30 seconds and Gatekeeper's 2.
_TAG_SECONDS = 45.0
_LABEL = {"metadata": {"labels": {"seen": "yes"}}}


@pytest.fixture
def running(world: World, client: KubernetesClient, old: PushedImage) -> Object:
    """A Pod with an old image and a finalizer, from before its namespace asked for policies."""
    space = world.namespace(labels={})
    pod = objects.pod(space, old.reference)
    pod["metadata"]["finalizers"] = [_FINALIZER]
    client.create(pod).expect_ok()
    world.label(space, objects.INCLUDE)
    wait_for_denial(client, objects.pod(space, old.reference))
    return pod


def test_old_pod_can_get_a_label(client: KubernetesClient, running: Object) -> None:
    answer = client.patch(running, _LABEL)
    assert answer.status == 200
    assert answer.body["metadata"]["labels"] == {"seen": "yes"}


def test_old_pod_can_be_deleted_and_lose_its_finalizer(client: KubernetesClient, running: Object) -> None:
    assert client.delete(running).ok
    assert client.get(running).body["metadata"]["deletionTimestamp"]
    assert client.patch(running, {"metadata": {"finalizers": None}}).status == 200
    assert client.get(running).status == 404


def test_leaving_pod_can_lose_its_finalizer_even_if_a_policy_reads_metadata(
    world: World, client: KubernetesClient, policies: Policies, running: Object
) -> None:
    """Such a policy judges a Pod that stays when its labels change."""
    control = objects.pod(running["metadata"]["namespace"], running["spec"]["containers"][0]["image"])
    name = objects.unique("age-metadata")
    policies.enforce(translate(seed.policy(name, metadata=True), world.folder), control)
    until(partial(client.patch, running, _LABEL), lambda answer: f"[{name}]" in answer.message, "denied label")
    assert client.delete(running).ok
    assert client.patch(running, {"metadata": {"finalizers": None}}).status == 200


def test_old_pod_can_lose_its_finalizer_while_it_runs(client: KubernetesClient, running: Object) -> None:
    assert client.patch(running, {"metadata": {"finalizers": None}}).status == 200


def test_status_of_an_old_pod_can_be_written(client: KubernetesClient, running: Object) -> None:
    assert client.patch(running, {"status": {"phase": "Running"}}, "status").status == 200


def test_pod_may_change_to_a_fresh_image_but_to_no_other_old_one(
    world: World, client: KubernetesClient, running: Object, fresh: PushedImage
) -> None:
    other = world.registry.push("other-old", days_ago(90)).reference
    denial = client.patch(running, _images(other))
    assert denial.status == 403
    assert other in denial.message
    assert client.patch(running, _images(fresh.reference)).status == 200


def test_fresh_debug_container_may_join_an_old_pod(
    client: KubernetesClient, running: Object, fresh: PushedImage
) -> None:
    change = {"spec": {"ephemeralContainers": [{"name": "debug", "image": fresh.reference}]}}
    assert client.patch(running, change, "ephemeralcontainers").status == 200


def test_tag_of_a_debug_container_that_moved_is_judged_in_another_container(
    world: World, client: KubernetesClient, running: Object
) -> None:
    """The tag was admitted in one container; what it means by now is another image."""
    tag = objects.unique("moves")
    image = world.registry.push(tag, days_ago(1)).reference
    debug = {"spec": {"ephemeralContainers": [{"name": "debug", "image": image}]}}
    assert client.patch(running, debug, "ephemeralcontainers").status == 200
    world.registry.push(tag, days_ago(90))
    until(
        lambda: client.create(objects.pod(running["metadata"]["namespace"], image), dry_run=True),
        lambda answer: answer.status == 403,
        "refused tag",
        _TAG_SECONDS,
    )
    assert client.patch(running, _images(image)).status == 403


def test_old_deployment_can_be_scaled_but_not_rolled_out_anew(
    world: World, client: KubernetesClient, old: PushedImage
) -> None:
    space = world.namespace(labels={})
    deployment = objects.workload("Deployment", space, old.reference)
    client.create(deployment).expect_ok()
    world.label(space, objects.INCLUDE)
    wait_for_denial(client, objects.pod(space, old.reference))
    assert client.patch(deployment, {"spec": {"replicas": 3}}).status == 200
    assert client.patch(deployment, {"spec": {"replicas": 4}}, "scale").status == 200
    assert client.patch(deployment, _LABEL).status == 200
    rollout = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    assert client.patch(deployment, rollout).status == 403


def _images(image: str) -> Object:
    return {"spec": {"containers": objects.containers(image)}}
