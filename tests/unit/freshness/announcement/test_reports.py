"""Reports: only where there is something to say, the same bytes while nothing changes, slowly, and only ours."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError, ObjectAbsentError
from gatekeeper.cluster.resource import CUSTOM_RESOURCE_DEFINITIONS, Resource
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.announcement.reports.form import OPEN_REPORTS, POLICY_REPORTS, ReportForm
from gatekeeper.freshness.announcement.reports.writer import ReportWriter
from gatekeeper.freshness.announcement.round import Round
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, OutlookTurn, OutlookVerdict, Question
from tests.simulators.clock import EPOCH, FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator
from tests.unit.freshness.announcement.samples import (
    DIGEST,
    IMAGE,
    NOW,
    PATH,
    POLICY,
    denied,
    outlook,
    subject,
    unknown,
)


def definition(form: ReportForm, *, served: bool = True) -> dict[str, Any]:
    versions = [{"name": form.resource.version, "served": served}]
    return {"metadata": {"name": form.definition}, "spec": {"versions": versions}}


class World:
    """A cluster with kinds of reports, and who writes them."""

    def __init__(self, *forms: ReportForm) -> None:
        self.cluster, self.clock, self.health = ClusterSimulator(), FakeClock(), HealthSimulator()
        for form in (OPEN_REPORTS, POLICY_REPORTS):
            self.cluster.without(form.resource)
        for form in forms:
            self.bring(form)
        self.writer = self.process()

    def process(self) -> ReportWriter:
        return ReportWriter(self.cluster, lambda workload: f"uid-{workload.name}", self.health, self.clock)

    def bring(self, form: ReportForm) -> None:
        self.cluster.bring(form.resource)
        self.cluster.add(CUSTOM_RESOURCE_DEFINITIONS, definition(form))

    def take_away(self, form: ReportForm) -> None:
        self.cluster.remove(CUSTOM_RESOURCE_DEFINITIONS, form.definition)
        self.cluster.without(form.resource)

    def look(self, *outlooks: Outlook) -> int:
        """One round, to its end; how many writes it took."""
        now = int(self.clock.now()) * SECOND
        before = len(self.cluster.writes)
        self.writer.take(Round(outlooks, now, now), now)
        self.finish()
        return len(self.cluster.writes) - before

    def finish(self) -> None:
        for _ in range(700):
            self.writer.write()
            self.clock.advance(1)

    def reports(self, form: ReportForm = OPEN_REPORTS) -> list[dict[str, Any]]:
        return self.cluster.objects(form.resource)


@pytest.fixture
def world() -> World:
    return World(OPEN_REPORTS)


def test_report_of_a_workload(world: World) -> None:
    world.look(outlook(days=3))
    (report,) = world.reports()
    assert report["metadata"]["name"].startswith("bestbefore-deployment-web-")
    assert report["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "bestbefore"}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-web"}
    assert report["metadata"]["ownerReferences"] == [owner]
    assert report["scope"] == {**owner, "namespace": "shop"}
    assert report["summary"] == {"pass": 0, "fail": 0, "warn": 1, "error": 0, "skip": 0}
    assert report["source"] == "bestbefore"
    (result,) = report["results"]
    mark = result["properties"].pop("resultID")
    ref = result["properties"].pop("ref")
    assert (mark.endswith("-warn"), len(ref)) == (True, 12)
    assert result == {
        "source": "bestbefore",
        "policy": POLICY,
        "rule": "reschedule",
        "category": "Image freshness",
        "severity": "medium",
        "result": "warn",
        "scored": True,
        "message": "From 2026-11-27 22:40:00 UTC on, policy maximum-image-age denies each new Pod of Deployment web: a "
        "drain, a crash or a scale-up. Rebuild it, or move to a newer tag. Who can fix it: the image's publisher. To "
        "let it run for a time, ask for a Waiver.",
        "timestamp": {"seconds": int(EPOCH), "nanos": 0},
        "properties": {
            "question": "reschedule",
            "due": "3d",
            "bestBefore": "2026-11-27T22:40:00Z",
            "image": IMAGE,
            "digest": DIGEST,
            "path": PATH,
            "owner": "team-shop",
        },
    }


def test_report_of_an_operators_kind_has_no_owner_for_its_version_is_not_known(world: World) -> None:
    world.look(outlook(days=3, of=subject(WorkloadName("shop", "Cluster", "pg"))))
    (report,) = world.reports()
    assert "ownerReferences" not in report["metadata"]
    assert report["scope"] == {"kind": "Cluster", "namespace": "shop", "name": "pg", "uid": "uid-pg"}


@pytest.mark.parametrize(
    ("given", "result", "severity"),
    [
        (outlook(days=0), "fail", "high"),
        (outlook(days=0, critical=True), "fail", "critical"),
        (outlook(days=1), "warn", "high"),
        (outlook(days=14), "warn", "low"),
        (outlook(turns=[unknown()]), "error", "medium"),
        (outlook(turns=[OutlookTurn(NOW, OutlookVerdict.WAIVED), denied(NOW + 20 * DAY)]), "skip", "info"),
        (outlook(days=0, question=Question.PULL), "fail", "medium"),
        (outlook(days=0, question=Question.APPLY), "fail", "high"),
    ],
    ids=["denied", "system", "tomorrow", "two-weeks", "unknown", "waived", "unpullable", "apply"],
)
def test_each_verdict_has_its_result(world: World, given: Outlook, result: str, severity: str) -> None:
    world.look(given)
    (found,) = world.reports()[0]["results"]
    assert (found["result"], found["severity"]) == (result, severity)


@pytest.mark.parametrize(
    "given",
    [
        outlook(days=None),
        outlook(days=15),
        outlook(days=0, of=subject(WorkloadName("shop", "Job", "once"))),
        outlook(days=0, of=subject(WorkloadName("shop", "ReplicaSet", "web-6d5f8c7b94"))),
        outlook(days=0, question=Question.ROLLBACK),
    ],
    ids=["good", "later", "job", "replica-set", "rollback"],
)
def test_what_is_not_worth_a_report_has_none(world: World, given: Outlook) -> None:
    assert world.look(given) == 0
    assert world.reports() == []


def test_nothing_is_written_while_nothing_changes(world: World) -> None:
    several = [outlook(days=3), outlook(days=0, of=subject(path="b")), outlook(of=subject(path="c"), turns=[unknown()])]
    assert world.look(*several) == 1
    world.clock.advance(3600)
    version = world.reports()[0]["metadata"]["resourceVersion"]
    assert world.look(*reversed(several)) == 0
    world.writer = world.process()
    world.clock.advance(3600)
    assert world.look(*several) == 0, "nor by the process after it"
    assert world.reports()[0]["metadata"]["resourceVersion"] == version


def test_first_time_and_announced_date_of_a_finding_stay(world: World) -> None:
    world.look(outlook(days=0.5))
    world.clock.advance(86_400)
    world.look(outlook(days=0))
    (result,) = world.reports()[0]["results"]
    assert result["result"] == "fail"
    assert result["properties"]["bestBefore"] == "2026-11-25T10:40:00Z"
    found = result["timestamp"]["seconds"]
    assert found > EPOCH, "that it fails is a new finding"
    world.clock.advance(86_400)
    assert world.look(outlook(days=0)) == 0
    assert world.reports()[0]["results"][0]["timestamp"]["seconds"] == found


def test_result_that_becomes_worse_has_another_id_and_one_that_stays_has_not(world: World) -> None:
    ids = []
    for days in (3.0, 1.0, 0.0):
        world.look(outlook(days=days))
        ids.append(world.reports()[0]["results"][0]["properties"]["resultID"])
    assert ids[0] == ids[1] != ids[2]


def test_two_questions_with_one_answer_are_one_result(world: World) -> None:
    world.look(*(outlook(days=3, question=each) for each in (Question.RUNNING, Question.APPLY, Question.RESCHEDULE)))
    (result,) = world.reports()[0]["results"]
    assert result["rule"] == "reschedule"


def test_two_digests_that_run_of_one_tag_are_two_results_each_with_its_own_date(world: World) -> None:
    newer = f"sha256:{'b' * 64}"
    world.look(
        outlook(days=3, question=Question.RUNNING),
        outlook(days=5, question=Question.RUNNING, of=subject(digest=newer)),
    )
    world.clock.advance(6 * 86_400)
    world.look(
        outlook(days=0, question=Question.RUNNING),
        outlook(days=0, question=Question.RUNNING, of=subject(digest=newer)),
    )
    results = [each["properties"] for each in world.reports()[0]["results"]]
    dates = {each["digest"]: each["bestBefore"] for each in results}
    assert dates == {DIGEST: "2026-11-27T22:40:00Z", newer: "2026-11-29T22:40:00Z"}
    assert len({each["resultID"] for each in results}) == 2


def test_report_goes_when_there_is_nothing_more_to_say_and_others_stay(world: World) -> None:
    foreign = {
        "metadata": {"name": "kyverno", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "kyverno"}}
    }
    world.cluster.add(OPEN_REPORTS.resource, foreign)
    world.look(outlook(days=3))
    world.look(outlook(days=None))
    assert [each["metadata"]["name"] for each in world.reports()] == ["kyverno"]


def test_report_has_at_most_fifty_results_the_worst_first_and_says_how_many_there_are(world: World) -> None:
    world.look(*(outlook(days=n % 10, of=subject(path=f"p{n:03}")) for n in range(90)))
    (report,) = world.reports()
    assert len(report["results"]) == limits.RESULTS
    assert report["configuration"] == {"limits": {"maxResults": limits.RESULTS}}
    assert (report["summary"]["fail"], report["summary"]["warn"]) == (9, 81)
    assert [each["result"] for each in report["results"][:10]] == ["fail"] * 9 + ["warn"]


def test_beyond_so_many_workloads_each_namespace_has_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPORTS", 3)
    several = [outlook(days=3 + n, of=subject(WorkloadName(f"ns-{n % 2}", "Pod", f"n{n}"))) for n in range(4)]
    world.look(*several[:3])
    assert len(world.reports()) == 3
    world.look(*several)
    found = world.reports()
    assert sorted((each["metadata"]["namespace"], each["metadata"]["name"]) for each in found) == [
        ("ns-0", "bestbefore-summary"),
        ("ns-1", "bestbefore-summary"),
    ]
    (result,) = found[0]["results"]
    assert result["message"] == "2 images of 2 workloads. The first date is 2026-11-27T22:40:00Z."
    assert world.look(*several) == 0


def test_workloads_that_come_and_go_about_the_limit_do_not_have_all_reports_written_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REPORTS", 10)
    several = [outlook(days=3, of=subject(WorkloadName("shop", "Pod", f"n{n}"))) for n in range(12)]
    world.look(*several[:11])
    for count in (10, 12, 10):
        # The summary says another number, and nothing else is written.
        assert world.look(*several[:count]) == 1
    assert world.look(*several[:9]) == 10
    assert len(world.reports()) == 9


def test_policy_reports_where_there_are_no_open_reports() -> None:
    world = World(POLICY_REPORTS)
    world.look(outlook(days=3))
    (report,) = world.reports(POLICY_REPORTS)
    assert "source" not in report
    assert "configuration" not in report
    assert report["results"][0]["source"] == "bestbefore"


def test_kind_that_appears_later_is_used_and_ours_of_the_other_go() -> None:
    world = World(POLICY_REPORTS)
    world.look(outlook(days=3))
    world.bring(OPEN_REPORTS)
    world.look(outlook(days=3))
    assert (len(world.reports()), world.reports(POLICY_REPORTS)) == (1, [])


def test_kind_that_vanishes_is_looked_for_again_and_nothing_fails(world: World) -> None:
    world.look(outlook(days=3))
    world.take_away(OPEN_REPORTS)
    world.health.events.clear()
    assert world.look(outlook(days=3)) == 0
    assert world.health.events == [(SourceName.REPORTS, None)]
    world.bring(OPEN_REPORTS)
    assert world.look(outlook(days=3)) == 1


def test_kind_that_vanishes_in_the_middle_of_a_round_ends_the_round(world: World) -> None:
    several = [outlook(days=3, of=subject(WorkloadName("shop", "Pod", f"n{n}"))) for n in range(5)]
    world.writer.take(Round(several, NOW, NOW), NOW)
    world.take_away(OPEN_REPORTS)
    world.finish()
    assert len(world.cluster.writes) == 1
    assert (SourceName.REPORTS, SourceProblem.ABSENT) in world.health.events


def test_namespace_that_is_gone_holds_up_no_report_of_another(world: World) -> None:
    def refuse_gone(_resource: Resource, body: Object) -> str:
        if body["metadata"]["namespace"] == "gone":
            raise ObjectAbsentError('apply reports: 404 namespaces "gone" not found')
        return ""

    world.cluster.webhook = refuse_gone
    several = [outlook(days=n, of=subject(WorkloadName(name, "Pod", "a"))) for n, name in enumerate(("gone", "shop"))]
    world.writer.take(Round(several, NOW, NOW), NOW)
    for _ in range(12):
        world.writer.write()
        world.clock.advance(1)
    assert [each["metadata"]["namespace"] for each in world.reports()] == ["shop"]
    assert (SourceName.REPORTS, SourceProblem.ABSENT) in world.health.events


def test_report_that_is_refused_is_not_said_to_be_written_by_those_that_are(world: World) -> None:
    named = {name: outlook(days=n, of=subject(WorkloadName("shop", "Pod", name))) for n, name in enumerate(("a", "b"))}
    world.cluster.webhook = lambda _, body: "no" if "-pod-a-" in body["metadata"]["name"] else ""
    for _ in range(2):
        world.look(*named.values())
    assert set(world.health.events) == {(SourceName.REPORTS, SourceProblem.INVALID)}
    world.cluster.webhook = lambda *_: ""
    world.look(*named.values())
    assert world.health.events[-1] == (SourceName.REPORTS, None)


@pytest.mark.parametrize("served", [True, False])
def test_kind_that_is_on_its_way_out_or_not_served_is_none(served: bool) -> None:
    world = World()
    body = definition(OPEN_REPORTS, served=served)
    if served:
        body["metadata"]["deletionTimestamp"] = "2026-11-24T08:00:00Z"
    world.cluster.add(CUSTOM_RESOURCE_DEFINITIONS, body)
    assert world.look(outlook(days=3)) == 0


def test_kind_of_another_version_alone_is_not_taken_for_no_kind() -> None:
    world = World()
    body = definition(OPEN_REPORTS)
    body["spec"]["versions"] = [{"name": "v1beta1", "served": True}, {"name": "v1alpha1", "served": False}]
    world.cluster.add(CUSTOM_RESOURCE_DEFINITIONS, body)
    assert world.look(outlook(days=3)) == 0
    assert set(world.health.events) == {(SourceName.REPORTS, SourceProblem.ABSENT)}
    assert set(world.health.said) == {
        "no report is written: reports.openreports.io serves v1beta1, and reports are written in v1alpha1"
    }
    world.bring(POLICY_REPORTS)
    world.finish()
    assert len(world.reports(POLICY_REPORTS)) == 1


@pytest.mark.parametrize(("reports", "seconds"), [(300, 600), (60, 300), (2, 10)])
def test_first_round_takes_ten_minutes_where_there_is_much_to_write(world: World, reports: int, seconds: int) -> None:
    several = [outlook(days=3, of=subject(WorkloadName("shop", "Pod", f"n{n}"))) for n in range(reports)]
    world.writer.take(Round(several, NOW, NOW), NOW)
    marks = []
    for _ in range(seconds + 1):
        world.writer.write()
        marks.append(len(world.cluster.writes))
        world.clock.advance(1)
    assert abs(marks[seconds // 2] - reports / 2) <= 2
    assert marks[-1] == reports


def test_later_rounds_write_twice_a_second_at_most(world: World) -> None:
    several = [outlook(days=3, of=subject(WorkloadName("shop", "Pod", f"n{n}"))) for n in range(60)]
    world.look(*several)
    world.writer.take(Round([], NOW, NOW), NOW)
    for _ in range(10):
        world.writer.write()
        world.clock.advance(1)
    assert 10 < len(world.cluster.writes) - 60 <= 20


def test_without_the_right_it_is_said_and_nothing_else_stops(world: World) -> None:
    world.cluster.fail("apply reports", AccessDeniedError("apply reports: 403"))
    world.look(outlook(days=3))
    assert (SourceName.REPORTS, SourceProblem.FORBIDDEN) in world.health.events


def test_api_server_that_is_away_is_asked_now_and_then_and_what_is_missing_is_written_afterwards(world: World) -> None:
    several = [outlook(days=3, of=subject(WorkloadName("shop", "Pod", f"n{n}"))) for n in range(5)]
    world.writer.take(Round(several, NOW, NOW), NOW)
    world.cluster.fail("apply reports", ClusterUnavailableError("apply reports: 503"))
    for _ in range(20):
        world.writer.write()
        world.clock.advance(1)
    assert len(world.cluster.writes) == 1
    world.cluster.recover()
    world.finish()
    assert len(world.reports()) == 5, "without another round"


def test_kind_that_cannot_be_listed_yet_is_tried_again_without_another_round(world: World) -> None:
    world.cluster.fail("list reports", ClusterUnavailableError("list reports: 429"))
    world.writer.take(Round([outlook(days=3)], NOW, NOW), NOW)
    assert world.health.events == [(SourceName.REPORTS, SourceProblem.UNAVAILABLE)]
    world.cluster.recover()
    world.finish()
    assert len(world.reports()) == 1


def test_process_that_writes_no_more_stops_in_the_middle(world: World) -> None:
    world.writer = ReportWriter(world.cluster, lambda _: "", world.health, world.clock, lambda: False)
    world.look(outlook(days=3))
    assert world.cluster.writes == []


def test_workload_whose_uid_nobody_knows_has_a_report_without_owner(world: World) -> None:
    world.writer = ReportWriter(world.cluster, lambda _: "", world.health, world.clock)
    world.look(outlook(days=3))
    (report,) = world.reports()
    assert "ownerReferences" not in report["metadata"]
    assert "uid" not in report["scope"]
    assert world.look(outlook(days=3)) == 0
