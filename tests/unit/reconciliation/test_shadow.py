"""Shadow beside a policy-controller: everywhere, or but in namespaces that are switched; into it and out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints
from gatekeeper.reconciliation.plan import coverage_entries
from gatekeeper.reconciliation.present import PodWord, PresentObject
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.reconciliation.view import ClusterView
from gatekeeper.translation.constraint import COVERAGE_KIND, COVERAGE_NAME
from gatekeeper.translation.marks import SHADOW_OF
from tests.unit.reconciliation.world import World

LABEL = "webhooks.knative.dev/exclude"
_EXISTS = [{"key": LABEL, "operator": "Exists"}]
_DOES_NOT_EXIST = [{"key": LABEL, "operator": "DoesNotExist"}]


def made(world: World) -> dict[str, tuple[str, Any]]:
    """Action and selector of namespaces of each Constraint that is there."""
    kinds = [each["spec"]["crd"]["spec"]["names"]["kind"] for each in world.cluster.objects(CONSTRAINT_TEMPLATES)]
    return {
        each["metadata"]["name"]: (
            each["spec"]["enforcementAction"],
            each["spec"]["match"]["namespaceSelector"].get("matchExpressions"),
        )
        for kind in kinds
        for each in world.cluster.objects(constraints(kind))
    }


def test_constraint_in_the_shadow_says_what_it_would_do():
    world = World(no_match="warn", shadow=Shadow())
    world.apply("one")
    world.apply("two", mode="warn")
    world.run()
    found = [world.constraint(name)["metadata"]["annotations"][SHADOW_OF] for name in ("one", "two")]
    found.append(world.constraint(COVERAGE_NAME, COVERAGE_KIND)["metadata"]["annotations"][SHADOW_OF])
    assert found == ["deny", "warn", "warn"]
    assert world.report("one").message == "in force in all 3 Pods of Gatekeeper; it neither denies nor warns"


def test_namespaces_with_the_label_are_enforced_and_all_others_are_in_the_shadow():
    world = World(no_match="deny", shadow=Shadow(LABEL))
    world.apply("one")
    world.run()
    assert made(world) == {
        "one-enforced": ("deny", _EXISTS),
        "one": ("dryrun", _DOES_NOT_EXIST),
        f"{COVERAGE_NAME}-enforced": ("deny", _EXISTS),
        COVERAGE_NAME: ("dryrun", _DOES_NOT_EXIST),
    }
    assert world.state("one") == "shadow InForce"
    assert world.report("one").message.endswith(f"except in namespaces with the label {LABEL}")


def test_out_of_the_shadow_a_namespace_that_was_switched_is_enforced_all_the_time():
    world = World(no_match="deny", shadow=Shadow(LABEL))
    world.apply("one")
    world.run()
    world.restart()
    seen = watched(world)
    assert made(world) == {"one": ("deny", None), COVERAGE_NAME: ("deny", None)}
    assert all(enforced_where_labelled(each) for each in seen)


def test_back_into_the_shadow_a_namespace_that_is_switched_is_enforced_all_the_time():
    world = World(no_match="deny")
    world.apply("one")
    world.run()
    world.restart(Shadow(LABEL))
    seen = watched(world)
    assert made(world)["one"] == ("dryrun", _DOES_NOT_EXIST)
    assert all(enforced_where_labelled(each) for each in seen)


def test_label_that_is_not_set_any_more_leaves_no_constraint_behind():
    world = World(no_match="deny", shadow=Shadow(LABEL))
    world.apply("one")
    world.run()
    world.restart(Shadow())
    world.run(100)
    assert made(world) == {"one": ("dryrun", None), COVERAGE_NAME: ("dryrun", None)}


def test_policy_covers_its_images_once_it_is_in_force_in_either_kind_of_namespace():
    word = PodWord("gatekeeper-0", 1, "u", in_force=True)
    template = PresentObject("CipOne", "cipone", "u", 1, "p", "one", translated=True, digest="", words=(word,))
    quiet = replace(template, name="one", covered={"name": "one", "images": []}, action="dryrun")
    enforced = replace(quiet, name="one-enforced", action="deny")
    silent = replace(enforced, words=())
    for there, entries in ((enforced, [quiet.covered]), (silent, [])):
        constraints_there = {each.name: each for each in (quiet, there)}
        view = ClusterView({}, {"cipone": template}, {"CipOne": constraints_there}, frozenset({"gatekeeper-0"}))
        assert coverage_entries(view, [], []) == entries


def watched(world: World) -> list[dict[str, tuple[str, Any]]]:
    """What was surely in force after each round, while Gatekeeper's Pods take up what is there every third round."""
    seen, known = [], made(world)
    for number in range(60):
        world.look()
        # They take it up in any order: what is another one now than it was counts for nothing.
        now = made(world)
        seen.append({name: value for name, value in now.items() if known.get(name) == value})
        if number % 3 == 2:
            world.gatekeeper.settle()
            known = now
        world.clock.advance(1)
    return seen


def enforced_where_labelled(found: dict[str, tuple[str, Any]]) -> bool:
    """Whether of either policy a Constraint denies in namespaces that have the label."""
    denying = {name for name, (action, chosen) in found.items() if action == "deny" and chosen != _DOES_NOT_EXIST}
    return all(any(name.startswith(policy) for name in denying) for policy in ("one", COVERAGE_NAME))
