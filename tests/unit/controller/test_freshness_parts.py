"""The parts that look ahead: as the settings say, and none where they are off."""

from __future__ import annotations

import io

import pytest

from gatekeeper.controller.freshness_parts import FreshnessParts
from gatekeeper.controller.settings import load
from gatekeeper.denials.ledger.metrics import DenialMetrics
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator

ON = {"forecast": "true", "forecast_certificate": "/tls.crt", "forecast_key": "/tls.key"}


def parts(cluster: ClusterSimulator, health: HealthSimulator, metrics: DenialMetrics, **flags: str) -> FreshnessParts:
    clock = FakeClock()
    log = Log(io.StringIO(), LogLevel.INFO, LogFormat.JSON, clock)
    found = FreshnessParts(load(flags, {}), cluster, log, clock)
    found.join(metrics, health, "control-0", lambda: True)
    return found


def test_off_is_nothing_and_no_series_says_that_nothing_is_due() -> None:
    metrics = DenialMetrics()
    found = parts(ClusterSimulator(), HealthSimulator(), metrics)
    assert (list(found.tasks), list(found.lasting), found.saved) == ([], [], {})
    assert b"bestbefore_running_containers" not in metrics.exposition()


def test_on_there_are_rounds_and_announcements_and_what_was_said_is_kept() -> None:
    found = parts(ClusterSimulator(), HealthSimulator(), DenialMetrics(), **ON)
    assert [each.name for each in found.tasks] == ["announcements"]
    assert [each.name for each in found.lasting] == ["forecast", "presence"]
    assert list(found.saved) == ["announcements", "presence"]


@pytest.mark.parametrize("flags", [{"events": "false"}, {"reports": "off"}], ids=["events", "reports"])
def test_what_is_switched_off_is_not_written(flags: dict[str, str]) -> None:
    cluster = ClusterSimulator()
    found = parts(cluster, HealthSimulator(), DenialMetrics(), **ON, **flags)
    for task in found.tasks:
        task.step()
    assert list(found.saved) == (["presence"] if "events" in flags else ["announcements", "presence"])
    assert cluster.writes == []
