"""Metrics stay within their bound, whatever is denied, and can be read by Prometheus."""

from __future__ import annotations

import random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatekeeper.denials import limits
from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import NoReports
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.violation import Action
from gatekeeper.denials.source import LogLine
from provider.reasons import Reason
from tests.simulators.clock import FakeClock
from tests.simulators.denials import details, text


@pytest.fixture
def metrics() -> DenialMetrics:
    return DenialMetrics("test")


def _samples(metrics: DenialMetrics) -> list[tuple[str, dict[str, str], float]]:
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    ]


def _sum(metrics: DenialMetrics, name: str) -> float:
    return sum(value for found, _, value in _samples(metrics) if found == f"bestbefore_{name}")


def hostile_ledger(metrics: DenialMetrics, namespaces: int, policies: int, lines: int) -> Ledger:
    """A ledger that has read lines of so many namespaces and policies, each with every reason and actor."""
    chance = random.Random(1)
    ledger = Ledger(FakeClock(), metrics, NoReports())
    for number in range(lines):
        namespace, policy = f'n\n"{{{number % namespaces}', f"p\\{number * 7 % policies}"
        found = details(
            uid=f"u-{number}",
            policy=policy,
            reason=chance.choice(list(Reason)),
            actor=chance.choice(list(Actor)),
            dry_run=number % 10 == 0,
        )
        action = chance.choice(list(Action))
        line = text(found, resource_namespace=namespace, constraint_action=action, constraint_kind=f"K{number % 999}")
        ledger.line(LogLine(line))
    return ledger


def test_ten_thousand_namespaces_and_policies_stay_within_the_bound_and_lose_no_count(metrics: DenialMetrics) -> None:
    metrics.cover(f"covered-{number}" for number in range(10_000))
    ledger = hostile_ledger(metrics, 10_000, 10_000, 16_000)
    for number in range(10_000):
        metrics.audit_violations.of(f"p{number}", "K", f"n{number}", "ImageTooOld", "deny").set(1)
        metrics.audit_truncated.of(f"p{number}", "K").set(1)
        metrics.audit_time.of(f"p{number}").set(1)
    samples = _samples(metrics)
    assert len(samples) <= limits.SERIES
    assert _sum(metrics, "admission_violations_total") == 14_400
    assert _sum(metrics, "series_folded_total") > 0
    assert _sum(metrics, "blocked_workloads") == len({block.name.workload for block in ledger.blocks()})


def test_families_have_room_for_what_they_fold_and_all_of_them_for_each_other() -> None:
    families = (
        limits.VIOLATION_SERIES,
        limits.REQUEST_SERIES,
        limits.DRY_RUN_SERIES,
        limits.BLOCKED_SERIES,
        limits.BLOCK_SERIES,
        limits.AUDIT_SERIES,
        limits.TRUNCATED_SERIES,
        limits.POLICIES + 1,
        limits.KINDS + 1,
        limits.POLICY_SERIES,
    )
    others = 400
    assert sum(families) + others <= limits.SERIES


def test_first_namespaces_have_their_own_label_and_the_rest_is_other(metrics: DenialMetrics) -> None:
    for number in range(limits.NAMESPACES + 2):
        metrics.dry_run_requests.of(f"n{number}").inc()
    values = {
        labels["resource_namespace"]: value
        for name, labels, value in _samples(metrics)
        if "dry_run" in name and labels.get("resource_namespace")
    }
    assert values["n0"] == 1
    assert values["other"] == 2
    assert _sum(metrics, "series_folded_total") == 2


def test_request_counters_of_covered_namespaces_exist_at_zero(metrics: DenialMetrics) -> None:
    metrics.cover(["shop"])
    found = {
        (name, labels.get("actor")): value
        for name, labels, value in _samples(metrics)
        if labels.get("resource_namespace") == "shop"
    }
    assert found == {
        **{("bestbefore_admission_denied_requests_total", actor): 0 for actor in Actor},
        ("bestbefore_admission_dry_run_denied_requests_total", None): 0,
    }


def test_counts_of_another_process_pass_through_the_bounds(metrics: DenialMetrics) -> None:
    metrics.go_on(
        {
            "admission_denied_requests": [([f"n{number}", "person"], 2.0) for number in range(9_000)],
            "denied_requests_seen": [(["exact"], 18_000.0), (["too", "many"], 1.0)],
            "a_counter_of_a_newer_version": [([], 1.0)],
        }
    )
    assert _sum(metrics, "admission_denied_requests_total") == 18_000
    assert _sum(metrics, "denied_requests_seen_total") == 18_000
    assert len(_samples(metrics)) < 1_000


def test_namespaces_that_come_and_go_leave_room_for_others(metrics: DenialMetrics) -> None:
    for number in range(limits.NAMESPACES + 20):
        metrics.cover(["shop", f"pull-request-{number}"])
        metrics.denied_requests.of(f"pull-request-{number}", "person").inc()
    found = {labels["resource_namespace"] for _, labels, _ in _samples(metrics) if "resource_namespace" in labels}
    assert found == {"shop", f"pull-request-{number}"}
    assert _sum(metrics, "series_folded_total") == 0


def test_namespace_that_is_covered_no_more_keeps_its_series_while_something_is_blocked_there(
    metrics: DenialMetrics,
) -> None:
    clock = FakeClock()
    ledger = Ledger(clock, metrics, NoReports())
    metrics.cover(["shop"])
    ledger.line(LogLine(text()))
    metrics.cover([])
    assert _sum(metrics, "blocked_workloads") == 1
    assert _sum(metrics, "admission_denied_requests_total") == 1
    clock.advance(limits.PERSON_SILENCE_SECONDS)
    ledger.tick()
    metrics.cover([])
    assert [labels for _, labels, _ in _samples(metrics) if labels.get("resource_namespace") == "shop"] == []
