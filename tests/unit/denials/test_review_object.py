"""The object of a denial, made anew of what was given, or of the image alone."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.denials.capsules import review_object
from gatekeeper.denials.capsules.review_object import ObjectMismatchError
from gatekeeper.denials.lines.violation import (
    Action,
    AdmissionRequest,
    AdmissionViolation,
    ConstraintName,
    ObjectName,
    Owner,
    TemplateDetails,
)

_IMAGE = "registry.test/shop/web:1"
_DIGEST = "sha256:" + "a" * 64
_PATH = "spec.containers[1].image"


def denial(
    kind: str = "Pod",
    group: str = "",
    path: str = _PATH,
    image: str = _IMAGE,
    uid: str = "u-1",
    owner: str = "ReplicaSet",
) -> AdmissionViolation:
    said = TemplateDetails(
        "ImageTooOld",
        image=image,
        path=path,
        owner=Owner(owner, "web") if owner else None,
        request=AdmissionRequest(uid, "CREATE"),
    )
    name = ObjectName(group, "v1", kind, "shop", "web-x7k2p" if kind == "Pod" else "web")
    return AdmissionViolation(0.0, ConstraintName("A", "a"), (Action.DENY,), name, "ann", "Too old.", said)


def spec(image: str = _IMAGE) -> dict[str, Any]:
    return {"containers": [{"name": "side", "image": "side:1"}, {"name": "web", "image": image}]}


def workload(kind: str = "Deployment", image: str = _IMAGE) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec(image)}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "uid": "1"},
        "spec": {"template": template},
    }


def test_pod_is_made_of_the_workload_that_makes_it() -> None:
    made = review_object.given(denial(), workload("ReplicaSet"))
    assert (made["apiVersion"], made["kind"], made["spec"]) == ("v1", "Pod", spec())
    assert made["metadata"] == {
        "labels": {"app": "web"},
        "name": "web-x7k2p",
        "namespace": "shop",
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": True}],
    }


def test_object_of_the_denied_kind_is_taken_as_it_is() -> None:
    violation = denial("Deployment", "apps", "spec.template.spec.containers[1].image", owner="")
    made = review_object.given(violation, workload())
    assert (made["kind"], made["spec"]) == ("Deployment", workload()["spec"])
    assert made["metadata"] == {"name": "web", "namespace": "shop", "uid": "1"}


def test_digest_that_mutation_added_is_added_here_too() -> None:
    pinned = f"{_IMAGE}@{_DIGEST}"
    value = workload()
    made = review_object.given(denial(image=pinned), value)
    assert made["spec"]["containers"][1]["image"] == pinned
    assert value == workload()


def test_image_of_a_volume_has_its_place() -> None:
    path = "spec.volumes[0].image.reference"
    pod = {"kind": "Pod", "spec": {"volumes": [{"name": "data", "image": {"reference": _IMAGE}}]}}
    pinned = f"{_IMAGE}@{_DIGEST}"
    made = review_object.given(denial(path=path, image=pinned), pod)
    assert made["spec"]["volumes"][0]["image"]["reference"] == pinned
    assert review_object.imagined(denial(path=path))["spec"]["volumes"] == [{"image": {"reference": _IMAGE}}]


def test_same_path_of_another_registry_is_another_image() -> None:
    with pytest.raises(ObjectMismatchError):
        review_object.given(denial(image=f"other.test/shop/web:1@{_DIGEST}"), workload())


def test_other_digest_of_the_same_tag_is_another_image() -> None:
    with pytest.raises(ObjectMismatchError):
        review_object.given(denial(image=f"{_IMAGE}@{_DIGEST}"), workload(image=f"{_IMAGE}@sha256:{'b' * 64}"))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (workload(image="registry.test/shop/web:2"), "has registry.test/shop/web:2 at spec.containers[1].image"),
        (workload(image=f"{_IMAGE}@{_DIGEST}"), "the denial has registry.test/shop/web:1"),
        (workload(image="other.test/shop/web:1"), "has other.test/shop/web:1 at spec.containers[1].image"),
        ({"kind": "Pod", "spec": {"containers": []}}, "has no image at spec.containers[1].image"),
        ({"kind": "Pod", "spec": 7}, "has no image at"),
        ({"kind": "Service", "spec": {}}, "no Pod can be made of the Service that was given"),
        ({}, "no Pod can be made of the"),
    ],
)
def test_object_that_was_not_denied_is_refused(value: dict[str, Any], why: str) -> None:
    with pytest.raises(ObjectMismatchError) as caught:
        review_object.given(denial(), value)
    assert why in str(caught.value)


def test_workload_is_not_made_of_a_pod() -> None:
    violation = denial("Deployment", "apps", "spec.template.spec.containers[1].image", owner="")
    with pytest.raises(ObjectMismatchError, match="is about a Deployment, and a Pod was given"):
        review_object.given(violation, {"kind": "Pod", "spec": spec()})


def test_expanded_workload_was_judged_as_its_pod() -> None:
    violation = denial("Deployment", "apps", uid="", owner="Deployment")
    assert review_object.is_expanded(violation)
    made = review_object.given(violation, workload())
    assert (made["kind"], made["metadata"]["name"]) == ("Pod", "web-pod")
    assert made["metadata"]["ownerReferences"][0]["kind"] == "Deployment"


@pytest.mark.parametrize(
    "violation",
    [
        denial(),
        denial("Deployment", "apps", "spec.template.spec.containers[1].image", owner=""),
        denial("ReplicaSet", "apps", "spec.template.spec.containers[1].image", uid="", owner="Deployment"),
    ],
)
def test_what_a_request_was_about_is_not_expanded(violation: AdmissionViolation) -> None:
    assert not review_object.is_expanded(violation)


def test_image_alone_makes_an_object_that_has_it_at_its_place() -> None:
    made = review_object.imagined(denial("Deployment", "apps", "spec.template.spec.initContainers[1].image", owner=""))
    assert made == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"initContainers": [{"image": _IMAGE}, {"image": _IMAGE}]}}},
    }


@pytest.mark.parametrize("path", ["", "spec", "spec.containers[999999].image", "spec.containers[-1].image", "a[0].b"])
def test_place_that_is_none_makes_no_object(path: str) -> None:
    with pytest.raises(ObjectMismatchError, match="does not say where its image stands"):
        review_object.imagined(denial(path=path))
