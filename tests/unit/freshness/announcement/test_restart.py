"""A new Pod of the controller, with nothing kept: what reports say was announced is not announced anew."""

from __future__ import annotations

import pytest

from gatekeeper.cluster.errors import ClusterUnavailableError
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.freshness.announcement.events import WorkloadEvents
from gatekeeper.freshness.announcement.reports.form import OPEN_REPORTS, POLICY_REPORTS, ReportForm
from gatekeeper.freshness.announcement.reports.reported_notices import ReportedNotices
from gatekeeper.freshness.announcement.round import Round
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Question
from tests.unit.freshness.announcement.samples import NOW, outlook, subject
from tests.unit.freshness.announcement.test_reports import World


class Restarts:
    """A cluster with reports, and controllers that come after one another."""

    def __init__(self, form: ReportForm = OPEN_REPORTS) -> None:
        self.world = World(form)
        self.start()

    def start(self) -> None:
        """Another Pod; the Events of the one before are gone, as after an hour."""
        for each in self.world.cluster.objects(EVENTS):
            self.world.cluster.remove(EVENTS, each["metadata"]["name"], each["metadata"]["namespace"])
        past = ReportedNotices(self.world.cluster)
        health, clock = self.world.health, self.world.clock
        self.events = WorkloadEvents(self.world.cluster, lambda _: "", "control-1", health, clock, past=past)

    def tell(self, *outlooks: Outlook) -> list[str]:
        """A round; the reasons of the Events that are there then."""
        now = int(self.world.clock.now()) * SECOND
        self.events.take(Round(outlooks, now, now), now)
        self.events.write()
        self.world.look(*outlooks)
        return [each["reason"] for each in self.world.cluster.objects(EVENTS)]


@pytest.mark.parametrize("form", [OPEN_REPORTS, POLICY_REPORTS], ids=["openreports", "policyreport"])
def test_nothing_is_said_anew(form: ReportForm) -> None:
    restarts = Restarts(form)
    several = [
        outlook(days=3),
        outlook(days=9, of=subject(path="b")),
        outlook(days=0, of=subject(WorkloadName("shop", "Pod", "old"))),
        outlook(days=0, of=subject(WorkloadName("shop", "Pod", "by-hand")), question=Question.APPLY),
        outlook(days=3, of=subject(WorkloadName("shop", "Rollout.argoproj.io", "web"))),
        outlook(days=3, of=subject(WorkloadName("shop", "CronJob", "backup")), effect=NOW + 4 * DAY),
        outlook(days=0, of=subject(WorkloadName("shop", "CronJob", "restore")), effect=NOW + 4 * DAY),
    ]
    assert len(restarts.tell(*several)) == 6
    restarts.start()
    assert restarts.tell(*several) == []


def test_another_class_or_date_is_said_all_the_same() -> None:
    restarts = Restarts()
    restarts.tell(outlook(days=9))
    restarts.start()
    restarts.world.clock.advance(7 * 86_400)
    assert restarts.tell(outlook(days=9)) == ["ImageExpiring"], "another class"
    restarts.start()
    assert restarts.tell(outlook(days=8.5)) == ["ImageExpiring"], "another date"


def test_what_does_not_come_any_more_is_said() -> None:
    restarts = Restarts()
    restarts.tell(outlook(days=3))
    restarts.start()
    assert restarts.tell(outlook(days=None)) == ["ImageNotExpiring"]


def test_what_expired_while_nobody_looked_is_said_once() -> None:
    restarts = Restarts()
    restarts.tell(outlook(days=1))
    restarts.start()
    restarts.world.clock.advance(2 * 86_400)
    assert restarts.tell(outlook(days=0)) == ["ImageExpired"]
    restarts.start()
    assert restarts.tell(outlook(days=0)) == []


def test_cron_job_that_failed_has_not_got_better_before_its_next_run() -> None:
    restarts = Restarts()
    backup = subject(WorkloadName("shop", "CronJob", "backup"))
    restarts.tell(outlook(days=1, of=backup, effect=NOW + 2 * DAY))
    restarts.world.clock.advance(2.5 * 86_400)
    # The process that saw the run fail, and one that knows the next run alone.
    restarts.tell(outlook(days=0, of=backup, effect=NOW + 2 * DAY))
    restarts.start()
    said = restarts.world.reports()
    assert restarts.tell(outlook(days=0, of=backup, effect=NOW + 3 * DAY)) == []
    assert restarts.world.reports() == said
    (result,) = said[0]["results"]
    assert (result["result"], result["properties"]["due"]) == ("fail", "expired")
    assert result["properties"]["bestBefore"] == "2026-11-26T22:40:00Z"


def test_reports_that_cannot_be_read_are_a_fault_and_all_is_said() -> None:
    restarts = Restarts()
    restarts.tell(outlook(days=3))
    restarts.start()
    restarts.world.cluster.fail("list reports", ClusterUnavailableError("list reports: 503"))
    assert restarts.tell(outlook(days=3)) == ["ImageExpiring"]
    assert (SourceName.EVENTS, SourceProblem.UNAVAILABLE) in restarts.world.health.events


def test_state_that_was_kept_counts_and_no_report_is_read() -> None:
    restarts = Restarts()
    restarts.tell(outlook(days=3))
    kept = restarts.events.snapshot()
    restarts.start()
    restarts.events.restore(kept)
    restarts.world.cluster.fail("list reports", ClusterUnavailableError("list reports: 503"))
    assert restarts.tell(outlook(days=3)) == []
