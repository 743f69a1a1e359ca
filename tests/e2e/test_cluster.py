"""The rig's node and controllers: logs come by way of the API server, and workloads make Pods."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

from tests.e2e.rig import controllers, objects
from tests.e2e.rig.gatekeeper import METRICS_PORT, NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.policies import Policies, wait_for_denial
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.world import World

_SECONDS = 20.0
_REGO = """
package rigrefusal

violation[{"msg": msg}] {
    image := input.review.object.spec.containers[_].image
    endswith(image, "/bad")
    msg := sprintf("%v is refused in %v", [image, input.review.object.metadata.name])
}
"""


@pytest.fixture(scope="module")
def refusal(cluster: World) -> Iterator[None]:
    """A policy that refuses each image named bad."""
    policies = Policies(cluster.client)
    control = objects.pod(cluster.namespace(), "registry.invalid/bad")
    policies.enforce([_template(), _constraint()], control)
    yield
    policies.remove(control)


def _deny(cluster: World, namespace: str) -> str:
    """Have a Pod denied; its name."""
    pod = objects.pod(namespace, "registry.invalid/bad")
    assert cluster.client.create(pod).status == 403
    return str(pod["metadata"]["name"])


def test_denials_are_in_the_log_of_gatekeepers_pod(cluster: World, refusal: None) -> None:
    name = _deny(cluster, cluster.namespace())
    wait_until(lambda: name in _log(cluster), "line", _SECONDS)
    (line,) = (line for line in _log(cluster).splitlines() if name in line)
    stamp, text = line.split(" ", 1)
    assert stamp.endswith("Z")
    assert json.loads(text)["event_type"] == "violation"


def test_log_that_is_followed_goes_on_over_a_rotation_but_the_rotated_part_is_not_read_again(
    cluster: World, refusal: None
) -> None:
    namespace = cluster.namespace()
    with _follow(cluster) as lines:
        names: list[str] = []
        found: list[str] = []
        for _ in range(3):
            names += [_deny(cluster, namespace) for _ in range(3)]
            # Whoever follows has come to the new file: of two rotations at once, one file is nobody's.
            _read(lines, names, found)
            names += [_deny(cluster, namespace) for _ in range(2)]
            cluster.gatekeeper.rotate_log()
        names.append(_deny(cluster, namespace))
        _read(lines, names, found)
    assert found == names
    assert not set(names[:-1]) & set(_log(cluster).split('"'))


def test_log_of_the_attempt_before_a_restart_is_there_once(cluster: World, refusal: None) -> None:
    name = _deny(cluster, cluster.namespace())
    wait_until(lambda: name in _log(cluster), "line", _SECONDS)
    cluster.gatekeeper.restart()
    assert name not in _log(cluster)
    assert name in _log(cluster, previous="true")


def test_gatekeeper_tells_its_counters_at_its_pods_address(cluster: World) -> None:
    pod = cluster.gatekeeper.pod
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod.name}"
    body = cluster.client.request("GET", path).expect_ok()
    url = f"http://{body['status']['podIP']}:{METRICS_PORT}/metrics"
    with urllib.request.urlopen(url, timeout=5) as response:
        assert b"gatekeeper_validation_request_count_total" in response.read()


def test_replica_sets_try_again_and_garbage_is_collected(cluster: World, refusal: None) -> None:
    deployment = objects.workload("Deployment", cluster.namespace(), "registry.invalid/bad")
    cluster.client.create(deployment).expect_ok()
    mark = f'"resource_namespace":"{deployment["metadata"]["namespace"]}"'
    wait_until(lambda: _log(cluster).count(mark) >= 3, "retries", _SECONDS)
    line = next(json.loads(line.split(" ", 1)[1]) for line in _log(cluster).splitlines() if mark in line)
    assert line["request_username"] == controllers.REPLICA_SETS
    cluster.client.delete(deployment)
    wait_until(lambda: not _replica_sets(cluster, deployment), "collected garbage", _SECONDS)


def test_another_replica_has_a_log_of_its_own_and_goes_with_its_pod(cluster: World, refusal: None) -> None:
    namespace = cluster.namespace()
    replica = cluster.installation.replica()
    replica.start()
    try:
        cluster.installation.point_webhooks_at(replica)
        # One that has just begun may serve before it has its Constraints.
        wait_for_denial(cluster.client, objects.pod(namespace, "registry.invalid/bad"))
        wait_until(lambda: _deny(cluster, namespace) in _log(cluster, replica.pod.name), "line", _SECONDS)
    finally:
        cluster.installation.point_webhooks_at(cluster.gatekeeper)
        replica.remove()
    wait_until(lambda: _deny(cluster, namespace) in _log(cluster), "line", _SECONDS)


def _replica_sets(cluster: World, deployment: Object) -> list[Object]:
    path = f"/apis/apps/v1/namespaces/{deployment['metadata']['namespace']}/replicasets"
    found: list[Object] = cluster.client.request("GET", path).expect_ok()["items"]
    return found


def _log(cluster: World, pod: str = "", **query: str) -> str:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod or cluster.gatekeeper.pod.name}/log"
    return cluster.client.request("GET", path, query={"timestamps": "true", **query}).text


@contextmanager
def _follow(cluster: World) -> Iterator[http.client.HTTPResponse]:
    endpoint = cluster.server.endpoint
    context = ssl.create_default_context(cadata=endpoint.authority)
    connection = http.client.HTTPSConnection("127.0.0.1", endpoint.port, timeout=_SECONDS, context=context)
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{cluster.gatekeeper.pod.name}/log?follow=true"
    connection.request("GET", path, headers={"Authorization": f"Bearer {endpoint.token}"})
    with closing(connection), connection.getresponse() as response:
        yield response


def _read(lines: http.client.HTTPResponse, names: Sequence[str], found: list[str]) -> None:
    """Read until the last of these names has come, and add what was found of them."""
    while names[-1] not in found:
        line = json.loads(lines.readline())
        if line.get("event_type") == "violation" and line["resource_name"] in names:
            found.append(line["resource_name"])


def _template() -> Object:
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "rigrefusal"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "RigRefusal"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": _REGO}],
        },
    }


def _constraint() -> Object:
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "RigRefusal",
        "metadata": {"name": "rigrefusal"},
        "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}},
    }
