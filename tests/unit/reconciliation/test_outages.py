"""What policies live through: Gatekeeper that is away or begins anew, answers that break off, clocks, lost Leases."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gatekeeper.cluster.errors import AccessDeniedError, VersionGoneError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, PODS, SECRETS, constraints
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.translation import names
from tests.simulators.gatekeeper_cluster import PODS_OF_GATEKEEPER
from tests.simulators.signing import new_key
from tests.unit.reconciliation.world import OTHER_RULE, RULE, World

BODY = RULE.split("\n", 1)[1]
OTHER_BODY = OTHER_RULE.split("\n", 1)[1]
KIND = names.kind_of("fresh")
SECRET = {"name": "key", "namespace": "cosign-system"}


@pytest.fixture
def settled() -> World:
    """The policy `fresh` is in force, and images that no policy covers are denied."""
    world = World(no_match="deny")
    world.apply("fresh")
    world.run()
    assert world.state("fresh") == "enforced InForce"
    world.cluster.writes.clear()
    return world


def refuses_the_other_rule(template) -> str:
    return "rego_type_error: undefined" if "config.User" in str(template["spec"]["targets"]) else ""


class Countdown:
    """True so many times."""

    def __init__(self, times: int) -> None:
        self._left = times

    def __bool__(self) -> bool:
        self._left -= 1
        return self._left >= 0


def public(key) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def put_key(world: World, content: bytes) -> None:
    world.cluster.add(SECRETS, {"metadata": SECRET, "data": {"cosign.pub": base64.b64encode(content).decode()}})


def test_gatekeeper_without_pods_and_back_changes_nothing_of_what_is_there(settled):
    before = settled.generated()
    for pod in PODS_OF_GATEKEEPER:
        settled.cluster.remove(PODS, pod, "gatekeeper-system")
    settled.run(120)
    assert settled.state("fresh") == "pending NoPods"
    assert (settled.writes, settled.generated(), settled.coverage()) == ([], before, ["fresh"])
    for pod, operation in PODS_OF_GATEKEEPER.items():
        settled.gatekeeper.pod(f"{pod}-new", operation)
    settled.run(40)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.report("fresh").pods.total == len(PODS_OF_GATEKEEPER)
    assert settled.writes == []


def test_pod_that_hangs_in_its_end_is_not_waited_for(settled):
    hanging = dict(settled.cluster.get(PODS, "gatekeeper-1", "gatekeeper-system"))
    hanging["metadata"]["deletionTimestamp"] = "2026-11-30T10:00:00Z"
    settled.cluster.add(PODS, hanging)
    settled.apply("fresh", OTHER_RULE)
    for _ in range(60):
        settled.look()
        settled.gatekeeper.settle(["gatekeeper-0", "gatekeeper-audit"])
        settled.clock.advance(1)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.report("fresh").pods.total == 2
    assert settled.rule("fresh") == OTHER_BODY


def test_gatekeeper_that_begins_anew_with_a_broken_template_gets_the_last_good_one(settled):
    settled.gatekeeper.refuses = refuses_the_other_rule
    settled.apply("fresh", OTHER_RULE)
    settled.look()
    assert settled.rule("fresh") == OTHER_BODY
    # All its Pods end before any has said a word about it, and the new ones have never seen the good one.
    for pod, operation in PODS_OF_GATEKEEPER.items():
        settled.cluster.remove(PODS, pod, "gatekeeper-system")
        settled.gatekeeper.pod(f"{pod}-new", operation)
    settled.run(60)
    assert settled.rule("fresh") == BODY
    assert settled.state("fresh") == "rejected RefusedByGatekeeper"
    assert settled.report("fresh").in_force
    assert settled.report("fresh").message.endswith("generation 1 stays in force")
    assert settled.coverage() == ["fresh"]


def test_template_that_gatekeeper_refuses_and_of_which_no_good_form_is_known_is_said_to_be_in_no_pod(settled):
    settled.gatekeeper.refuses = refuses_the_other_rule
    settled.apply("fresh", OTHER_RULE)
    settled.look()
    settled.restart()
    settled.run(60)
    assert settled.state("fresh") == "rejected RefusedByGatekeeper"
    assert not settled.report("fresh").in_force
    assert "in 0 of 3 Pods" in settled.report("fresh").message
    # Its images count as covered still; what would be denied is not opened by that somebody else covers them.
    assert settled.coverage() == ["fresh"]
    assert not [each for each in settled.writes if each.startswith("delete")]
    settled.apply("fresh")
    settled.run()
    assert settled.state("fresh") == "enforced InForce"


@pytest.mark.parametrize("moment", range(1, 5))
def test_process_that_loses_the_lease_in_the_middle_writes_nothing_more_and_says_nothing(settled, moment):
    """Of two changes and one end, after each write."""
    settled.apply("second", glob="second/*")
    settled.apply("third", glob="third/*")
    settled.run()
    settled.cluster.writes.clear()
    settled.apply("fresh", OTHER_RULE)
    settled.apply("second", OTHER_RULE, glob="second/*")
    settled.delete("third")
    written = []

    def webhook(_resource, _body):
        written.append(1)
        settled.holds = len(written) < moment
        return ""

    settled.cluster.webhook = webhook
    reports = len(settled.reports)
    settled.run(20)
    assert len(written) == moment
    assert len([each for each in settled.writes if not each.startswith("delete")]) == moment
    lost = len(settled.reports)
    settled.run(20)
    assert len(settled.reports) == lost >= reports
    # The process that has the Lease now finds what there is and goes on.
    settled.holds = True
    settled.cluster.webhook = lambda _resource, _body: ""
    settled.restart()
    settled.run(20)
    assert {each.name: each.state.value for each in settled.reports[-1].policies} == {
        "fresh": "enforced",
        "second": "enforced",
    }
    assert settled.rule("fresh") == OTHER_BODY


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_process_that_is_killed_after_any_write_of_an_end_is_followed_by_one_that_ends_it(settled, steps):
    settled.apply("going", glob="going/*")
    settled.run()
    settled.delete("going")
    before = len(settled.writes)
    settled.look()
    settled.clock.advance(3)
    settled.holds = Countdown(steps)
    settled.look()
    assert len(settled.writes) - before <= steps
    settled.holds = True
    settled.restart()
    settled.run(20)
    assert len(settled.generated()) == 4
    assert all("going" not in each for each in settled.generated())
    assert settled.state("fresh") == "enforced InForce"
    assert settled.coverage() == ["fresh"]


@pytest.mark.parametrize("new_first", [True, False])
def test_rename_leaves_no_gap_where_the_new_one_comes_first(settled, new_first):
    def enforced() -> set[str]:
        return {each.name for each in settled.reports[-1].policies if each.in_force}

    seen = []

    def turn(seconds: int) -> None:
        for _ in range(seconds):
            settled.look()
            seen.append(enforced())
            settled.gatekeeper.settle(["gatekeeper-0", "gatekeeper-1"])
            settled.look()
            seen.append(enforced())
            settled.gatekeeper.settle()
            settled.clock.advance(1)

    if new_first:
        settled.apply("newer")
        turn(6)
        settled.delete("fresh")
    else:
        settled.delete("fresh")
        turn(6)
        settled.apply("newer")
    turn(10)
    assert enforced() == {"newer"}
    assert all(seen) is new_first
    assert settled.coverage() == ["newer"]


def test_answer_that_breaks_off_with_410_in_the_middle_of_a_list_is_asked_for_anew(settled):
    pages = settled.cluster.pages

    def broken(resource, namespace="", **chosen):
        yield next(pages(resource, namespace, **chosen))
        raise VersionGoneError(f"list {resource.plural}: 410")

    settled.restart()
    settled.cluster.pages = broken
    settled.run(20)
    assert settled.writes == []
    settled.cluster.pages = pages
    settled.run(20)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.writes == []


@pytest.mark.parametrize("seconds", [-86_400.0, 86_400.0])
def test_clock_that_somebody_sets_changes_nothing(settled, seconds):
    settled.clock.step(seconds)
    settled.run(100)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.writes == []
    settled.apply("fresh", OTHER_RULE)
    settled.run()
    assert settled.state("fresh") == "enforced InForce"
    assert settled.report("fresh").generation_in_force == 2


@pytest.mark.parametrize(
    "call",
    ["watch clusterimagepolicies", "watch constrainttemplates", f"list {KIND.lower()}", f"replace {KIND.lower()}"],
)
def test_right_that_is_taken_away_is_named_and_what_is_in_force_stays(settled, call):
    settled.cluster.fail(call, AccessDeniedError(f"{call}: 403"))
    made = dict(settled.constraint("fresh"))
    made["spec"]["match"]["excludedNamespaces"] = ["somewhere"]
    made["metadata"]["generation"] += 1
    settled.cluster.add(constraints(KIND), made)
    settled.run(100)
    assert f"{call}: 403" in {fault.message for found in settled.reports for fault in found.faults}
    assert not [each for each in settled.writes if each.startswith("delete")]
    assert len(settled.generated()) == 4
    settled.cluster.recover()
    settled.run(100)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.reports[-1].faults == []


def test_opa_that_crashes_lets_what_is_in_force_stay_and_is_tried_again(settled):
    settled.engine.failure = NoVerdictError("EngineFailed", "opa does not answer: exit code -11")
    settled.apply("fresh", OTHER_RULE)
    settled.run(20)
    assert settled.state("fresh") == "pending CompilerUnavailable"
    assert settled.report("fresh").in_force
    assert settled.report("fresh").message.endswith("generation 1 stays in force")
    settled.engine.failure = None
    settled.run(70)
    assert settled.rule("fresh") == OTHER_BODY


def test_key_that_is_rotated_in_its_secret_is_taken_up_and_a_broken_one_is_not():
    world, keys = World(no_match="deny"), [new_key(), new_key()]
    put_key(world, public(keys[0]))
    world.apply("keyed", "", authorities=[{"key": {"secretRef": {"name": "key"}}}])
    world.run()
    kind = names.SHARED_KIND
    before = world.constraint("keyed", kind)["spec"]["parameters"]
    put_key(world, public(keys[1]))
    world.run(70)
    after = world.constraint("keyed", kind)["spec"]["parameters"]
    assert world.state("keyed") == "enforced InForce"
    assert after != before
    private = keys[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for broken in (b"no key", private, b""):
        put_key(world, broken)
        world.run(70)
        assert world.state("keyed") == "rejected ReferenceInvalid"
        assert private.decode().splitlines()[1] not in str(world.reports)
        assert world.constraint("keyed", kind)["spec"]["parameters"] == after
        assert world.report("keyed").in_force
    world.cluster.remove(SECRETS, "key", "cosign-system")
    world.run(70)
    assert world.state("keyed") == "rejected ReferenceInvalid"
    assert world.report("keyed").in_force


def test_names_that_look_alike_are_policies_of_their_own():
    world = World(no_match="deny")
    alike = ["a-b", "a.b", "ab", "a-b-warn", "a-b-enforced", "a-" + "b" * 100, "a-" + "b" * 101]
    for number, name in enumerate(alike):
        world.apply(name, glob=f"{number}/*")
    world.run()
    assert {each.name: each.state.value for each in world.reports[-1].policies} == dict.fromkeys(alike, "enforced")
    assert len(world.cluster.objects(CONSTRAINT_TEMPLATES)) == len(alike) + 1
    world.delete("a.b")
    world.run()
    assert {each.name for each in world.reports[-1].policies if each.in_force} == {*alike} - {"a.b"}


def test_policy_whose_kind_is_that_of_another_one_is_rejected_and_the_first_one_stays(settled, monkeypatch):
    monkeypatch.setattr(names, "kind_of", lambda _policy: KIND)
    settled.apply("second", OTHER_RULE, glob="second/*")
    settled.run(30)
    assert settled.state("fresh") == "enforced InForce"
    assert settled.state("second") == "rejected ForeignObject"
    assert KIND.lower() in settled.report("second").message
    assert settled.writes == []


@pytest.mark.parametrize(
    ("named", "state"),
    [
        ({}, "enforced InForce"),
        ({"namespace": "keys"}, "enforced InForce"),
        ({"namespace": "cosign-system"}, "rejected"),
    ],
)
def test_namespace_of_a_secret_is_the_one_where_secrets_are_read_or_the_policy_is_refused(named, state):
    world = World(namespace="keys")
    for namespace in ("keys", "cosign-system"):
        data = {"cosign.pub": base64.b64encode(public(new_key())).decode()}
        world.cluster.add(SECRETS, {"metadata": {"name": "key", "namespace": namespace}, "data": data})
    world.apply("keyed", "", authorities=[{"key": {"secretRef": {"name": "key", **named}}}])
    world.run()
    assert world.state("keyed").startswith(state)
    read = [each for each in world.cluster.calls if each == "get secrets"]
    assert bool(read) is (state != "rejected")
