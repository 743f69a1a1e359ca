"""Tags are pinned to digests when a Pod is created, and never afterwards: that would restart what runs."""

from __future__ import annotations

import pytest

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import Answer, KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate, until
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World

pytestmark = pytest.mark.usefixtures("pinning")


def pinned(image: PushedImage) -> str:
    """What a Pod's field says after pinning."""
    return f"{image.reference}@{image.digest}"


def test_every_image_of_a_pod_is_pinned_and_other_volumes_stay(
    client: KubernetesClient, namespace: str, fresh: PushedImage, old: PushedImage
) -> None:
    empty = {"name": "empty", "emptyDir": {}}
    pod = objects.pod(
        namespace,
        fresh.reference,
        old.reference,
        initContainers=objects.containers(old.reference, prefix="i"),
        volumes=[empty, objects.image_volume(fresh.reference)],
    )
    until_pinned(client, pod)
    stored = client.create(pod).expect_ok()["spec"]
    assert [container["image"] for container in stored["containers"]] == [pinned(fresh), pinned(old)]
    assert [container["image"] for container in stored["initContainers"]] == [pinned(old)]
    assert stored["volumes"][0] == empty
    assert stored["volumes"][1]["image"]["reference"] == pinned(fresh)


def test_image_with_a_digest_stays_as_it_is(client: KubernetesClient, namespace: str, fresh: PushedImage) -> None:
    images = [fresh.pinned, pinned(fresh)]
    stored = client.create(objects.pod(namespace, *images)).expect_ok()["spec"]
    assert [container["image"] for container in stored["containers"]] == images


def test_label_of_an_old_tagged_pod_changes_no_image(
    world: World, client: KubernetesClient, new_tag: PushedImage
) -> None:
    space = world.namespace(labels={})
    pod = objects.pod(space, new_tag.reference)
    assert image_of(client.create(pod).expect_ok()) == new_tag.reference
    world.label(space, objects.INCLUDE)
    # Gatekeeper sees the label a moment later.
    until_pinned(client, objects.pod(space, new_tag.reference))
    assert image_of(client.patch(pod, {"metadata": {"labels": {"seen": "yes"}}}).expect_ok()) == new_tag.reference


def test_workload_keeps_the_tag_that_git_says(client: KubernetesClient, namespace: str, fresh: PushedImage) -> None:
    stored = client.create(objects.workload("Deployment", namespace, fresh.reference)).expect_ok()
    assert stored["spec"]["template"]["spec"]["containers"][0]["image"] == fresh.reference


def test_namespace_without_the_label_is_left_alone(world: World, client: KubernetesClient, fresh: PushedImage) -> None:
    stored = client.create(objects.pod(world.namespace(labels={}), fresh.reference)).expect_ok()
    assert image_of(stored) == fresh.reference


def test_image_that_cannot_be_resolved_stays_as_it_is(world: World, client: KubernetesClient, namespace: str) -> None:
    """Validation denies it with the real reason, where there is a policy."""
    image = f"{world.registry.host}/nowhere:1"
    assert image_of(client.create(objects.pod(namespace, image)).expect_ok()) == image


@pytest.fixture
def new_tag(world: World) -> PushedImage:
    return world.registry.push(objects.unique("tagged"), days_ago(1))


def until_pinned(client: KubernetesClient, pod: Object) -> None:
    """Wait until each image of a new Pod is: one that the provider cannot look up in time stays as it is."""

    def are_pinned(answer: Answer) -> bool:
        spec = answer.expect_ok()["spec"]
        images = [each["image"] for kind in ("containers", "initContainers") for each in spec.get(kind, [])]
        mounted = [each["image"]["reference"] for each in spec.get("volumes", []) if "image" in each]
        return all("@sha256:" in image for image in (*images, *mounted))

    until(lambda: client.create(pod, dry_run=True), are_pinned, "pinned images")


def image_of(pod: Object) -> str:
    """The image of its first container."""
    return str(pod["spec"]["containers"][0]["image"])


def test_pod_that_opts_out_keeps_its_tag(client: KubernetesClient, namespace: str, fresh: PushedImage) -> None:
    pod = objects.pod(namespace, fresh.reference)
    pod["metadata"]["labels"] = {"bestbefore.dev/pin": "false"}
    answer = client.create(pod)
    assert image_of(answer.expect_ok()) == fresh.reference


def test_update_that_un_pins_a_pod_is_warned_of(
    world: World, client: KubernetesClient, policies: Policies, namespace: str, fresh: PushedImage, old: PushedImage
) -> None:
    pod = objects.pod(namespace, fresh.reference)
    assert image_of(client.create(pod).expect_ok()) == pinned(fresh)
    name = objects.unique("pinned")
    text = seed.policy(name).replace(
        f"name: {name}", f"name: {name}\n  annotations: {{bestbefore.dev/digest: require}}"
    )
    policies.enforce(translate(text, world.folder), objects.pod(namespace, old.reference))
    change = {"spec": {"containers": objects.containers(fresh.reference)}}
    answer = until(lambda: client.patch(pod, change), lambda said: bool(said.warnings), "warning")
    assert answer.status == 200
    assert any("This update un-pins the Pod" in warning for warning in answer.warnings)
