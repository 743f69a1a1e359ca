"""Blocks end when their workloads can start, where these may be read."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import CRON_JOBS, DEPLOYMENTS, JOBS, WORKLOADS, Resource
from gatekeeper.controller.owners import BlockedOwners
from gatekeeper.denials.ledger.blocks import BlockEnd, BlockName, WorkloadBlock
from gatekeeper.denials.ledger.workload import OwnersByName, WorkloadName
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator
from tests.unit.controller.test_block_events import block

OLD, NEW = "shop/web:1.4", "shop/web:1.5"


class LedgerSimulator:
    """Implements `OpenBlocks`."""

    def __init__(self) -> None:
        self.open: list[WorkloadBlock] = []
        self.ended: list[tuple[str, BlockEnd]] = []

    def blocks(self) -> tuple[WorkloadBlock, ...]:
        return tuple(self.open)

    def end(self, blocked: WorkloadName, why: BlockEnd) -> None:
        self.open = [each for each in self.open if each.name.workload != blocked]
        self.ended.append((blocked.name, why))


@pytest.fixture
def cluster() -> ClusterSimulator:
    return ClusterSimulator()


@pytest.fixture
def ledger() -> LedgerSimulator:
    return LedgerSimulator()


@pytest.fixture
def health() -> HealthSimulator:
    return HealthSimulator()


@pytest.fixture
def owners(cluster, ledger, health) -> BlockedOwners:
    return BlockedOwners(cluster, ledger, health)


def denied(
    kind: str = "Deployment", image: str = OLD, actor: Actor = Actor.CONTROLLER, name: str = "web"
) -> WorkloadBlock:
    workload = WorkloadName("shop", kind, name)
    return block(workload, name=BlockName(workload, "MaximumImageAge", image), actor=actor)


def workload(
    cluster: ClusterSimulator,
    resource: Resource = DEPLOYMENTS,
    image: str = OLD,
    status: dict[str, Any] | None = None,
    name: str = "web",
    **spec: Any,
) -> None:
    template = {"spec": {"containers": [{"name": "web", "image": image}]}}
    body = {
        "metadata": {"name": name, "namespace": "shop", "generation": 4},
        "spec": {"template": template, **spec},
        "status": {"observedGeneration": 4, **(status or {})},
    }
    cluster.add(resource, body)


def test_block_lasts_while_pods_are_missing(cluster, ledger, owners, health):
    ledger.open = [denied()]
    workload(cluster, replicas=3, status={"updatedReplicas": 2})
    owners.look()
    assert ledger.ended == []
    assert owners.uid(WorkloadName("shop", "Deployment", "web")).startswith("uid-")
    assert health.events == [(SourceName.OWNERS, None)]


@pytest.mark.parametrize(
    ("resource", "spec", "status"),
    [
        (DEPLOYMENTS, {"replicas": 3}, {"updatedReplicas": 3}),
        (WORKLOADS["StatefulSet"], {"replicas": 1}, {"updatedReplicas": 1}),
        (WORKLOADS["ReplicaSet"], {"replicas": 2}, {"replicas": 2}),
        (WORKLOADS["DaemonSet"], {}, {"desiredNumberScheduled": 5, "updatedNumberScheduled": 5}),
    ],
)
def test_block_ends_when_all_pods_are_there(cluster, ledger, owners, resource, spec, status):
    ledger.open = [denied(resource.kind)]
    workload(cluster, resource, status=status, **spec)
    owners.look()
    assert ledger.ended == [("web", BlockEnd.ADMITTED)]


def test_status_of_a_generation_before_proves_nothing(cluster, ledger, owners):
    ledger.open = [denied()]
    workload(cluster, replicas=3, status={"updatedReplicas": 3, "observedGeneration": 3})
    owners.look()
    assert ledger.ended == []


@pytest.mark.parametrize(
    ("resource", "spec"),
    [
        (DEPLOYMENTS, {"replicas": 0}),
        (CRON_JOBS, {"suspend": True}),
        (JOBS, {"suspend": True}),
        (JOBS, {"parallelism": 0}),
    ],
)
def test_block_ends_when_no_pod_is_wanted(cluster, ledger, owners, resource, spec):
    ledger.open = [denied(resource.kind)]
    workload(cluster, resource, **spec)
    owners.look()
    assert ledger.ended == [("web", BlockEnd.SCALED_DOWN)]


def test_block_ends_when_the_template_has_another_image(cluster, ledger, owners):
    ledger.open = [denied()]
    workload(cluster, image=OLD, replicas=3)
    owners.look()
    workload(cluster, image=NEW, replicas=3, status={"updatedReplicas": 1})
    owners.look()
    assert ledger.ended == [("web", BlockEnd.ADMITTED)]


def test_block_lasts_for_an_image_that_another_webhook_puts_into_each_pod(cluster, ledger, owners):
    ledger.open = [denied(image="mesh/sidecar:1.2")]
    workload(cluster, replicas=3, status={"updatedReplicas": 1})
    for _ in range(3):
        owners.look()
    assert ledger.ended == []
    workload(cluster, replicas=3, status={"updatedReplicas": 3})
    owners.look()
    assert ledger.ended == [("web", BlockEnd.ADMITTED)]


def test_workload_that_we_may_not_read_keeps_none_of_the_others_waiting(cluster, ledger, owners, health):
    ledger.open = [denied("CronJob", name="a"), denied()]
    workload(cluster, replicas=3, status={"updatedReplicas": 3})
    cluster.fail("get cronjobs", AccessDeniedError("no"))
    owners.look()
    assert ledger.ended == [("web", BlockEnd.ADMITTED)]
    assert health.events == [(SourceName.OWNERS, SourceProblem.FORBIDDEN)]


def test_block_lasts_when_the_other_image_is_blocked_too(cluster, ledger, owners):
    ledger.open = [denied(), denied(image=NEW)]
    workload(cluster, image=NEW, replicas=3, status={"updatedReplicas": 1})
    owners.look()
    assert ledger.ended == []


def test_image_of_a_pod_may_have_the_digest_behind_that_of_the_template(cluster, ledger, owners):
    ledger.open = [denied(image=f"{OLD}@sha256:{'0' * 64}")]
    workload(cluster, replicas=3)
    owners.look()
    assert ledger.ended == []


@pytest.mark.parametrize("actor", [Actor.PERSON, Actor.GITOPS, Actor.SERVICEACCOUNT])
def test_update_that_somebody_was_denied_is_no_end_though_the_old_pods_run(cluster, ledger, owners, actor):
    ledger.open = [denied(image=NEW, actor=actor)]
    workload(cluster, image=OLD, replicas=3, status={"updatedReplicas": 3})
    owners.look()
    assert ledger.ended == []
    workload(cluster, image=NEW, replicas=3)
    owners.look()
    assert ledger.ended == [("web", BlockEnd.ADMITTED)]


@pytest.mark.parametrize(
    ("spec", "status", "over"),
    [
        ({}, {"active": 1}, True),
        ({}, {"active": 0}, False),
        ({}, {"failed": 1}, False),
        ({}, {"succeeded": 1}, True),
        ({"parallelism": 2, "completions": 5}, {"active": 1, "succeeded": 1}, False),
        ({"parallelism": 2, "completions": 5}, {"active": 1, "succeeded": 4}, True),
        ({"parallelism": 2, "completions": 5}, {"succeeded": 4}, False),
        ({"completions": "five"}, {"active": 1}, False),
    ],
)
def test_block_of_a_job_ends_when_as_many_pods_run_as_may_at_once(cluster, ledger, owners, spec, status, over):
    ledger.open = [denied("Job")]
    workload(cluster, JOBS, status=status, **spec)
    owners.look()
    assert ledger.ended == ([("web", BlockEnd.ADMITTED)] if over else [])


_BEFORE, _AFTER = "2026-11-24T22:39:59Z", "2026-11-24T23:40:00Z"


def cron_job(cluster: ClusterSimulator, image: str = OLD, **status: Any) -> None:
    job = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
    body = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"jobTemplate": job}, "status": status}
    cluster.add(CRON_JOBS, body)


def job(cluster: ClusterSimulator, number: int, created: str, **status: Any) -> None:
    metadata = {"name": f"web-{number}", "namespace": "shop", "creationTimestamp": created}
    cluster.add(JOBS, {"metadata": metadata, "spec": {}, "status": status})


@pytest.mark.parametrize(
    ("created", "status", "over"), [(_AFTER, {"active": 1}, True), (_AFTER, {}, False), (_BEFORE, {"active": 1}, False)]
)
def test_block_of_a_cron_job_ends_with_its_next_job_that_makes_a_pod(cluster, ledger, owners, created, status, over):
    ledger.open = [denied("CronJob")]
    cron_job(cluster, active=[{"name": "web-29301300"}, {"name": "web-29301240"}])
    job(cluster, 29301240, _BEFORE, active=1)
    job(cluster, 29301300, created, **status)
    owners.look()
    assert ledger.ended == ([("web", BlockEnd.ADMITTED)] if over else [])


@pytest.mark.parametrize(("succeeded", "over"), [(_AFTER, True), (_BEFORE, False), (7, False)])
def test_block_of_a_cron_job_ends_with_a_job_that_was_over_before_anybody_looked(
    cluster, ledger, owners, succeeded, over
):
    ledger.open = [denied("CronJob")]
    cron_job(cluster, lastSuccessfulTime=succeeded, active=[{"name": "web-29301300"}])
    owners.look()
    assert ledger.ended == ([("web", BlockEnd.ADMITTED)] if over else [])


def test_block_ends_when_the_workload_is_deleted(cluster, ledger, owners):
    ledger.open = [denied()]
    workload(cluster, replicas=3)
    owners.look()
    cluster.delete(DEPLOYMENTS, "web", "shop")
    owners.look()
    assert ledger.ended == [("web", BlockEnd.DELETED)]


def test_workload_that_was_never_seen_is_not_taken_as_deleted(ledger, owners, health):
    ledger.open = [denied()]
    owners.look()
    assert ledger.ended == []
    assert health.events == [(SourceName.OWNERS, None)]


def test_workload_of_an_unknown_kind_is_left_to_silence(cluster, ledger, owners):
    ledger.open = [denied("Rollout")]
    owners.look()
    assert cluster.calls == []


def test_right_that_is_missing_is_said(cluster, ledger, owners, health):
    ledger.open = [denied()]
    cluster.fail("deployments", AccessDeniedError("get deployments in shop web: 403"))
    owners.look()
    assert health.events == [(SourceName.OWNERS, SourceProblem.FORBIDDEN)]


def test_each_of_many_has_its_turn(cluster, ledger, owners):
    ledger.open = [denied(name=f"web-{n}") for n in range(100)]
    for n in range(100):
        workload(cluster, name=f"web-{n}", replicas=3)
    owners.look()
    owners.look()
    assert len(cluster.calls) == 120
    assert all(owners.uid(each.name.workload) for each in ledger.open)
    assert len(cluster.calls) == 120


def test_many_single_pods_keep_no_deployment_waiting(cluster, ledger, owners):
    ledger.open = [*(denied(kind="Pod", name=f"single-{n}") for n in range(400)), denied()]
    workload(cluster, replicas=3, status={"updatedReplicas": 3})
    owners.look()
    assert ledger.ended == [("web", BlockEnd.ADMITTED)]
    assert len(cluster.calls) == 60


def test_many_that_were_not_there_keep_nobody_waiting_and_have_their_turn(cluster, ledger, owners):
    ledger.open = [denied(name=f"web-{n}") for n in range(400)]
    for _ in range(7):
        owners.look()
    workload(cluster, replicas=3, status={"updatedReplicas": 3})
    ledger.open.append(denied())
    owners.look()
    assert ledger.ended == [("web", BlockEnd.ADMITTED)]
    for n in range(400):
        workload(cluster, name=f"web-{n}", replicas=3, status={"updatedReplicas": 3})
    for _ in range(8):
        owners.look()
    assert len({name for name, _ in ledger.ended}) == 401


def test_uid_of_a_workload_that_was_not_looked_at_yet_is_looked_up(cluster, owners):
    workload(cluster)
    assert owners.uid(WorkloadName("shop", "Deployment", "web")).startswith("uid-")
    assert owners.uid(WorkloadName("shop", "Deployment", "other")) == ""
    assert owners.uid(WorkloadName("shop", "Rollout", "web")) == ""


@pytest.mark.parametrize(
    ("kind", "name", "top"),
    [
        ("ReplicaSet", "web-6d5f8c7b94", ("Deployment", "web")),
        ("ReplicaSet", "my-web-7c6f9d5", ("Deployment", "my-web")),
        ("ReplicaSet", "web", ("ReplicaSet", "web")),
        ("ReplicaSet", "web-v2", ("ReplicaSet", "web-v2")),
        ("ReplicaSet", "web-6d5f8x7b94", ("ReplicaSet", "web-6d5f8x7b94")),
        ("Job", "backup-29301240", ("CronJob", "backup")),
        ("Job", "backup", ("Job", "backup")),
        ("Job", "report-20261130", ("Job", "report-20261130")),
        ("StatefulSet", "web-6d5f8c7b94", ("StatefulSet", "web-6d5f8c7b94")),
    ],
)
def test_owner_of_an_owner_is_known_by_the_name_that_its_controller_made(kind, name, top):
    found = OwnersByName().top(WorkloadName("shop", kind, name))
    assert (found.kind, found.name) == top
