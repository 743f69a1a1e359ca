"""What the real cosign signs, with the real fulcio, logs and timestamp authority, is proved; and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from provider.questions.answer import TimeSource
from provider.questions.proof_question import Format, Key, Keyless, LogName, TrustRootName, Verify
from provider.reasons import Reason
from tests.e2e.rig.registry import days_ago
from tests.e2e.rig.sigstore import ANN
from tests.simulators.signing import Signer, new_key

pytestmark = pytest.mark.integration
OWN = TrustRootName("own")
KEYLESS = Verify(keyless=Keyless(OWN), format=Format.BUNDLE)


@pytest.fixture
def image(registry, request):
    """An image of the test's own: what is found of one is remembered for a while."""
    name = hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    return registry.push(f"team/{name}", days_ago(1)).pinned


def test_keyless_signature_names_its_signer(instance, provider, image):
    instance.sign(image)
    (proof,) = provider.prove(image, KEYLESS)
    assert (list(proof.subjects), proof.issuer, proof.format) == ([ANN], instance.issuer.url, "bundle")
    assert [time.source for time in proof.times] == [TimeSource.TIMESTAMP]


def test_every_signer_is_told_beside_attestations(instance, provider, image):
    instance.attest(image)
    assert provider.refusal(image, KEYLESS).reason is Reason.SIGNATURE_ABSENT
    instance.sign(image)
    instance.sign(image, email="bob@example.test")
    assert sorted(proof.subjects[0] for proof in provider.prove(image, KEYLESS)) == [ANN, "bob@example.test"]


def test_timestamp_alone_is_enough_where_it_is_asked_for(instance, provider, image):
    instance.sign(image, config="stamps")
    assert "0 log entries" in provider.refusal(image, KEYLESS).message
    assert provider.prove(image, replace(KEYLESS, timestamp=OWN))


def test_another_trust_root_proves_nothing(instance, provider, image):
    instance.sign(image)
    public = Verify(keyless=Keyless(TrustRootName()), format=Format.BUNDLE)
    assert provider.refusal(image, public).reason is Reason.SIGNATURE_REJECTED


@pytest.mark.parametrize("config", ["none", "tiles"])
def test_key_proves_its_bundle(instance, provider, image, config):
    instance.sign_by_key(image, config=config)
    by_key = Verify(key=Key(instance.key), format=Format.BUNDLE)
    assert provider.prove(image, by_key)
    logged = replace(by_key, log=LogName(trust_root=OWN))
    if config == "none":
        assert "0 log entries" in provider.refusal(image, logged).message
    else:
        assert provider.prove(image, logged)
    other = Verify(key=Key(Signer(new_key()).public_pem), format=Format.BUNDLE)
    assert "invalid signature" in provider.refusal(image, other).message


def test_legacy_signature_with_a_timestamp(instance, provider, image):
    instance.sign_legacy(image)
    (proof,) = provider.prove(image, Verify(keyless=Keyless(OWN), timestamp=OWN))
    assert (list(proof.subjects), proof.format) == ([ANN], "legacy")
    assert provider.refusal(image, KEYLESS).reason is Reason.SIGNATURE_ABSENT
    assert provider.prove(image, Verify(keyless=Keyless(OWN), timestamp=OWN, format=Format.ANY))


def test_bundle_with_the_older_logs_promise(instance, provider, image):
    instance.sign(image, config="promise")
    (proof,) = provider.prove(image, KEYLESS)
    assert [time.source for time in proof.times] == [TimeSource.LOG]


def test_legacy_signature_with_the_older_logs_promise(instance, provider, image):
    instance.sign_legacy(image, logged=True)
    logged = Verify(keyless=Keyless(OWN), log=LogName(trust_root=OWN))
    (proof,) = provider.prove(image, logged)
    assert ([time.source for time in proof.times], list(proof.subjects)) == ([TimeSource.LOG], [ANN])
    public = Verify(keyless=Keyless(OWN), log=LogName("https://log.example.test"))
    assert "rekor log public key not found" in provider.refusal(image, public).message


def test_what_is_there_instead_is_named(instance, provider, image):
    """Cosign 3 under a policy without `signatureFormat`, and its neighbours."""
    legacy, bundle = Verify(key=Key(instance.key)), Verify(key=Key(instance.key), format=Format.BUNDLE)
    assert provider.refusal(image, legacy).detail.startswith("no legacy signature; looked under the tag sha256-")
    instance.attest(image)
    for verify in (legacy, bundle):
        assert "but an attestation; " in provider.refusal(image, verify).detail
    instance.sign_by_key(image)
    assert "but a bundle and an attestation; " in provider.refusal(image, legacy).detail


def test_legacy_signature_under_a_policy_that_reads_bundles_is_named(instance, provider, image):
    instance.sign_legacy_by_key(image)
    detail = provider.refusal(image, Verify(key=Key(instance.key), format=Format.BUNDLE)).detail
    assert detail.startswith("no bundle with a signature, but a legacy signature; looked among the referrers; ")


def test_legacy_signature_by_key(instance, provider, image):
    instance.sign_legacy_by_key(image)
    assert [proof.format for proof in provider.prove(image, Verify(key=Key(instance.key)))] == ["legacy"]


@pytest.mark.parametrize("form", [Format.LEGACY, Format.ANY])
def test_legacy_signature_that_is_stored_as_a_referrer(instance, provider, image, form):
    """Cosign's `oci-1-1`; a registry without the interface gets the list under the tag of the specification."""
    instance.sign_legacy_by_key(image, "--registry-referrers-mode=oci-1-1", COSIGN_EXPERIMENTAL="1")
    by_key = Verify(key=Key(instance.key), format=form)
    assert [proof.format for proof in provider.prove(image, by_key)] == ["legacy"]
    other = replace(by_key, key=Key(Signer(new_key()).public_pem))
    assert "invalid signature" in provider.refusal(image, other).message
    in_bundles = provider.refusal(image, replace(by_key, format=Format.BUNDLE))
    assert in_bundles.reason is Reason.SIGNATURE_ABSENT
    assert "but a legacy signature among the referrers; " in in_bundles.detail


def test_index_is_signed_as_a_whole(instance, provider, registry):
    index = registry.push_index("team/multi", {"linux/amd64": days_ago(1), "linux/arm64": days_ago(1)})
    instance.sign(index.pinned)
    (proof,) = provider.prove(index.reference, KEYLESS)
    assert proof.digest == index.digest
