"""What the log says of policies: what changes, once."""

from __future__ import annotations

import io
import json

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.controller.policy_log import PolicyLog
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.reconciliation.report import PolicyReport, PolicyState, RoundReport, StateReason
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.sources import HealthSimulator

ENFORCED = PolicyReport("fresh", "u-1", 1, PolicyState.ENFORCED, StateReason.IN_FORCE, "in force")
REJECTED = PolicyReport("fresh", "u-1", 2, PolicyState.REJECTED, StateReason.RULE_INVALID, "no rule")
PENDING = PolicyReport("fresh", "u-1", 2, PolicyState.PENDING, StateReason.PODS_AWAITED, "on its way")
HELD = PolicyReport("fresh", "u-1", 0, PolicyState.HELD, StateReason.POLICIES_GONE, "gone")


class PolicyLogBook:
    """A `PolicyLog` and what it wrote."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.health = HealthSimulator()
        log = Log(self.text, LogLevel.INFO, LogFormat.JSON, FakeClock())
        self.log = PolicyLog(log, self.health)

    def after(self, *policies: PolicyReport, **more: object) -> list[str]:
        """The events of one round."""
        before = len(self.text.getvalue().splitlines())
        self.log.take(RoundReport(known=more.pop("known", True), policies=policies, **more))
        return [json.loads(line)["event"] for line in self.text.getvalue().splitlines()[before:]]


@pytest.fixture
def said() -> PolicyLogBook:
    return PolicyLogBook()


def test_each_change_is_said_once(said):
    assert said.after(ENFORCED) == ["policy.applied"]
    assert said.after(ENFORCED) == []
    assert said.after(REJECTED) == ["policy.rejected"]
    assert said.after(REJECTED) == []
    assert said.after(PENDING) == []
    assert said.after(ENFORCED) == ["policy.applied"]


def test_line_says_which_policy_and_why(said):
    said.after(REJECTED)
    line = json.loads(said.text.getvalue())
    assert line["msg"] == "no rule"
    assert (line["policy"], line["generation"], line["state"], line["reason"]) == (
        "fresh",
        2,
        "rejected",
        "RuleInvalid",
    )


def test_policies_that_are_held_are_an_error_with_all_their_names(said):
    other = PolicyReport("other", "u-2", 0, PolicyState.HELD, StateReason.POLICIES_GONE, "gone")
    assert said.after(HELD, other) == ["policies.held"]
    assert said.after(HELD, other) == []
    line = json.loads(said.text.getvalue())
    assert (line["level"], line["policies"]) == ("error", ["fresh", "other"])


def test_ends_and_repairs_are_said(said):
    assert said.after(removed=["fresh"], repaired=["ConstraintTemplate x"]) == ["object.repaired", "policy.removed"]


def test_round_that_knows_nothing_forgets_nothing(said):
    said.after(ENFORCED)
    assert said.after(known=False) == []
    assert said.after(ENFORCED) == []
    said.after()
    assert said.after(ENFORCED) == ["policy.applied"]


def test_calls_that_fail_are_the_health_of_a_source(said):
    said.after(faults=[AccessDeniedError("apply x: 403")])
    said.after()
    assert said.health.events == [(SourceName.POLICIES, SourceProblem.FORBIDDEN), (SourceName.POLICIES, None)]
    assert said.health.said == ["apply x: 403"]
