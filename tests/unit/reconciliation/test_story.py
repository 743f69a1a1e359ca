"""A policy in the cluster: applied, changed, broken, deleted."""

from __future__ import annotations

from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES
from gatekeeper.reconciliation import marks
from gatekeeper.translation import names
from tests.unit.reconciliation.world import BROKEN_RULE, OTHER_RULE, RULE, World

BODY = RULE.split("\n", 1)[1]
OTHER_BODY = OTHER_RULE.split("\n", 1)[1]


def test_policy_becomes_a_template_and_a_constraint_in_force_in_every_pod():
    world = World()
    world.apply("fresh")
    world.run()
    assert world.state("fresh") == "enforced InForce"
    report = world.report("fresh")
    assert (report.pods.enforced, report.pods.total) == (3, 3)
    assert report.images == ("**",)
    assert report.generation == report.generation_in_force == 1
    assert world.rule("fresh") == BODY
    assert world.constraint("fresh")["spec"]["enforcementAction"] == "deny"


def test_generated_objects_have_our_labels_and_nothing_of_the_policys():
    world = World()
    world.apply("fresh")
    world.run()
    uid = world.report("fresh").uid
    (template,) = world.cluster.objects(CONSTRAINT_TEMPLATES)
    for made in (template, world.constraint("fresh")):
        assert made["metadata"]["labels"] == marks.labels(uid)
        assert "ownerReferences" not in made["metadata"]


def test_change_of_a_policy_changes_what_is_in_force():
    world = World()
    world.apply("fresh")
    world.run()
    world.apply("fresh", OTHER_RULE, mode="warn")
    world.run()
    assert world.state("fresh") == "warn InForce"
    assert world.report("fresh").generation_in_force == 2
    assert world.rule("fresh") == OTHER_BODY
    assert world.constraint("fresh")["spec"]["enforcementAction"] == "warn"


def test_broken_change_leaves_the_last_good_version_in_force():
    world = World()
    world.apply("fresh")
    world.run()
    world.apply("fresh", BROKEN_RULE)
    world.run()
    assert world.state("fresh") == "rejected RuleInvalid"
    report = world.report("fresh")
    assert "undefined_function" in report.message
    assert "generation 1 stays in force" in report.message
    assert report.generation == 2
    assert report.in_force
    assert world.rule("fresh") == BODY


def test_policy_that_is_mended_is_in_force_again():
    world = World()
    world.apply("fresh", BROKEN_RULE)
    world.run()
    assert world.state("fresh") == "rejected RuleInvalid"
    assert "nothing of it is in force" in world.report("fresh").message
    assert world.generated() == []
    world.apply("fresh")
    world.run()
    assert world.state("fresh") == "enforced InForce"


def test_broken_policy_stays_in_force_over_a_restart():
    world = World()
    world.apply("fresh")
    world.run()
    world.apply("fresh", BROKEN_RULE)
    world.restart()
    world.run()
    assert world.state("fresh") == "rejected RuleInvalid"
    assert world.report("fresh").in_force
    assert world.rule("fresh") == BODY


def test_policy_that_is_deleted_ends_constraint_before_template():
    world = World()
    world.apply("fresh")
    world.run()
    world.cluster.writes.clear()
    world.delete("fresh")
    world.run()
    assert world.generated() == []
    assert world.reports[-1].policies == []
    kind = names.kind_of("fresh")
    assert world.writes == [f"delete {kind} fresh", f"delete ConstraintTemplate {kind.lower()}"]
    assert [name for each in world.reports for name in each.removed] == ["fresh"]


def test_nothing_is_written_while_nothing_changes():
    world = World(no_match="deny")
    world.apply("fresh")
    world.run()
    world.cluster.writes.clear()
    world.run(200)
    assert world.writes == []
