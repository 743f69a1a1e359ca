"""What the log, the metrics, health and Events say of the cluster's trust roots."""

from __future__ import annotations

import dataclasses
import io
import json

import pytest
from prometheus_client import CollectorRegistry

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.controller.trust_root_events import TrustRootEvents
from gatekeeper.controller.trust_root_log import TrustRootLog
from gatekeeper.denials import limits
from gatekeeper.denials.ledger.trust_root_metrics import ShownRoot, TrustRootMetrics
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.trustroots.errors import ForeignConfigMapError
from gatekeeper.trustroots.report import RootReport, RootRoundReport
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import EPOCH, FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator

OWN = RootReport("own", "uid", "https://mirror.example.test", "sha256:a", "sha256:a", EPOCH, EPOCH + 100)


class LogBook:
    """A `TrustRootLog` and what it wrote."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.health = HealthSimulator()
        self.registry = CollectorRegistry()
        log = Log(self.text, LogLevel.INFO, LogFormat.JSON, FakeClock())
        self.log = TrustRootLog(log, self.health, TrustRootMetrics(self.registry))

    def after(self, *roots: RootReport, **more: object) -> list[tuple[str, str]]:
        """Events of one round, with the state or the problem."""
        before = len(self.text.getvalue().splitlines())
        self.log.take(RootRoundReport(known=True, roots=roots, **more))
        lines = [json.loads(line) for line in self.text.getvalue().splitlines()[before:]]
        return [(line["event"], line.get("state") or line["problem"]) for line in lines]

    def shown(self, name: str) -> float | None:
        metric = f"bestbefore_trust_root_{name}_timestamp_seconds"
        return self.registry.get_sample_value(metric, {"trust_root": "own"})


@pytest.fixture
def book() -> LogBook:
    return LogBook()


def test_each_state_of_a_root_is_said_once(book):
    new = dataclasses.replace(OWN, newest="sha256:b")
    assert book.after(OWN) == [("trust_root.refreshed", "in_force")]
    assert book.after(OWN) == []
    assert book.after(new) == [("trust_root.refreshed", "handed_over")]
    assert book.after(dataclasses.replace(new, in_force="sha256:b")) == [("trust_root.refreshed", "in_force")]
    assert book.after(removed=["own"]) == [("trust_root.refreshed", "removed")]


def test_failure_is_said_once_while_it_lasts_and_ages_the_source(book):
    failed = dataclasses.replace(OWN, problems=["spec.remote: away"])
    book.after(OWN)
    assert book.health.events[-1] == (SourceName.TRUST_ROOTS, None)
    assert book.after(failed) == [("trust_root.failed", "spec.remote: away")]
    assert book.after(failed) == []
    assert book.health.events[-1] == (SourceName.TRUST_ROOTS, SourceProblem.UNAVAILABLE)
    book.after(OWN)
    assert book.after(failed) == [("trust_root.failed", "spec.remote: away")]


def test_faults_of_the_cluster_are_its_sources(book):
    for fault, problem in (
        (ForeignConfigMapError("x"), SourceProblem.FOREIGN),
        (AccessDeniedError("x"), SourceProblem.FORBIDDEN),
    ):
        book.log.take(RootRoundReport(known=False, faults=[fault]))
        assert book.health.events[-1] == (SourceName.TRUST_ROOTS, problem)


def test_metrics_show_the_roots_that_there_are(book):
    book.after(OWN)
    assert (book.shown("verified"), book.shown("expiry")) == (EPOCH, EPOCH + 100)
    book.after(dataclasses.replace(OWN, ends=0.0))
    assert (book.shown("verified"), book.shown("expiry")) == (EPOCH, None)
    book.after()
    assert book.shown("verified") is None


def test_metrics_have_so_many_series_at_most():
    registry = CollectorRegistry()
    roots = [ShownRoot(f"r{number}", EPOCH, EPOCH + number) for number in range(limits.SHOWN_TRUST_ROOTS + 5)]
    TrustRootMetrics(registry).show(roots)
    assert sum(len(family.samples) for family in registry.collect()) == 2 * limits.SHOWN_TRUST_ROOTS


class Events:
    """`TrustRootEvents`, and what it wrote."""

    def __init__(self) -> None:
        self.cluster = ClusterSimulator()
        self.health = HealthSimulator()
        self.events = TrustRootEvents(self.cluster, self.health, FakeClock(), "pod")

    def after(self, *roots: RootReport) -> list[str]:
        """The reasons of Events that one round added."""
        before = len(self.cluster.objects(EVENTS))
        self.events.take(RootRoundReport(known=True, roots=roots))
        return [each["reason"] for each in self.cluster.objects(EVENTS)[before:]]


@pytest.fixture
def events() -> Events:
    return Events()


def test_event_beside_the_object_says_what_a_person_has_to_know_once(events):
    late = dataclasses.replace(OWN, newest="sha256:b", late="not loaded by b")
    failed = dataclasses.replace(OWN, problems=["away"])
    assert events.after(OWN) == ["TrustRootInForce"]
    assert events.after(OWN) == []
    assert events.after(dataclasses.replace(OWN, newest="sha256:b")) == []
    assert events.after(late) == ["TrustRootLate"]
    assert events.after(failed) == ["TrustRootFailed"]
    found = {each["reason"]: each for each in events.cluster.objects(EVENTS)}
    assert found["TrustRootLate"]["note"] == "not loaded by b"
    assert found["TrustRootFailed"]["type"] == "Warning"
    assert found["TrustRootFailed"]["regarding"]["kind"] == "TrustRoot"


def test_event_that_cannot_be_written_is_tried_again(events):
    events.cluster.fail("create events", AccessDeniedError("create events: 403"))
    assert events.after(OWN) == []
    assert events.health.said
    events.cluster.recover()
    assert events.after(OWN) == ["TrustRootInForce"]
