"""`bestbefore policies`: what a person reads, what a script gets, and what a person says of policies that are held."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import clusters
from gatekeeper.cli.main import cli
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES, POLICY_STATUSES
from gatekeeper.reconciliation import status
from gatekeeper.reconciliation.report import PodCount, PolicyConstraint, PolicyReport, PolicyState, StateReason
from tests.simulators.cluster import ClusterSimulator

NOW = "2026-11-30T10:00:00Z"


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> ClusterSimulator:
    found = ClusterSimulator()
    monkeypatch.setattr(clusters, "connect", lambda *_: found.cluster)
    return found


def _policies(*words: str) -> Result:
    return CliRunner().invoke(cli, ["policies", *words])


def _add(
    simulator: ClusterSimulator,
    name: str,
    state: PolicyState = PolicyState.ENFORCED,
    reason: StateReason = StateReason.IN_FORCE,
    **changes: Any,
) -> None:
    """A policy's status, and its object unless it is held."""
    generation = changes.get("generation", 1)
    held = (PolicyConstraint("Kind", name, "deny"),)
    words = changes.get("message", "in force in all 2 Pods of Gatekeeper")
    said = PolicyReport(name, f"u-{name}", 1, state, reason, words, held, PodCount(2, 2), 1, ("**",))
    simulator.add(POLICY_STATUSES, {"metadata": {"name": name}, "status": status.status_of(said, {}, NOW)})
    if state is not PolicyState.HELD:
        metadata = {"name": name, "uid": f"u-{name}", "generation": generation}
        simulator.add(CLUSTER_IMAGE_POLICIES, {"metadata": metadata, "spec": {}})


def test_policies_that_are_in_force_are_listed(simulator: ClusterSimulator) -> None:
    _add(simulator, "fresh")
    done = _policies("--cluster")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "POLICY\tSTATE\tACTION\tPODS\tCHANGED\tWHY",
        f"fresh\tenforced\tdeny\t2/2\t{NOW}\tin force in all 2 Pods of Gatekeeper",
    ]


def test_one_that_is_not_in_force_as_written_is_exit_1_with_the_reason(simulator: ClusterSimulator) -> None:
    _add(simulator, "fresh")
    _add(simulator, "broken", PolicyState.REJECTED, StateReason.RULE_INVALID, message="no rule")
    done = _policies("-o", "json")
    assert done.exit_code == 1
    broken, fresh = json.loads(done.stdout)["policies"]
    assert (broken["name"], broken["state"], broken["reason"], broken["why"]) == (
        "broken",
        "rejected",
        "RuleInvalid",
        "no rule",
    )
    assert (fresh["as_written"], broken["as_written"]) == (True, False)
    assert (fresh["pods"], fresh["images"]) == ({"enforced": 2, "total": 2}, ["**"])
    assert _policies("fresh").exit_code == 0


def test_policy_that_nobody_looked_at_is_not_taken_for_one_in_force(simulator: ClusterSimulator) -> None:
    simulator.add(CLUSTER_IMAGE_POLICIES, {"metadata": {"name": "new", "generation": 1}, "spec": {}})
    done = _policies()
    assert done.exit_code == 1
    assert "new\tunknown\t-\t-\t-\tno controller has looked at it" in done.stdout


def test_status_of_an_earlier_text_is_not_taken_for_that_of_the_present_one(simulator: ClusterSimulator) -> None:
    _add(simulator, "fresh", generation=2)
    done = _policies()
    assert done.exit_code == 1
    assert "generation 2 is not looked at yet" in done.stdout


def test_cluster_without_policies_is_said_to_keep_nothing_out(simulator: ClusterSimulator) -> None:
    done = _policies()
    assert (done.exit_code, done.stdout) == (0, "There is no policy, so none of ours keeps an image out.\n")


def test_end_is_accepted_of_those_that_are_held_and_of_no_others(simulator: ClusterSimulator) -> None:
    _add(simulator, "fresh")
    _add(simulator, "gone", PolicyState.HELD, StateReason.POLICIES_GONE)
    _add(simulator, "kept", PolicyState.HELD, StateReason.POLICIES_GONE)
    done = _policies("--accept-removal", "gone", "fresh")
    assert (done.exit_code, done.stderr) == (0, "note: fresh is not held: nothing of it is accepted\n")
    assert done.stdout == "gone: its end is accepted; the controller removes what is in force\n"
    accepted = {
        each["metadata"]["name"]: each["metadata"].get("annotations") for each in simulator.objects(POLICY_STATUSES)
    }
    assert accepted == {"fresh": None, "gone": {"bestbefore.dev/accept-removal": "u-gone"}, "kept": None}
    assert json.loads(_policies("--accept-removal", "-o", "json").stdout) == {"accepted": ["gone", "kept"]}


def test_nothing_is_accepted_where_nothing_is_held(simulator: ClusterSimulator) -> None:
    _add(simulator, "fresh")
    done = _policies("--accept-removal")
    assert (done.exit_code, done.stdout) == (0, "No policy is held.\n")
    assert [call for call in simulator.writes if "policystatuses" in call] == []


def test_name_that_no_policy_has_is_refused(simulator: ClusterSimulator) -> None:
    done = _policies("nobody")
    assert (done.exit_code, done.stderr) == (2, "error: there is no policy nobody\n")


def test_cluster_that_cannot_be_read_gives_no_answer(simulator: ClusterSimulator) -> None:
    simulator.fail("policystatuses", AccessDeniedError("list policystatuses: 403"))
    done = _policies()
    assert (done.exit_code, done.stdout, done.stderr) == (3, "", "error: list policystatuses: 403\n")
    simulator.recover()
    simulator.without(POLICY_STATUSES)
    done = _policies()
    assert done.exit_code == 3
    assert "the chart brings their definition" in done.stderr


def test_policies_whose_objects_cannot_be_read_are_shown_as_the_controller_said(simulator: ClusterSimulator) -> None:
    _add(simulator, "fresh")
    simulator.fail("clusterimagepolicies", AccessDeniedError("list clusterimagepolicies: 403"))
    done = _policies()
    assert done.exit_code == 0
    assert "fresh\tenforced" in done.stdout
    assert "list clusterimagepolicies: 403" in done.stderr
