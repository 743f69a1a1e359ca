"""After each round, and when time alone changes a class, everybody is told the same."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from gatekeeper.cluster.resource import CUSTOM_RESOURCE_DEFINITIONS, EVENTS
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.announcement.announcements import Announcements, Listeners, WorkloadUids
from gatekeeper.freshness.announcement.events import WorkloadEvents
from gatekeeper.freshness.announcement.forecast_log import ForecastLog
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from gatekeeper.freshness.announcement.reports.form import OPEN_REPORTS
from gatekeeper.freshness.announcement.reports.reported_notices import ReportedNotices
from gatekeeper.freshness.announcement.reports.writer import ReportWriter
from gatekeeper.freshness.forecast import cron_run
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, OutlookTurn, OutlookVerdict
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator
from tests.unit.freshness.announcement.samples import NOW, POLICY, WEB, admitted, denied, outlook, subject, unknown
from tests.unit.freshness.announcement.test_reports import definition


class World:
    """A cluster, and all who are told; with another one of its cluster and time, another process."""

    def __init__(self, other: World | None = None) -> None:
        self.cluster, self.clock, self.lines = ClusterSimulator(), FakeClock(), io.StringIO()
        self.cluster.add(CUSTOM_RESOURCE_DEFINITIONS, definition(OPEN_REPORTS))
        if other is not None:
            self.cluster, self.clock = other.cluster, other.clock
        self.denials = DenialMetrics()
        uids = WorkloadUids()
        past = ReportedNotices(self.cluster)
        events = WorkloadEvents(self.cluster, uids.uid, "control-0", HealthSimulator(), self.clock, past=past)
        log = ForecastLog(Log(self.lines, LogLevel.INFO, LogFormat.JSON, self.clock))
        reports = ReportWriter(self.cluster, uids.uid, HealthSimulator(), self.clock)
        listeners = Listeners(FreshnessMetrics.of(self.denials), log, events, reports)
        self.announcements = Announcements(listeners, uids, self.clock)

    def round(self, *outlooks: Outlook) -> None:
        self.announcements.take(outlooks, {WEB: "uid-web"})
        self.announcements.look()

    def day(self, make: Callable[[int], list[Outlook]]) -> list[str]:
        """A round each ten minutes, each with the outlooks of its moment; what is written in this day."""
        before = len(self.cluster.writes)
        for _ in range(24 * 6):
            self.round(*make(int(self.clock.now()) * SECOND))
            for _ in range(120):
                self.clock.advance(5)
                self.announcements.look()
        return self.cluster.writes[before:]

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]

    def running(self, due: str) -> float | None:
        labels = {"resource_namespace": "shop", "policy": POLICY, "due": due}
        return self.denials.registry.get_sample_value("bestbefore_running_containers", labels)


def test_metric_event_and_log_say_the_same() -> None:
    world = World()
    world.round(outlook(days=3))
    assert world.running("3d") == 2
    (event,) = world.cluster.objects(EVENTS)
    assert event["regarding"]["uid"] == "uid-web"
    (line,) = world.said()
    assert (line["event"], line["due"], line["best_before"]) == ("freshness.forecast", "3d", "2026-11-27T22:40:00Z")
    assert (line["containers"], line["team"]) == (2, "team-shop")


def test_class_changes_at_its_second_without_another_round() -> None:
    world = World()
    world.round(outlook(days=3))
    world.clock.advance(3 * 86_400 - 1)
    world.announcements.look()
    assert (world.running("1d"), world.running("expired")) == (2, None)
    world.clock.advance(1)
    world.announcements.look()
    assert world.running("expired") == 2
    assert [line["due"] for line in world.said()] == ["3d", "1d", "expired"]


def test_nothing_is_told_before_the_first_round() -> None:
    world = World()
    world.announcements.look()
    assert world.running("later") is None
    assert world.said() == []


def test_looking_often_costs_nothing_while_nothing_changes() -> None:
    world = World()
    world.round(outlook(days=3))
    calls = len(world.cluster.calls)
    for _ in range(100):
        world.clock.advance(5)
        world.announcements.look()
    assert len(world.cluster.calls) == calls
    assert len(world.said()) == 1


def test_what_is_far_away_has_no_first_line_and_what_gets_there_has() -> None:
    world = World()
    world.round(outlook(days=None))
    assert world.said() == []
    world.round(outlook(turns=[unknown()]))
    assert world.said() == [], "what was known stays"
    world.round(outlook(days=2))
    assert [(line["due_before"], line["due"]) for line in world.said()] == [("later", "3d")]


def test_one_round_writes_so_many_lines_and_says_that_there_are_more() -> None:
    world = World()
    world.round(*(outlook(days=3, of=subject(path=f"p{n}")) for n in range(limits.LINES + 5)))
    lines = world.said()
    assert len(lines) == limits.LINES + 1
    assert lines[-1]["left_out"] == 5


def test_day_of_rounds_in_which_no_class_changes_writes_nothing() -> None:
    world = World()

    def there(now: int) -> list[Outlook]:
        """As rounds find it: what a policy says now it says from this round on."""
        waived = [OutlookTurn(now, OutlookVerdict.WAIVED, "ImageTooOld", "Waived."), denied(NOW + 12 * DAY)]
        return [
            outlook(turns=[denied(now)], policy="past"),
            outlook(turns=[admitted(now), denied(NOW + 6 * DAY)], policy="soon"),
            outlook(turns=waived, waived_until=NOW + 12 * DAY, of=subject(path="b")),
            outlook(turns=[unknown(now)], of=subject(path="c")),
            outlook(turns=[admitted(now)], of=subject(path="d")),
        ]

    assert [each.split()[:2] for each in world.day(there)] == [
        ["create", "Event"],
        ["create", "Event"],
        ["apply", "Report"],
    ]
    assert world.day(there) == []


def test_cron_job_whose_runs_fail_is_expired_once_however_often_it_runs() -> None:
    world = World()
    backup = subject(WorkloadName("shop", "CronJob", "backup"), running=1)

    def there(now: int) -> list[Outlook]:
        """As rounds find it: what is denied now is felt by the next run."""
        flip = NOW + DAY // 2
        turns = [admitted(now), denied(flip)] if now < flip else [denied(now)]
        effect, its = cron_run.felt(turns, "0 * * * *", "")
        return [outlook(turns=its, effect=effect, of=backup)]

    world.day(there)
    assert [event["reason"] for event in world.cluster.objects(EVENTS)] == ["ImageExpiring", "ImageExpired"]
    assert [line["due"] for line in world.said()] == ["1d", "expired"]
    assert world.running("expired") == 1
    assert world.day(there) == []
    assert len(world.said()) == 2


def pass_days(world: World, days: int) -> None:
    """Let time pass; Events do not last."""
    world.clock.advance(days * 86_400)
    for each in world.cluster.objects(EVENTS):
        world.cluster.remove(EVENTS, each["metadata"]["name"], each["metadata"]["namespace"])


def events_of(world: World) -> list[tuple[str, str]]:
    return [(each["reason"], each["regarding"]["name"]) for each in world.cluster.objects(EVENTS)]


def test_process_that_has_the_lease_back_tells_nothing_of_what_it_saw_before() -> None:
    world = World()
    gone = subject(WorkloadName("shop", "Deployment", "gone"))
    world.round(outlook(days=9), outlook(days=3, of=gone))
    pass_days(world, 5)
    other = World(world)
    other.round(outlook(days=9))
    other.clock.advance(60)
    other.announcements.look()
    said = other.cluster.objects(OPEN_REPORTS.resource)
    pass_days(world, 1)
    world.announcements.begin(ours=False)
    for _ in range(20):
        world.announcements.look()
        world.clock.advance(5)
    assert events_of(world) == [], "what is gone is not announced, nor what the other process announced"
    assert world.cluster.objects(OPEN_REPORTS.resource) == said
    world.round(outlook(days=9))
    assert events_of(world) == [("ImageExpiring", "web")], "another class, and once"


def test_process_whose_lease_nobody_else_held_repeats_nothing() -> None:
    world = World()
    job = subject(WorkloadName("shop", "Job", "import"))
    world.round(outlook(days=9), outlook(days=9, of=job))
    pass_days(world, 1)
    world.announcements.begin(ours=True)
    world.round(outlook(days=9), outlook(days=9, of=job))
    assert events_of(world) == []
