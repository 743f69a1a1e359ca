"""The controller: one of several counts, and shows it only when it knows what was denied before."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from gatekeeper.cluster import limits
from gatekeeper.cluster.errors import ClusterUnavailableError
from gatekeeper.cluster.lease import Election, LeaseName
from gatekeeper.cluster.resource import LEASES
from gatekeeper.controller import cursors
from gatekeeper.controller.controller import Controller, Parts
from gatekeeper.controller.saved_state import SavedState
from gatekeeper.controller.source_health import SourceReports
from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import NoReports
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.denials.source import DenialSink, GapCause, LogGap, LogLine
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator, stamp
from tests.simulators.sources import HealthSimulator


class SourceSimulator:
    """Implements `LiveSource`: its lines come from the test."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.read = threading.Event()
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.sink: DenialSink | None = None

    def run(self, sink: DenialSink, stop: threading.Event) -> None:
        self.sink = sink
        self.begun.set()
        stop.wait(10)
        self.ended.set()

    def caught_up(self) -> bool:
        return self.read.is_set()


class CountersSimulator:
    """Implements `CounterPlaces`."""

    def __init__(self) -> None:
        self.at: Mapping[str, float | None] = {}

    def counts(self) -> Mapping[str, float | None]:
        return self.at

    def go_on(self, counts: Mapping[str, float | None]) -> None:
        self.at = counts


class Process:
    """One process of the controller."""

    def __init__(self, cluster: ClusterSimulator, clock: FakeClock, holder: str, directory: Path | None = None) -> None:
        self.sources: list[SourceSimulator] = []
        self.health = HealthSimulator()
        self.metrics = DenialMetrics()
        self.ledger = Ledger(clock, self.metrics, NoReports())
        self.log = io.StringIO()
        election = Election(cluster, clock, LeaseName("bestbefore", "control", holder))
        state = SavedState(directory, {"denials": self.ledger}, self.health)
        state.restore()
        log = Log(self.log, LogLevel.INFO, LogFormat.JSON, clock)
        self.counters = CountersSimulator()
        self.beginnings: list[bool] = []
        parts = Parts(
            election,
            self.ledger,
            self.metrics,
            self.health,
            log,
            clock,
            state,
            self._source,
            counters=self.counters,
            beginning=self.beginnings.append,
        )
        self.controller = Controller(parts)

    @property
    def source(self) -> SourceSimulator:
        return self.sources[-1]

    def _source(self, known: frozenset[str]) -> SourceSimulator:
        self.sources.append(SourceSimulator(known))
        return self.sources[-1]

    def counts(self) -> bool:
        """Whether it shows what is denied."""
        return b"bestbefore_denial_lines_total{" in self.controller.exposition()

    def tasks_failed(self) -> None:
        """Wait until a task has failed, for ten seconds at most."""
        for _ in range(1000):
            if "task.failed" in self.log.getvalue():
                return
            threading.Event().wait(0.01)

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.log.getvalue().splitlines()]


Start = Callable[..., Process]


@pytest.fixture
def cluster() -> ClusterSimulator:
    return ClusterSimulator()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def start(cluster, clock) -> Iterator[Start]:
    """Starts processes, which end with the test."""
    running = []

    def begin(holder: str = "a", directory: Path | None = None) -> Process:
        running.append(Process(cluster, clock, holder, directory))
        running[-1].controller.step()
        return running[-1]

    yield begin
    stop = threading.Event()
    stop.set()
    for each in running:
        each.controller.run(stop)


def line(tenths: int, pod: str = "uid-gk") -> LogLine:
    return LogLine("", pod, stamp(tenths))


def test_nothing_is_shown_before_all_that_was_denied_before_is_counted(start):
    one = start()
    assert not one.counts()
    assert one.controller.unready() == "reading what was denied before"
    one.source.read.set()
    assert one.counts()
    assert one.controller.unready() == ""


def test_process_that_has_not_tried_to_get_the_lease_is_not_ready(cluster, clock):
    one = Process(cluster, clock, "a")
    assert one.controller.unready() == "trying to get the Lease"


def test_process_that_waits_for_its_turn_shows_itself_alone_and_is_ready(start):
    start("a").source.read.set()
    second = start("b")
    shown = second.controller.exposition()
    assert b"bestbefore_leader 0.0" in shown
    assert b"bestbefore_build_info" in shown
    names = {text.split(b"{")[0].split(b" ")[0] for text in shown.splitlines() if text.startswith(b"bestbefore_")}
    assert names == {b"bestbefore_leader", b"bestbefore_build_info"}
    assert second.sources == []
    assert second.controller.unready() == ""


def test_process_that_loses_the_lease_counts_and_shows_no_more(start, cluster, clock):
    one = start("a")
    one.source.read.set()
    assert one.source.begun.wait(10)
    taken = cluster.objects(LEASES)[0]
    taken["spec"]["holderIdentity"] = "b"
    cluster.add(LEASES, taken)
    one.controller.step()
    assert one.source.ended.wait(10)
    assert not one.counts()
    assert one.events() == ["lease.acquired", "lease.lost"]


def test_lease_that_cannot_be_renewed_is_not_shown_beyond_the_deadline_even_if_a_step_hangs(start, clock):
    one = start()
    one.source.read.set()
    assert one.counts()
    clock.advance(limits.LEASE_DEADLINE_SECONDS)
    assert not one.counts()


def test_counting_goes_on_when_the_api_server_is_back(start, cluster, clock):
    one = start()
    one.source.read.set()
    cluster.fail("*", ClusterUnavailableError("no answer"))
    clock.advance(limits.LEASE_DEADLINE_SECONDS)
    one.controller.step()
    assert one.health.events[-1] == (SourceName.LEASE, SourceProblem.UNAVAILABLE)
    assert one.controller.unready() == "the Lease cannot be read: no answer"
    cluster.recover()
    one.controller.step()
    one.source.read.set()
    assert one.counts()
    assert len(one.sources) == 2


def test_next_process_goes_on_in_the_logs_where_the_one_before_was(start, clock):
    first, second = start("a"), start("b")
    first.ledger.line(line(17))
    first.controller.step()
    second.controller.step()
    clock.advance(limits.LEASE_SECONDS)
    second.controller.step()
    assert second.source.known == {"uid-gk"}
    assert second.ledger.cursor("uid-gk") == stamp(17)


def test_lease_that_comes_back_brings_what_the_other_process_read_of_the_counters(start, clock):
    first, second = start("a"), start("b")
    first.counters.at = {"uid-gk": 5.0, "uid-new": None}
    first.controller.step()
    second.controller.step()
    clock.advance(limits.LEASE_SECONDS)
    second.controller.step()
    assert second.counters.at == {"uid-gk": 5.0, "uid-new": None}
    second.counters.at = {"uid-gk": 80.0}
    second.controller.step()
    first.controller.step()
    clock.advance(limits.LEASE_SECONDS)
    first.controller.step()
    assert first.counters.at == {"uid-gk": 80.0}
    assert (first.beginnings, second.beginnings) == ([False], []), "another process held it in between"


def test_own_counters_are_kept_where_nobody_else_counted(start, cluster, clock):
    one = start()
    one.ledger.line(line(17))
    one.counters.at = {"uid-gk": 5.0}
    cluster.fail("*", ClusterUnavailableError("no answer"))
    clock.advance(limits.LEASE_DEADLINE_SECONDS)
    one.controller.step()
    cluster.recover()
    one.controller.step()
    assert one.counters.at == {"uid-gk": 5.0}
    assert one.beginnings == [True]


def test_container_that_begins_again_has_its_counters_and_its_own_place(start, cluster, tmp_path):
    one = start("a", tmp_path)
    one.ledger.line(line(17))
    one.controller._parts.state.save()
    one.ledger.line(line(29))
    one.controller.step()
    again = start("a", tmp_path)
    assert again.ledger.cursor("uid-gk") == stamp(17), "what came later was counted in memory that is lost"
    assert again.metrics.registry.get_sample_value("bestbefore_denial_lines_total", {"outcome": "foreign"}) == 1


def test_place_in_the_logs_is_kept_before_anybody_hears_that_it_counts(start, tmp_path):
    one = start("a", tmp_path)
    one.ledger.line(line(17))
    one.source.read.set()
    assert one.controller.unready() == ""
    assert start("a", tmp_path).ledger.cursor("uid-gk") == stamp(17)


def test_state_that_cannot_be_used_is_said_and_begins_anew(start, tmp_path):
    (tmp_path / "denials.json").write_text('{"version": 1')
    one = start("a", tmp_path)
    assert one.health.events[0] == (SourceName.STATE, SourceProblem.INVALID)
    assert "denials.json" in one.health.said[0]
    one.source.read.set()
    assert one.counts()


def test_full_disk_is_said_and_survived(cluster, clock, tmp_path, monkeypatch):
    one = Process(cluster, clock, "a", tmp_path)
    monkeypatch.setattr("os.open", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    one.controller._parts.state.save()
    assert one.health.events[-1] == (SourceName.STATE, SourceProblem.UNAVAILABLE)
    assert "No space left on device" in one.health.said[-1]
    monkeypatch.undo()
    one.controller._parts.state.save()
    assert one.health.events[-1] == (SourceName.STATE, None)
    assert [path.name for path in tmp_path.iterdir()] == ["denials.json"]


def test_stop_keeps_the_state_and_lets_go_of_the_lease(start, cluster, tmp_path):
    one = start("a", tmp_path)
    one.ledger.line(line(17))
    stop = threading.Event()
    stop.set()
    one.controller.run(stop)
    (lease,) = cluster.objects(LEASES)
    assert lease["spec"]["holderIdentity"] == ""
    assert cursors.read(lease["metadata"]["annotations"]) == {"uid-gk": stamp(17)}
    assert one.controller.unready() == "stopping"
    assert start("a", tmp_path).ledger.cursor("uid-gk") == stamp(17)


def test_lease_that_nobody_can_make_sense_of_does_not_end_the_process(cluster, clock):
    one, stop = Process(cluster, clock, "a"), threading.Event()
    cluster.add(LEASES, {"metadata": {"name": "control", "namespace": "bestbefore", "annotations": ["x"]}})
    threading.Thread(target=lambda: (one.tasks_failed(), stop.set())).start()
    one.controller.run(stop)
    assert one.events() == ["task.failed"]


def test_process_whose_main_loop_hangs_is_unhealthy(start, clock):
    one = start()
    assert one.controller.unhealthy() == ""
    clock.advance(200)
    assert one.controller.unhealthy().startswith("stuck")


def test_gap_is_counted_and_written_into_the_log(start):
    one = start()
    assert one.source.begun.wait(10)
    one.source.sink.gap(LogGap("uid-gk", GapCause.ROTATED))
    assert one.metrics.registry.get_sample_value("bestbefore_denial_log_gaps_total", {"cause": "rotated"}) == 1
    assert one.events() == ["lease.acquired", "gap.found"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": "yesterday"}', "x" * 100_000, "[" * 5000])
def test_annotation_that_somebody_edited_breaks_nothing(text):
    assert cursors.read({cursors.ANNOTATION: text}) == {}
    assert set(cursors.read_counts({cursors.COUNTS_ANNOTATION: text}).values()) <= {None, 1}


def test_annotation_holds_the_last_pods_and_stays_small():
    many = {f"uid-{n:04}-0123-4567-89ab-0123456789ab": stamp(n) for n in range(500)}
    kept = cursors.written(many)
    assert len(kept[cursors.ANNOTATION]) < 8192
    assert list(cursors.read(kept).values()) == [stamp(n) for n in range(436, 500)]


class Lines:
    """A log in memory, read as events."""

    def __init__(self, clock: FakeClock) -> None:
        self._stream = io.StringIO()
        self.log = Log(self._stream, LogLevel.INFO, LogFormat.JSON, clock)

    def events(self) -> list[tuple[str, str]]:
        lines = [json.loads(text) for text in self._stream.getvalue().splitlines()]
        return [(each["event"], each.get("reason", "")) for each in lines]


def test_source_that_fails_over_and_over_is_counted_each_time_and_logged_now_and_then(clock):
    lines, metrics = Lines(clock), DenialMetrics()
    health = SourceReports(metrics, lines.log, clock, {SourceName.AUDIT: 300})
    for _ in range(100):
        health.failed(SourceName.AUDIT, SourceProblem.FORBIDDEN, "list: 403")
    health.failed(SourceName.AUDIT, SourceProblem.UNAVAILABLE, "list: 503")
    health.succeeded(SourceName.AUDIT)
    health.succeeded(SourceName.AUDIT)
    value = metrics.registry.get_sample_value
    labels = {"source": "audit"}
    assert value("bestbefore_source_errors_total", {**labels, "reason": "forbidden"}) == 100
    assert value("bestbefore_source_last_success_timestamp_seconds", labels) == clock.now()
    assert value("bestbefore_source_max_age_seconds", labels) == 300
    assert lines.events() == [
        ("source.failed", "forbidden"),
        ("source.failed", "unavailable"),
        ("source.recovered", ""),
    ]


def test_source_that_was_never_read_is_older_than_any_age(clock):
    metrics = DenialMetrics()
    SourceReports(metrics, Lines(clock).log, clock, {SourceName.AUDIT: 300})
    assert (
        metrics.registry.get_sample_value("bestbefore_source_last_success_timestamp_seconds", {"source": "audit"}) == 0
    )
