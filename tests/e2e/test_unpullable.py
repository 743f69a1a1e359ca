"""What can be pulled no more: a manifest is deleted in a real registry, and everybody hears of it the day after.

The parts of the controller look through the real provider, at a clock of the test's: a round of the forecast, and what
is due of the looks for images, a day apart.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import start_http_server

from gatekeeper.cluster import access
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.controller.cluster_forecaster import ClusterForecaster, provider_target
from gatekeeper.controller.forecast_rounds import ForecastRounds
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.evaluation import opa
from gatekeeper.freshness.announcement.announcements import Announcements, Listeners, WorkloadUids
from gatekeeper.freshness.announcement.forecast_log import ForecastLog
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from gatekeeper.freshness.announcement.reports.writer import ReportWriter
from gatekeeper.freshness.presence.presence_book import PresenceBook
from gatekeeper.freshness.presence.presence_outlooks import PresenceOutlooks
from gatekeeper.freshness.presence.presence_rounds import PresenceRounds
from gatekeeper.freshness.presence.provider_presence import ProviderPresence, path_of
from gatekeeper.freshness.provider_facts import ProviderFacts
from provider.clock import SystemClock
from provider.registry.presence import PresenceState
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests import quick_yaml
from tests.e2e.rig import definition_end, objects, report_kinds
from tests.e2e.rig import registry as registries
from tests.e2e.rig.policies import Policies
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.prometheus import Prometheus, Target
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.registry import PushedImage, Registry, days_ago
from tests.e2e.rig.world import World
from tests.programs import ROOT, program
from tests.simulators.clock import FakeClock
from tests.simulators.sources import HealthSimulator

_DAY = 86_400
_SECONDS = 30.0
_ALERT = "BestbeforeImagesUnpullable"


class LookAhead:
    """The parts of the controller that look ahead, at a clock of the test's.

    Attributes:
        clock: begins now.
        metrics: what is shown.
        presence: asks the provider.
    """

    def __init__(self, api: LightkubeApi, certificate: Path, key: Path) -> None:
        self.clock, self.metrics = FakeClock(SystemClock().now()), DenialMetrics()
        health, uids = HealthSimulator(), WorkloadUids()
        log = Log(io.StringIO(), LogLevel.INFO, LogFormat.JSON, self.clock)
        self._reports = ReportWriter(api, uids.uid, health, self.clock)
        listeners = Listeners(FreshnessMetrics.of(self.metrics), ForecastLog(log), reports=self._reports)
        self._announcements = Announcements(listeners, uids, self.clock)
        book = PresenceBook(self.clock)
        self.presence = ProviderPresence(ProviderFacts(lambda: path_of(provider_target(api)), certificate, key))
        self._looks = PresenceRounds(book, self.presence)
        facts = ProviderFacts(lambda: provider_target(api), certificate, key)
        forecaster = ClusterForecaster(api, opa.find, facts.conversation, presence=PresenceOutlooks(book))
        self._rounds = ForecastRounds(forecaster, self._announcements, health, log, self.clock)
        self._book = book
        self.round()

    def round(self) -> None:
        """A round of the forecast, and all that is written of it."""
        self._rounds.step()
        for _ in range(60):
            self._announcements.look()
            self.clock.advance(1)

    def day(self) -> None:
        """A day passes: what is due is looked for, and then there is a round."""
        self.clock.advance(_DAY)
        while self._book.due():
            self._looks.step()
            self.clock.advance(1)
        self.round()

    def unpullable(self, namespace: str) -> float:
        """How many containers of a namespace run what is gone."""
        labels = {"resource_namespace": namespace}
        return self.metrics.registry.get_sample_value("bestbefore_unpullable_containers", labels) or 0.0


@dataclass(frozen=True)
class Scene:
    """A registry of the test's own, and a provider that asks it."""

    world: World
    registry: Registry
    provider: RealProvider

    def runs(self, image: str) -> str:
        """The namespace where it runs."""
        namespace = self.world.namespace()
        self.world.client.create(objects.pod(namespace, image)).expect_ok()
        return namespace

    def delete(self, image: PushedImage) -> None:
        """Take its manifest away."""
        connection = http.client.HTTPConnection(self.registry.host, timeout=10)
        connection.request("DELETE", f"/v2/{image.repository.partition('/')[2]}/manifests/{image.digest}")
        assert connection.getresponse().status == http.client.ACCEPTED
        connection.close()

    def unpullable_results(self, namespace: str) -> list[dict[str, Any]]:
        """What reports say about pulling."""
        path = f"/apis/openreports.io/v1alpha1/namespaces/{namespace}/reports"
        found = self.world.client.request("GET", path).body.get("items", [])
        return [each for report in found for each in report["results"] if each["rule"] == "pull"]


@pytest.fixture(scope="module")
def scene(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Images may be 30 days old; the cluster has OpenReports."""
    registry = registries.start(program("registry"), tmp_path_factory.mktemp("registry"))
    provider = RealProvider(world.provider_pair, [registry.host], world.logs)
    provider.start()
    for each in provider_objects(provider.address, world.authority):
        world.apply_provider(each)
    folder = ROOT / "policies" / "maximum-image-age"
    template = quick_yaml.load((folder / "template.yaml").read_text())
    constraint = next(quick_yaml.load_all((folder / "constraint.yaml").read_text()))
    constraint["spec"]["parameters"] = {"maxAge": "30d"}
    policies, old = Policies(world.client), registry.push("old", days_ago(31))
    control = objects.pod(world.namespace(), old.reference)
    policies.enforce([template, constraint], control)
    kind = report_kinds.open_reports(world.binaries)
    world.client.apply(kind)
    path = "/apis/openreports.io/v1alpha1/reports"
    wait_until(lambda: world.client.request("GET", path).ok, "served reports", _SECONDS)
    yield Scene(world, registry, provider)
    definition_end.take_away(world.client, kind["metadata"]["name"])
    policies.remove(control)
    provider.stop()
    registry.stop()


@pytest.fixture
def look_ahead(scene: Scene) -> Iterator[Callable[[], LookAhead]]:
    """Makes it, once the test's images run."""
    api = LightkubeApi(access.find(scene.world.server.kubeconfig))
    pair = scene.world.authority.issue(objects.unique("client"), server=False, client=True)
    yield lambda: LookAhead(api, pair.certificate, pair.key)
    api.close()


@contextmanager
def _alerted(metrics: DenialMetrics, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes these metrics, with the chart's rule of this alert, which waits for nothing."""
    own = quick_yaml.load((ROOT / "helm" / "bestbefore" / "rules" / "own.yaml").read_text())
    (rule,) = [each for group in own["groups"] for each in group["rules"] if each.get("alert") == _ALERT]
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "one", "rules": [{**rule, "for": "0s"}]}]}))
    server, thread = start_http_server(0, "127.0.0.1", metrics.registry)
    prometheus = Prometheus(folder / "data", folder, [Target("control", f"127.0.0.1:{server.server_port}")], [file])
    prometheus.start()
    try:
        yield prometheus
    finally:
        prometheus.stop()
        server.shutdown()
        server.server_close()
        thread.join()


def test_deleted_image_is_told_the_day_after_by_metric_report_and_ticket(
    scene: Scene, look_ahead: Callable[[], LookAhead], tmp_path: Path
) -> None:
    kept, gone = (scene.registry.push(objects.unique(name), days_ago(1)) for name in ("kept", "gone"))
    stays, goes = scene.runs(kept.pinned), scene.runs(gone.pinned)
    running = look_ahead()
    running.day()
    assert (running.unpullable(stays), running.unpullable(goes)) == (0, 0)
    scene.delete(gone)
    assert running.presence.ask([gone.pinned])[gone.pinned].state is PresenceState.GONE
    running.day()
    assert (running.unpullable(stays), running.unpullable(goes)) == (0, 1)
    (result,) = scene.unpullable_results(goes)
    assert (result["result"], result["severity"], result["properties"]["image"]) == ("fail", "medium", gone.pinned)
    assert "Push it again, or move to another digest" in result["message"]
    assert scene.unpullable_results(stays) == []
    with _alerted(running.metrics, tmp_path) as prometheus:
        prometheus.wait_for(f'ALERTS{{alertname="{_ALERT}", alertstate="firing"}}')
        (alert,) = prometheus.alerts()
        assert alert["severity"] == "warning", "a ticket, no page"


def test_registry_that_is_away_for_a_day_makes_nothing_unpullable(
    scene: Scene, look_ahead: Callable[[], LookAhead]
) -> None:
    images = [scene.registry.push(objects.unique("away"), days_ago(1)) for _ in range(3)]
    namespaces = [scene.runs(each.pinned) for each in images]
    running = look_ahead()
    running.day()
    scene.registry.stop()
    answers = running.presence.ask([each.pinned for each in images])
    assert {each.state for each in answers.values()} == {PresenceState.UNKNOWN}
    running.day()
    assert [running.unpullable(each) for each in namespaces] == [0] * 3
    assert [scene.unpullable_results(each) for each in namespaces] == [[]] * 3
