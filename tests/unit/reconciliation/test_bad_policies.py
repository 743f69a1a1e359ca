"""Every invalid policy of tests/cips in the cluster: told as `bestbefore translate` tells it, and in nobody's way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES
from gatekeeper.policy import PolicyError, load_policies, read_documents
from gatekeeper.policy.validation import webhook
from gatekeeper.reconciliation.translator import sentence
from gatekeeper.translation.constraint import COVERAGE_KIND, COVERAGE_NAME
from tests.unit.reconciliation.world import BROKEN_RULE, OTHER_RULE, RULE, World

CIPS = Path(__file__).parents[2] / "cips" / "invalid"


def document(path: Path) -> Mapping[str, Any]:
    (found,) = read_documents([path])
    return found.value


def is_object_of_the_kind(path: Path) -> bool:
    """Whether the API server would take it for a ClusterImagePolicy at all, of whatever content."""
    found = document(path)
    metadata = found.get("metadata")
    # What it does not know of metadata it leaves out.
    known = isinstance(metadata, dict) and metadata.keys() <= {"name", "labels", "annotations"}
    return (
        known
        and metadata.get("name") == "policy"
        and webhook.is_policy(str(found.get("apiVersion")), str(found.get("kind")))
    )


INVALID = [path for path in sorted(CIPS.glob("*.yaml")) if is_object_of_the_kind(path)]


def said_by_translate(path: Path) -> str:
    with pytest.raises(PolicyError) as caught:
        load_policies([path])
    return sentence(caught.value.problems).replace(f"{path}: ", "")


@pytest.fixture(scope="module")
def world() -> World:
    """Each of them beside a policy that is in force, of which somebody makes a new version at the same time."""
    made = World(no_match="deny")
    made.apply("neighbour")
    made.run()
    made.cluster.writes.clear()
    for path in INVALID:
        found = document(path)
        metadata = {**found["metadata"], "name": path.stem}
        made.cluster.apply(CLUSTER_IMAGE_POLICIES, {**found, "metadata": metadata})
    made.apply("neighbour", OTHER_RULE)
    made.run()
    return made


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_policy_is_rejected_with_what_translate_says_of_it(world, path):
    report = world.report(path.stem)
    assert world.state(path.stem) == "rejected PolicyInvalid"
    assert report.message == f"{said_by_translate(path)}; nothing of it is in force"
    assert report.constraints == ()


def test_nothing_is_applied_of_any_and_the_neighbour_has_its_new_version(world):
    assert world.state("neighbour") == "enforced InForce"
    assert world.report("neighbour").generation_in_force == 2
    kind = world.constraint("neighbour")["kind"]
    assert sorted(world.generated()) == sorted(
        [
            f"ConstraintTemplate {kind.lower()}",
            f"{kind} neighbour",
            f"ConstraintTemplate {COVERAGE_KIND.lower()}",
            f"{COVERAGE_KIND} {COVERAGE_NAME}",
        ]
    )
    assert world.coverage() == ["neighbour"]


@pytest.mark.parametrize("path", INVALID[::10], ids=lambda path: path.stem)
def test_good_version_stays_in_force_when_the_policy_becomes_invalid(path):
    world = World(no_match="deny")
    world.apply("policy")
    world.run()
    before = world.generated()
    world.cluster.writes.clear()
    world.cluster.apply(CLUSTER_IMAGE_POLICIES, document(path))
    world.run(100)
    assert world.state("policy") == "rejected PolicyInvalid"
    assert world.report("policy").message.endswith("; generation 1 stays in force")
    assert world.report("policy").in_force
    assert (world.writes, world.generated(), world.coverage()) == ([], before, ["policy"])


def test_policy_that_flips_between_valid_and_invalid_is_always_in_force_in_its_last_valid_version():
    world = World(no_match="deny")
    world.apply("flipping", RULE)
    world.run()
    for turn in range(6):
        world.apply("flipping", BROKEN_RULE)
        world.run(2)
        assert world.report("flipping").in_force
        world.apply("flipping", (OTHER_RULE, RULE)[turn % 2])
        world.run(4)
        assert world.state("flipping") == "enforced InForce"
        assert world.coverage() == ["flipping"]
    assert not [each for each in world.writes if each.startswith("delete")]
