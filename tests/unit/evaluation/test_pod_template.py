"""What of an object is judged: itself, the Pod that it will make, or nothing, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.evaluation.pod_template import images, made_pod, subject, with_images

SPEC: dict[str, Any] = {"containers": [{"name": "c", "image": "a:1"}]}

NO_CONTAINERS: dict[str, Any] = {"template": {"spec": {"containers": []}}}


def given(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, **fields}


@pytest.mark.parametrize(
    "value",
    [
        given("v1", "Pod", spec=SPEC),
        given("apps/v1", "Deployment", spec={"template": {"spec": SPEC}}),
        given("batch/v1", "CronJob", spec={"jobTemplate": {"spec": {"template": {"spec": SPEC}}}}),
        given("v1", "Pod", spec={"containers": [], "volumes": [{"name": "v", "image": {"reference": "a:1"}}]}),
    ],
)
def test_kinds_that_policies_know_are_judged_as_they_are(value: dict[str, Any]) -> None:
    found = subject(value)
    assert (found.object, found.prefix, found.note) == (value, "", "")


@pytest.mark.parametrize(
    ("value", "prefix"),
    [
        (given("argoproj.io/v1alpha1", "Rollout", spec={"template": {"spec": SPEC}}), "spec.template"),
        (given("serving.knative.dev/v1", "Service", spec={"template": {"spec": SPEC}}), "spec.template"),
        (given("apps.openshift.io/v1", "DeploymentConfig", spec={"template": {"spec": SPEC}}), "spec.template"),
        (given("v1", "PodTemplate", template={"spec": SPEC}), "template"),
        (given("extensions/v1beta1", "Deployment", spec={"template": {"spec": SPEC}}), "spec.template"),
        (
            given("x.test/v1", "Backup", spec={"jobTemplate": {"spec": {"template": {"spec": SPEC}}}}),
            "spec.jobTemplate.spec.template",
        ),
    ],
)
def test_whatever_has_a_pod_template_is_judged_as_its_pod(value: dict[str, Any], prefix: str) -> None:
    found = subject(value)
    assert (found.object["kind"], found.object["spec"], found.prefix) == ("Pod", SPEC, prefix)
    assert found.object["metadata"] == {"generateName": "web-", "namespace": "shop"}
    assert found.note.startswith("judged as the Pod that it will make")


def test_pod_has_the_labels_of_its_template() -> None:
    template = {"metadata": {"labels": {"a": "b"}, "namespace": "elsewhere"}, "spec": SPEC}
    found = subject(given("argoproj.io/v1alpha1", "Rollout", spec={"template": template}))
    assert found.object["metadata"] == {"generateName": "web-", "namespace": "shop", "labels": {"a": "b"}}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (given("v1", "ConfigMap"), "it brings no Pod that policies know"),
        (given("v1", "pod", spec=SPEC), "kind pod is not known, did you mean Pod?"),
        (
            given("batch.volcano.sh/v1", "Job", spec={"tasks": [{"template": {"spec": SPEC}}]}),
            "spec.tasks[0].template.spec",
        ),
        (given("batch.volcano.sh/v1", "Job"), "policies look at Job of batch/v1, this is one of batch.volcano.sh/v1"),
        (given("v1", "Pod"), "it names no image: spec.containers is missing"),
        (given("v1", "Pod", spec={"containers": {}}), "it names no image: spec.containers is no list of containers"),
        (
            given("apps/v1", "Deployment", spec={"template": {"spec": {"containers": []}}}),
            "spec.template.spec.containers is empty",
        ),
        (
            given("argoproj.io/v1alpha1", "Rollout", spec={"template": {"spec": {"containers": []}}}),
            "spec.template names no image",
        ),
        (given("v1", "Pod", spec=None), "it names no image"),
        ({}, "it brings no Pod"),
    ],
)
def test_what_brings_no_image_is_not_judged_and_the_reason_is_said(value: dict[str, Any], reason: str) -> None:
    found = subject(value)
    assert found.object == {}
    assert reason in found.note


def test_misspelt_workload_is_judged_and_its_kind_is_doubted() -> None:
    found = subject(given("apps/v1", "deployment", spec={"template": {"spec": SPEC}}))
    assert found.object["kind"] == "Pod"
    assert found.note == "judged as the Pod that it will make; kind deployment is not known, did you mean Deployment?"


def test_container_without_an_image_is_judged() -> None:
    value = given("v1", "Pod", spec={"containers": [{"name": "c"}]})
    assert subject(value).object == value
    assert list(images(value)) == [("", "spec.containers[0].image")]


def test_pod_of_a_workload_can_be_asked_for() -> None:
    found = made_pod(given("apps/v1", "Deployment", spec={"template": {"spec": SPEC}}))
    assert (found.object["kind"], found.prefix) == ("Pod", "spec.template")
    pod = given("v1", "Pod", spec=SPEC)
    assert made_pod(pod).object == pod


def test_all_places_of_images_are_found_and_replaced() -> None:
    def spec(made: str) -> dict[str, Any]:
        return {
            "ephemeralContainers": [{"image": f"d:1{made}"}],
            "containers": [{"image": f"a:1{made}"}, {"name": "none"}, {"image": 1}, {"image": "stays:1"}],
            "initContainers": [{"image": f"b:1{made}"}, None],
            "volumes": [{"name": "v"}, {"image": None}, {"image": {"reference": f"c:1{made}"}}],
        }

    places = (("v1", "Pod", ("spec",)), ("batch/v1", "CronJob", ("spec", "jobTemplate", "spec", "template", "spec")))
    for version, kind, place in places:
        value, other = (_nested(given(version, kind), place, spec(made)) for made in ("", "@new"))
        at = ".".join(place)
        assert list(images(value)) == [
            ("b:1", f"{at}.initContainers[0].image"),
            ("", f"{at}.initContainers[1].image"),
            ("a:1", f"{at}.containers[0].image"),
            ("", f"{at}.containers[1].image"),
            ("", f"{at}.containers[2].image"),
            ("stays:1", f"{at}.containers[3].image"),
            ("d:1", f"{at}.ephemeralContainers[0].image"),
            ("c:1", f"{at}.volumes[2].image.reference"),
        ]
        assert with_images(value, {each: f"{each}@new" for each in ("a:1", "b:1", "c:1", "d:1")}) == other
        assert value == _nested(given(version, kind), place, spec(""))


def _nested(value: dict[str, Any], place: tuple[str, ...], spec: Any) -> dict[str, Any]:
    for step in reversed(place):
        spec = {step: spec}
    return {**value, **spec}


@pytest.mark.parametrize(
    ("metadata", "name"), [({"name": "web"}, "web-"), ({"generateName": "web-"}, "web--"), ({}, "pod-"), (None, "pod-")]
)
def test_pod_is_named_after_its_owner(metadata: Any, name: str) -> None:
    value = {"apiVersion": "x.test/v1", "kind": "X", "metadata": metadata, "spec": {"template": {"spec": SPEC}}}
    assert subject(value).object["metadata"] == {"generateName": name}


def test_pod_keeps_annotations() -> None:
    template = {"metadata": {"annotations": {"a": "b"}, "name": "lost"}, "spec": SPEC}
    assert subject(given("x.test/v1", "X", spec={"template": template})).object["metadata"] == {
        "generateName": "web-",
        "namespace": "shop",
        "annotations": {"a": "b"},
    }


def test_what_has_no_pod_of_its_own_makes_none() -> None:
    assert made_pod(given("v1", "ConfigMap")).object == {}
    rollout = made_pod(given("argoproj.io/v1alpha1", "Rollout", spec={"template": {"spec": SPEC}}))
    assert (rollout.object["spec"], rollout.prefix) == (SPEC, "spec.template")
    cron_job = given("batch/v1", "CronJob", spec={"jobTemplate": {"spec": {"template": {"spec": SPEC}}}})
    found = made_pod(cron_job)
    assert (found.object["spec"], found.prefix) == (SPEC, "spec.jobTemplate.spec.template")
    assert found.note == "judged as the Pod that it will make"


@pytest.mark.parametrize("decoy", [{"containers": []}, {"containers": [{"name": "c", "image": "good:1"}]}])
def test_of_several_pod_templates_none_is_taken_for_all(decoy: dict[str, Any]) -> None:
    found = subject(given("v1", "PodTemplate", spec={"template": {"spec": decoy}}, template={"spec": SPEC}))
    assert (found.object, found.note) == ({}, "it has several pod templates: spec.template, template")
