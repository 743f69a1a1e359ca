"""One Event a block: written, renewed while it lasts, never in the way."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterUnavailableError,
    ConflictError,
    ObjectAbsentError,
    ObjectInvalidError,
)
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.controller.block_events import BlockEvents, EventReports
from gatekeeper.denials.ledger.blocks import BlockName, WorkloadBlock
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from provider.reasons import BlockCause
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import EPOCH, FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator

WEB = WorkloadName("shop", "Deployment", "web")


def block(workload: WorkloadName = WEB, **more: Any) -> WorkloadBlock:
    fields: dict[str, Any] = {
        "name": BlockName(workload, "MaximumImageAge", "shop/web:1.4"),
        "cause": BlockCause.POLICY,
        "actor": Actor.CONTROLLER,
        "user": "system:serviceaccount:kube-system:replicaset-controller",
        "reason": "ImageTooOld",
        "message": "The image was built 31 days ago.",
        "remedy": "Build the image again.",
        "ref": "1c1e9f3f8a51",
        "opened": EPOCH,
        "touched": EPOCH,
    }
    return WorkloadBlock(**{**fields, **more})


class World:
    """A cluster, and what writes Events into it."""

    def __init__(self) -> None:
        self.cluster = ClusterSimulator()
        self.clock = FakeClock()
        self.health = HealthSimulator()
        self.metrics = DenialMetrics()
        self.lines = io.StringIO()
        self.blocks: list[WorkloadBlock] = []
        self.uids: dict[WorkloadName, str] = {}
        self.events = self.process()

    def process(self) -> BlockEvents:
        log = Log(self.lines, LogLevel.INFO, LogFormat.JSON, self.clock)
        reports = EventReports(self.metrics, self.health, log, self.clock)
        uid = lambda workload: self.uids.get(workload, "")  # noqa: E731 - as short as it is
        return BlockEvents(self.cluster, lambda: tuple(self.blocks), uid, "control-0", reports)

    def written(self) -> list[dict[str, Any]]:
        return self.cluster.objects(EVENTS)

    def outcome(self, name: str) -> float:
        return self.metrics.registry.get_sample_value("bestbefore_workload_events_total", {"result": name}) or 0.0

    def writes(self) -> int:
        return sum(call in {"create events", "replace events"} for call in self.cluster.calls)


@pytest.fixture
def world() -> World:
    return World()


def test_event_names_the_uid_where_the_workload_may_be_read(world):
    world.blocks, world.uids = [block()], {WEB: "uid-web"}
    world.events.look()
    (event,) = world.written()
    assert event["regarding"]["uid"] == "uid-web"
    assert event["reportingInstance"] == "control-0"
    assert world.outcome("written") == 1
    assert world.health.events == [(SourceName.EVENTS, None)]


def test_nothing_is_written_while_nothing_changes(world):
    world.blocks = [block()]
    for _ in range(100):
        world.events.look()
        world.clock.advance(5)
    assert world.writes() == 1


def test_event_is_renewed_before_it_is_forgotten_for_as_long_as_the_block_lasts(world):
    world.blocks = [block()]
    for _ in range(720):
        world.events.look()
        world.clock.advance(5)
    assert world.writes() == 3
    world.blocks = []
    world.clock.advance(3600)
    world.events.look()
    assert world.writes() == 3


def test_further_denials_are_in_its_series_some_minutes_later_and_its_text_stays(world):
    world.blocks = [block()]
    world.events.look()
    (first,) = world.written()
    world.clock.advance(300)
    world.blocks = [block(denials=9, touched=EPOCH + 290)]
    world.events.look()
    (event,) = world.written()
    assert event["series"] == {"count": 9, "lastObservedTime": "2026-11-24T22:44:50.000000Z"}
    changed = {name for name in event if name not in first or event[name] != first[name]}
    assert changed == {"series", "metadata"}


def test_event_that_the_cluster_forgot_is_written_anew(world):
    world.blocks = [block()]
    world.events.look()
    world.cluster.delete(EVENTS, world.written()[0]["metadata"]["name"], "shop")
    world.clock.advance(1500)
    world.events.look()
    assert len(world.written()) == 1


def test_next_process_renews_the_event_of_the_one_before(world):
    world.blocks = [block(denials=3)]
    world.events.look()
    world.process().look()
    assert len(world.written()) == 1
    assert world.outcome("failed") == 0


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (AccessDeniedError("create events in shop: 403"), SourceProblem.FORBIDDEN),
        (ObjectAbsentError("create events in shop: 404"), SourceProblem.ABSENT),
        (ObjectInvalidError("create events in shop: 422"), SourceProblem.INVALID),
        (ConflictError("create events in shop: 409"), SourceProblem.UNAVAILABLE),
    ],
)
def test_event_that_cannot_be_written_is_said_and_tried_again_minutes_later(world, error, problem):
    world.blocks = [block()]
    world.cluster.fail("events", error)
    for _ in range(10):
        world.events.look()
        world.clock.advance(5)
    assert world.outcome("failed") == 1
    assert world.health.events[0] == (SourceName.EVENTS, problem)
    (line,) = [json.loads(line) for line in world.lines.getvalue().splitlines()]
    assert (line["event"], line["owner_name"]) == ("event.failed", "web")
    world.cluster.recover()
    world.clock.advance(300)
    world.events.look()
    assert len(world.written()) == 1


def test_block_that_is_over_before_its_event_could_be_written_is_said(world):
    world.blocks = [block()]
    world.cluster.fail("events", AccessDeniedError("create events in shop: 403"))
    world.events.look()
    world.blocks = []
    world.events.look()
    assert world.outcome("skipped") == 1


def test_api_server_that_is_away_is_asked_once_a_turn(world):
    world.blocks = [block(WorkloadName("shop", "Pod", str(n))) for n in range(100)]
    world.cluster.fail("*", ClusterUnavailableError("no answer"))
    world.events.look()
    assert world.writes() == 1
    world.cluster.recover()
    world.events.look()
    assert world.writes() == 21, "and of many blocks, some have their Event now, the others in a moment"


def test_many_blocks_of_one_namespace_keep_no_other_waiting(world: World) -> None:
    noisy = [block(WorkloadName("noisy", "Pod", f"pod-{number}")) for number in range(100)]
    world.blocks = [*noisy, block()]
    world.events.look()
    assert "shop" in {event["metadata"]["namespace"] for event in world.written()}
