"""The policy and the workload of a denial, from a cluster: as far as they may be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, Resource, constraints
from gatekeeper.denials.capsules import cluster_evidence
from gatekeeper.denials.capsules.capsule_making import Evidence
from gatekeeper.denials.lines.violation import ConstraintName, Owner
from gatekeeper.own import maximum_image_age
from gatekeeper.own.maximum_image_age import MaximumImageAge
from tests.simulators.cluster import ClusterSimulator
from tests.unit.denials.test_review_object import denial, workload

_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")


def _violation() -> Any:
    return replace(denial(), constraint=ConstraintName("MaximumImageAge", "maximum-image-age"))


@pytest.fixture
def cluster() -> ClusterSimulator:
    made = ClusterSimulator()
    made.add(CONSTRAINT_TEMPLATES, maximum_image_age.KIND.template())
    deny, _ = MaximumImageAge().constraints()
    made.add(constraints("MaximumImageAge"), deny)
    owner = workload("ReplicaSet")
    made.add(_SETS, {**owner, "metadata": {**owner["metadata"], "namespace": "shop"}})
    return made


def test_policy_and_owner_are_read(cluster: ClusterSimulator) -> None:
    found, problems = cluster_evidence.read(cluster, _violation(), Evidence())
    assert problems == []
    assert found.policy is not None
    assert found.policy.template.kind == "MaximumImageAge"
    assert found.policy.parameters["maxAge"] == "30d"
    assert found.object is not None
    assert found.object["kind"] == "ReplicaSet"


@pytest.mark.parametrize(
    ("what", "policy", "owner"), [("replicasets", True, False), ("constrainttemplates", False, True)]
)
def test_what_may_not_be_read_is_said_and_the_rest_is_read(
    cluster: ClusterSimulator, what: str, *, policy: bool, owner: bool
) -> None:
    cluster.fail(what, AccessDeniedError(f"get {what}: 403"))
    found, problems = cluster_evidence.read(cluster, _violation(), Evidence())
    assert (found.policy is not None, found.object is not None) == (policy, owner)
    assert problems == [f"get {what}: 403"]


def test_what_is_given_is_not_read(cluster: ClusterSimulator) -> None:
    whole, _ = cluster_evidence.read(cluster, _violation(), Evidence())
    for what in ("constrainttemplates", "maximumimageage", "replicasets"):
        cluster.fail(what, AccessDeniedError(f"get {what}: 403"))
    assert cluster_evidence.read(cluster, _violation(), whole) == (whole, [])
    found, problems = cluster_evidence.read(cluster, _violation(), Evidence(policy=whole.policy))
    assert (found.policy, problems) == (whole.policy, ["get replicasets: 403"])


def test_what_is_gone_is_said() -> None:
    found, problems = cluster_evidence.read(ClusterSimulator(), _violation(), Evidence())
    assert (found.policy, found.object) == (None, None)
    assert len(problems) == 2


@pytest.mark.parametrize("template", [{}, {"spec": 7}, {"spec": {"targets": []}}])
def test_template_that_cannot_be_read_is_said(cluster: ClusterSimulator, template: dict[str, Any]) -> None:
    cluster.add(CONSTRAINT_TEMPLATES, {"metadata": {"name": "maximumimageage"}, **template})
    found, problems = cluster_evidence.read(cluster, _violation(), Evidence())
    assert found.policy is None
    assert problems == ["the template of MaximumImageAge cannot be read: it has no Rego in spec.targets[0]"]


def test_owner_of_an_unknown_kind_is_said(cluster: ClusterSimulator) -> None:
    violation = _violation()
    rollout = replace(violation, judgement=replace(violation.judgement, owner=Owner("Rollout", "web")))
    found, problems = cluster_evidence.read(cluster, rollout, Evidence())
    assert found.object is None
    assert problems == ["Rollout web is of no kind whose Pods are known here"]
