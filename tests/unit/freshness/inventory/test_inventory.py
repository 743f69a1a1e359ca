"""An inventory of a cluster, and in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import NAMESPACES, WORKLOADS
from gatekeeper.documents.problems import DocumentError
from gatekeeper.freshness.inventory import inventory_file, limits
from gatekeeper.freshness.inventory.inventory import WorkloadInventory
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from tests.simulators.cluster import ClusterSimulator
from tests.unit.freshness.objects import NOW, digest, namespace, owned, pod, spec, workload

WEB = "registry.example.com/shop/web"


def cluster(*objects: dict[str, Any]) -> ClusterSimulator:
    found = ClusterSimulator()
    found.add(NAMESPACES, namespace("shop"))
    found.add(NAMESPACES, namespace("other", {}))
    for each in objects:
        found.add(WORKLOADS[each["kind"]], each)
    return found


def read(found: ClusterSimulator) -> WorkloadInventory:
    return WorkloadInventoryReader(found, lambda _name, labels: bool(labels), "team").read(NOW)


def web(count: int = 3) -> list[dict[str, Any]]:
    revision = {"annotations": {"deployment.kubernetes.io/revision": "3"}}
    replica_set = {"name": "web-5d4f8c7b94", **owned("Deployment", "web"), **revision}
    its = owned("ReplicaSet", "web-5d4f8c7b94")
    return [
        workload("Deployment", "web", spec(f"{WEB}:1"), replicas=count),
        workload("ReplicaSet", "web-5d4f8c7b94", spec(f"{WEB}:1"), metadata=replica_set),
        *(pod(f"web-{number}", spec(f"{WEB}:1"), [f"{WEB}@{digest(7)}"], **its) for number in range(count)),
    ]


def test_pods_of_a_deployment_are_one_workload_and_one_row() -> None:
    found = read(cluster(*web()))
    (one,) = found.workloads
    assert (one.name.kind, one.name.name, one.uid, one.running) == ("Deployment", "web", "uid-Deployment-web", 3)
    (group,) = one.pods
    assert (group.maker, group.count, group.ids[0].id) == ("ReplicaSet", 3, f"{WEB}@{digest(7)}")
    assert found.team("shop") == "checkout"


def test_pods_of_a_daemon_set_are_one_row_and_those_of_another_place_another() -> None:
    def made(node: str, **more: Any) -> dict[str, Any]:
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        its = spec(f"{WEB}:1", affinity={"nodeAffinity": required}, **more)
        return pod(f"logs-{node}", its, **owned("DaemonSet", "logs"))

    (one,) = read(cluster(made("a"), made("b"), made("c", nodeSelector={"kubernetes.io/arch": "arm64"}))).workloads
    assert [each.count for each in one.pods] == [2, 1]


def test_pods_elsewhere_and_pods_that_are_over_are_left_out() -> None:
    elsewhere = {**pod("p", spec("a")), "metadata": {"name": "p", "namespace": "other"}}
    over = {**pod("q", spec("a")), "status": {"phase": "Succeeded"}}
    assert read(cluster(elsewhere, over)).workloads == []


def test_namespace_that_is_being_deleted_makes_no_pod_any_more() -> None:
    found = cluster(*web())
    leaving = namespace("shop")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T08:00:00Z"
    found.add(NAMESPACES, leaving)
    assert read(found).workloads == []


def test_values_of_variables_are_not_kept() -> None:
    secret = {"name": "TOKEN", "value": "s3cret"}
    its = {"containers": [{"name": "c", "image": "a", "env": [secret]}]}
    found = read(cluster(workload("Deployment", "web", its)))
    assert "s3cret" not in json.dumps(inventory_file.to_json(found))


def test_what_may_not_be_read_is_told_and_the_rest_is_there() -> None:
    found = cluster(*web())
    found.fail("deployments", AccessDeniedError("list deployments: 403"))
    inventory = read(found)
    assert inventory.problems == ("deployments could not be read to the end: list deployments: 403",)
    assert inventory.gaps == inventory.problems
    (one,) = inventory.workloads
    assert (one.name.kind, one.name.name, one.running) == ("Deployment", "web", 3)


def test_list_that_ended_too_early_is_told_however_much_else_there_is_to_tell() -> None:
    large = {**spec("a"), "hostname": "x" * limits.TEMPLATE_BYTES}
    found = cluster(*(workload("Deployment", f"large-{number}", large) for number in range(limits.PROBLEMS + 1)))
    found.fail("pods", AccessDeniedError("list pods: 403"))
    inventory = read(found)
    assert inventory.gaps == ("pods could not be read to the end: list pods: 403",)
    assert inventory.problems[0] == inventory.gaps[0]
    assert len(inventory.problems) == limits.PROBLEMS


def test_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = read(cluster(*web()))
    inventory_file.write(found, tmp_path / "inventory.json")
    again = inventory_file.read(tmp_path / "inventory.json", 0)
    assert inventory_file.to_json(again) == inventory_file.to_json(found)
    assert (again.taken, again.team("shop"), again.pods) == (NOW, "checkout", 3)
    assert again.workloads[0].current == "web-5d4f8c7b94"


def test_pods_as_kubectl_prints_them_are_read(tmp_path: Path) -> None:
    pods = [each for each in web() if each["kind"] == "Pod"]
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
    (one,) = inventory_file.read(path, NOW).workloads
    assert (one.name.kind, one.name.name, one.running, one.shape) == ("Deployment", "web", 3, None)


def test_pod_that_stands_twice_runs_once_and_one_without_a_name_is_another_each_time(tmp_path: Path) -> None:
    named, nameless = pod("a", spec("a/b")), pod("", spec("a/b"), generateName="b-")
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [named, nameless, named, nameless]}))
    assert inventory_file.read(path, NOW).pods == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"inventoryVersion": 2}', "inventoryVersion: is 2, expected 1"),
        ('{"inventoryVersion": 1, "workloads": [{"name": {}}]}', "workloads[0].name.kind: is missing: expected a name"),
        ('{"inventoryVersion": 1, "workloads": 3}', "workloads: expected a list of objects"),
        ('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}', "holds nothing that runs"),
        ("{", "is not YAML"),
    ],
)
def test_file_that_is_none_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "inventory.json"
    path.write_text(text)
    with pytest.raises(DocumentError) as raised:
        inventory_file.read(path, NOW)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
