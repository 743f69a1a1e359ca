"""What audit found, from the status of Constraints."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints
from gatekeeper.controller import constraint_status, limits
from gatekeeper.controller.audit import AuditResults
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator

OURS = ["package lib.bestbefore.answers\n"]
OLD = (
    "The image was built 31 days ago; at most 30 are allowed. spec.containers[0].image shop/web:1.4 "
    "(built 31 days ago; ImageTooOld, ref 1c1e9f3f8a51)."
)


@pytest.fixture
def cluster() -> ClusterSimulator:
    return ClusterSimulator()


@pytest.fixture
def health() -> HealthSimulator:
    return HealthSimulator()


@pytest.fixture
def metrics() -> DenialMetrics:
    return DenialMetrics()


@pytest.fixture
def results(cluster, metrics, health) -> AuditResults:
    return AuditResults(cluster, metrics, health)


def template(cluster: ClusterSimulator, kind: str, libs: list[str] | None = None) -> None:
    targets = [{"target": "admission.k8s.gatekeeper.sh", "code": [{"engine": "Rego", "source": {"libs": libs or []}}]}]
    spec = {"crd": {"spec": {"names": {"kind": kind}}}, "targets": targets}
    cluster.add(CONSTRAINT_TEMPLATES, {"metadata": {"name": kind.lower()}, "spec": spec})


def constraint(cluster: ClusterSimulator, kind: str, name: str, *messages: str, **more: Any) -> None:
    violations = [
        {"message": message, "namespace": "shop", "enforcementAction": "deny", "kind": "Pod", "name": f"web-{n}"}
        for n, message in enumerate(messages)
    ]
    status = {"violations": violations, "totalViolations": len(violations), **more.pop("status", {})}
    cluster.add(constraints(kind), {"metadata": {"name": name}, "spec": more, "status": status})


def samples(metrics: DenialMetrics, name: str) -> dict[tuple[str, ...], float]:
    found = [sample for family in metrics.registry.collect() for sample in family.samples if sample.name == name]
    return {tuple(sample.labels.values()): sample.value for sample in found}


def test_violations_are_counted_by_policy_namespace_and_reason(cluster, metrics, results, health):
    template(cluster, "MaximumImageAge", OURS)
    constraint(cluster, "MaximumImageAge", "age", OLD, OLD)
    results.look()
    assert samples(metrics, "bestbefore_audit_violations") == {
        ("MaximumImageAge", "MaximumImageAge", "shop", "ImageTooOld", "deny"): 2
    }
    assert health.events == [(SourceName.AUDIT, None)]


def test_policy_of_a_translated_one_is_that_of_its_parameters(cluster, metrics, results):
    template(cluster, "CipAge0123456789", OURS)
    constraint(cluster, "CipAge0123456789", "age-warn", OLD, parameters={"name": "age"}, enforcementAction="warn")
    results.look()
    ((policy, *_),) = samples(metrics, "bestbefore_audit_violations")
    assert policy == "age"


def test_template_of_somebody_else_has_the_reason_foreign(cluster, metrics, results):
    template(cluster, "K8sRequiredLabels")
    constraint(cluster, "K8sRequiredLabels", "owner", "you must provide labels (ImageTooOld)")
    results.look()
    assert samples(metrics, "bestbefore_audit_violations") == {
        ("owner", "K8sRequiredLabels", "shop", "foreign", "deny"): 1
    }


def test_what_the_status_does_not_list_is_said(cluster, metrics, results):
    template(cluster, "MaximumImageAge", OURS)
    constraint(cluster, "MaximumImageAge", "age", OLD, status={"totalViolations": 41})
    results.look()
    assert samples(metrics, "bestbefore_audit_violations_truncated") == {("MaximumImageAge", "MaximumImageAge"): 40}


def test_time_of_a_policy_is_that_of_its_oldest_result(cluster, metrics, results):
    template(cluster, "CipAge0123456789", OURS)
    for name, minute in (("age", "05"), ("age-warn", "03")):
        status = {"auditTimestamp": f"2026-11-30T08:{minute}:00Z"}
        constraint(cluster, "CipAge0123456789", name, parameters={"name": "age"}, status=status)
    results.look()
    assert samples(metrics, "bestbefore_audit_last_result_timestamp_seconds") == {("age",): 1796025780.0}


def test_constraints_in_force_are_counted_ours_and_others(cluster, metrics, results):
    template(cluster, "MaximumImageAge", OURS)
    template(cluster, "K8sRequiredLabels")
    constraint(cluster, "MaximumImageAge", "a")
    constraint(cluster, "MaximumImageAge", "b", enforcementAction="warn")
    scoped = [{"action": "deny", "enforcementPoints": []}, {"action": "warn", "enforcementPoints": []}]
    constraint(cluster, "K8sRequiredLabels", "c", enforcementAction="scoped", scopedEnforcementActions=scoped)
    results.look()
    assert samples(metrics, "bestbefore_constraints") == {
        ("deny", "true"): 1,
        ("warn", "true"): 1,
        ("dryrun", "true"): 0,
        ("unrecognized", "true"): 0,
        ("deny", "false"): 1,
        ("warn", "false"): 0,
        ("dryrun", "false"): 0,
        ("unrecognized", "false"): 0,
    }


def test_that_no_constraint_is_in_force_is_a_number_and_before_it_is_read_there_is_none(cluster, metrics, results):
    assert samples(metrics, "bestbefore_constraints") == {}
    results.look()
    assert samples(metrics, "bestbefore_constraints")["deny", "true"] == 0


def test_what_is_gone_is_no_longer_shown(cluster, metrics, results):
    template(cluster, "MaximumImageAge", OURS)
    constraint(cluster, "MaximumImageAge", "age", OLD, status={"auditTimestamp": "2026-11-30T08:00:00Z"})
    results.look()
    cluster.delete(constraints("MaximumImageAge"), "age")
    results.look()
    for name in (
        "audit_violations",
        "audit_violations_truncated",
        "audit_last_result_timestamp_seconds",
    ):
        assert samples(metrics, f"bestbefore_{name}") == {}


def test_of_too_many_templates_some_are_shown_and_that_there_are_more_is_said(
    cluster, metrics, results, health, monkeypatch
):
    monkeypatch.setattr(limits, "AUDIT_KINDS", 1)
    for kind in ("AgeA", "AgeB"):
        template(cluster, kind, OURS)
        constraint(cluster, kind, kind.lower(), OLD)
    results.look()
    assert {labels[0] for labels in samples(metrics, "bestbefore_audit_violations")} == {"AgeA"}
    assert health.events == [(SourceName.AUDIT, SourceProblem.INVALID)]
    assert health.said == ["there are more than 1 ConstraintTemplates, and no more are read"]
    cluster.delete(CONSTRAINT_TEMPLATES, "ageb")
    results.look()
    assert health.events[-1] == (SourceName.AUDIT, None)


def test_many_kinds_are_read_at_once_the_first_time_and_then_some_in_each_turn(cluster, metrics, results, monkeypatch):
    monkeypatch.setattr(limits, "AUDIT_LISTS", 2)
    kinds = [f"Age{number}" for number in range(5)]
    for kind in kinds:
        template(cluster, kind, OURS)
        constraint(cluster, kind, kind.lower(), OLD)
    results.look()
    assert {labels[0] for labels in samples(metrics, "bestbefore_audit_violations")} == set(kinds)
    for kind in kinds:
        cluster.delete(constraints(kind), kind.lower())
    calls = len(cluster.calls)
    for left in (3, 1, 0):
        results.look()
        assert len(samples(metrics, "bestbefore_audit_violations")) == left
    assert len(cluster.calls) - calls == 6


def test_kind_of_which_somebody_makes_the_template_is_read_when_the_others_have_been(cluster, metrics, results, health):
    template(cluster, "AgeA", OURS)
    results.look()
    template(cluster, "AgeB", OURS)
    constraint(cluster, "AgeB", "b", OLD)
    results.look()
    assert {labels[0] for labels in samples(metrics, "bestbefore_audit_violations")} == {"AgeB"}
    cluster.delete(CONSTRAINT_TEMPLATES, "ageb")
    results.look()
    assert samples(metrics, "bestbefore_audit_violations") == {}


def test_kind_that_is_not_there_yet_hides_no_other(cluster, metrics, health):
    kinds = [CONSTRAINT_TEMPLATES, constraints("MaximumImageAge")]
    partly = ClusterSimulator(kinds=kinds)
    template(partly, "Coming", OURS)
    template(partly, "MaximumImageAge", OURS)
    constraint(partly, "MaximumImageAge", "age", OLD)
    AuditResults(partly, metrics, health).look()
    assert len(samples(metrics, "bestbefore_audit_violations")) == 1
    assert health.events == [(SourceName.AUDIT, None)]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (AccessDeniedError("list: 403"), SourceProblem.FORBIDDEN),
        (ClusterUnavailableError("list: 503"), SourceProblem.UNAVAILABLE),
    ],
)
def test_what_was_found_stays_where_something_cannot_be_read(cluster, metrics, results, health, error, problem):
    template(cluster, "MaximumImageAge", OURS)
    constraint(cluster, "MaximumImageAge", "age", OLD)
    results.look()
    cluster.fail("maximumimageage", error)
    results.look()
    assert len(samples(metrics, "bestbefore_audit_violations")) == 1
    assert health.events[-1] == (SourceName.AUDIT, problem)


@pytest.mark.parametrize(
    "status",
    [None, [], "x", {"violations": "x"}, {"violations": [1, None]}, {"totalViolations": "9"}, {"auditTimestamp": "x"}],
)
def test_status_that_is_not_as_it_should_be_breaks_nothing(status):
    body = {"kind": "A", "metadata": {"name": "a"}, "spec": None, "status": status}
    found = constraint_status.read(body, ours=True)
    assert found.audited is None
    assert found.truncated == 0
