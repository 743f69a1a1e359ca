"""Audit finds what has grown too old, by the digest that runs and not by what its tag means today."""

from __future__ import annotations

import pytest

from tests.e2e.rig import objects
from tests.e2e.rig.audit import Audit, report
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.registry import Pushed, days_ago
from tests.e2e.rig.world import World


@pytest.fixture
def audit(client: KubernetesClient, seed_policy: list[Object]) -> Audit:
    return Audit(client, seed_policy)


@pytest.fixture
def space(world: World) -> str:
    """A namespace that does not ask for policies yet."""
    return world.namespace(labels={})


def test_old_pod_from_before_the_policy_is_found_and_a_fresh_one_not(
    world: World, client: KubernetesClient, audit: Audit, space: str, fresh: Pushed, old: Pushed
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
        ("{config_digest}", "does not report a digest"),
        ("docker.io/library/other@{digest}", "another repository"),
        ("", "has not started"),
    ],
    ids=["configuration digest", "other repository", "none yet"],
)
def test_pod_whose_running_digest_cannot_be_told_is_judged_by_its_tag_and_told_so(
    world: World, client: KubernetesClient, audit: Audit, space: str, old: Pushed, image_id: str, note: str
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


def _pod_of_a_moved_tag(world: World, client: KubernetesClient, space: str) -> tuple[Object, Pushed]:
    """A Pod that pulled an old image by a tag, which means a fresh one now; and the image that it pulled."""
    name = objects.unique("moved")
    before = world.registry.push(name, days_ago(60))
    pod = objects.pod(space, before.reference)
    client.create(pod).expect_ok()
    world.registry.push(name, days_ago(1))
    return pod, before
