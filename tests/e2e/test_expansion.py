"""Gatekeeper's expansion of workloads: what is judged as a workload is not judged again as its implied Pod."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import quick_yaml
from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.audit import Audit
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, expand, translate, until, wait_for_denial
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World

_POLICIES = Path(__file__).parents[2] / "policies"
_EXPANDED = (
    ("apps", "v1", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"], "spec.template", ("", "v1", "Pod")),
    ("batch", "v1", ["Job"], "spec.template", ("", "v1", "Pod")),
    ("batch", "v1", ["CronJob"], "spec.jobTemplate", ("batch", "v1", "Job")),
)


def expansion(name: str, group: str, version: str, kinds: list[str], source: str, made: tuple[str, str, str]) -> Object:
    """An ExpansionTemplate."""
    return {
        "apiVersion": "expansion.gatekeeper.sh/v1beta1",
        "kind": "ExpansionTemplate",
        "metadata": {"name": name},
        "spec": {
            "applyTo": [{"groups": [group], "versions": [version], "kinds": kinds}],
            "templateSource": source,
            "generatedGVK": dict(zip(("group", "version", "kind"), made, strict=True)),
        },
    }


@pytest.fixture(scope="module", autouse=True)
def expanded(world: World, provider: RealProvider) -> Iterator[None]:
    """Every kind of workload is expanded, CronJobs in two steps."""
    templates = [expansion(f"expand-{number}", *row) for number, row in enumerate(_EXPANDED)]
    for template in templates:
        expand(world.client, template)
    yield
    for template in templates:
        world.client.delete(template)


def _own(name: str) -> list[Object]:
    texts = [(_POLICIES / name / file).read_text() for file in ("template.yaml", "constraint.yaml")]
    return [document for text in texts for document in quick_yaml.load_all(text)]


@pytest.fixture(params=["translated", "own"])
def documents(
    request: pytest.FixtureRequest, world: World, client: KubernetesClient, old: PushedImage
) -> Iterator[Any]:
    """A policy of 30 days, in force: translated, and MaximumImageAge."""
    made = translate(seed.policy(), world.folder) if request.param == "translated" else _own("maximum-image-age")
    policies = Policies(client)
    control = objects.pod(world.namespace(), old.reference)
    policies.enforce(made, control)
    yield made
    policies.remove(control)


@pytest.fixture
def pods_only(world: World, client: KubernetesClient, old: PushedImage) -> Iterator[None]:
    """The translated policy, matching Pods and no workload."""
    made = copy.deepcopy(translate(seed.policy(), world.folder))
    for each in made:
        if "parameters" in each["spec"]:
            each["spec"]["match"]["kinds"] = [{"apiGroups": [""], "kinds": ["Pod"]}]
            each["spec"]["parameters"]["workloads"] = []
    policies = Policies(client)
    control = objects.pod(world.namespace(), old.reference)
    policies.enforce(made, control)
    yield
    policies.remove(control)


def _running(world: World, client: KubernetesClient, kind: str, image: str) -> Object:
    space = world.namespace(labels={})
    made = objects.workload(kind, space, image)
    client.create(made).expect_ok()
    world.label(space, objects.INCLUDE)
    wait_for_denial(client, objects.pod(space, image))
    return made


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_new_workload_is_denied_once(
    client: KubernetesClient, documents: list[Object], namespace: str, old: PushedImage, kind: str
) -> None:
    answer = client.create(objects.workload(kind, namespace, old.reference))
    assert answer.status == 403
    assert "[Implied by" not in answer.message
    assert answer.message.count(f"{objects.WORKLOAD_FIELDS[kind]} {old.reference}") == 1


@pytest.mark.usefixtures("documents")
def test_old_workload_is_not_held_fast(world: World, client: KubernetesClient, old: PushedImage) -> None:
    deployment = _running(world, client, "Deployment", old.reference)
    its_set = _running(world, client, "ReplicaSet", old.reference)
    cron_job = _running(world, client, "CronJob", old.reference)
    assert client.patch(deployment, {"metadata": {"labels": {"seen": "yes"}}}).status == 200
    assert client.patch(deployment, {"spec": {"replicas": 3}}).status == 200
    assert client.patch(cron_job, {"spec": {"suspend": True}}).status == 200
    controller = client.playing("system:serviceaccount:kube-system:deployment-controller")
    assert controller.patch(its_set, {"spec": {"replicas": 0}}).status == 200
    controller.close()


@pytest.mark.usefixtures("documents")
def test_changed_pod_template_is_judged(world: World, client: KubernetesClient, old: PushedImage) -> None:
    deployment = _running(world, client, "Deployment", old.reference)
    change = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    answer = client.patch(deployment, change)
    assert answer.status == 403
    assert "[Implied by" not in answer.message


def test_old_workload_is_counted_once_by_audit(
    world: World, client: KubernetesClient, documents: list[Object], old: PushedImage
) -> None:
    deployment = _running(world, client, "Deployment", old.reference)
    audit = Audit(client, documents)
    assert audit.violation(deployment)["kind"] == "Deployment"
    assert len(audit.violations(deployment)) == 1


@pytest.mark.usefixtures("pods_only")
def test_implied_pod_is_judged_where_only_pods_are_matched(
    client: KubernetesClient, namespace: str, old: PushedImage, fresh: PushedImage
) -> None:
    answer = client.create(objects.workload("Deployment", namespace, old.reference))
    assert answer.status == 403
    assert "[Implied by expand-0]" in answer.message
    assert client.create(objects.workload("Deployment", namespace, fresh.reference)).status == 201


def test_workload_of_a_kind_that_is_not_matched_is_judged_as_its_implied_pod(
    world: World, client: KubernetesClient, documents: list[Object], namespace: str, old: PushedImage
) -> None:
    """A PodTemplate stands for whatever the Constraint does not match."""
    template = expansion("expand-pod-template", "", "v1", ["PodTemplate"], "template", ("", "v1", "Pod"))
    client.apply(template)
    made = {
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {"name": objects.unique("template"), "namespace": namespace},
        "template": {"spec": objects.pod_spec(old.reference)},
    }
    try:
        answer = until(lambda: client.create(made, dry_run=True), lambda said: said.status == 403, "implied denial")
    finally:
        client.delete(template)
    assert "[Implied by expand-pod-template]" in answer.message
