"""The story itself, from no policy to a denial and back."""

from __future__ import annotations

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World


def test_old_image_is_admitted_until_the_policy_comes_and_again_when_it_has_gone(
    world: World,
    client: KubernetesClient,
    provider: RealProvider,
    policies: Policies,
    fresh: PushedImage,
    old: PushedImage,
) -> None:
    labelled, unlabelled = world.namespace(), world.namespace(labels={})
    new_pod, old_pod = objects.pod(labelled, fresh.reference), objects.pod(labelled, old.reference)
    assert client.create(new_pod, dry_run=True).status == 201
    assert client.create(old_pod, dry_run=True).status == 201

    denial = policies.enforce(translate(seed.policy(), world.folder), control=old_pod)
    assert denial.status == 403
    assert f"[{seed.NAME}] " in denial.message
    assert seed.SENTENCE in denial.message
    assert f"spec.containers[0].image {old.reference}" in denial.message
    assert client.create(new_pod, dry_run=True).status == 201
    assert client.create(objects.pod(unlabelled, old.reference), dry_run=True).status == 201

    policies.remove(control=old_pod)
    assert client.create(old_pod).status == 201
