"""Audit finds what has grown too old, by the digest that runs and not by what its tag means today."""

from __future__ import annotations

import pytest

from tests.e2e.rig import objects
from tests.e2e.rig.audit import Audit, report, report_mounted
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World

_FIELDS = {"initContainers": "spec.initContainers[0].image", "volumes": "spec.volumes[0].image.reference"}


@pytest.fixture
def audit(client: KubernetesClient, seed_policy: list[Object]) -> Audit:
    return Audit(client, seed_policy)


@pytest.fixture
def space(world: World) -> str:
    """A namespace that does not ask for policies yet."""
    return world.namespace(labels={})


def test_old_pod_from_before_the_policy_is_found_and_a_fresh_one_not(
    world: World, client: KubernetesClient, audit: Audit, space: str, fresh: PushedImage, old: PushedImage
) -> None:
    old_pod, fresh_pod = objects.pod(space, old.reference), objects.pod(space, fresh.reference)
    for pod in (fresh_pod, old_pod):
        client.create(pod).expect_ok()
    world.label(space, objects.INCLUDE)
    violation = audit.violation(old_pod)
    assert violation["message"].startswith("Image exceeds maximum allowed age. ")
    assert old.reference in violation["message"]
    assert violation["namespace"] == space
    assert audit.violations(fresh_pod) == []


@pytest.mark.parametrize(
    "image_id",
    ["{repository}@{digest}", "docker-pullable://{repository}@{digest}"],
    ids=["reference", "docker-pullable"],
)
def test_pod_whose_tag_has_moved_on_is_judged_by_the_digest_that_it_runs(
    world: World, client: KubernetesClient, audit: Audit, space: str, image_id: str
) -> None:
    pod, before = _pod_of_a_moved_tag(world, client, space)
    running = image_id.format(repository=before.repository, digest=before.digest)
    report(client, pod, running)
    world.label(space, objects.INCLUDE)
    assert audit.violation(pod)["message"].startswith("Image exceeds maximum allowed age. ")


@pytest.mark.parametrize(
    ("image_id", "note"),
    [
        ("{config_digest}", "a local id"),
        ("docker.io/library/other@{digest}", "another repository"),
        ("", "has not started"),
    ],
    ids=["configuration digest", "other repository", "none yet"],
)
def test_pod_whose_running_digest_cannot_be_told_is_judged_by_its_tag_and_told_so(
    world: World, client: KubernetesClient, audit: Audit, space: str, old: PushedImage, image_id: str, note: str
) -> None:
    """Of two Pods with such an id, that with the tag that means a fresh image now is left alone."""
    moved, before = _pod_of_a_moved_tag(world, client, space)
    still_old = objects.pod(space, old.reference)
    client.create(still_old).expect_ok()
    report(client, moved, image_id.format(config_digest=before.config_digest, digest=before.digest))
    report(client, still_old, image_id.format(config_digest=old.config_digest, digest=old.digest))
    world.label(space, objects.INCLUDE)
    assert note in audit.violation(still_old)["message"]
    assert audit.violations(moved) == []


@pytest.mark.parametrize("place", ["initContainers", "volumes"])
def test_old_image_beside_the_containers_is_found_and_a_fresh_one_not(
    world: World, client: KubernetesClient, audit: Audit, space: str, fresh: PushedImage, old: PushedImage, place: str
) -> None:
    old_pod, fresh_pod = (_beside(space, fresh, place, image.reference) for image in (old, fresh))
    for pod in (fresh_pod, old_pod):
        client.create(pod).expect_ok()
    world.label(space, objects.INCLUDE)
    assert _FIELDS[place] in audit.violation(old_pod)["message"]
    assert audit.violations(fresh_pod) == []


@pytest.mark.parametrize("place", ["initContainers", "volumes"])
def test_image_beside_the_containers_is_judged_by_the_digest_that_runs(
    world: World, client: KubernetesClient, audit: Audit, space: str, fresh: PushedImage, place: str
) -> None:
    """Both tags mean a fresh image now; what one of the Pods runs is old."""
    before, now = _moved(world)
    stale, current = (_beside(space, fresh, place, now.reference) for _ in range(2))
    for pod, running in ((stale, before), (current, now)):
        client.create(pod).expect_ok()
        if place == "volumes":
            report_mounted(client, pod, "data", running.pinned)
        else:
            report(client, pod, running.pinned, place)
    world.label(space, objects.INCLUDE)
    message = audit.violation(stale)["message"]
    assert message.startswith("Image exceeds maximum allowed age. ")
    assert _FIELDS[place] in message
    assert audit.violations(current) == []


def test_volume_whose_node_does_not_tell_what_is_mounted_is_judged_by_its_tag_and_told_so(
    world: World, client: KubernetesClient, audit: Audit, space: str, fresh: PushedImage, old: PushedImage
) -> None:
    pod = _beside(space, fresh, "volumes", old.reference)
    client.create(pod).expect_ok()
    world.label(space, objects.INCLUDE)
    assert "does not report which digest is mounted" in audit.violation(pod)["message"]


def _beside(space: str, image: PushedImage, place: str, other: str) -> Object:
    """A Pod with an image, and another one as its init container or volume."""
    if place == "initContainers":
        return objects.pod(space, image.reference, initContainers=objects.containers(other, prefix="i"))
    pod = objects.pod(space, image.reference, volumes=[objects.image_volume(other)])
    pod["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return pod


def _pod_of_a_moved_tag(world: World, client: KubernetesClient, space: str) -> tuple[Object, PushedImage]:
    """A Pod that pulled an old image by a tag, which means a fresh one now; and the image that it pulled."""
    before, now = _moved(world)
    pod = objects.pod(space, now.reference)
    client.create(pod).expect_ok()
    return pod, before


def _moved(world: World) -> tuple[PushedImage, PushedImage]:
    """An old image, and the fresh one that its tag means now."""
    name = objects.unique("moved")
    return world.registry.push(name, days_ago(60)), world.registry.push(name, days_ago(1))
