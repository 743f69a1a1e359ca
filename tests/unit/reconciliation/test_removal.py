"""The end of policies: meant, or a fault that a person has to look at."""

from __future__ import annotations

import pytest

from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES, CUSTOM_RESOURCE_DEFINITIONS
from gatekeeper.reconciliation.removal import Definition, Ends, decide
from gatekeeper.reconciliation.report import StateReason
from tests.unit.reconciliation.world import DEFINITION, World


@pytest.fixture
def world() -> World:
    """Two policies are in force."""
    made = World()
    for name in ("one", "two"):
        made.apply(name, glob=f"{name}/*")
    made.run()
    made.cluster.writes.clear()
    return made


def states(world: World) -> dict[str, str]:
    return {each.name: f"{each.state} {each.reason}" for each in world.reports[-1].policies}


def hold_both_and_restart(world: World) -> None:
    """A new process finds two policies that the one before it held, and a living one."""
    uids = {each.name: each.uid for each in world.reports[-1].policies}
    world.delete("one")
    world.delete("two")
    world.run()
    for name, uid in uids.items():
        world.accept(name, uid, value="not yet")
    world.apply("three", glob="three/*")
    world.restart()


def test_one_of_several_ends_at_once(world):
    world.delete("one")
    world.run()
    assert states(world) == {"two": "enforced InForce"}
    assert len(world.generated()) == 2


def test_all_that_are_gone_within_a_minute_are_held(world):
    world.delete("one")
    world.delete("two")
    world.run(200)
    assert states(world) == {"one": "held PoliciesGone", "two": "held PoliciesGone"}
    assert world.writes == []
    assert "--accept-removal" in world.report("one").message
    assert world.report("one").in_force


def test_end_that_lasts_some_seconds_is_seen_as_one(world):
    world.delete("one")
    world.look()
    world.clock.advance(1.5)
    world.delete("two")
    world.run(200)
    assert states(world) == {"one": "held PoliciesGone", "two": "held PoliciesGone"}


def test_policies_that_end_one_after_the_other_in_more_than_a_minute_are_gone(world):
    world.delete("one")
    world.run(90)
    world.delete("two")
    world.run()
    assert world.generated() == []


def test_held_policies_go_when_a_person_accepts_it(world):
    uids = {each.name: each.uid for each in world.reports[-1].policies}
    world.delete("one")
    world.delete("two")
    world.run()
    world.accept("one", uids["one"])
    world.run(30)
    assert states(world) == {"two": "held PoliciesGone"}
    world.accept("two", uids["two"], value="of an earlier object")
    world.run(30)
    assert states(world) == {"two": "held PoliciesGone"}
    world.accept("two", uids["two"])
    world.run(30)
    assert world.generated() == []


def test_held_policies_that_come_back_are_in_force_as_they_are_then(world):
    world.delete("one")
    world.delete("two")
    world.run()
    for name in ("one", "two"):
        world.apply(name, glob=f"{name}/*")
    world.run(30)
    assert states(world) == {"one": "enforced InForce", "two": "enforced InForce"}
    assert not [each for each in world.writes if each.startswith("delete")]


def test_one_policy_that_comes_back_does_not_end_the_other_one(world):
    world.delete("one")
    world.delete("two")
    world.run()
    world.apply("one", glob="one/*")
    world.run(200)
    assert states(world) == {"one": "enforced InForce", "two": "held PoliciesGone"}


def test_policy_that_is_made_again_and_deleted_again_is_one(world):
    world.delete("one")
    world.run(70)
    for _ in range(2):
        world.delete("two")
        world.apply("two", glob="two/*")
        world.run(10)
    world.delete("two")
    world.run(10)
    assert world.generated() == []


def test_what_is_held_is_held_over_a_restart(world):
    hold_both_and_restart(world)
    world.run(200)
    assert states(world) == {
        "one": "held PoliciesGone",
        "three": "enforced InForce",
        "two": "held PoliciesGone",
    }


def test_policies_that_were_gone_before_the_process_began_are_held(world):
    world.delete("one")
    world.delete("two")
    world.restart()
    world.run(200)
    assert states(world) == {"one": "held PoliciesGone", "two": "held PoliciesGone"}


def test_definition_that_is_gone_holds_even_one_policy(world):
    world.delete("one")
    world.run()
    world.cluster.without(CLUSTER_IMAGE_POLICIES)
    world.cluster.remove(CUSTOM_RESOURCE_DEFINITIONS, DEFINITION)
    world.run(200)
    assert states(world) == {"two": "held DefinitionGone"}
    world.restart()
    world.run(200)
    assert states(world) == {"two": "held DefinitionGone"}
    assert world.report("two").in_force
    world.define()
    world.apply("two", glob="two/*")
    world.run(60)
    assert states(world) == {"two": "enforced InForce"}


def test_definition_that_is_being_deleted_holds_what_vanishes_with_it(world):
    definition = {"metadata": {"name": DEFINITION, "deletionTimestamp": "2026-11-30T10:00:00Z"}}
    world.cluster.add(CUSTOM_RESOURCE_DEFINITIONS, definition)
    world.delete("one")
    world.run(200)
    assert states(world) == {"one": "held DefinitionTerminating", "two": "enforced InForce"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [(AccessDeniedError("get: 403"), "AccessDenied"), (ClusterUnavailableError("no answer"), "ClusterUnavailable")],
)
def test_definition_that_cannot_be_read_ends_nothing(world, error, reason):
    world.cluster.fail("get customresourcedefinitions", error)
    world.delete("one")
    world.run(60)
    assert states(world) == {"one": f"held {reason}", "two": "enforced InForce"}
    world.cluster.recover()
    world.run(60)
    assert states(world) == {"one": f"held {reason}", "two": "enforced InForce"}


def test_what_a_process_before_held_stays_while_nobody_says_what_that_was(world):
    hold_both_and_restart(world)
    world.cluster.fail("list policystatuses", ClusterUnavailableError("no answer"))
    world.run(60)
    assert states(world) == {
        "one": "held ClusterUnavailable",
        "three": "enforced InForce",
        "two": "held ClusterUnavailable",
    }
    world.cluster.recover()
    world.run(60)
    assert states(world) == {"one": "held PoliciesGone", "three": "enforced InForce", "two": "held PoliciesGone"}


def test_policies_are_held_by_their_definition_that_is_missing_at_the_start_and_comes_later(world):
    fresh = World()
    fresh.cluster.without(CLUSTER_IMAGE_POLICIES)
    fresh.run(60)
    assert fresh.reports[-1].policies == []
    assert fresh.reports[-1].faults == []
    fresh.define()
    fresh.apply("one")
    fresh.run(60)
    assert states(fresh) == {"one": "enforced InForce"}


def ends(*gone: str, at: float = 0.0, living: int = 0, lately: int = 2, **more: object) -> Ends:
    return Ends(dict.fromkeys(gone, at), living, more.pop("definition", Definition.THERE), lately, **more)


def test_end_is_decided_when_it_has_been_quiet():
    assert decide(ends("a", living=1), {}, 1.0).wait == 1.0
    assert decide(ends("a", living=1), {}, 2.0).removed == {"a"}


def test_one_policy_alone_may_end():
    assert decide(ends("a", lately=1), {}, 5.0).removed == {"a"}


def test_what_a_person_accepted_goes_whatever_the_definition_does():
    found = decide(ends("a", "b", accepted=["a"], definition=Definition.GONE), {}, 5.0)
    assert found.removed == {"a"}
    assert found.held == {"b": StateReason.DEFINITION_GONE}
