"""What goes wrong around policies in the cluster: what was in force stays, nothing opens, the state says why."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError, ConflictError
from gatekeeper.cluster.resource import (
    CLUSTER_IMAGE_POLICIES,
    CONFIG_MAPS,
    CONSTRAINT_TEMPLATES,
    PODS,
    SECRETS,
    constraints,
)
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.reconciliation import marks, translator
from gatekeeper.translation import names
from tests.simulators.gatekeeper_cluster import NAMESPACE, PODS_OF_GATEKEEPER
from tests.simulators.signing import new_key
from tests.unit.reconciliation.world import BROKEN_RULE, OTHER_RULE, RULE, World

PEM = new_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BODY = RULE.split("\n", 1)[1]
OTHER_BODY = OTHER_RULE.split("\n", 1)[1]
KIND = names.kind_of("fresh")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def settled(world: World) -> World:
    """The policy `fresh` is in force."""
    world.apply("fresh")
    world.run()
    assert world.state("fresh") == "enforced InForce"
    world.cluster.writes.clear()
    return world


def test_kind_of_the_template_is_waited_for(world):
    world.apply("fresh")
    world.look()
    world.look()
    assert world.state("fresh") == "pending KindAwaited"
    assert "nothing of it is in force" in world.report("fresh").message


def test_policy_is_in_force_only_when_every_ready_pod_says_so(world):
    world.apply("fresh")
    for _ in range(4):
        world.look()
        world.gatekeeper.settle(["gatekeeper-0", "gatekeeper-1"])
        world.clock.advance(1)
    assert world.state("fresh") == "pending PodsAwaited"
    assert (world.report("fresh").pods.enforced, world.report("fresh").pods.total) == (2, 3)
    for _ in range(40):
        world.look()
        world.clock.advance(1)
    assert world.state("fresh") == "partial PodsAwaited"
    world.run()
    assert world.state("fresh") == "enforced InForce"


def test_pod_that_is_not_ready_or_of_another_kind_is_not_waited_for(world):
    world.gatekeeper.pod("gatekeeper-2", ready=False)
    world.gatekeeper.pod("gatekeeper-crds-hook", "hook")
    world.apply("fresh")
    world.run()
    assert world.report("fresh").pods.total == 3


def test_without_ready_pods_nothing_is_in_force(settled):
    for pod in ("gatekeeper-0", "gatekeeper-1", "gatekeeper-audit"):
        settled.gatekeeper.pod(pod, ready=False)
    settled.clock.advance(60)
    settled.look()
    assert settled.state("fresh") == "pending NoPods"


def test_new_pod_of_gatekeeper_has_to_take_the_policy_up(settled):
    settled.gatekeeper.pod("gatekeeper-9")
    settled.clock.advance(60)
    settled.look()
    assert settled.state("fresh") == "pending PodsAwaited"
    settled.run()
    assert settled.report("fresh").pods.total == 4


def test_words_of_a_pod_about_an_earlier_object_of_the_name_do_not_count(settled):
    (template,) = settled.cluster.objects(CONSTRAINT_TEMPLATES)
    template["status"]["byPod"][0]["templateUID"] = "another"
    settled.cluster.add(CONSTRAINT_TEMPLATES, template)
    settled.look()
    assert settled.report("fresh").pods.enforced == 2


def test_template_that_gatekeeper_refuses_gives_way_to_the_last_good_one(settled):
    settled.gatekeeper.refuses = lambda template: (
        "rego_type_error: undefined" if "config.User" in str(template["spec"]["targets"]) else ""
    )
    settled.apply("fresh", OTHER_RULE)
    settled.run(20)
    assert settled.state("fresh") == "rejected RefusedByGatekeeper"
    assert "rego_type_error: undefined" in settled.report("fresh").message
    assert "generation 1 stays in force" in settled.report("fresh").message
    assert settled.rule("fresh") == BODY
    assert settled.report("fresh").in_force
    settled.cluster.writes.clear()
    settled.run(100)
    assert settled.writes == []


def test_template_that_gatekeeper_takes_later_is_in_force_then(settled):
    settled.gatekeeper.refuses = lambda _: "referential data is not allowed"
    settled.apply("new", glob="new/*")
    settled.run(20)
    assert settled.state("new") == "rejected RefusedByGatekeeper"
    settled.gatekeeper.refuses = lambda _: ""
    settled.run(20)
    assert settled.state("new") == "enforced InForce"


def test_refused_template_is_tried_again_when_the_pods_that_refused_it_are_gone(settled):
    settled.gatekeeper.refuses = lambda template: "no" if "config.User" in str(template["spec"]["targets"]) else ""
    settled.apply("fresh", OTHER_RULE)
    settled.run(20)
    assert settled.rule("fresh") == BODY
    settled.gatekeeper.refuses = lambda _: ""
    for name, operation in PODS_OF_GATEKEEPER.items():
        settled.cluster.remove(PODS, name, NAMESPACE)
        settled.gatekeeper.pod(f"{name}-new", operation)
    settled.run(60)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.rule("fresh") == OTHER_BODY


def test_kind_that_gatekeeper_could_not_make_at_once_is_waited_for(settled):
    """Two of its Pods make it at the same time, and one of them finds that it is there."""
    settled.gatekeeper.code = "create_error"
    settled.gatekeeper.refuses = lambda _: "Could not create CRD: k8s.constraints.gatekeeper.sh already exists"
    settled.apply("new", glob="new/*")
    settled.look()
    settled.gatekeeper.settle()
    settled.look()
    assert settled.state("new") == "pending KindAwaited"
    assert "create_error: Could not create CRD" in settled.report("new").message
    settled.gatekeeper.refuses = lambda _: ""
    settled.run(20)
    assert settled.state("new") == "enforced InForce"


def test_constraint_is_not_changed_before_every_pod_has_the_template(settled):
    settled.apply("fresh", OTHER_RULE)
    settled.look()
    settled.look()
    assert settled.writes == [f"apply ConstraintTemplate {KIND.lower()}"]
    settled.gatekeeper.settle()
    settled.look()
    settled.clock.advance(1)
    settled.look()
    assert settled.writes[1:] == [f"apply {KIND} fresh"]


def test_template_that_gatekeepers_webhook_refuses_is_a_rejected_policy(settled):
    settled.cluster.webhook = lambda resource, _body: (
        'admission webhook "validation.gatekeeper.sh" denied the request: no'
        if resource == CONSTRAINT_TEMPLATES
        else ""
    )
    settled.apply("fresh", OTHER_RULE)
    settled.run()
    assert settled.state("fresh") == "rejected RefusedByCluster"
    assert "validation.gatekeeper.sh" in settled.report("fresh").message
    assert settled.rule("fresh") == BODY


@pytest.mark.parametrize("verb", ["apply", "delete"])
def test_missing_right_is_named_and_the_others_go_on(settled, verb):
    settled.apply("other", glob="other/*")
    settled.cluster.fail(
        f"{verb} constrainttemplates {KIND.lower()}", AccessDeniedError(f"{verb} constrainttemplates: 403")
    )
    if verb == "apply":
        settled.apply("fresh", OTHER_RULE)
    else:
        settled.delete("fresh")
    settled.run(10)
    assert settled.state("other") == "enforced InForce"
    assert [fault.message for fault in settled.reports[-1].faults] == [f"{verb} constrainttemplates: 403"]
    if verb == "apply":
        assert settled.state("fresh") == "partial AccessDenied"
        assert "403" in settled.report("fresh").message
    settled.cluster.recover()
    settled.run(20)
    assert settled.reports[-1].faults == []


def test_policies_stay_while_the_api_server_is_away_for_ten_minutes(settled):
    settled.cluster.fail("*", ClusterUnavailableError("no answer"))
    calls = len(settled.cluster.calls)
    settled.run(600)
    assert settled.writes == []
    assert len(settled.cluster.calls) - calls < 2500
    assert settled.reports[-1].faults
    settled.cluster.recover()
    settled.apply("fresh", OTHER_RULE)
    settled.run(30)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.rule("fresh") == OTHER_BODY


@pytest.mark.parametrize("away", [CLUSTER_IMAGE_POLICIES, CONSTRAINT_TEMPLATES, PODS])
def test_what_cannot_be_read_at_the_start_removes_nothing(settled, away):
    settled.restart()
    settled.cluster.fail(away.plural, AccessDeniedError(f"list {away.plural}: 403"))
    settled.run(100)
    assert [each for each in settled.writes if each.startswith("delete")] == []
    assert f"list {away.plural}: 403" in [fault.message for fault in settled.reports[-1].faults]
    assert len(settled.generated()) == 2


def test_pods_that_may_not_be_listed_are_not_called_unready(settled):
    settled.restart()
    settled.cluster.fail("pods", AccessDeniedError("list pods: 403"))
    settled.run()
    assert settled.state("fresh") == "partial AccessDenied"
    assert "list pods: 403" in settled.report("fresh").message


def test_watch_that_forgot_is_begun_anew(settled):
    settled.cluster.forget()
    settled.apply("fresh", OTHER_RULE)
    settled.cluster.forget()
    settled.run()
    assert settled.rule("fresh") == OTHER_BODY


@pytest.mark.parametrize("change", ["spec", "label", "annotation", "deleted"])
def test_template_that_somebody_changes_is_repaired(settled, change):
    (template,) = settled.cluster.objects(CONSTRAINT_TEMPLATES)
    if change == "spec":
        template["spec"]["targets"][0]["code"][0]["source"]["rego"] = "package x"
    if change == "label":
        template["metadata"]["labels"][marks.POLICY_UID] = "other"
    if change == "annotation":
        del template["metadata"]["annotations"]["bestbefore.dev/cluster-image-policy"]
    if change == "deleted":
        settled.cluster.remove(CONSTRAINT_TEMPLATES, KIND.lower())
    else:
        template["metadata"]["generation"] += 1
        settled.cluster.add(CONSTRAINT_TEMPLATES, template)
    settled.run()
    assert settled.rule("fresh") == BODY
    assert settled.state("fresh") == "enforced InForce"
    repaired = [each for found in settled.reports for each in found.repaired]
    assert f"ConstraintTemplate {KIND.lower()}" in repaired


@pytest.mark.parametrize("change", ["added", "action", "deleted"])
def test_constraint_that_somebody_changes_is_repaired(settled, change):
    kind = constraints(KIND)
    made = dict(settled.constraint("fresh"))
    if change == "added":
        made["spec"]["match"]["excludedNamespaces"] = ["*"]
    if change == "action":
        made["spec"]["enforcementAction"] = "dryrun"
    if change == "deleted":
        settled.cluster.remove(kind, "fresh")
    else:
        made["metadata"]["generation"] += 1
        settled.cluster.add(kind, made)
    settled.run(100)
    now = settled.constraint("fresh")["spec"]
    assert "excludedNamespaces" not in now["match"]
    assert now["enforcementAction"] == "deny"
    assert settled.state("fresh") == "enforced InForce"


def test_what_was_in_force_is_repaired_while_the_present_text_is_broken(settled):
    settled.apply("fresh", BROKEN_RULE)
    settled.run()
    settled.cluster.remove(CONSTRAINT_TEMPLATES, KIND.lower())
    settled.run(20)
    assert settled.rule("fresh") == BODY
    assert settled.state("fresh") == "rejected RuleInvalid"
    assert settled.report("fresh").in_force


def test_foreign_template_that_has_a_generated_name_is_never_written_over(world):
    kind = names.kind_of("fresh")
    foreign = {
        "metadata": {"name": kind.lower(), "generation": 1},
        "spec": {"crd": {"spec": {"names": {"kind": kind}}}},
    }
    world.cluster.add(CONSTRAINT_TEMPLATES, foreign)
    world.apply("fresh")
    world.apply("other", glob="other/*")
    world.run()
    assert world.state("fresh") == "rejected ForeignObject"
    assert kind.lower() in world.report("fresh").message
    assert world.state("other") == "enforced InForce"
    world.delete("fresh")
    world.run()
    assert any(each["metadata"]["name"] == kind.lower() for each in world.cluster.objects(CONSTRAINT_TEMPLATES))


def test_foreign_constraint_that_has_a_generated_name_is_never_written_over(settled):
    settled.apply("plain", "")
    settled.run()
    taken = {"metadata": {"name": "mine", "generation": 1}, "spec": {"enforcementAction": "warn", "parameters": {}}}
    settled.cluster.add(constraints(names.SHARED_KIND), taken)
    settled.clock.advance(100)
    settled.look()
    settled.apply("mine", "")
    settled.run()
    assert settled.state("mine") == "rejected ForeignObject"
    assert settled.constraint("mine", names.SHARED_KIND)["spec"]["enforcementAction"] == "warn"
    settled.delete("plain")
    settled.delete("mine")
    settled.run(20)
    assert f"ConstraintTemplate {names.SHARED_KIND.lower()}" in settled.generated()


def test_objects_that_translate_made_are_adopted(settled):
    for resource, name in ((CONSTRAINT_TEMPLATES, KIND.lower()), (constraints(KIND), "fresh")):
        made = dict(settled.cluster.get(resource, name))
        del made["metadata"]["labels"]
        settled.cluster.add(resource, made)
    settled.restart()
    settled.run()
    assert settled.state("fresh") == "enforced InForce"
    uid = settled.report("fresh").uid
    assert settled.constraint("fresh")["metadata"]["labels"] == marks.labels(uid)


def test_objects_that_translate_made_of_policies_that_are_in_no_cluster_are_nobodys(settled):
    for resource, name in ((CONSTRAINT_TEMPLATES, KIND.lower()), (constraints(KIND), "fresh")):
        made = dict(settled.cluster.get(resource, name))
        del made["metadata"]["labels"]
        settled.cluster.add(resource, made)
    settled.delete("fresh")
    settled.restart()
    settled.run(100)
    assert len(settled.generated()) == 2
    assert settled.writes == []


def test_policy_of_a_name_that_is_deleted_and_made_again_has_its_objects(settled):
    settled.delete("fresh")
    settled.apply("fresh", OTHER_RULE)
    settled.run()
    assert settled.rule("fresh") == OTHER_BODY
    assert [each for each in settled.writes if each.startswith("delete")] == []
    assert settled.constraint("fresh")["metadata"]["labels"] == marks.labels(settled.report("fresh").uid)


def test_rename_is_an_end_and_a_beginning(settled):
    settled.apply("newer")
    settled.delete("fresh")
    settled.run()
    assert settled.state("newer") == "enforced InForce"
    assert settled.generated() == [
        f"ConstraintTemplate {names.kind_of('newer').lower()}",
        f"{names.kind_of('newer')} newer",
    ]


def test_earlier_form_goes_only_when_the_present_one_is_in_force_everywhere(settled):
    settled.apply("fresh", "")
    for _ in range(5):
        settled.look()
        settled.clock.advance(1)
        settled.gatekeeper.settle(["gatekeeper-0"])
    assert f"{KIND} fresh" in settled.generated()
    settled.run()
    shared = names.SHARED_KIND
    assert sorted(settled.generated()) == [f"{shared} fresh", f"ConstraintTemplate {shared.lower()}"]


def test_twin_goes_when_the_policy_needs_it_no_more(world):
    world.apply("signed", "", authorities=[{"key": {"data": PEM.decode()}}])
    world.run()
    assert len(world.generated()) == 3
    world.apply("signed", "")
    world.run()
    assert len(world.generated()) == 2


def test_policies_without_a_rule_share_a_template_that_goes_with_the_last(world):
    world.apply("one", "", glob="one/*")
    world.apply("two", "", glob="two/*")
    world.run()
    assert len(world.generated()) == 3
    world.delete("one")
    world.run()
    assert len(world.generated()) == 2
    world.clock.advance(100)
    world.look()
    world.delete("two")
    world.run()
    assert world.generated() == []


def test_controller_that_is_killed_between_template_and_constraint_goes_on(world):
    world.apply("fresh")
    world.look()
    assert world.writes == [f"apply ConstraintTemplate {KIND.lower()}"]
    world.restart()
    world.run()
    assert world.state("fresh") == "enforced InForce"


def test_process_that_lost_the_lease_writes_nothing(settled):
    settled.holds = False
    settled.apply("fresh", OTHER_RULE)
    settled.delete("fresh")
    settled.run()
    assert settled.writes == []


def test_two_controllers_at_once_come_to_the_same(settled):
    other = World()
    other.cluster, other.gatekeeper, other.clock = settled.cluster, settled.gatekeeper, settled.clock
    other.restart()
    settled.apply("fresh", OTHER_RULE)
    for _ in range(10):
        settled.look()
        other.look()
        settled.gatekeeper.settle()
        settled.clock.advance(1)
    assert settled.state("fresh") == other.state("fresh") == "enforced InForce"
    assert settled.rule("fresh") == OTHER_BODY


def test_rule_that_is_never_compiled_stops_its_own_policy_alone(settled):
    settled.apply("endless", "package sigstore\nisCompliant { endless }\n", glob="endless/*")
    settled.apply("good", glob="good/*")
    check = settled.engine.check

    def slow(folder):
        if any("endless" in file.read_text("utf-8") for file in folder.rglob("sigstore.rego")):
            raise NoVerdictError("Timeout", "the policy's rule did not finish within 10 s")
        return check(folder)

    settled.engine.check = slow
    settled.run()
    assert settled.state("endless") == "rejected RuleTooCostly"
    assert settled.state("good") == "enforced InForce"


def test_rule_that_a_busy_machine_did_not_compile_is_tried_again_less_and_less_often(settled):
    settled.engine.failure = NoVerdictError("Timeout", "the policy's rule did not finish within 10 s")
    settled.apply("ruled", glob="ruled/*")
    settled.run()
    before = settled.engine.checks
    settled.run(3600)
    assert settled.state("ruled") == "rejected RuleTooCostly"
    assert settled.engine.checks - before == 5
    settled.apply("ruled", OTHER_RULE, glob="ruled/*")
    settled.run(70)
    assert settled.engine.checks - before == 7
    settled.engine.failure = None
    settled.run(130)
    assert settled.state("ruled") == "enforced InForce"


def test_without_opa_policies_with_rules_wait_and_the_others_go_on(settled):
    settled.engine.failure = NoVerdictError("EngineMissing", "there is no opa")
    settled.apply("ruled", glob="ruled/*")
    settled.apply("plain", "", glob="plain/*")
    settled.run()
    assert settled.state("ruled") == "pending CompilerUnavailable"
    assert settled.state("plain") == "enforced InForce"
    settled.engine.failure = None
    settled.run(70)
    assert settled.state("ruled") == "enforced InForce"


def test_large_policy_is_refused_and_its_neighbours_go_on(settled):
    settled.apply("large", RULE + "# " + "x" * 1024 * 1024, glob="large/*")
    settled.apply("good", glob="good/*")
    settled.run()
    assert settled.state("large").startswith("rejected ")
    assert settled.state("good") == "enforced InForce"
    assert len(settled.report("large").message) < 2000


def test_fault_of_ours_in_one_policy_stops_no_other_one(settled, monkeypatch):
    each = translator.translate_each

    def faulty(policies, *programs, **more):
        if any(policy.name == "odd" for policy in policies):
            raise KeyError("spec")
        return each(policies, *programs, **more)

    monkeypatch.setattr(translator, "translate_each", faulty)
    settled.apply("odd", glob="odd/*")
    settled.apply("good", glob="good/*")
    settled.run()
    assert settled.state("odd") == "rejected Internal"
    assert settled.state("good") == "enforced InForce"
    monkeypatch.setattr(translator, "translate_each", each)
    settled.run(70)
    assert settled.state("odd") == "enforced InForce"


def test_policy_that_is_no_policy_is_rejected(settled):
    settled.cluster.apply(CLUSTER_IMAGE_POLICIES, {"metadata": {"name": "odd"}, "spec": {"images": [{"globs": "x"}]}})
    settled.cluster.apply(CLUSTER_IMAGE_POLICIES, {"metadata": {"name": "none"}})
    settled.run()
    assert settled.state("odd") == "rejected PolicyInvalid"
    assert settled.state("none") == "rejected PolicyInvalid"


def test_policy_that_hangs_in_deletion_stays_in_force_and_says_so(settled):
    policy = dict(settled.cluster.get(CLUSTER_IMAGE_POLICIES, "fresh"))
    policy["metadata"]["deletionTimestamp"] = "2026-11-30T10:00:00Z"
    settled.cluster.add(CLUSTER_IMAGE_POLICIES, policy)
    settled.run()
    assert settled.state("fresh") == "enforced BeingDeleted"
    assert "finalizer" in settled.report("fresh").message


def test_rule_in_a_config_map_is_followed_and_its_end_breaks_nothing(world):
    reference = {"configMapRef": {"name": "rules", "key": "rego", "namespace": "policies"}, "type": "rego"}
    world.apply("mapped", "", policy=reference)
    world.run()
    assert world.state("mapped") == "rejected ReferenceInvalid"
    assert "there is no ConfigMap policies/rules" in world.report("mapped").message
    metadata = {"name": "rules", "namespace": "policies"}
    world.cluster.add(CONFIG_MAPS, {"metadata": metadata, "data": {"rego": RULE}})
    world.run(70)
    assert world.state("mapped") == "enforced InForce"
    world.cluster.add(CONFIG_MAPS, {"metadata": metadata, "data": {"rego": OTHER_RULE}})
    world.run(70)
    assert world.rule("mapped") == OTHER_BODY
    world.cluster.remove(CONFIG_MAPS, "rules", "policies")
    world.run(70)
    assert world.state("mapped") == "rejected ReferenceInvalid"
    assert world.rule("mapped") == OTHER_BODY
    assert world.report("mapped").in_force
    assert not any(call.startswith(("list configmaps", "watch configmaps")) for call in world.cluster.calls)


def test_key_in_a_secret_is_read_by_its_name_and_a_missing_right_is_named(world):
    world.apply("keyed", "", authorities=[{"key": {"secretRef": {"name": "key"}}}])
    world.cluster.fail("get secrets", AccessDeniedError("get secrets in cosign-system key: 403"))
    world.run()
    assert world.state("keyed") == "rejected AccessDenied"
    assert "get secrets in cosign-system key: 403" in world.report("keyed").message
    assert "controller.policies.references" in world.report("keyed").message
    assert "get secrets in cosign-system key: 403" in [fault.message for fault in world.reports[-1].faults]
    world.cluster.recover()
    data = {"cosign.pub": base64.b64encode(PEM).decode()}
    world.cluster.add(SECRETS, {"metadata": {"name": "key", "namespace": "cosign-system"}, "data": data})
    world.run(70)
    assert world.state("keyed") == "enforced InForce"
    assert not any(call.startswith(("list secrets", "watch secrets")) for call in world.cluster.calls)


def test_gatekeeper_that_comes_later_is_waited_for(world):
    world.cluster.without(CONSTRAINT_TEMPLATES)
    world.apply("fresh")
    world.run(20)
    assert world.writes == []
    assert world.state("fresh") == "pending GatekeeperAbsent"
    world.cluster.bring(CONSTRAINT_TEMPLATES)
    world.run(60)
    assert world.state("fresh") == "enforced InForce"


def test_conflict_is_tried_again_in_the_next_round_and_is_no_fault(settled):
    made = dict(settled.constraint("fresh"))
    made["spec"]["match"]["excludedNamespaces"] = ["*"]
    made["metadata"]["generation"] += 1
    settled.cluster.add(constraints(KIND), made)
    settled.cluster.fail(f"replace {KIND.lower()}", ConflictError("replace: 409"))
    settled.run(90)
    assert all(not found.faults for found in settled.reports)
    assert "excludedNamespaces" in settled.constraint("fresh")["spec"]["match"]
    settled.cluster.recover()
    settled.run(30)
    assert "excludedNamespaces" not in settled.constraint("fresh")["spec"]["match"]


def test_little_is_asked_while_nothing_changes(settled):
    for number in range(9):
        settled.apply(f"policy-{number}", glob=f"{number}/*")
    settled.run()
    settled.cluster.calls.clear()
    ends = settled.clock.monotonic() + 600
    while settled.clock.monotonic() < ends:
        settled.clock.advance(settled.reconciler.round())
    assert len(settled.cluster.calls) < 10 * 16
