"""The policies about images of a cluster, as if they stood in files."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.cli import cluster_policies
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, NAMESPACES, constraints
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from tests.simulators.cluster import ClusterSimulator


@pytest.fixture
def cluster() -> ClusterSimulator:
    """One with the pair of MaximumImageAge, and a template of somebody else."""
    found = ClusterSimulator()
    found.add(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}})
    found.add(CONSTRAINT_TEMPLATES, KIND.template())
    for made in MaximumImageAge().constraints():
        found.add(constraints(KIND.name), made)
    found.add(CONSTRAINT_TEMPLATES, labels())
    made = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Labels", "metadata": {"name": "owner"}}
    found.add(constraints("Labels"), made)
    return found


def labels() -> dict[str, Any]:
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "labels"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "Labels"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": "package labels\n"}],
        },
    }


def test_templates_about_images_come_with_their_constraints_and_the_namespace(cluster: ClusterSimulator) -> None:
    loaded, namespace = cluster_policies.read(cluster, "shop")
    assert sorted(each.name for each in loaded.gatekeeper) == [
        "maximum-image-age",
        "maximum-image-age-warn",
        "maximumimageage",
    ]
    assert (namespace.name, namespace.value["metadata"]["labels"]) == ("shop", {"a": "b"})
    assert cluster.writes == []


def test_templates_of_others_are_named_and_left_out(
    cluster: ClusterSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster_policies.read(cluster, "shop")
    assert "not judged: Labels looks at more of an object than its images" in capsys.readouterr().err


def test_namespace_that_is_not_there_is_told(cluster: ClusterSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cluster_policies.read(cluster, "nowhere")
    assert ended.value.code == 3
    assert "is there a namespace nowhere" in capsys.readouterr().err


def test_missing_right_is_told(cluster: ClusterSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.fail("constrainttemplates", AccessDeniedError("list constrainttemplates: 403"))
    with pytest.raises(SystemExit) as ended:
        cluster_policies.read(cluster, "shop")
    assert ended.value.code == 3
    assert "list constrainttemplates: 403" in capsys.readouterr().err
