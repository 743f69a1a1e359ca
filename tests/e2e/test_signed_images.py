"""SignedImages on the real Gatekeeper: who has to sign what, how many of them, and nobody twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatekeeper.own.signed_images import SignedImages, SigningRule
from gatekeeper.own.signer import Signer
from provider.questions.proof_question import Key, Verify
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import Policies, until
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World
from tests.integration.test_verify import Shop
from tests.simulators.signing import Signer as Signature
from tests.simulators.signing import SigningWorld, new_key

# A look-up that found nothing is remembered for a second, so that the policies of one admission agree.
_RETRY_SECONDS = 10.0

Make = Callable[[str], Shop]


@pytest.fixture(scope="module")
def release() -> Signature:
    return Signature(new_key())


@pytest.fixture(scope="module")
def audit() -> Signature:
    return Signature(new_key())


@pytest.fixture(scope="module")
def signing() -> SigningWorld:
    return SigningWorld()


@pytest.fixture(scope="module", autouse=True)
def in_force(world: World, provider: RealProvider, release: Signature, audit: Signature) -> Iterator[None]:
    """One signer for `one/`, two for `two/`; `again/` names one key twice. What no rule covers is warned of."""
    host = world.registry.host
    first, second = (
        Signer(name, Verify(key=Key(key.public_pem))) for name, key in (("release", release), ("audit", audit))
    )
    again = Signer("again", Verify(key=Key(release.public_pem + "\n")))
    rules = (
        SigningRule((f"{host}/one/**",), (first, second)),
        SigningRule((f"{host}/two/**",), (first, second), 2),
        SigningRule((f"{host}/again/**",), (first, again), 2),
    )
    policies = Policies(world.client)
    unsigned = world.registry.push(f"one/{objects.unique('control')}", days_ago(1))
    control = objects.pod(world.namespace(), unsigned.pinned)
    policies.enforce([SignedImages.KIND.template(), *SignedImages(rules, unmatched="warn").constraints()], control)
    yield
    policies.remove(control)


@pytest.fixture
def image(world: World, signing: SigningWorld, tmp_path: Path) -> Make:
    """An image that nobody has asked about, in a folder of the registry."""

    def make(folder: str) -> Shop:
        name = f"{folder}/{objects.unique('image')}"
        return Shop(world.registry, signing, world.registry.push(name, days_ago(1)), name, tmp_path)

    return make


def verdict(client: KubernetesClient, namespace: str, image: str) -> tuple[int, str]:
    answer = client.create(objects.pod(namespace, image), dry_run=True)
    return answer.status, answer.message or " ".join(answer.warnings)


def test_signed_image_is_admitted_and_an_unsigned_one_is_told_who_is_missing(
    client: KubernetesClient, namespace: str, image: Make, release: Signature
) -> None:
    signed, unsigned = image("one"), image("one")
    signed.attach(signed.legacy(release))
    assert verdict(client, namespace, signed.image.pinned) == (201, "")
    status, said = verdict(client, namespace, unsigned.image.pinned)
    assert status == 403
    assert (
        "[signed-images] Image is not signed by release (SignatureAbsent), audit (SignatureAbsent); "
        f"1 of 2 signers needed. spec.containers[0].image {unsigned.image.pinned} (SignatureAbsent, ref "
    ) in said


def test_quorum_takes_as_many_signers(
    client: KubernetesClient, namespace: str, image: Make, release: Signature, audit: Signature
) -> None:
    one, both = image("two"), image("two")
    one.attach(one.legacy(release), one.legacy(release))
    both.attach(both.legacy(release), both.legacy(audit))
    assert verdict(client, namespace, both.image.pinned) == (201, "")
    status, said = verdict(client, namespace, one.image.pinned)
    assert status == 403
    assert "Image is not signed by audit (SignatureRejected); 2 of 2 signers needed." in said


def test_one_key_under_two_names_is_one_signer(
    client: KubernetesClient, namespace: str, image: Make, release: Signature
) -> None:
    twice = image("again")
    twice.attach(twice.legacy(release), twice.legacy(release))
    status, said = verdict(client, namespace, twice.image.pinned)
    assert status == 403
    assert "Image is signed, but not by different people; 2 of 2 signers needed." in said


def test_image_that_is_signed_after_its_denial_is_admitted_at_the_retry(
    client: KubernetesClient, namespace: str, image: Make, release: Signature
) -> None:
    late = image("one")
    pod = objects.pod(namespace, late.image.pinned)
    assert client.create(pod, dry_run=True).status == 403
    late.attach(late.legacy(release))
    until(lambda: client.create(pod, dry_run=True), lambda answer: answer.status == 201, "admission", _RETRY_SECONDS)


def test_tag_of_a_signed_image_is_denied_in_a_pod_and_kept_in_a_workload(
    client: KubernetesClient, namespace: str, image: Make, release: Signature
) -> None:
    signed = image("one")
    signed.attach(signed.legacy(release))
    status, said = verdict(client, namespace, signed.image.reference)
    assert status == 403
    assert "The image is named by a tag, which may mean another image tomorrow." in said
    workload = objects.workload("Deployment", namespace, signed.image.reference)
    assert client.create(workload, dry_run=True).status == 201


def test_unsigned_workload_is_denied_when_it_is_applied(client: KubernetesClient, namespace: str, image: Make) -> None:
    answer = client.create(objects.workload("Deployment", namespace, image("one").image.reference), dry_run=True)
    assert answer.status == 403
    assert "spec.template.spec.containers[0].image " in answer.message


def test_image_that_no_rule_covers_is_warned_of_by_the_twin(
    client: KubernetesClient, namespace: str, fresh: PushedImage
) -> None:
    status, said = verdict(client, namespace, fresh.pinned)
    assert status == 201
    assert said.startswith("[signed-images-warn] No rule says who has to sign this image.")
