"""PolicyStatus objects, Events and metrics of policies: what is written, and what is not written again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.cluster.resource import EVENTS, POLICY_STATUSES
from gatekeeper.controller.policy_events import PolicyEvents
from gatekeeper.controller.policy_states import PolicyStates
from gatekeeper.controller.policy_statuses import PolicyStatuses
from gatekeeper.denials import limits
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.denials.reports import block_event
from gatekeeper.documents.problems import Problem, Severity
from gatekeeper.reconciliation.report import (
    KeyReading,
    PodCount,
    PolicyConstraint,
    PolicyReport,
    PolicyState,
    RoundReport,
    SeveralReports,
    StateReason,
)
from gatekeeper.resolution.kms_keys import KeyWarning, KeyWarningReason
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator


def report(name: str = "fresh", state: PolicyState = PolicyState.ENFORCED, reason=StateReason.IN_FORCE, generation=1):
    held = (PolicyConstraint("Kind", name, "deny"),)
    return PolicyReport(name, f"u-{name}", generation, state, reason, "words", held, PodCount(2, 2), 1, ("**",))


REJECTED = report(state=PolicyState.REJECTED, reason=StateReason.RULE_INVALID, generation=2)
HELD = report(state=PolicyState.HELD, reason=StateReason.POLICIES_GONE, generation=0)


class Room:
    """A cluster, and what is told about policies there."""

    def __init__(self) -> None:
        self.cluster = ClusterSimulator()
        self.clock = FakeClock()
        self.health = HealthSimulator()
        self.metrics = DenialMetrics()
        self.reports = self.anew()

    def anew(self) -> SeveralReports:
        """As a process has it that begins."""
        statuses = PolicyStatuses(self.cluster, self.health, self.clock)
        events = PolicyEvents(self.cluster, self.health, self.clock, "pod-1")
        self.reports = SeveralReports([PolicyStates(self.metrics.policies), statuses, events])
        return self.reports

    def round(self, *policies: PolicyReport, **more) -> None:
        self.reports.take(RoundReport(known=more.pop("known", True), policies=policies, **more))

    def statuses(self) -> dict[str, str]:
        return {
            each["metadata"]["name"]: each.get("status", {}).get("state", "")
            for each in self.cluster.objects(POLICY_STATUSES)
        }

    def events(self) -> list[tuple[str, str]]:
        return [(each["type"], each["reason"]) for each in self.cluster.objects(EVENTS)]

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"bestbefore_{name}", labels)


@pytest.fixture
def room() -> Room:
    return Room()


def test_state_is_on_the_object_in_an_event_and_in_the_metrics(room):
    room.round(report())
    assert room.statuses() == {"fresh": "enforced"}
    assert room.events() == [("Normal", "PolicyEnforced")]
    (event,) = room.cluster.objects(EVENTS)
    assert event["metadata"]["namespace"] == "default"
    assert (event["regarding"]["kind"], event["regarding"]["uid"]) == ("ClusterImagePolicy", "u-fresh")
    assert room.value("policy_state", policy="fresh", state="enforced") == 1
    assert room.value("policy_state", policy="fresh", state="rejected") == 0
    assert room.value("policy_in_force", policy="fresh") == 1


def test_event_about_a_policy_is_no_block(room):
    room.round(report(), REJECTED)
    assert room.events() != []
    assert block_event.listed(room.cluster, "") == []


def test_round_without_news_writes_nothing(room):
    room.round(report())
    writes = len(room.cluster.writes)
    for _ in range(10):
        room.clock.advance(60)
        room.round(report())
    assert len(room.cluster.writes) == writes


def test_process_that_begins_anew_writes_nothing_new(room):
    room.round(report())
    before = room.cluster.objects(POLICY_STATUSES), room.cluster.objects(EVENTS)
    room.anew()
    room.clock.advance(5)
    room.round(report())
    assert (room.cluster.objects(POLICY_STATUSES), room.cluster.objects(EVENTS)) == before


def test_broken_edit_is_told_and_its_end(room):
    room.round(report())
    room.round(REJECTED)
    assert room.statuses() == {"fresh": "rejected"}
    room.round(report(generation=3))
    assert room.events() == [
        ("Normal", "PolicyEnforced"),
        ("Warning", "PolicyRejected"),
        ("Normal", "PolicyEnforced"),
    ]


def test_policy_that_ends_takes_its_status_and_series_along(room):
    room.round(report())
    room.round(removed=["fresh"])
    assert room.statuses() == {}
    assert room.events()[-1] == ("Normal", "PolicyRemoved")
    assert room.value("policy_state", policy="fresh", state="enforced") is None
    assert room.value("policy_in_force", policy="fresh") is None


def test_held_policy_keeps_its_status_and_what_a_person_wrote_on_it(room):
    room.round(report())
    (there,) = room.cluster.objects(POLICY_STATUSES)
    there["metadata"]["annotations"] = {"bestbefore.dev/accept-removal": "u-fresh"}
    room.cluster.replace(POLICY_STATUSES, there)
    room.round(HELD)
    (there,) = room.cluster.objects(POLICY_STATUSES)
    assert there["status"]["state"] == "held"
    assert there["metadata"]["annotations"] == {"bestbefore.dev/accept-removal": "u-fresh"}
    assert room.events()[-1] == ("Warning", "PolicyHeld")
    assert room.value("policy_in_force", policy="fresh") == 1


def test_status_whose_policy_was_not_seen_yet_stays_for_a_while(room):
    room.round(report())
    room.anew()
    room.round()
    assert room.statuses() == {"fresh": "enforced"}
    room.clock.advance(61)
    room.round()
    assert room.statuses() == {}


def test_status_stays_while_something_cannot_be_read(room):
    room.round(HELD)
    room.anew()
    for _ in range(2):
        room.round(faults=[ClusterUnavailableError("no answer")])
        room.clock.advance(61)
    assert room.statuses() == {"fresh": "held"}
    room.round()
    assert room.statuses() == {}


def test_round_that_knows_nothing_changes_nothing(room):
    room.round(report())
    room.round(known=False)
    room.clock.advance(120)
    room.round(known=False)
    assert room.statuses() == {"fresh": "enforced"}
    assert room.value("policy_in_force", policy="fresh") == 1


def test_status_that_somebody_deleted_or_changed_is_written_again(room):
    room.round(report())
    room.cluster.remove(POLICY_STATUSES, "fresh")
    room.clock.advance(301)
    room.round(report())
    assert room.statuses() == {"fresh": "enforced"}


def test_refusal_is_said_and_tried_again(room):
    room.cluster.fail("policystatuses", AccessDeniedError("create policystatuses: 403"))
    room.round(report())
    assert room.health.events == [(SourceName.POLICY_STATUSES, SourceProblem.FORBIDDEN)]
    assert room.health.said == ["create policystatuses: 403"]
    assert room.value("policy_in_force", policy="fresh") == 1
    room.cluster.recover()
    room.round(report())
    assert room.statuses() == {"fresh": "enforced"}


def test_event_that_cannot_be_written_is_written_later(room):
    room.cluster.fail("events", ClusterUnavailableError("create events: 500"))
    room.round(report())
    assert room.statuses() == {"fresh": "enforced"}
    assert room.events() == []
    room.cluster.recover()
    room.round(report())
    assert room.events() == [("Normal", "PolicyEnforced")]


def test_when_the_oldest_key_of_a_policy_was_read_is_shown_while_it_has_keys(room):
    keys = (KeyReading("hashivault://a", 900.0), KeyReading("hashivault://b", 1000.0), KeyReading("hashivault://new"))
    room.round(replace(report(), keys=keys), report("without"))
    assert room.value("policy_key_read_timestamp_seconds", policy="fresh") == 900.0
    assert room.value("policy_key_read_timestamp_seconds", policy="without") is None
    room.round(report(), report("without"))
    assert room.value("policy_key_read_timestamp_seconds", policy="fresh") is None


def test_warning_about_a_key_is_a_condition_and_an_event_while_it_lasts(room):
    path = "spec.authorities[0].key.kms"
    said = KeyWarning(KeyWarningReason.KEPT, Problem(path, "the key is old", Severity.WARNING, fields=(path,)))
    warned = replace(report(), warnings=(said,))
    for _ in range(2):
        room.round(warned)
    (condition,) = [each for each in conditions(room) if each["type"] == "Warned"]
    assert (condition["status"], condition["reason"]) == ("True", "KeyKept")
    assert condition["message"] == f"{path}: the key is old"
    assert {each["status"] for each in conditions(room) if each["type"] == "Ready"} == {"True"}
    assert room.events() == [("Normal", "PolicyEnforced"), ("Warning", "PolicyWarned")]
    room.round(report())
    assert "Warned" not in {each["type"] for each in conditions(room)}


def conditions(room: Room) -> list[dict[str, str]]:
    (found,) = room.cluster.objects(POLICY_STATUSES)
    return list(found["status"]["conditions"])


def test_of_too_many_policies_those_are_shown_that_are_not_in_force(room):
    lost = PolicyReport("zz", "u", 1, PolicyState.PARTIAL, StateReason.PODS_AWAITED, "words")
    key = KeyReading("hashivault://release", 1000.0)
    lost = replace(lost, keys=(key,))
    many = [replace(report(f"p{number:04}"), keys=(key,)) for number in range(limits.SHOWN_POLICIES + 5)]
    states = PolicyStates(room.metrics.policies)
    for _ in range(2):
        states.take(RoundReport(known=True, policies=[*many, lost]))
    assert room.value("policy_in_force", policy="zz") == 0
    assert room.value("policy_in_force", policy=many[-1].name) is None
    assert room.value("series_folded_total", metric="bestbefore_policy_state") == 6
    series = [each for family in room.metrics.registry.collect() for each in family.samples]
    assert sum(each.name.startswith("bestbefore_policy_") for each in series) == limits.POLICY_SERIES


def test_process_that_loses_the_lease_while_it_writes_writes_nothing_more(room):
    held = [True, True, False]
    statuses = PolicyStatuses(room.cluster, room.health, room.clock, lambda: held.pop(0) if held else False)
    events = PolicyEvents(room.cluster, room.health, room.clock, "pod-1", lambda: False)
    SeveralReports([statuses, events]).take(RoundReport(known=True, policies=[report("a"), report("b"), report("c")]))
    assert room.statuses() == {"a": "enforced", "b": "enforced"}
    assert room.events() == []


def test_event_and_status_that_are_refused_keep_no_other_back(room):
    room.cluster.webhook = lambda _resource, body: "no" if body["metadata"]["name"].startswith("a") else ""
    room.round(report("a"), report("b"))
    assert room.statuses() == {"b": "enforced"}
    assert room.events() == [("Normal", "PolicyEnforced")]
    assert room.health.events[-1] == (SourceName.POLICY_STATUSES, SourceProblem.INVALID)
    assert room.value("policy_in_force", policy="a") == 1
