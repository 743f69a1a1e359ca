"""What a PolicyStatus says of each state, and that nothing is written where nothing changed."""

from __future__ import annotations

import pytest

from gatekeeper.reconciliation import status
from gatekeeper.reconciliation.report import PodCount, PolicyConstraint, PolicyReport, PolicyState, StateReason

NOW, LATER = "2026-11-30T10:00:00Z", "2026-11-30T11:00:00Z"
CONSTRAINTS = (PolicyConstraint("Kind", "fresh", "deny"),)


def report(state: PolicyState, reason: StateReason, enforced: int = 2, *, generation: int = 3, message: str = "words"):
    pods = PodCount(enforced, 2)
    return PolicyReport("fresh", "u-1", generation, state, reason, message, CONSTRAINTS, pods, 2, ("**",))


def conditions(said):
    return {each["type"]: (each["status"], each["reason"]) for each in said["conditions"]}


@pytest.mark.parametrize(
    ("state", "reason", "enforced", "ready", "in_force", "degraded"),
    [
        (PolicyState.ENFORCED, StateReason.IN_FORCE, 2, "True", "True", "False"),
        (PolicyState.WARN, StateReason.IN_FORCE, 2, "True", "True", "False"),
        (PolicyState.SHADOW, StateReason.IN_FORCE, 2, "True", "True", "False"),
        (PolicyState.PENDING, StateReason.PODS_AWAITED, 1, "Unknown", "False", "False"),
        (PolicyState.PARTIAL, StateReason.PODS_AWAITED, 1, "False", "False", "True"),
        (PolicyState.REJECTED, StateReason.RULE_INVALID, 2, "False", "True", "True"),
        (PolicyState.REJECTED, StateReason.RULE_INVALID, 0, "False", "False", "True"),
        (PolicyState.HELD, StateReason.POLICIES_GONE, 2, "False", "True", "True"),
    ],
)
def test_conditions_say_what_is_in_force_and_what_is_not(state, reason, enforced, ready, in_force, degraded):
    said = status.status_of(report(state, reason, enforced), {}, NOW)
    found = conditions(said)
    assert (said["state"], said["policyUID"], said["policyGeneration"]) == (state.value, "u-1", 3)
    assert [found[each][0] for each in ("Ready", "Enforced", "Degraded")] == [ready, in_force, degraded]
    assert found["Ready"][1] == reason.value
    assert found["Enforced"][1] == ("InForce" if in_force == "True" else reason.value)
    assert {each["message"] for each in said["conditions"]} == {"words"}


def test_nothing_new_is_the_same_whenever_it_is_asked():
    first = status.status_of(report(PolicyState.ENFORCED, StateReason.IN_FORCE), {}, NOW)
    assert status.status_of(report(PolicyState.ENFORCED, StateReason.IN_FORCE), first, LATER) == first


def test_condition_that_stays_keeps_its_time_beside_one_that_changes():
    first = status.status_of(report(PolicyState.ENFORCED, StateReason.IN_FORCE), {}, NOW)
    second = status.status_of(report(PolicyState.REJECTED, StateReason.RULE_INVALID, generation=4), first, LATER)
    since = {each["type"]: each["lastTransitionTime"] for each in second["conditions"]}
    assert since == {"Ready": LATER, "Enforced": NOW, "Degraded": LATER}
    assert {each["observedGeneration"] for each in second["conditions"]} == {4}
    assert second["lastChange"] == LATER


def test_new_generation_alone_is_a_change():
    first = status.status_of(report(PolicyState.ENFORCED, StateReason.IN_FORCE), {}, NOW)
    second = status.status_of(report(PolicyState.ENFORCED, StateReason.IN_FORCE, generation=4), first, LATER)
    assert (second["policyGeneration"], second["lastChange"]) == (4, LATER)


def test_message_has_one_line_and_an_end():
    said = status.status_of(report(PolicyState.REJECTED, StateReason.RULE_INVALID, message="a\nb" * 1000), {}, NOW)
    message = said["conditions"][0]["message"]
    assert "\n" not in message
    assert len(message) == 1000


def test_what_was_written_is_read():
    said = status.status_of(report(PolicyState.HELD, StateReason.POLICIES_GONE), {}, NOW)
    found = status.read({"metadata": {"name": "fresh"}, "status": said})
    assert (found.name, found.uid, found.state, found.reason, found.message) == (
        "fresh",
        "u-1",
        "held",
        "PoliciesGone",
        "words",
    )
    assert (found.actions, found.enforced, found.pods, found.changed, found.images) == (("deny",), 2, 2, NOW, ("**",))
    assert found.held


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"metadata": None, "status": None},
        {"metadata": {"name": 7}, "status": {"pods": [], "images": {}, "conditions": {"type": "Ready"}}},
        {"metadata": {"name": "x"}, "status": {"constraints": [7], "conditions": [None], "images": [7], "state": []}},
    ],
)
def test_what_somebody_else_wrote_is_empty_where_it_means_nothing(damaged):
    found = status.read(damaged)
    assert (found.state, found.reason, found.enforced, found.images, found.held) == ("", "", 0, (), False)
