"""Images put into objects."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.evaluation.image_pods import images_of, pod_of, with_images


def workload(kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    pod = {"spec": spec}
    nested: dict[str, Any] = {"CronJob": {"jobTemplate": {"spec": {"template": pod}}}, "Pod": spec}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, "spec": nested.get(kind, {"template": pod})}


def containers(*images: str) -> list[dict[str, str]]:
    return [{"name": f"own-{image}", "image": image} for image in images]


def test_pod_has_a_container_for_each_image() -> None:
    pod = pod_of(["a:1", "b:1"])
    assert pod["kind"] == "Pod"
    assert list(images_of(pod)) == ["a:1", "b:1"]
    assert len({each["name"] for each in pod["spec"]["containers"]}) == 2


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
def test_images_of_every_list_and_volume_are_found(kind: str) -> None:
    volumes = [{"name": "v", "image": {"reference": "d:1"}}, {"name": "w", "emptyDir": {}}]
    given = workload(kind, initContainers=containers("a:1"), containers=containers("b:1"), volumes=volumes)
    given["status"] = {"image": "z"}
    assert list(images_of(given)) == ["a:1", "b:1", "d:1"]


@pytest.mark.parametrize(
    "given", [{"kind": "Service"}, {}, {"kind": "Pod", "spec": []}, {"kind": "Pod", "spec": {"containers": "x"}}]
)
def test_object_without_containers_has_no_images(given: Any) -> None:
    assert list(images_of(given)) == []


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
def test_named_images_stand_where_they_stood_or_in_a_container_of_their_own(kind: str) -> None:
    volumes = [{"name": "v", "image": {"reference": "d:1"}}, {"name": "w", "emptyDir": {}}]
    given = workload(kind, initContainers=containers("a:1", "b:1"), containers=containers("c:1"), volumes=volumes)
    changed = with_images(given, ["b:1", "e:1"])
    assert changed is not None
    assert list(images_of(changed)) == ["b:1", "e:1"]
    assert changed["metadata"] == given["metadata"]
    assert list(images_of(given)) == ["a:1", "b:1", "c:1", "d:1"]


def test_object_without_a_place_for_images_gets_none() -> None:
    assert with_images({"kind": "Service"}, ["a:1"]) is None
