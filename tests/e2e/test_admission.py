"""What the policy of the story admits and denies: every place that names an image, every kind that makes Pods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import Answer, KubernetesClient
from tests.e2e.rig.policies import wait_for_denial
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World

pytestmark = pytest.mark.usefixtures("seed_policy")

_EMPTY_VOLUME = {"name": "empty", "emptyDir": {}}


def denied(answer: Answer, field: str, image: str) -> bool:
    """Whether it was denied for this image in this field, in the story's words."""
    assert answer.status == 403, answer.body
    (line,) = (line for line in answer.message.splitlines() if f"{field} {image} " in line)
    return seed.SENTENCE in line


def test_fresh_image_is_admitted_and_stored(client: KubernetesClient, namespace: str, fresh: PushedImage) -> None:
    pod = objects.pod(namespace, fresh.reference)
    answer = client.create(pod)
    assert answer.status == 201
    assert answer.warnings == ()
    assert client.get(pod).ok


def test_image_one_day_too_old_is_denied_with_the_sentence_and_the_field(
    client: KubernetesClient, namespace: str, old: PushedImage
) -> None:
    pod = objects.pod(namespace, old.reference)
    assert denied(client.create(pod), "spec.containers[0].image", old.reference)
    assert client.get(pod).status == 404


def test_image_named_by_digest_is_judged_like_its_tag(
    client: KubernetesClient, namespace: str, fresh: PushedImage, old: PushedImage
) -> None:
    assert client.create(objects.pod(namespace, fresh.pinned)).status == 201
    assert client.create(objects.pod(namespace, f"{fresh.reference}@{fresh.digest}")).status == 201
    assert denied(client.create(objects.pod(namespace, old.pinned)), "spec.containers[0].image", old.pinned)


@pytest.mark.parametrize("kind", sorted(objects.WORKLOAD_FIELDS))
def test_workload_is_judged_by_the_images_of_its_pods(
    client: KubernetesClient, namespace: str, fresh: PushedImage, old: PushedImage, kind: str
) -> None:
    assert client.create(objects.workload(kind, namespace, fresh.reference)).status == 201
    answer = client.create(objects.workload(kind, namespace, old.reference))
    assert denied(answer, objects.WORKLOAD_FIELDS[kind], old.reference)


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("spec.initContainers[0].image", lambda image: {"initContainers": objects.containers(image, prefix="i")}),
        ("spec.volumes[0].image.reference", lambda image: {"volumes": [objects.image_volume(image)]}),
        ("spec.volumes[1].image.reference", lambda image: {"volumes": [_EMPTY_VOLUME, objects.image_volume(image)]}),
    ],
)
def test_image_beside_the_containers_is_judged_too(
    client: KubernetesClient,
    namespace: str,
    fresh: PushedImage,
    old: PushedImage,
    field: str,
    place: Callable[[str], dict[str, Any]],
) -> None:
    assert client.create(objects.pod(namespace, fresh.reference, **place(fresh.reference))).status == 201
    answer = client.create(objects.pod(namespace, fresh.reference, **place(old.reference)))
    assert denied(answer, field, old.reference)


def test_ephemeral_container_is_judged_when_it_is_added(
    client: KubernetesClient, namespace: str, fresh: PushedImage, old: PushedImage
) -> None:
    pod = objects.pod(namespace, fresh.reference)
    client.create(pod).expect_ok()

    def add(name: str, image: str) -> Answer:
        change = {"spec": {"ephemeralContainers": [{"name": name, "image": image}]}}
        return client.patch(pod, change, "ephemeralcontainers")

    assert denied(add("debug-old", old.reference), "spec.ephemeralContainers[0].image", old.reference)
    assert add("debug-fresh", fresh.reference).status == 200


def test_namespace_without_the_label_is_left_alone(
    world: World, client: KubernetesClient, namespace: str, old: PushedImage
) -> None:
    assert client.create(objects.pod(world.namespace(labels={}), old.reference)).status == 201
    assert client.create(objects.pod(namespace, old.reference)).status == 403


def test_label_of_a_namespace_counts_as_soon_as_gatekeeper_sees_it(
    world: World, client: KubernetesClient, old: PushedImage
) -> None:
    space = world.namespace(labels={})
    pod = objects.pod(space, old.reference)
    assert client.create(pod, dry_run=True).status == 201
    world.label(space, objects.INCLUDE)
    wait_for_denial(client, pod)


def test_of_two_images_the_old_one_is_named_and_the_fresh_one_not(
    client: KubernetesClient, namespace: str, fresh: PushedImage, old: PushedImage
) -> None:
    answer = client.create(objects.pod(namespace, fresh.reference, old.reference))
    assert denied(answer, "spec.containers[1].image", old.reference)
    assert fresh.reference not in answer.message


def test_of_two_old_images_each_has_a_line(
    world: World, client: KubernetesClient, namespace: str, old: PushedImage
) -> None:
    older = world.registry.push("older", days_ago(400)).reference
    answer = client.create(objects.pod(namespace, old.reference, older))
    assert denied(answer, "spec.containers[0].image", old.reference)
    assert denied(answer, "spec.containers[1].image", older)


def test_index_is_judged_by_its_platforms(world: World, client: KubernetesClient, namespace: str) -> None:
    fresh = {"linux/amd64": days_ago(1), "linux/arm64": days_ago(2)}
    old = {"linux/amd64": days_ago(31), "linux/arm64": days_ago(32)}
    assert (
        client.create(objects.pod(namespace, world.registry.push_index("fresh-index", fresh).reference)).status == 201
    )
    image = world.registry.push_index("old-index", old).reference
    assert denied(client.create(objects.pod(namespace, image)), "spec.containers[0].image", image)


@pytest.mark.parametrize("created", [None, "", "yesterday"])
def test_image_without_a_readable_date_is_denied(
    world: World, client: KubernetesClient, namespace: str, created: str | None
) -> None:
    """A clean refusal: the rule is undefined, and undefined is not compliant."""
    image = world.registry.push(objects.unique("undated"), created).reference
    answer = client.create(objects.pod(namespace, image))
    assert answer.status == 403
    assert image in answer.message


def test_image_that_the_registry_does_not_know_is_denied_by_a_reason(
    world: World, client: KubernetesClient, namespace: str
) -> None:
    image = f"{world.registry.host}/nowhere:1"
    answer = client.create(objects.pod(namespace, image))
    assert answer.status == 403
    assert f"spec.containers[0].image {image} (NotFound, ref " in answer.message
    assert "). Check its spelling, that it was pushed" in answer.message


def test_malformed_reference_is_denied_by_a_reason(client: KubernetesClient, namespace: str) -> None:
    answer = client.create(objects.pod(namespace, "Not A Reference"))
    assert answer.status == 403
    assert "ReferenceInvalid" in answer.message


def test_registry_that_no_setting_names_is_not_reached_on_loopback(client: KubernetesClient, namespace: str) -> None:
    answer = client.create(objects.pod(namespace, "127.0.0.1:1/app:1"))
    assert answer.status == 403
    assert "AddressRefused" in answer.message
