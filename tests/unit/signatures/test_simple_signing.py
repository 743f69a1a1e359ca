"""What legacy signatures prove, and cosign's words for those that prove nothing. Attacks: `test_attacks`."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provider.questions.answer import SigningTime, TimeSource
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.demands import Demands
from provider.signatures.rejection import RejectionError
from tests.simulators.signing import NOW, SIGNED_AT, Signer, new_key
from tests.unit.signatures.world import DIGEST

STAMP = "2026-11-23T22:40:00Z"
LONG = {"start": NOW - dt.timedelta(days=1), "end": NOW + dt.timedelta(days=1)}


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (new_key(), HashAlgorithm.SHA224),
        (new_key(), HashAlgorithm.SHA256),
        (new_key(ec.SECP384R1()), HashAlgorithm.SHA384),
        (new_key(ec.SECP521R1()), HashAlgorithm.SHA512),
        (rsa.generate_private_key(65537, 2048), HashAlgorithm.SHA256),
        (rsa.generate_private_key(65537, 2048), HashAlgorithm.SHA512),
        (ed25519.Ed25519PrivateKey.generate(), HashAlgorithm.SHA256),
    ],
)
def test_signature_by_any_sort_of_key_is_proved(case, key, algorithm):
    signer = Signer(key, hash_name=algorithm.upper())
    proof = case.verify(case.legacy(signer), Demands(key=case.public(signer, algorithm)))
    assert proof.digest == DIGEST
    assert (proof.subjects, proof.issuer, proof.times, proof.format) == ((), "", (), "legacy")


def test_id_of_a_proof_is_over_signature_and_certificate(case):
    signature = case.legacy(case.ann, logged=True)
    notes = signature.layer.annotations
    raw = case.verify(signature, case.keyless_logged)
    material = base64.b64decode(notes["dev.cosignproject.cosign/signature"]) + case.ann.pem.encode()
    assert raw.id == hashlib.sha256(material).hexdigest()


def test_certificate_names_the_signer_at_the_time_of_the_log(case):
    proof = case.verify(case.legacy(case.ann, logged=True), case.keyless_logged)
    assert (list(proof.subjects), proof.issuer) == (["ann@example.test"], "https://issuer.example.test")
    assert proof.times == [SigningTime(TimeSource.LOG, STAMP)]


def test_certificate_names_the_signer_at_the_time_of_the_timestamp(case):
    proof = case.verify(case.legacy(case.ann, stamped=True), case.keyless_stamped)
    assert proof.times == [SigningTime(TimeSource.TIMESTAMP, STAMP)]


def test_certificate_without_a_proved_time_is_judged_now(case):
    signer = case.world.signer(**LONG)
    proof = case.verify(case.legacy(signer), case.keyless)
    assert proof.times == [SigningTime(TimeSource.NONE, "2026-11-24T22:40:00Z")]
    with pytest.raises(RejectionError, match=r"^expected a signed timestamp to verify an expired certificate$"):
        case.verify(case.legacy(case.ann), case.keyless)


def test_certificate_beside_a_keys_signature_names_nobody_but_must_be_valid(case):
    beside = case.world.signer(**LONG)
    good = case.legacy(notes={"dev.sigstore.cosign/certificate": beside.pem})
    proof = case.verify(good)
    assert (proof.subjects, proof.issuer) == ((), "")
    old = case.legacy(notes={"dev.sigstore.cosign/certificate": case.ann.pem})
    with pytest.raises(RejectionError, match=r"^expected a signed timestamp to verify an expired certificate$"):
        case.verify(old)


def test_github_fields_are_told_where_the_certificate_has_them(case):
    extensions = {f"1.3.6.1.4.1.57264.1.{number}": text for number, text in ((2, b"push"), (5, b"team/app"))}
    signer = case.world.signer(subjects=["https://github.com/team/app/x.yml@refs/heads/main"], extensions=extensions)
    proof = case.verify(case.legacy(signer, logged=True), case.keyless_logged)
    assert proof.github == {"githubWorkflowTrigger": "push", "githubWorkflowRepo": "team/app"}


def test_issuer_is_the_older_extension_as_in_cosign(case):
    signer = case.world.signer(issuer=None, newer_issuer="https://issuer.example.test")
    assert case.verify(case.legacy(signer, logged=True), case.keyless_logged).issuer == ""


def test_sct_is_not_asked_for_where_it_is_waived(case):
    signer = case.world.signer(scts=0)
    waived = Demands(trust_root=case.root, logs=case.root, ignore_sct=True)
    assert case.verify(case.legacy(signer, logged=True), waived).subjects == ("ann@example.test",)


def test_log_is_not_asked_of_a_key_unless_the_question_does(case):
    assert case.verify(case.legacy(logged={"integratedTime": 1})).times == ()
    proof = case.verify(case.legacy(logged=True), case.by_key_logged)
    assert proof.times == [SigningTime(TimeSource.LOG, STAMP)]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"signature": b""}, "ecdsa: Invalid IEEE_P1363 encoded bytes"),
        ({"signature": b"\x30" * 64}, "invalid signature when validating IEEE_P1363 encoded signature"),
        ({"notes": {"dev.cosignproject.cosign/signature": "!!!"}}, "illegal base64 data at input byte 0"),
        ({"notes": {"dev.cosignproject.cosign/signature": "QUJDR"}}, "illegal base64 data at input byte 4"),
        ({"payload": b"not json"}, "invalid character 'o' in literal null \\(expecting 'u'\\)"),
        ({"payload": b'{"critical":{}} x'}, "invalid character 'x' after top-level value"),
        ({"payload": b'{"critical":'}, "unexpected end of JSON input"),
        (
            {"payload": b'{"critical":1}'},
            "json: cannot unmarshal number into Go struct field SimpleContainerImage.critical of type payload.Critical",
        ),
        ({"payload": b"{}"}, "invalid or missing digest in claim: "),
    ],
)
def test_malformed_signature_is_refused_in_cosigns_words(case, parts, message):
    with pytest.raises(RejectionError, match=rf"^{message}$"):
        case.verify(case.legacy(**parts))


def test_layer_without_a_signature_is_named(case):
    layer = case.layer(case.world.payload(DIGEST), {})
    sentence = f'^signature layer {layer.layer.digest} is missing "dev.cosignproject.cosign/signature" annotation$'
    with pytest.raises(RejectionError, match=sentence):
        case.verify(layer)


def test_missing_evidence_is_refused_in_the_words_for_what_was_asked(case):
    with pytest.raises(RejectionError, match=r"^rekor client not provided for online verification$"):
        case.verify(case.legacy(), case.by_key_logged)
    offline = Demands(trust_root=case.root, logs=case.root, offline=True)
    with pytest.raises(RejectionError, match=r"^offline verification failed$"):
        case.verify(case.legacy(case.ann), offline)
    with pytest.raises(RejectionError, match=r"^no certificate found on signature$"):
        case.verify(case.legacy(), case.keyless)
    with pytest.raises(RejectionError, match=r"bundle: the signature has no timestamp$"):
        case.verify(case.legacy(), case.by_key_stamped)


def test_certificate_is_judged_at_every_proved_time(case):
    both = Demands(trust_root=case.root, logs=case.root, timestamps=case.root)
    late = SIGNED_AT + dt.timedelta(minutes=30)
    proof = case.verify(case.legacy(case.ann, logged=True, stamped=True), both)
    assert [time.source for time in proof.times] == [TimeSource.TIMESTAMP, TimeSource.LOG]
    with pytest.raises(RejectionError, match=r"^checking expiry on certificate with timestamp: certificate expired"):
        case.verify(case.legacy(case.ann, logged=True, stamped={"moment": late}), both)
    sentence = (
        "^checking expiry on certificate with bundle: certificate expired before observed time: "
        "2026-11-23T22:45:00Z is before 2026-11-23T23:10:00Z$"
    )
    with pytest.raises(RejectionError, match=sentence):
        case.verify(case.legacy(case.ann, logged={"when": late}, stamped=True), both)
