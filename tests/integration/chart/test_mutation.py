"""The objects that pin the images of new Pods."""

from __future__ import annotations

import pytest

from tests.integration.chart.helm import Helm, Rendering

pytestmark = pytest.mark.integration


def test_mutation_pins_new_pods_only_and_never_denies(rendering: Rendering) -> None:
    for found in rendering.of("Assign"):
        spec = found["spec"]
        assert spec["applyTo"] == [{"groups": [""], "versions": ["v1"], "kinds": ["Pod"], "operations": ["CREATE"]}]
        assert spec["parameters"]["assign"]["externalData"] == {
            "provider": "bestbefore-mutate",
            "dataSource": "ValueAtLocation",
            "failurePolicy": "Ignore",
        }
        assert spec["match"]["namespaceSelector"]["matchExpressions"] == [
            {"key": "policy.sigstore.dev/include", "operator": "In", "values": ["true"]}
        ]


def test_mutation_has_one_object_for_each_place_of_an_image(rendering: Rendering) -> None:
    locations = {found["metadata"]["name"]: found["spec"]["location"] for found in rendering.of("Assign")}
    assert locations == {
        "bestbefore-pin-init-containers": "spec.initContainers[name:*].image",
        "bestbefore-pin-containers": "spec.containers[name:*].image",
        "bestbefore-pin-ephemeral-containers": "spec.ephemeralContainers[name:*].image",
        "bestbefore-pin-image-volumes": "spec.volumes[name:*].image.reference",
    }


def test_mutation_leaves_volumes_without_an_image_alone(rendering: Rendering) -> None:
    tests = {
        found["spec"]["location"]: found["spec"]["parameters"].get("pathTests") for found in rendering.of("Assign")
    }
    assert tests["spec.volumes[name:*].image.reference"] == [
        {"subPath": "spec.volumes[name:*].image", "condition": "MustExist"}
    ]


def test_mutation_can_be_switched_off(helm: Helm) -> None:
    assert not list(helm.render(values=["mutation.enabled=false"]).of("Assign"))


def test_mutation_beside_the_shadow_is_for_namespaces_that_are_switched_alone(helm: Helm) -> None:
    label = "webhooks.knative.dev/exclude"
    shadow = ["controller.policies.shadow=true", f"controller.policies.enforceLabel={label}"]
    for more, expected in (
        ([], [{"key": "policy.sigstore.dev/include", "operator": "In", "values": ["true"]}]),
        (["mutation.namespaceSelector.matchExpressions=null", "mutation.namespaceSelector.matchLabels.pin=yes"], []),
    ):
        found = list(helm.render(values=[*shadow, *more]).of("Assign"))
        assert found
        for each in found:
            selector = each["spec"]["match"]["namespaceSelector"]
            assert selector["matchExpressions"] == [*expected, {"key": label, "operator": "Exists"}]
