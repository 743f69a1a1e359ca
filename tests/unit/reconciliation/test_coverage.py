"""Images that no policy covers, shadow, and texts at URLs."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints
from gatekeeper.reconciliation import plan
from gatekeeper.reconciliation.present import PodWord, PresentObject
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.reconciliation.view import ClusterView
from gatekeeper.translation import names
from gatekeeper.translation.constraint import COVERAGE_KIND, COVERAGE_NAME
from tests.unit.reconciliation.world import BROKEN_RULE, RULE, World


@pytest.fixture
def world() -> World:
    return World(no_match="deny")


def test_without_any_policy_nothing_is_denied(world):
    world.run()
    assert world.generated() == []


def test_images_without_policy_are_denied_once_a_policy_is_in_force(world):
    world.apply("one", glob="one/*")
    world.look()
    world.look()
    assert world.coverage() == []
    world.run()
    assert world.coverage() == ["one"]
    made = world.cluster.get(constraints(COVERAGE_KIND), COVERAGE_NAME)
    assert made["spec"]["enforcementAction"] == "deny"
    assert made["spec"]["parameters"]["policies"] == [{"name": "one", "images": [{"glob": "one/*"}]}]


@pytest.mark.parametrize(("no_match", "action"), [("warn", ["warn"]), ("allow", [])])
def test_setting_says_what_becomes_of_them(no_match, action):
    world = World(no_match=no_match)
    world.apply("one")
    world.run()
    assert [each["spec"]["enforcementAction"] for each in world.cluster.objects(constraints(COVERAGE_KIND))] == action


def test_policy_that_is_new_covers_its_images_only_when_it_is_in_force(world):
    world.apply("one", glob="one/*")
    world.run()
    world.apply("two", glob="two/*")
    for _ in range(5):
        world.look()
        world.gatekeeper.settle(["gatekeeper-0"])
        world.clock.advance(1)
    assert world.coverage() == ["one"]
    world.run()
    assert world.coverage() == ["one", "two"]


def test_policy_that_ends_covers_nothing_before_its_constraint_is_gone(world):
    for name in ("one", "two"):
        world.apply(name, glob=f"{name}/*")
    world.run()
    world.cluster.writes.clear()
    world.delete("two")
    world.run()
    assert world.coverage() == ["one"]
    kinds = [each.split()[1] for each in world.writes]
    assert kinds[0] == COVERAGE_KIND


def test_policy_whose_text_is_broken_covers_what_is_in_force_of_it(world):
    world.apply("one", glob="one/*")
    world.run()
    world.apply("one", BROKEN_RULE, glob="other/*")
    world.run()
    made = world.cluster.get(constraints(COVERAGE_KIND), COVERAGE_NAME)
    assert made["spec"]["parameters"]["policies"] == [{"name": "one", "images": [{"glob": "one/*"}]}]


def test_change_on_its_way_leaves_covered_what_was(world):
    world.apply("one", glob="one/*")
    world.run()
    world.apply("one", glob="other/*")
    world.look()
    world.look()
    assert world.coverage() == ["one"]
    world.run()
    made = world.cluster.get(constraints(COVERAGE_KIND), COVERAGE_NAME)
    assert made["spec"]["parameters"]["policies"] == [{"name": "one", "images": [{"glob": "other/*"}]}]


@pytest.mark.parametrize("with_template", [True, False])
def test_constraint_covers_nothing_without_its_template(with_template):
    word = PodWord("pod", 1, "u", in_force=True)
    template = PresentObject("CIPFresh", "cipfresh", "u", 1, "p", "fresh", True, "", (word,))
    made = replace(template, name="fresh", covered={"name": "fresh"})
    templates = {template.name: template} if with_template else {}
    view = ClusterView({}, templates, {"CIPFresh": {"fresh": made}}, frozenset({"pod"}))
    assert plan.coverage_entries(view, [], []) == ([{"name": "fresh"}] if with_template else [])


def test_it_goes_with_the_last_policy(world):
    world.apply("one")
    world.run()
    world.delete("one")
    world.run()
    assert world.generated() == []


@pytest.mark.parametrize("deleted", ["Constraint", "template"])
def test_it_stays_while_the_only_policy_is_repaired(world, deleted):
    world.apply("one")
    world.run()
    kind = names.kind_of("one")
    world.cluster.remove(constraints(kind), "one")
    if deleted == "template":
        world.cluster.remove(CONSTRAINT_TEMPLATES, kind.lower())
    world.cluster.writes.clear()
    world.run(100)
    assert world.state("one") == "enforced InForce"
    assert [each for each in world.writes if COVERAGE_KIND in each or each.startswith("delete")] == []


def test_it_stays_while_policies_are_held(world):
    for name in ("one", "two"):
        world.apply(name, glob=f"{name}/*")
    world.run()
    for name in ("one", "two"):
        world.delete(name)
    world.run(100)
    assert world.coverage() == ["one", "two"]


def test_it_stays_while_it_is_not_decided_whether_an_end_is_a_fault(world):
    for name in ("one", "two"):
        world.apply(name, glob=f"{name}/*")
    world.run()
    for name in ("one", "two"):
        world.delete(name)
    world.cluster.writes.clear()
    world.run(100)
    assert world.writes == []


def test_it_stays_while_gatekeeper_has_no_ready_pod(world):
    world.apply("one")
    world.run()
    for pod in ("gatekeeper-0", "gatekeeper-1", "gatekeeper-audit"):
        world.gatekeeper.pod(pod, ready=False)
    world.run(100)
    assert world.coverage() == ["one"]


def test_in_shadow_everything_is_a_dry_run():
    world = World(no_match="deny", shadow=Shadow())
    world.apply("one", glob="one/*")
    world.apply("two", "", glob="two/*", mode="warn")
    world.run()
    assert [each.split()[0] for each in map(world.state, ("one", "two"))] == ["shadow", "shadow"]
    kinds = [each["spec"]["crd"]["spec"]["names"]["kind"] for each in world.cluster.objects(CONSTRAINT_TEMPLATES)]
    made = [each for kind in kinds for each in world.cluster.objects(constraints(kind))]
    assert [each["spec"]["enforcementAction"] for each in made] == ["dryrun"] * 3


def test_rule_at_a_url_is_fetched_once_and_one_that_cannot_be_had_is_rejected():
    world = World()
    url, text = "https://policies.example.test/rule.rego", RULE.encode()
    remote = {"url": url, "sha256sum": hashlib.sha256(text).hexdigest()}
    world.apply("remote", "", policy={"type": "rego", "fetchConfigFile": True, "remote": remote})
    world.run()
    assert world.state("remote") == "rejected ReferenceInvalid"
    world.texts[url] = text
    world.run(70)
    assert world.state("remote") == "enforced InForce"
    fetched = world.fetched
    world.run(600)
    assert world.fetched == fetched
    assert world.state("remote") == "enforced InForce"
