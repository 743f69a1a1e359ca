"""Dashboards and rules of the chart over what really happens: API server, Gatekeeper, provider, controller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import promql
from tests.e2e.rig import accounts, objects
from tests.e2e.rig.control import ACCOUNT, Control, forget, rights, settings
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.prometheus import Prometheus, Target
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import days_ago
from tests.e2e.rig.world import World
from tests.integration.rules import promtool
from tests.unit.dashboards.test_dashboards import PAGES, panels

_EAST = {"cluster": "east"}
_SECONDS = 60.0
# What a minute on the rig has not: a week ago, gaps, warnings, what audit would find next, one that is throttled.
_NOT_HERE = {
    "New blocks in 24 hours-B",
    "Dry runs denied-A",
    "What a switch to deny would block-A",
    "What a switch to deny would block-B",
    "Warned, by reason-A",
    "What runs and would be denied-A",
    "Held back-A",
    "Quota left-A",
    "Keys without an answer, by reason-A",
    # The forecast and Waivers are off by default.
    "Due in 7 days-A",
    "What runs, by how soon it is denied-A",
    "What is denied next-A",
    "Not known-A",
    "Waivers-A",
    "Waivers that end in 14 days-A",
    "Emergencies-A",
}


@pytest.fixture(scope="module")
def prometheus(
    world: World,
    provider: RealProvider,
    seed_policy: list[Object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    """A Prometheus that has seen three denials of one Pod, by a person."""
    folder = tmp_path_factory.mktemp("dashboards")
    accounts.grant(world.client, rights(NAMESPACE))
    account = accounts.kubeconfig(world.server, NAMESPACE, ACCOUNT, folder / "account")
    control = Control(account, settings(NAMESPACE, folder), folder / "state", world.logs, "dashboards")
    forget(world.client, NAMESPACE)
    control.start()
    endpoint = world.server.endpoint
    running = Prometheus(
        folder / "prometheus",
        folder,
        [
            Target("bestbefore", f"127.0.0.1:{provider.metrics_port}", labels=_EAST),
            Target("bestbefore-controller", f"127.0.0.1:{control.port}", labels=_EAST),
            Target("apiserver", f"127.0.0.1:{endpoint.port}", endpoint.token, labels=_EAST),
        ],
        promtool.FILES,
    )
    running.start()
    try:
        # What is scraped for the first time after it has counted shows no growth.
        running.wait_for("count(up == 1) == 3", _SECONDS)
        running.wait_for('bestbefore_leader{cluster="east"} == 1', _SECONDS)
        running.wait_for(
            'time() - bestbefore_source_last_success_timestamp_seconds{source="denial_log"} < 60', _SECONDS
        )
        running.wait_for('bestbefore_source_last_success_timestamp_seconds{source="gatekeeper_metrics"} > 0', _SECONDS)
        # An image that nobody has asked about: of another one Gatekeeper would remember the answer, and ask nobody.
        image = world.registry.push(objects.unique("old"), days_ago(31))
        pod = objects.pod(world.namespace(), image.reference)
        for _ in range(3):
            assert world.client.create(pod).status == 403
        running.wait_for("bestbefore_blocked_workloads > 0", _SECONDS)
        running.wait_for("increase(bestbefore_gatekeeper_denied_requests_total[1h]) > 0", _SECONDS)
        yield running
    finally:
        running.stop()
        control.stop()


def first_row(title: str, ref: str) -> str:
    """The query of a panel of the first row."""
    (panel,) = (panel for panel in panels(PAGES["denials.json"]) if panel["title"] == title)
    (target,) = (target for target in panel["targets"] if target["refId"] == ref)
    return promql.filled(target["expr"])


def targets() -> list[Any]:
    return [
        pytest.param(target["expr"], id=f"{name}-{panel['title']}-{target['refId']}")
        for name, page in PAGES.items()
        for panel in panels(page)
        for target in panel["targets"]
        if f"{panel['title']}-{target['refId']}" not in _NOT_HERE
    ]


@pytest.mark.parametrize(
    ("title", "ref", "value"),
    [("Enforcement", "A", 0), ("Blocked now", "A", 1), ("Blocked now", "B", 0), ("New blocks in 24 hours", "A", 1)],
)
def test_first_row_says_what_has_happened(prometheus: Prometheus, title: str, ref: str, value: float) -> None:
    wait_until(lambda: prometheus.value(first_row(title, ref)) == value, f"{title} {value}", _SECONDS)


def test_all_denials_are_seen(prometheus: Prometheus) -> None:
    wait_until(lambda: prometheus.value(first_row("Denials seen", "A")) == 1, "all denials", _SECONDS)


@pytest.mark.parametrize("expression", targets())
def test_query_has_rows(prometheus: Prometheus, expression: str) -> None:
    rows = prometheus.wait_for(promql.filled(expression), _SECONDS)
    assert {row.labels["cluster"] for row in rows} == {"east"}


def test_table_says_which_policy_where_and_why(prometheus: Prometheus, seed_policy: list[Object]) -> None:
    (panel,) = (panel for panel in panels(PAGES["denials.json"]) if panel["title"] == "Which, where, why")
    expression = promql.filled(panel["targets"][0]["expr"])
    # A scrape may have come between the denials.
    wait_until(lambda: round(sum(each.value for each in prometheus.query(expression))) == 3, "denials", _SECONDS)
    (row,) = prometheus.query(expression)
    assert row.labels["policy"] == "maximum-image-age-rego"
    assert row.labels["reason"] == "PolicyFailed"


def test_no_page_is_called(prometheus: Prometheus) -> None:
    assert not [found for found in prometheus.alerts() if found["severity"] == "critical"]
