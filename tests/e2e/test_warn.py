"""A policy in warn mode warns and admits; the API server drops a warning with a control character without a word."""

from __future__ import annotations

import pytest

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (f'"{seed.OWN_SENTENCE}"', seed.OWN_SENTENCE),
        (r'"Image is too old.\nRebuild it.\t\u0007Please."', "Image is too old. Rebuild it. Please."),
        ('"Das Abbild ist zu alt: „überlagert“."', "Das Abbild ist zu alt: „überlagert“."),
    ],
    ids=["plain", "control characters", "not ASCII"],
)
def test_old_image_is_admitted_with_a_warning(
    world: World,
    client: KubernetesClient,
    provider: RealProvider,
    policies: Policies,
    fresh: PushedImage,
    old: PushedImage,
    sentence: str,
    shown: str,
) -> None:
    name = objects.unique("age-warn")
    space = world.namespace()
    pod = objects.pod(space, old.reference)
    documents = translate(seed.policy(name, mode="warn", sentence=sentence), world.folder)
    answer = policies.enforce(documents, control=pod)
    assert answer.status == 201
    (warning,) = answer.warnings
    assert warning.startswith(f"[{name}] {shown}")
    assert f"spec.containers[0].image {old.reference}" in warning
    assert client.create(pod).status == 201
    assert client.create(objects.pod(space, fresh.reference)).warnings == ()
