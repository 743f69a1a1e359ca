"""Our own policy, as it lies in policies/: what people apply is judged in full, what controllers bring back is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import MaximumImageAge
from tests import quick_yaml
from tests.e2e.rig import accounts, objects
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, until, wait_for_denial
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World

_POLICY = Path(__file__).parents[2] / "policies" / "maximum-image-age"
_ACCOUNTS = "system:serviceaccount:kube-system"


@pytest.fixture(scope="module", autouse=True)
def in_force(world: World, provider: RealProvider, old: PushedImage) -> Iterator[None]:
    """The pair of constraints that denies and warns."""
    texts = [(_POLICY / name).read_text() for name in ("template.yaml", "constraint.yaml")]
    documents = [document for text in texts for document in quick_yaml.load_all(text)]
    policies = Policies(world.client)
    control = objects.pod(world.namespace(), old.reference)
    policies.enforce(documents, control)
    yield
    policies.remove(control)


@pytest.fixture
def controller(client: KubernetesClient) -> Iterator[KubernetesClient]:
    """The controller that makes the Pods of ReplicaSets: after a drain, a crash, or a scale-up."""
    playing = client.playing(f"{_ACCOUNTS}:replicaset-controller")
    yield playing
    playing.close()


def owned(pod: Object) -> Object:
    """The Pod as a ReplicaSet's controller makes it."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}
    pod["metadata"]["ownerReferences"] = [owner]
    return pod


def test_fresh_image_is_admitted_without_a_word(client: KubernetesClient, namespace: str, fresh: PushedImage) -> None:
    answer = client.create(objects.pod(namespace, fresh.reference))
    assert answer.status == 201
    assert answer.warnings == ()


def test_persons_own_old_pod_is_denied_even_if_it_names_an_owner(
    client: KubernetesClient, namespace: str, old: PushedImage
) -> None:
    answer = client.create(owned(objects.pod(namespace, old.reference)))
    assert answer.status == 403
    assert "[maximum-image-age] " in answer.message
    assert f"spec.containers[0].image {old.reference} (ImageTooOld, ref " in answer.message
    assert "). Rebuild it, or move to a newer tag." in answer.message


@pytest.mark.parametrize("kind", sorted(objects.WORKLOAD_FIELDS))
def test_persons_own_old_workload_is_denied(
    client: KubernetesClient, namespace: str, old: PushedImage, kind: str
) -> None:
    answer = client.create(objects.workload(kind, namespace, old.reference))
    assert answer.status == 403
    assert objects.WORKLOAD_FIELDS[kind] in answer.message


def test_old_pod_that_a_controller_brings_back_is_admitted_with_a_warning(
    controller: KubernetesClient, namespace: str, old: PushedImage
) -> None:
    answer = controller.create(owned(objects.pod(namespace, old.reference)))
    assert answer.status == 201
    (warning,) = answer.warnings
    assert warning.startswith("[maximum-image-age-warn] ")
    assert old.reference in warning


def test_old_deployment_can_be_scaled_up_by_its_owner_and_rolled_out_by_its_controller(
    world: World, client: KubernetesClient, controller: KubernetesClient, old: PushedImage
) -> None:
    space = world.namespace(labels={})
    deployment = objects.workload("Deployment", space, old.reference)
    client.create(deployment).expect_ok()
    world.label(space, objects.INCLUDE)
    wait_for_denial(client, objects.pod(space, old.reference))
    assert client.patch(deployment, {"spec": {"replicas": 3}}).status == 200
    assert controller.create(owned(objects.pod(space, old.reference))).status == 201
    assert client.create(owned(objects.pod(space, old.reference))).status == 403


def test_image_that_cannot_be_judged_is_denied_to_controllers_too(
    world: World, controller: KubernetesClient, namespace: str
) -> None:
    """`reschedule` softens an age that is known, never the lack of an answer."""
    image = f"{world.registry.host}/nowhere:1"
    answer = controller.create(owned(objects.pod(namespace, image)))
    assert answer.status == 403
    assert "NotFound" in answer.message


def test_image_from_the_epoch_is_denied_as_undated(world: World, client: KubernetesClient, namespace: str) -> None:
    image = world.registry.push(objects.unique("epoch"), "1970-01-01T00:00:00Z").reference
    answer = client.create(objects.pod(namespace, image))
    assert answer.status == 403
    assert "ImageUndated" in answer.message


def test_only_platforms_that_the_pod_can_run_on_are_judged(
    world: World, client: KubernetesClient, namespace: str
) -> None:
    dates = {"linux/amd64": days_ago(1), "windows/amd64": days_ago(60)}
    image = world.registry.push_index(objects.unique("windows"), dates).reference
    assert client.create(objects.pod(namespace, image, os={"name": "linux"})).status == 201
    anywhere = client.create(objects.pod(namespace, image))
    assert anywhere.status == 403
    assert "Image (windows/amd64) is 60 days old" in anywhere.message
    nowhere = client.create(objects.pod(namespace, image, nodeSelector={"kubernetes.io/arch": "s390x"}))
    assert nowhere.status == 403
    assert "The image has no platform that the Pod can run on." in nowhere.message


@pytest.fixture
def under(world: World, old: PushedImage) -> Iterator[Callable[[MaximumImageAge], str]]:
    """A namespace in which nothing holds but the pair of a policy; its control is an old image of nobody's."""
    policies = Policies(world.client)

    def namespace_of(policy: MaximumImageAge) -> str:
        space = world.namespace(labels={})
        made = list(policy.constraints())
        for constraint in made:
            constraint["spec"]["match"]["namespaces"] = [space]
        image = f"{world.registry.host}/nowhere:1"
        policies.enforce(made, objects.pod(space, image))
        return space

    yield namespace_of
    policies.remove()


def test_limit_of_the_schedule_holds_from_its_moment_on(
    world: World, client: KubernetesClient, under: Callable[[MaximumImageAge], str]
) -> None:
    steps = (ScheduleEntry(days_ago(1), "30d"), ScheduleEntry(days_ago(-1), "10d"))
    space = under(MaximumImageAge("90d", steps, name="ramp", namespaces={}))
    images = {days: world.registry.push(objects.unique("ramp"), days_ago(days)).reference for days in (20, 45)}
    assert client.create(objects.pod(space, images[20])).status == 201
    answer = client.create(objects.pod(space, images[45]))
    assert answer.status == 403
    assert "Image is 45 days old, 30 days are allowed" in answer.message
    assert f"Note: `schedule` allows 30d since {steps[0].start}." in answer.message


def test_cooldown_denies_what_is_young_to_people_and_controllers(
    world: World,
    client: KubernetesClient,
    controller: KubernetesClient,
    under: Callable[[MaximumImageAge], str],
    old: PushedImage,
) -> None:
    space = under(MaximumImageAge("", cooldown=Cooldown("7d", "created"), name="cooldown", namespaces={}))
    built = days_ago(2)
    young = world.registry.push(objects.unique("young"), built).reference
    for by in (client, controller):
        answer = by.create(owned(objects.pod(space, young)))
        assert answer.status == 403
        assert f"Image is 2 days old, 7 days are required (built {built[:10]}" in answer.message
        assert "(ImageTooYoung, ref " in answer.message
    epoch = world.registry.push(objects.unique("epoch"), "1970-01-01T00:00:00Z").reference
    assert controller.create(owned(objects.pod(space, epoch))).status == 403
    assert client.create(objects.pod(space, old.reference)).status == 201


def test_image_within_the_window_of_age_and_cooldown_is_admitted(
    world: World, client: KubernetesClient, under: Callable[[MaximumImageAge], str], old: PushedImage
) -> None:
    space = under(MaximumImageAge("30d", cooldown=Cooldown("7d", "created"), name="window", namespaces={}))
    images = {days: world.registry.push(objects.unique("window"), days_ago(days)).reference for days in (2, 12)}
    assert client.create(objects.pod(space, images[2])).status == 403
    assert client.create(objects.pod(space, images[12])).status == 201
    assert client.create(objects.pod(space, old.reference)).status == 403


def test_operator_that_is_named_brings_an_old_image_back_and_another_one_does_not(
    client: KubernetesClient, under: Callable[[MaximumImageAge], str], old: PushedImage
) -> None:
    space = under(MaximumImageAge(controllers=("databases/operator",), name="operators", namespaces={}))
    subjects = [{"kind": "ServiceAccount", "namespace": "databases", "name": name} for name in ("operator", "other")]
    rights = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "operators", "namespace": space},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": subjects,
    }
    accounts.grant(client, [rights])
    for name, status in (("operator", 201), ("other", 403)):
        playing = client.playing(f"system:serviceaccount:databases:{name}")
        answer = playing.create(owned(objects.pod(space, old.reference)))
        playing.close()
        assert answer.status == status
        assert ("ImageTooOld" in answer.message) == (status == 403)  # and not a missing right
        if status == 201:
            (warning,) = answer.warnings
            assert "databases/operator made it, so it is let through" in warning
    assert client.create(owned(objects.pod(space, old.reference))).status == 403


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "spec.parameters"),
        ({"minAge": "7d", "minAgeProof": "label"}, "spec.parameters.minAgeProof"),
        ({"maxAge": "30d", "controllers": ["*/*"]}, "spec.parameters.controllers"),
        ({"maxAge": "30d", "schedule": [{"from": "soon", "maxAge": "30d"}]}, "spec.parameters.schedule[0].from"),
    ],
    ids=["neither limit nor cooldown", "a proof that is none", "a pattern of controllers", "a schedule without a date"],
)
def test_parameters_that_the_schema_refuses_are_refused_when_applied(
    world: World, parameters: dict[str, object], said: str
) -> None:
    made, _ = MaximumImageAge(name="refused").constraints()
    made["spec"]["parameters"] = parameters
    answer = world.client.create(made, dry_run=True)
    assert answer.status == 422
    assert said in answer.message


def test_parameters_that_get_past_the_schema_admit_nothing(
    world: World, client: KubernetesClient, under: Callable[[MaximumImageAge], str], fresh: PushedImage
) -> None:
    policy = MaximumImageAge(name="invalid", namespaces={})
    space = under(policy)
    assert client.create(objects.pod(space, fresh.reference)).status == 201
    made, _ = policy.constraints()
    window = {"spec": {"parameters": {"minAge": "30d", "minAgeProof": "created"}}}
    world.client.patch(made, window).expect_ok()
    answer = until(
        lambda: client.create(objects.pod(space, fresh.reference)), lambda found: found.status == 403, "refused window"
    )
    assert '`minAge` is "30d", expected less than 30d (`maxAge`)' in answer.message
