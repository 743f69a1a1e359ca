"""What is foreseen of each kind of workload, by the real opa."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gatekeeper.cluster.resource import CONTROLLER_REVISIONS, NAMESPACES, WORKLOADS
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from gatekeeper.freshness.outlook import DAY, SECOND, Due, Outlook, Question, Verdict
from tests.engine import engine
from tests.simulators.cluster import ClusterSimulator
from tests.unit.freshness.objects import NOW, BirthFacts, age_policy, digest, namespace, owned, pod, spec, workload

IMAGE = "registry.example.com/shop/web:1"
OLD = "registry.example.com/shop/web:0"
PINNED = f"registry.example.com/shop/web@{digest(9)}"
PINNED_OLD = f"registry.example.com/shop/web@{digest(8)}"
RUNS = f"registry.example.com/shop/web@{digest(7)}"
FLIP = NOW + 3 * DAY
_REVISION = "deployment.kubernetes.io/revision"


def _controller_revision(number: int, image: str, owner: dict[str, Any]) -> dict[str, Any]:
    name = f"{owner['ownerReferences'][0]['name']}-{number}"
    template = {"spec": {"template": {"spec": spec(image)}}}
    return {"metadata": {"name": name, "namespace": "shop", **owner}, "revision": number, "data": template}


def _deployment(name: str, **more: Any) -> list[dict[str, Any]]:
    made = [("1", OLD), ("2", IMAGE)]
    sets = [
        workload(
            "ReplicaSet",
            f"{name}-5d4f8c7b9{number}",
            spec(image),
            metadata={**owned("Deployment", name), "annotations": {_REVISION: number}},
        )
        for number, image in made
    ]
    return [workload("Deployment", name, spec(IMAGE), **more), *sets]


def _objects() -> list[dict[str, Any]]:
    job = {"conditions": [{"type": "Complete", "status": "True"}]}
    injected = {"containers": [*spec(IMAGE)["containers"], {"name": "mesh", "image": OLD}]}
    many = spec(*([IMAGE] * 300))
    mirror = {**owned("Node", "node-1", "v1"), "annotations": {"kubernetes.io/config.mirror": "x"}}
    return [
        *_deployment("web", replicas=1),
        pod("web-a", injected, [RUNS], **owned("ReplicaSet", "web-5d4f8c7b92")),
        *_deployment("stuck", replicas=1),
        pod("stuck-a", spec(OLD), [RUNS], **owned("ReplicaSet", "stuck-5d4f8c7b91")),
        pod("stuck-b", spec(OLD), ["sha256:" + "b" * 64], **owned("ReplicaSet", "stuck-5d4f8c7b91")),
        workload("StatefulSet", "part", spec(IMAGE), updateStrategy={"rollingUpdate": {"partition": 2}}),
        pod("part-0", spec(OLD), [RUNS], **owned("StatefulSet", "part")),
        pod("part-2", spec(IMAGE), [RUNS], **owned("StatefulSet", "part")),
        workload("StatefulSet", "pinned", spec(PINNED), updateStrategy={"rollingUpdate": {"partition": 1}}),
        pod("pinned-0", spec(PINNED_OLD), [PINNED_OLD], **owned("StatefulSet", "pinned")),
        pod("pinned-1", spec(PINNED), [PINNED], **owned("StatefulSet", "pinned")),
        *_deployment("held", replicas=1)[:2],
        pod("held-a", spec(OLD), [RUNS], **owned("ReplicaSet", "held-5d4f8c7b91")),
        workload("StatefulSet", "by-hand", spec(IMAGE), updateStrategy={"type": "OnDelete"}),
        pod("by-hand-0", spec(OLD), [RUNS], **owned("StatefulSet", "by-hand")),
        *_deployment("idle", replicas=0),
        workload("StatefulSet", "db", spec(IMAGE), replicas=1),
        workload("DaemonSet", "logs", spec(IMAGE, priorityClassName="system-node-critical")),
        workload("CronJob", "nightly", spec(IMAGE), schedule="30 2 * * *", timeZone="Europe/Berlin"),
        workload("CronJob", "paused", spec(IMAGE), schedule="30 2 * * *", suspend=True),
        workload("CronJob", "odd", spec(IMAGE), schedule="@every 1h"),
        workload("Job", "once", spec(IMAGE)),
        workload("Job", "queued", spec(IMAGE), suspend=True),
        workload("Job", "over", spec(IMAGE), status=job),
        workload("ReplicaSet", "rolled-5d4f8c7b94", spec(IMAGE), metadata=owned("Rollout", "rolled", "argoproj.io/v1")),
        pod("rolled-a", spec(IMAGE), [RUNS], **owned("ReplicaSet", "rolled-5d4f8c7b94")),
        pod("pg-1", spec(IMAGE), [RUNS], **owned("Cluster", "pg", "postgresql.cnpg.io/v1")),
        pod("clones-1", spec(IMAGE), [RUNS], **owned("CloneSet", "clones", "apps.kruise.io/v1alpha1")),
        pod("mystery-1", spec(IMAGE), [RUNS], **owned("Mystery", "mystery", "example.com/v1")),
        pod("train-1", spec(IMAGE), [RUNS], **owned("Job", "train", "batch.volcano.sh/v1alpha1")),
        pod("bare", spec(IMAGE), [RUNS]),
        pod("static-node-1", spec(IMAGE), ["docker://sha256:" + "a" * 64], **mirror),
        workload("Deployment", "many", many, replicas=1),
    ]


@pytest.fixture(scope="module", name="found")
def _found() -> Sequence[Outlook]:
    cluster = ClusterSimulator(page=50)
    cluster.add(NAMESPACES, namespace("shop"))
    for each in _objects():
        cluster.add(WORKLOADS[each["kind"]], each)
    for number, image in ((1, OLD), (2, IMAGE)):
        for owner in (owned("StatefulSet", "db"), owned("CloneSet", "clones", "apps.kruise.io/v1alpha1")):
            cluster.add(CONTROLLER_REVISIONS, _controller_revision(number, image, owner))
    policies = [age_policy(reschedule="warn", controllers=("cnpg-system/cnpg-manager",))]
    inventory = WorkloadInventoryReader(cluster, covered(policies), "team").read(NOW)
    born = NOW - 27 * DAY
    old = NOW - 60 * DAY
    facts = BirthFacts({IMAGE: born, RUNS: born, OLD: old, PINNED: born, PINNED_OLD: old})
    actors = ForecastSurroundings(actors={"Cluster": "cnpg-system/cnpg-manager"})
    return outlooks(policies, inventory, facts, engine(), NOW, NOW + 30 * DAY, actors)


def of(found: Sequence[Outlook], name: str, question: Question, image: str = IMAGE) -> Outlook:
    chosen = [
        each
        for each in found
        if each.subject.workload.name == name and each.question is question and each.subject.image == image
    ]
    assert len(chosen) == 1, chosen
    return chosen[0]


def questions(found: Sequence[Outlook], name: str) -> set[Question]:
    return {each.question for each in found if each.subject.workload.name == name}


def test_revision_before_is_denied_already(found: Sequence[Outlook]) -> None:
    for name, revision in (("web", "web-5d4f8c7b91"), ("db", "db-1")):
        back = of(found, name, Question.ROLLBACK, OLD)
        assert (back.due(NOW), back.subject.note) == (Due.EXPIRED, f"the revision before: {revision}")


def test_controller_is_warned_where_a_person_is_denied(found: Sequence[Outlook]) -> None:
    assert of(found, "web", Question.APPLY).best_before == FLIP
    turns = of(found, "web", Question.RESCHEDULE).turns
    assert [(each.since, each.verdict) for each in turns] == [(NOW, Verdict.ADMITTED), (FLIP, Verdict.WARNED)]


def test_container_that_a_webhook_puts_in_is_judged_too(found: Sequence[Outlook]) -> None:
    mesh = of(found, "web", Question.RESCHEDULE, OLD)
    assert (mesh.subject.path, mesh.now.verdict) == ("spec.containers[1].image", Verdict.WARNED)
    assert "a webhook puts it into the Pod" in mesh.subject.note


def test_tag_that_names_another_digest_than_runs_is_said(found: Sequence[Outlook]) -> None:
    applied = of(found, "web", Question.APPLY)
    assert applied.subject.by_tag
    assert applied.subject.note == "its tag names sha256:000000000000 now, what runs is sha256:000000000000"
    assert of(found, "web", Question.RUNNING).subject.digest == digest(7)


def test_pods_of_a_rollout_that_does_not_get_on_come_again_as_they_are(found: Sequence[Outlook]) -> None:
    earlier = of(found, "stuck", Question.RESCHEDULE, OLD)
    assert (earlier.now.verdict, earlier.subject.running) == (Verdict.WARNED, 2)
    assert earlier.subject.note.startswith("of an earlier revision that still runs: stuck-5d4f8c7b91; ")
    assert of(found, "stuck", Question.RESCHEDULE).now.verdict is Verdict.ADMITTED


def test_pods_below_the_partition_of_a_stateful_set_come_again_as_they_are(found: Sequence[Outlook]) -> None:
    earlier = of(found, "part", Question.RESCHEDULE, OLD)
    assert (earlier.now.verdict, earlier.subject.running) == (Verdict.WARNED, 1)
    assert earlier.subject.note.startswith("of an earlier revision that still runs; ")
    rescheduled = [each for each in found if each.question is Question.RESCHEDULE]
    assert {each.subject.image for each in rescheduled if each.subject.workload.name == "by-hand"} == {IMAGE}


def test_pods_below_a_partition_are_told_apart_by_their_digests_too(found: Sequence[Outlook]) -> None:
    earlier = of(found, "pinned", Question.RESCHEDULE, PINNED_OLD)
    assert (earlier.now.verdict, earlier.subject.running) == (Verdict.WARNED, 1)
    assert of(found, "pinned", Question.RESCHEDULE, PINNED).subject.running == 1


def test_pods_of_a_deployment_that_is_paused_come_again_as_they_are(found: Sequence[Outlook]) -> None:
    earlier = of(found, "held", Question.RESCHEDULE, OLD)
    assert (earlier.now.verdict, earlier.subject.running) == (Verdict.WARNED, 1)
    assert earlier.subject.note.startswith("of an earlier revision that still runs: held-5d4f8c7b91; ")


def test_nothing_runs_of_what_is_scaled_to_zero(found: Sequence[Outlook]) -> None:
    idle = of(found, "idle", Question.RESCHEDULE)
    assert (idle.subject.running, idle.subject.note) == (0, "at next scale-up: nothing runs")


def test_daemon_set_of_the_system_is_critical(found: Sequence[Outlook]) -> None:
    logs = of(found, "logs", Question.RESCHEDULE)
    assert logs.critical
    assert logs.subject.note == "each new node schedules one"
    assert not of(found, "web", Question.RESCHEDULE).critical


def test_cron_jobs_are_rescheduled_unless_suspended_and_jobs_unless_over(found: Sequence[Outlook]) -> None:
    assert Question.RESCHEDULE in questions(found, "nightly")
    assert questions(found, "paused") == {Question.APPLY}
    assert of(found, "once", Question.RESCHEDULE).subject.note == "while its backoffLimit lasts"
    assert questions(found, "over") == set()


def test_job_that_waits_in_a_queue_is_denied_when_it_is_resumed(found: Sequence[Outlook]) -> None:
    queued = of(found, "queued", Question.RESCHEDULE)
    assert (queued.turns[-1].since, queued.turns[-1].verdict) == (FLIP, Verdict.WARNED)
    assert queued.subject.note == "while its backoffLimit lasts; when it is resumed: nothing runs"


def test_pods_of_a_rollout_are_made_by_a_built_in_controller(found: Sequence[Outlook]) -> None:
    assert questions(found, "rolled") == {Question.RESCHEDULE, Question.RUNNING}
    assert of(found, "rolled", Question.RESCHEDULE).denial is None


def test_operator_acts_by_its_service_account_where_that_is_known(found: Sequence[Outlook]) -> None:
    assert of(found, "pg", Question.RESCHEDULE).denial is None
    mystery = of(found, "mystery", Question.RESCHEDULE)
    assert mystery.best_before == FLIP
    assert "which account makes Pods of Mystery is not known" in mystery.subject.note


def test_controller_of_another_group_is_none_of_kubernetes_whatever_its_kind_is_called(
    found: Sequence[Outlook],
) -> None:
    train = of(found, "train", Question.RESCHEDULE)
    assert train.best_before == FLIP
    assert "which account makes Pods of Job.batch.volcano.sh is not known" in train.subject.note


def test_revisions_of_a_kind_that_is_not_known_here_are_no_rollback(found: Sequence[Outlook]) -> None:
    assert questions(found, "clones") == {Question.RESCHEDULE, Question.RUNNING}


def test_pods_without_a_controller_are_not_rescheduled(found: Sequence[Outlook]) -> None:
    assert questions(found, "bare") == {Question.APPLY, Question.RUNNING}
    assert of(found, "bare", Question.APPLY).best_before == FLIP
    assert "not read" not in of(found, "bare", Question.APPLY).subject.note, "the Pod itself is what is applied"
    assert questions(found, "static-node-1") == {Question.RUNNING}


def test_id_of_a_node_that_is_no_digest_is_said(found: Sequence[Outlook]) -> None:
    static = of(found, "static-node-1", Question.RUNNING)
    assert static.best_before == FLIP
    assert "its node does not say which digest runs" in static.subject.note
    assert "its node runs it whatever a policy says" in static.subject.note


def test_object_with_more_images_than_are_judged_is_denied_now(found: Sequence[Outlook]) -> None:
    many = [each for each in found if each.subject.workload.name == "many" and each.question is Question.APPLY]
    assert len(many) == 300
    assert {(each.now.verdict, each.due(NOW)) for each in many} == {(Verdict.DENIED, Due.EXPIRED)}


def test_team_is_that_of_the_namespace(found: Sequence[Outlook]) -> None:
    assert {each.subject.team for each in found} == {"checkout"}


def test_seconds_are_whole(found: Sequence[Outlook]) -> None:
    assert all(turn.since % SECOND == 0 for each in found for turn in each.turns)
