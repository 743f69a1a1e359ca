"""Reports in the kinds that others publish: the real API server takes all of them, and readers find what they look for.

What a reader looks for is what Policy Reporter reads of a report: an id, and a resource, of each result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gatekeeper.cluster import access
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.freshness.announcement.reports.finding import findings
from gatekeeper.freshness.announcement.reports.form import FORMS, OPEN_REPORTS, POLICY_REPORTS, ReportForm
from gatekeeper.freshness.announcement.reports.report import ReportText
from gatekeeper.freshness.announcement.reports.writer import ReportWriter
from gatekeeper.freshness.announcement.round import Round
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, OutlookTurn, OutlookVerdict, Question
from tests.e2e.rig import definition_end, definitions, report_kinds
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.world import World
from tests.simulators.clock import FakeClock
from tests.simulators.sources import HealthSimulator
from tests.unit.freshness.announcement.samples import NOW, denied, outlook, subject, unknown

_SECONDS = 30.0
_UID = "0f5c1d3e-6d3c-4a0e-9d50-2f1a6c1f3b11"
_FORMS = pytest.mark.parametrize("form", [OPEN_REPORTS, POLICY_REPORTS], ids=["openreports", "policyreport"])


def _definition(world: World, form: ReportForm) -> Object:
    read = report_kinds.open_reports if form is OPEN_REPORTS else report_kinds.policy_reports
    return read(world.binaries)


@dataclass
class Kinds:
    """The kinds of reports of a cluster, which come and go.

    Attributes:
        world: of the cluster.
        present: those that were there at some time.
    """

    world: World
    present: list[ReportForm] = field(default_factory=list)

    def bring(self, form: ReportForm) -> None:
        """As somebody installs it."""
        self.present.append(form)
        definitions.apply(self.world.client, [_definition(self.world, form)])

    def take_away(self, form: ReportForm) -> None:
        """As somebody takes it away, with all of its objects."""
        definition_end.take_away(self.world.client, form.definition)


@pytest.fixture
def kinds(world: World) -> Iterator[Kinds]:
    """None at first; afterwards none again."""
    found = Kinds(world)
    yield found
    definition_end.take_away(world.client, *{each.definition for each in found.present})


def _outlooks(namespace: str) -> list[Outlook]:
    """One of each result, and of each severity that there is."""
    waived = [OutlookTurn(NOW, OutlookVerdict.WAIVED), denied(NOW + 20 * DAY)]
    web = WorkloadName(namespace, "Deployment", "web")

    def of(path: str) -> Any:
        return subject(web, path=path)

    return [
        outlook(days=0, of=of("a"), critical=True),
        outlook(days=0, of=of("b")),
        outlook(days=3, of=of("c")),
        outlook(days=14, of=of("d")),
        outlook(of=of("e"), turns=[unknown()]),
        outlook(of=of("f"), turns=waived, waived_until=NOW + 20 * DAY),
        outlook(days=0, of=of("g"), question=Question.PULL),
        outlook(days=3, of=of("h"), question=Question.RUNNING),
    ]


def _reports(form: ReportForm, namespace: str) -> list[Object]:
    every = findings(_outlooks(namespace), NOW)
    text = ReportText(form, NOW, {})
    workload = text.of_workload(every[0].outlook.subject.workload, every, _UID)
    return [dict(workload), dict(text.of_namespace(namespace, every))]


def _read(report: Object) -> list[dict[str, Any]]:
    """What Policy Reporter makes of each result; a result without resource is about the report's scope."""
    found = []
    for each in report["results"]:
        resource = (each.get("resources") or [report.get("scope")])[0]
        found.append(
            {
                "id": each["properties"]["resultID"],
                "source": each.get("source") or report.get("source"),
                "category": each.get("category") or "Other",
                "severity": each["severity"],
                "result": each["result"],
                "resource": (resource["kind"], resource.get("namespace"), resource["name"], resource.get("uid")),
                "found": each["timestamp"]["seconds"],
            }
        )
    return found


@_FORMS
def test_published_kind_takes_all_that_we_write_and_prunes_nothing(
    kinds: Kinds, client: KubernetesClient, namespace: str, form: ReportForm
) -> None:
    kinds.bring(form)
    for report in _reports(form, namespace):
        path = f"/apis/{form.resource.api_version}/namespaces/{namespace}/{form.resource.plural}"
        answer = client.request("POST", path, report, query={"fieldValidation": "Strict"})
        assert (answer.status, answer.warnings) == (201, ()), answer.message
        kept = client.request("GET", f"{path}/{report['metadata']['name']}").expect_ok()
        ours = {name: value for name, value in report.items() if name != "metadata"}
        assert {name: kept[name] for name in ours} == ours
    wrong = {**_reports(form, namespace)[0], "nobodyKnows": 1}
    assert client.request("POST", path, wrong, query={"fieldValidation": "Strict"}).status == 400, "it would be said"


@_FORMS
def test_reader_finds_an_id_a_resource_and_a_known_word_in_each_result(
    kinds: Kinds, client: KubernetesClient, namespace: str, form: ReportForm
) -> None:
    kinds.bring(form)
    report, summary = (client.create(each).expect_ok() for each in _reports(form, namespace))
    results = _read(report)
    assert [each["result"] for each in results] == ["fail"] * 3 + ["warn"] * 3 + ["error", "skip"]
    assert {each["severity"] for each in results} == {"critical", "high", "medium", "low", "info"}
    assert len({each["id"] for each in results}) == len(results), "another id is another alert"
    assert {each["resource"] for each in results} == {("Deployment", namespace, "web", _UID)}
    assert {(each["source"], each["category"]) for each in results} == {("bestbefore", "Image freshness")}
    assert {each["found"] for each in results} == {NOW // SECOND}
    rows = _read(summary)
    assert {each["resource"] for each in rows} == {("Namespace", None, namespace, None)}
    assert len({each["id"] for each in rows}) == len(rows)


@dataclass
class Writer:
    """What writes reports, round by round, at a clock of the test's.

    Attributes:
        api: of the cluster.
    """

    api: LightkubeApi

    def __post_init__(self) -> None:
        self.clock, self.health = FakeClock(), HealthSimulator()
        self._writer = ReportWriter(self.api, lambda _: _UID, self.health, self.clock)

    def take(self, outlooks: list[Outlook]) -> int:
        """A round begins; how many writes it plans."""
        now = int(self.clock.now()) * SECOND
        return self._writer.take(Round(outlooks, now, now), now)

    def wait(self, seconds: int) -> None:
        """So much time passes, a second at a time."""
        for _ in range(seconds):
            self._writer.write()
            self.clock.advance(1)


@pytest.fixture
def writer(world: World) -> Iterator[Writer]:
    """Nothing is written yet."""
    api = LightkubeApi(access.find(world.server.kubeconfig))
    yield Writer(api)
    api.close()


def test_kinds_that_appear_and_vanish_while_the_controller_runs(
    kinds: Kinds, writer: Writer, client: KubernetesClient, namespace: str
) -> None:
    several = [outlook(days=3, of=subject(WorkloadName(namespace, "Pod", f"n{number}"))) for number in range(3)]

    def count(form: ReportForm) -> int:
        path = f"/apis/{form.resource.api_version}/namespaces/{namespace}/{form.resource.plural}"
        return len(client.request("GET", path).body.get("items", []))

    def waits_for(planned: int, outlooks: list[Outlook]) -> None:
        """Round after round; for seconds after its definition a kind can be listed at one time and not at the next."""
        wait_until(lambda: writer.take(outlooks) == planned, f"{planned} writes", _SECONDS)

    def writes(form: ReportForm) -> None:
        """Every report, and none of another kind."""

        def everything() -> bool:
            writer.wait(60)
            return {each: count(each) for each in FORMS if count(each)} == {form: 3}

        wait_until(everything, f"every {form.resource.kind}", _SECONDS)

    assert writer.take(several) == 0, "no kind, no report"
    kinds.bring(POLICY_REPORTS)
    waits_for(3, several)
    writes(POLICY_REPORTS)
    kinds.bring(OPEN_REPORTS)
    waits_for(6, several)
    writes(OPEN_REPORTS)
    waits_for(0, several)
    # In the middle of a round: it breaks off, and begins anew with the kind that is left.
    waits_for(3, [])
    kinds.take_away(OPEN_REPORTS)
    waits_for(3, several)
    kinds.take_away(POLICY_REPORTS)
    writer.wait(10)
    assert writer.health.events[-1] == (SourceName.REPORTS, SourceProblem.ABSENT)
    kinds.bring(POLICY_REPORTS)
    # Without another round.
    writes(POLICY_REPORTS)
