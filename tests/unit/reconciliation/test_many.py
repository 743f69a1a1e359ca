"""Many policies at once, and one that changes all the time: everybody has a turn, and nothing is flooded."""

from __future__ import annotations

import pytest

from gatekeeper.cluster.errors import ClusterUnavailableError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES
from gatekeeper.reconciliation import limits
from gatekeeper.translation import names
from tests.unit.reconciliation.world import OTHER_RULE, RULE, World

OTHER_BODY = OTHER_RULE.split("\n", 1)[1]
MANY = 24


def slowed(world: World) -> World:
    """From now on each write takes half a second, and each run of opa two."""
    check = world.engine.check

    def webhook(_resource, _body):
        world.clock.advance(0.5)
        return ""

    def slow_check(folder):
        world.clock.advance(2.0)
        return check(folder)

    world.cluster.webhook = webhook
    world.engine.check = slow_check
    return world


@pytest.fixture
def slow() -> World:
    return slowed(World(no_match="deny"))


def states(world: World) -> dict[str, str]:
    return {each.name: f"{each.state} {each.reason}" for each in world.reports[-1].policies}


def test_first_of_many_is_in_force_before_the_last_is_written(slow):
    for number in range(MANY):
        slow.apply(f"policy-{number:02}", glob=f"{number}/*")
    slow.run(10)
    found = list(states(slow).values())
    assert 0 < found.count("enforced InForce") < MANY
    assert found.count("pending Applying") > 0
    slow.run(30)
    assert set(states(slow).values()) == {"enforced InForce"}
    assert len(slow.coverage()) == MANY


def test_end_of_a_policy_does_not_wait_for_all_that_are_written(slow):
    slow.apply("ending", glob="ending/*")
    slow.apply("staying", glob="staying/*")
    slow.run(20)
    for number in range(MANY):
        slow.apply(f"policy-{number:02}", glob=f"{number}/*")
    slow.delete("ending")
    slow.run(15)
    assert "ending" not in slow.coverage()
    assert f"{names.kind_of('ending')} ending" not in slow.generated()
    assert len(slow.cluster.objects(CONSTRAINT_TEMPLATES)) < MANY


def test_policy_whose_every_write_takes_all_the_time_keeps_no_other_from_its_turn(slow):
    stuck = names.template_name(names.kind_of("a-stuck"))

    def webhook(_resource, body):
        if body["metadata"]["name"] != stuck:
            return ""
        slow.clock.advance(2 * limits.WRITE_SECONDS)
        raise ClusterUnavailableError(f"apply constrainttemplates {stuck}: no answer")

    slow.cluster.webhook = webhook
    for name in ("a-stuck", "b", "c"):
        slow.apply(name, glob=f"{name}/*")
    slow.run(40)
    assert states(slow) == {
        "a-stuck": "pending ClusterUnavailable",
        "b": "enforced InForce",
        "c": "enforced InForce",
    }


def test_policies_that_are_in_force_stay_so_while_a_new_process_has_not_translated_them_yet():
    world = World(no_match="deny")
    for number in range(MANY):
        world.apply(f"policy-{number:02}", glob=f"{number}/*")
    world.run()
    before = world.generated()
    world.cluster.writes.clear()
    slowed(world).restart()
    world.look()
    found = list(states(world).values())
    assert found.count("pending Applying") == MANY - limits.RULES_TOGETHER
    assert all(each.in_force for each in world.reports[-1].policies)
    world.run(4)
    assert set(states(world).values()) == {"enforced InForce"}
    assert (world.writes, world.generated()) == ([], before)


def test_policy_that_is_edited_fifty_times_a_second_is_in_force_in_some_version_all_the_time_and_in_the_last_one_soon():
    world = World(no_match="deny")
    world.apply("busy", RULE)
    world.run()
    checks, writes = world.engine.checks, len(world.cluster.writes)
    seconds = 2
    for moment in range(20 * seconds):
        for edit in range(50 // 20 + 1):
            world.apply("busy", f"{RULE}# {moment}.{edit}\n")
        # A round, and what its Pods do, takes a twentieth of a second at least.
        world.look()
        world.gatekeeper.settle()
        world.clock.advance(limits.GATHER_SECONDS)
        assert world.constraint("busy")["spec"]["enforcementAction"] == "deny"
        assert world.coverage() == ["busy"]
    world.apply("busy", OTHER_RULE)
    world.run(4)
    assert world.state("busy") == "enforced InForce"
    assert world.rule("busy") == OTHER_BODY
    # One translation and at most two writes a round, however many edits there were.
    edits = [each for each in world.cluster.writes if "ClusterImagePolicy busy" in each]
    assert world.engine.checks - checks <= 20 * seconds + 1 < len(edits)
    assert len(world.writes) - writes <= 3 * (20 * seconds + 2)


def test_kinds_that_gatekeeper_has_not_made_yet_are_not_asked_for_again_and_again():
    world = World()
    for number in range(MANY):
        world.apply(f"policy-{number:02}", glob=f"{number}/*")
    world.look()
    world.cluster.calls.clear()
    for _ in range(20):
        world.look()
        world.clock.advance(1)
    kinds = {names.kind_of(f"policy-{number:02}").lower() for number in range(MANY)}
    assert [each for each in world.cluster.calls if each.removeprefix("list ") in kinds] == []
    world.run()
    assert set(states(world).values()) == {"enforced InForce"}
