"""Gatekeeper's own counters, Pod by Pod, over restarts of theirs and of ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import PODS
from gatekeeper.controller.coverage import Coverage
from gatekeeper.controller.gatekeeper_metrics import CounterError, parse
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator

NAMESPACE = "gatekeeper-system"
LABELS = {"control-plane": "controller-manager", "gatekeeper.sh/operation": "webhook"}


class Counters:
    """Implements `DenialCounter`, by addresses; one that is not there does not answer."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def denied(self, address: str) -> float:
        if address not in self.counts:
            raise CounterError(f"{address}: no answer")
        return self.counts[address]


@pytest.fixture
def cluster() -> ClusterSimulator:
    return ClusterSimulator()


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def health() -> HealthSimulator:
    return HealthSimulator()


@pytest.fixture
def grown() -> list[float]:
    return []


@pytest.fixture
def make(cluster, counters, health, grown) -> Callable[[], Coverage]:
    return lambda: Coverage(cluster, NAMESPACE, counters, health, grown.append)


def pod(cluster: ClusterSimulator, name: str, address: str) -> None:
    metadata = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "labels": LABELS}
    cluster.add(PODS, {"metadata": metadata, "status": {"podIP": address}})


def test_what_was_denied_before_anybody_counted_does_not_count(cluster, counters, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    counters.counts["10.0.0.1"] = 500
    coverage = make()
    coverage.look()
    counters.counts["10.0.0.1"] = 503
    coverage.look()
    assert sum(grown) == 3


def test_counters_of_all_pods_are_summed(cluster, counters, grown, make):
    for n in range(3):
        pod(cluster, f"gk-{n}", f"10.0.0.{n}")
        counters.counts[f"10.0.0.{n}"] = 0
    coverage = make()
    coverage.look()
    for n in range(3):
        counters.counts[f"10.0.0.{n}"] = n
    coverage.look()
    assert sum(grown) == 3


def test_counter_of_a_pod_that_comes_later_counts_from_nothing(cluster, counters, grown, make):
    coverage = make()
    coverage.look()
    pod(cluster, "gk-0", "10.0.0.1")
    counters.counts["10.0.0.1"] = 7
    coverage.look()
    assert sum(grown) == 7


def test_counter_that_begins_anew_counts_from_nothing(cluster, counters, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    coverage = make()
    for count in (100, 110, 4):
        counters.counts["10.0.0.1"] = count
        coverage.look()
    assert sum(grown) == 14


def test_pod_that_does_not_answer_for_a_while_loses_nothing(cluster, counters, health, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    coverage = make()
    counters.counts["10.0.0.1"] = 100
    coverage.look()
    del counters.counts["10.0.0.1"]
    coverage.look()
    counters.counts["10.0.0.1"] = 105
    coverage.look()
    assert sum(grown) == 5
    assert [problem for _, problem in health.events] == [None, SourceProblem.UNAVAILABLE, None]


def test_pod_that_did_not_answer_at_first_counts_from_its_first_answer(cluster, counters, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    coverage = make()
    coverage.look()
    for count in (100, 101):
        counters.counts["10.0.0.1"] = count
        coverage.look()
    assert sum(grown) == 1


def test_another_process_goes_on(cluster, counters, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    counters.counts["10.0.0.1"] = 100
    first = make()
    first.look()
    counters.counts["10.0.0.1"] = 120
    second = make()
    second.restore(first.snapshot())
    second.look()
    assert sum(grown) == 20


def test_what_grew_while_another_process_counted_is_not_ours(cluster, counters, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    counters.counts["10.0.0.1"] = 5
    coverage = make()
    coverage.look()
    counters.counts["10.0.0.1"] = 90
    coverage.go_on({"uid-gk-0": 80})
    pod(cluster, "gk-1", "10.0.0.2")
    counters.counts["10.0.0.2"] = 4
    coverage.look()
    assert sum(grown) == 10 + 4
    assert coverage.counts() == {"uid-gk-0": 90, "uid-gk-1": 4}


def test_without_a_word_of_the_process_before_it_begins_with_the_present_counts(cluster, counters, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    counters.counts["10.0.0.1"] = 5
    coverage = make()
    coverage.look()
    coverage.go_on({})
    counters.counts["10.0.0.1"] = 90
    coverage.look()
    assert sum(grown) == 0


def test_look_that_hung_while_another_process_counted_counts_nothing(cluster, counters, grown, make):
    pod(cluster, "gk-0", "10.0.0.1")
    counters.counts["10.0.0.1"] = 5
    coverage = make()
    coverage.look()
    denied = counters.denied
    counters.denied = lambda _: (coverage.go_on({"uid-gk-0": 80}), 85)[1]
    coverage.look()
    assert sum(grown) == 0
    counters.denied, counters.counts["10.0.0.1"] = denied, 86
    coverage.look()
    assert sum(grown) == 6


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": -1}', '{"a": true}', '{"a": NaN}', '{"a": "1"}'])
def test_snapshot_that_cannot_be_used_is_refused(text, make):
    with pytest.raises(SnapshotError):
        make().restore(text)


def test_no_pods_and_no_right_are_no_peace(cluster, health, make):
    coverage = make()
    coverage.look()
    cluster.fail("pods", AccessDeniedError("list pods: 403"))
    coverage.look()
    assert health.events == [
        (SourceName.GATEKEEPER_METRICS, SourceProblem.ABSENT),
        (SourceName.GATEKEEPER_METRICS, SourceProblem.FORBIDDEN),
    ]


def test_denials_of_both_kinds_of_requests_are_summed():
    text = """
# TYPE gatekeeper_validation_request_count_total counter
gatekeeper_validation_request_count_total{admission_dryrun="false",admission_status="deny"} 3
gatekeeper_validation_request_count_total{admission_dryrun="true",admission_status="deny"} 2
gatekeeper_validation_request_count_total{admission_dryrun="false",admission_status="allow"} 100
gatekeeper_validation_request_count_totals{admission_status="deny"} 100
gatekeeper_mutation_request_count_total{admission_status="deny"} 100
"""
    assert parse(text) == 5


def test_nothing_denied_yet_is_nought():
    assert parse('gatekeeper_constraints{enforcement_action="deny"} 1\n') == 0


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "many"])
def test_value_that_no_counter_has_is_an_error_and_is_added_to_nothing(value):
    with pytest.raises(CounterError, match="cannot be read"):
        parse(f'gatekeeper_validation_request_count{{admission_status="deny"}} {value}\n')


@pytest.mark.parametrize("text", ["", "<html>", "go_goroutines 5\n"])
def test_somebody_elses_metrics_are_an_error(text):
    with pytest.raises(CounterError):
        parse(text)
