"""Events about blocks, by the real API server's rules; and blocks that end when their workloads can start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import accounts, objects
from tests.e2e.rig.control import ACCOUNT, Control, rights, settings
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.world import World
from tests.e2e.test_cluster import refusal  # noqa: F401 - a fixture

_SECONDS = 60.0
_OWNERS = "controller.owners.enabled=true"


@pytest.fixture
def control(cluster: World, tmp_path: Path) -> Iterator[Control]:
    """A controller that may read workloads, and follows the real Gatekeeper."""
    accounts.grant(cluster.client, rights(NAMESPACE, _OWNERS))
    kubeconfig = accounts.kubeconfig(cluster.server, NAMESPACE, ACCOUNT, tmp_path / "account")
    name = objects.unique("control")
    running = Control(kubeconfig, settings(NAMESPACE, tmp_path, _OWNERS), tmp_path / "state", tmp_path, name)
    with running.running():
        yield running


@pytest.fixture
def blocked(cluster: World, control: Control, refusal: None) -> Iterator[Object]:  # noqa: F811
    """A Deployment whose Pods are denied, of which the controller knows."""
    deployment = objects.workload("Deployment", cluster.namespace(), "registry.invalid/bad")
    cluster.client.create(deployment).expect_ok()
    namespace = deployment["metadata"]["namespace"]
    wait_until(lambda: control.total("blocked_workloads", resource_namespace=namespace) == 1, "block", _SECONDS)
    yield deployment
    # Its controller would try again and again, while others count.
    cluster.client.delete(deployment)


def _events(cluster: World, deployment: Object) -> list[Object]:
    path = f"/apis/events.k8s.io/v1/namespaces/{deployment['metadata']['namespace']}/events"
    found: list[Object] = cluster.client.request("GET", path).expect_ok()["items"]
    return [event for event in found if event.get("reportingController", "").startswith("bestbefore.dev/")]


def _path(deployment: Object) -> str:
    metadata = deployment["metadata"]
    return f"/apis/apps/v1/namespaces/{metadata['namespace']}/deployments/{metadata['name']}"


def test_deployment_that_is_blocked_has_one_event_that_names_it(
    cluster: World, control: Control, blocked: Object
) -> None:
    wait_until(lambda: _events(cluster, blocked), "Event", _SECONDS)
    (event,) = _events(cluster, blocked)
    regarding = event["regarding"]
    assert (regarding["kind"], regarding["name"]) == ("Deployment", blocked["metadata"]["name"])
    assert regarding["uid"] == cluster.client.request("GET", _path(blocked)).expect_ok()["metadata"]["uid"]
    assert event["type"] == "Warning"
    assert "is blocked since" in event["note"]
    assert control.total("workload_events_total", result="failed") == 0


def test_event_goes_on_after_a_controller_that_forgot_everything(
    cluster: World, control: Control, blocked: Object
) -> None:
    wait_until(lambda: _events(cluster, blocked), "Event", _SECONDS)
    # It is counted a moment after it was written.
    wait_until(lambda: control.total("workload_events_total", result="written") >= 1, "count", _SECONDS)
    control.stop()
    control.start()
    wait_until(lambda: control.total("workload_events_total", result="written") >= 1, "renewal", _SECONDS)
    (event,) = _events(cluster, blocked)
    assert event["series"]["count"] >= 2
    assert control.total("workload_events_total", result="failed") == 0


def test_block_ends_when_the_deployment_is_scaled_to_nothing(cluster: World, control: Control, blocked: Object) -> None:
    namespace = blocked["metadata"]["namespace"]
    body = cluster.client.request("GET", _path(blocked)).expect_ok()
    body["spec"]["replicas"] = 0
    cluster.client.request("PUT", _path(blocked), body).expect_ok()
    wait_until(lambda: control.total("blocked_workloads", resource_namespace=namespace) == 0, "end", _SECONDS)

    def told() -> list[dict[str, Any]]:
        return [each for each in control.events("block.ended") if each["resource_namespace"] == namespace]

    wait_until(told, "word about the end", _SECONDS)
    (ended,) = told()
    assert (ended["why"], ended["owner_kind"]) == ("scaled_down", "Deployment")
