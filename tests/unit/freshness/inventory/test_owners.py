"""Owners that are odd: of other groups, owned by operators, in circles, gone."""

from __future__ import annotations

from typing import Any

from gatekeeper.freshness.inventory.builder import InventoryBuilder
from gatekeeper.freshness.inventory.inventory import RunningWorkload
from tests.unit.freshness.objects import NOW, owned, pod, spec, workload

IMAGE = "registry.example.com/shop/web:1"
CLUSTER = owned("Cluster", "pg", "postgresql.cnpg.io/v1")


def shown(*objects: dict[str, Any]) -> dict[str, RunningWorkload]:
    """By kind and name."""
    builder = InventoryBuilder(NOW)
    for each in objects:
        builder.add(each)
    return {f"{each.name.kind}/{each.name.name}": each for each in builder.inventory().workloads}


def test_kind_of_another_group_is_no_kind_of_kubernetes() -> None:
    found = shown(
        workload("Job", "train", spec(IMAGE)),
        pod("train-0", spec(IMAGE), **owned("Job", "train", "batch.volcano.sh/v1alpha1")),
        pod("old", spec(IMAGE), **owned("ReplicaSet", "old-5d4f8c7b94", "extensions/v1beta1")),
        pod("machine-0", spec(IMAGE), **owned("Node", "machine", "example.com/v1")),
    )
    assert found.keys() == {"Job/train", "Job.batch.volcano.sh/train", "Deployment/old", "Node.example.com/machine"}
    assert (found["Job/train"].running, found["Job.batch.volcano.sh/train"].running) == (0, 1)
    reference = found["Job.batch.volcano.sh/train"].name.reference("uid-1")
    assert reference == {"kind": "Job", "namespace": "shop", "name": "train", "uid": "uid-1"}


def test_object_of_another_group_is_not_read_as_one_of_kubernetes() -> None:
    assert shown({**workload("StatefulSet", "db", spec(IMAGE)), "apiVersion": "apps.kruise.io/v1beta1"}) == {}


def test_what_an_operator_owns_is_shown_by_itself_where_no_pod_shows_it() -> None:
    nightly = workload("CronJob", "nightly", spec(IMAGE), schedule="30 2 * * *", metadata=CLUSTER)
    found = shown(
        workload("Deployment", "idle", spec(IMAGE), replicas=0, metadata=CLUSTER),
        workload("StatefulSet", "pg", spec(IMAGE), replicas=1, metadata=CLUSTER),
        nightly,
        workload("Job", "nightly-29301240", spec(IMAGE), metadata=owned("CronJob", "nightly", "batch/v1")),
        workload("ReplicaSet", "earlier", spec(IMAGE), replicas=0, metadata=owned("Rollout", "web", "argoproj.io/v1")),
        pod("pg-0", spec(IMAGE), **owned("StatefulSet", "pg")),
        pod("nightly-a", spec(IMAGE), **owned("Job", "nightly-29301240", "batch/v1")),
    )
    assert found.keys() == {"Cluster/pg", "Deployment/idle", "CronJob/nightly"}
    assert found["Cluster/pg"].running == 2
    assert (found["CronJob/nightly"].schedule, found["Deployment/idle"].replicas) == ("30 2 * * *", 0)


def test_condition_of_a_job_that_is_none_ends_nothing() -> None:
    status = {"conditions": [{"type": ["Complete"], "status": "True"}, {"type": {}}, None]}
    assert not shown(workload("Job", "once", spec(IMAGE), status=status))["Job/once"].finished


def test_owners_in_a_circle_lose_no_pod() -> None:
    found = shown(
        workload("ReplicaSet", "one", spec(IMAGE), metadata=owned("ReplicaSet", "two")),
        workload("ReplicaSet", "two", spec(IMAGE), metadata=owned("ReplicaSet", "one")),
        workload("Deployment", "self", spec(IMAGE), metadata=owned("Deployment", "self")),
        pod("one-a", spec(IMAGE), **owned("ReplicaSet", "one")),
        pod("self-a", spec(IMAGE), **owned("Deployment", "self")),
    )
    assert sum(each.running for each in found.values()) == 2
