"""What Gatekeeper enforces, read from the cluster: only ours, a policy with its twin, a broken one alone left out."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints
from gatekeeper.controller.policies_in_force import PoliciesInForce
from tests.simulators.cluster import ClusterSimulator

LIBRARY = "package lib.bestbefore.x\n"


class World:
    """A cluster with templates and Constraints."""

    def __init__(self) -> None:
        self.cluster = ClusterSimulator()
        self.policies = PoliciesInForce(self.cluster)

    def template(self, kind: str, library: str = LIBRARY) -> None:
        schema = {"type": "object", "properties": {"name": {"type": "string"}}}
        source = {"rego": f"package {kind.lower()}\n\nviolation[x] {{ false }}\n", "libs": [library]}
        spec = {
            "crd": {"spec": {"names": {"kind": kind}, "validation": {"openAPIV3Schema": schema}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": [{"engine": "Rego", "source": source}]}],
        }
        self.cluster.add(CONSTRAINT_TEMPLATES, {"metadata": {"name": kind.lower(), "generation": 1}, "spec": spec})

    def constraint(self, kind: str, name: str, action: str = "deny", policy: str = "", generation: int = 1) -> None:
        parameters = {"name": policy} if policy else {}
        spec = {"enforcementAction": action, "parameters": parameters}
        body = {"metadata": {"name": name, "generation": generation}, "spec": spec}
        self.cluster.add(constraints(kind), body)

    def read(self) -> dict[str, list[str]]:
        return {
            each.policy: [str(one["metadata"]["name"]) for one in each.constraints] for each in self.policies.read()
        }


@pytest.fixture
def world() -> World:
    return World()


def test_policy_and_its_twin_are_one(world: World) -> None:
    world.template("Fresh")
    world.constraint("Fresh", "fresh", policy="fresh-images")
    world.constraint("Fresh", "fresh-warn", "warn", policy="fresh-images")
    assert world.read() == {"fresh-images": ["fresh", "fresh-warn"]}


def test_policy_of_a_kind_of_ours_is_called_by_its_kind_and_of_several_each_by_its_own_name(world: World) -> None:
    world.template("MaximumImageAge")
    world.constraint("MaximumImageAge", "one")
    world.constraint("MaximumImageAge", "one-warn", "warn")
    assert world.read() == {"MaximumImageAge": ["one", "one-warn"]}
    world.constraint("MaximumImageAge", "two")
    assert world.read() == {"one": ["one", "one-warn"], "two": ["two"]}


def test_templates_of_others_are_none_of_ours(world: World) -> None:
    world.template("Labels", library="package lib.other\n")
    world.constraint("Labels", "labels")
    assert world.read() == {}


def test_template_without_constraints_judges_nothing(world: World) -> None:
    world.template("Fresh")
    assert world.read() == {}
    assert world.policies.problems == []


def test_broken_one_is_said_and_takes_no_other_along(world: World) -> None:
    for kind in ("Fresh", "Signed"):
        world.template(kind)
        world.constraint(kind, kind.lower(), policy=kind.lower())
    (broken,) = [each for each in world.cluster.objects(CONSTRAINT_TEMPLATES) if each["metadata"]["name"] == "fresh"]
    broken["spec"]["targets"][0]["code"][0]["source"]["rego"] = "no package"
    world.cluster.add(CONSTRAINT_TEMPLATES, broken)
    assert world.read() == {"signed": ["signed"]}
    assert world.policies.problems == ["Fresh is not forecast: its template has no Rego that can be read"]


def test_policy_whose_twin_nobody_applied_is_forecast_all_the_same(world: World) -> None:
    world.template("MaximumImageAge")
    world.constraint("MaximumImageAge", "age")
    assert world.read() == {"MaximumImageAge": ["age"]}


WEBHOOK, AUDIT, EVERY = (
    {"enforcementPoints": [{"name": name}]} for name in ("validation.gatekeeper.sh", "audit.gatekeeper.sh", "*")
)


@pytest.mark.parametrize(
    ("written", "scopes", "felt"),
    [
        ("scoped", [{"action": "warn", **WEBHOOK}, {"action": "deny", **EVERY}], "deny"),
        ("scoped", [{"action": "warn", **WEBHOOK}, {"action": "deny", **AUDIT}], "warn"),
        ("scoped", [{"action": "deny", **AUDIT}], "dryrun"),
        ("warn", [{"action": "deny", **WEBHOOK}], "warn"),
    ],
)
def test_of_several_actions_the_strongest_at_admission_counts(
    world: World, written: str, scopes: list[dict[str, Any]], felt: str
) -> None:
    world.template("Fresh")
    spec = {"enforcementAction": written, "scopedEnforcementActions": scopes, "parameters": {}}
    world.cluster.add(constraints("Fresh"), {"metadata": {"name": "fresh"}, "spec": spec})
    (found,) = world.policies.read()
    assert found.constraints[0]["spec"]["enforcementAction"] == felt
