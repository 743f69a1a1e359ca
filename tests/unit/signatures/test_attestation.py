"""One attestation under a `.att` tag: what proves, and what does not."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from provider.questions.answer import TimeSource
from provider.questions.attestation_question import AttestationWish, PredicateForm
from provider.registry.content.manifest import Descriptor
from provider.signatures.demands import Demands
from provider.signatures.document_work import at_once
from provider.signatures.formats import attestation
from provider.signatures.formats.attestation import MEDIA_TYPE
from provider.signatures.legacy_layer import LegacyLayer
from provider.signatures.rejection import RejectionError
from tests.simulators import attesting
from tests.simulators.attesting import IN_TOTO, TYPE
from tests.simulators.signing import CA, NOW, Signer, b64, canonical, new_key
from tests.unit.signatures.turns import turns_of
from tests.unit.signatures.world import DIGEST, OTHER

WISH = AttestationWish(TYPE, statement=True)
NOT_ENOUGH = "accepted signatures do not match threshold, Found: 0, Expected 1"


def statement(digest=DIGEST, **changes):
    return attesting.statement(digest, **changes)


def envelope(*signers, payload=None, **more):
    return attesting.envelope(*signers, payload=statement() if payload is None else payload, **more)


def layer(body, media_type=MEDIA_TYPE, **notes):
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    found = {"dev.cosignproject.cosign/signature": "", "predicateType": TYPE} | notes
    return LegacyLayer(Descriptor(media_type, digest, len(body), annotations=found), body)


@pytest.fixture
def prove(case):
    def proved(found, demands=None, digest=DIGEST, wish=WISH):
        found = layer(found) if isinstance(found, bytes) else found
        return at_once(attestation.verify(found, digest, demands or case.by_key, wish, NOW))

    return proved


@pytest.fixture
def refusal(prove):
    def refused(found, *arguments, **more):
        with pytest.raises(RejectionError) as caught:
            prove(found, *arguments, **more)
        return caught.value.step, str(caught.value)

    return refused


def test_attestation_by_the_key_is_proved_with_its_statement(prove, world):
    body = envelope(world.key)
    proof = prove(body)
    assert proof.id == hashlib.sha256(b"").hexdigest()
    assert (proof.digest, proof.format, proof.subjects, proof.issuer, list(proof.times)) == (
        DIGEST,
        "legacy",
        (),
        "",
        [],
    )
    assert proof.attestation.to_json() == {
        "digest": "sha256:" + hashlib.sha256(body).hexdigest(),
        "predicateType": TYPE,
        "statement": json.loads(statement()),
    }


def test_one_good_signature_of_several_is_enough(prove, refusal, world):
    strangers = [Signer(new_key()), Signer(new_key())]
    assert prove(envelope(strangers[0], world.key, strangers[1])).attestation
    assert refusal(envelope(*strangers)) == (5, NOT_ENOUGH)
    assert refusal(envelope()) == (5, NOT_ENOUGH)


def test_signatures_are_bounded(refusal, world):
    body = json.loads(envelope(world.key))
    body["signatures"] *= 33
    assert refusal(canonical(body))[0] == 1


def test_another_digest_is_refused(refusal, world):
    assert refusal(envelope(world.key), digest=OTHER) == (6, "no matching subject digest found")


def test_attestation_of_another_type_is_proved_without_its_statement(prove, world):
    proof = prove(envelope(world.key), wish=AttestationWish(TYPE + "/", statement=True))
    assert proof.attestation.to_json().keys() == {"digest", "predicateType"}
    assert proof.attestation.predicate_type == TYPE


def test_annotation_says_nothing_of_the_type(prove, world):
    body = envelope(world.key, payload=statement(predicateType="other"))
    assert prove(layer(body, predicateType=TYPE)).attestation.predicate_type == "other"


def test_predicate_that_is_not_of_its_form_is_a_problem_of_the_statement(prove, world):
    body = envelope(world.key, payload=statement(predicate="text"))
    content = prove(body, wish=AttestationWish(TYPE, PredicateForm.VULN, statement=True)).attestation
    assert content.statement is None
    assert content.problem.startswith("unmarshaling CosignVulnStatement: ")
    assert prove(body).attestation.statement["predicate"] == "text"


@pytest.mark.parametrize("kind", ["application/json", "", IN_TOTO + "; x", IN_TOTO.upper()])
def test_payload_of_another_type_is_no_statement(refusal, world, kind):
    step, sentence = refusal(envelope(world.key, kind=kind))
    assert step == 5
    assert sentence == f"invalid payloadType {kind} on envelope. Expected {IN_TOTO}"


def test_payload_type_is_signed(refusal, world):
    body = json.loads(envelope(world.key, kind="application/json"))
    assert refusal(canonical(body | {"payloadType": IN_TOTO})) == (5, NOT_ENOUGH)


def test_signature_may_be_in_either_alphabet(prove, world):
    for _ in range(20):
        body = json.loads(envelope(world.key))
        raw = base64.b64decode(body["signatures"][0]["sig"])
        body["signatures"][0]["sig"] = base64.urlsafe_b64encode(raw).decode()
        assert prove(canonical(body)).attestation


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"payloadType":"x","payload":"","signatures":{}}',
        b'{"payloadType":"x","payload":"","signatures":[1]}',
        b'{"payloadType":"x","payload":"","signatures":[{"sig":1}]}',
        b'{"payloadType":"x","payload":"","signatures":[{"sig":"!"}]}',
        b'{"payloadType":"x","payload":"!","signatures":[]}',
        b'{"payloadType":"x","payload":1,"signatures":[]}',
        b'{"payloadType":1,"payload":"","signatures":[]}',
        b'{"payloadType":"\\ud800","payload":"","signatures":[]}',
        b'{"payloadType":"x","payload":"","payload":"","signatures":[]}',
        b'{"payloadType":"x","payload":"","Payload":"","signatures":[]}',
    ],
    ids=lambda body: body.decode(),
)
def test_what_is_no_envelope_is_refused(refusal, body):
    assert refusal(body)[0] == 1


def test_layer_of_another_sort_is_refused(refusal, world):
    body = envelope(world.key)
    assert "is application/json, not" in refusal(layer(body, "application/json"))[1]
    bare = layer(body)
    unsigned = LegacyLayer(Descriptor(MEDIA_TYPE, bare.layer.digest, len(body)), body)
    assert refusal(unsigned)[1].endswith('is missing "dev.cosignproject.cosign/signature" annotation')


def test_layer_that_could_not_be_had_may_be_there_later(prove, world):
    gone = LegacyLayer(layer(envelope(world.key)).layer, None, "gone")
    with pytest.raises(RejectionError, match="gone") as caught:
        prove(gone)
    assert not caught.value.lasting


def test_every_bit_of_what_is_signed_counts(prove, world):
    payload, good = statement(), envelope(world.key)
    assert prove(good)
    for place in range(0, len(payload), 7):
        changed = bytearray(payload)
        changed[place] ^= 1
        body = json.loads(good)
        body["payload"] = b64(bytes(changed))
        with pytest.raises(RejectionError):
            prove(canonical(body))


def dsse_entry(body, pem, **changes):
    spec = {
        "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(body).hexdigest()},
        "payloadHash": {"algorithm": "sha256", "value": "0" * 64},
        "signatures": [{"signature": "AA==", "verifier": b64(pem.encode())}],
    }
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec | changes}


def intoto_entry(body, pem):
    content = {"hash": {"algorithm": "sha256", "value": hashlib.sha256(body).hexdigest()}}
    return {"apiVersion": "0.0.1", "kind": "intoto", "spec": {"content": content, "publicKey": b64(pem.encode())}}


def intoto_v2_entry(body, pem):
    content = {
        "hash": {"algorithm": "sha256", "value": hashlib.sha256(body).hexdigest()},
        "envelope": {"signatures": [{"publicKey": b64(pem.encode()), "sig": "AA=="}]},
    }
    return {"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": content}}


def logged(world, body, entry, **changes):
    promise = world.rekor_bundle(b"", b"", world.key, entry=entry, **changes)
    return layer(body, **{"dev.sigstore.cosign/bundle": promise})


@pytest.mark.parametrize("entry", [dsse_entry, intoto_entry, intoto_v2_entry])
def test_entry_of_the_whole_layer_is_proved_with_its_time(prove, world, case, entry):
    body = envelope(world.key)
    proof = prove(logged(world, body, entry(body, world.key.pem)), case.by_key_logged)
    assert [(time.source, time.at) for time in proof.times] == [(TimeSource.LOG, "2026-11-23T22:40:00Z")]


def test_log_is_asked_for_only_where_the_question_does(prove, refusal, world, case):
    body = envelope(world.key)
    assert not prove(logged(world, body, dsse_entry(b"other", world.key.pem))).times
    assert refusal(body, case.by_key_logged) == (3, "rekor client not provided for online verification")


def test_entry_of_something_else_is_refused(refusal, world, case):
    body = envelope(world.key)
    stranger = Signer(new_key())
    for entry in (
        dsse_entry(body + b" ", world.key.pem),
        dsse_entry(body, stranger.pem),
        dsse_entry(body, world.key.pem, envelopeHash={"algorithm": "sha512", "value": ""}),
        dsse_entry(body, world.key.pem, signatures=[]),
        dsse_entry(body, world.key.pem, signatures=None),
        dsse_entry(body, world.key.pem, signatures=[{"verifier": "*" + b64(world.key.pem.encode())}]),
        intoto_entry(body + b" ", world.key.pem),
        intoto_entry(body, stranger.pem),
        {**dsse_entry(body, world.key.pem), "apiVersion": "0.0.2"},
        {"kind": "dsse"},
    ):
        step, sentence = refusal(logged(world, body, entry), case.by_key_logged)
        assert step == 3
        assert sentence.startswith("error verifying bundle: ")


def test_promise_of_another_log_is_refused(refusal, world, case):
    body = envelope(world.key)
    found = logged(world, body, dsse_entry(body, world.key.pem), log=world.ct_log)
    assert "public key not found" in refusal(found, case.by_key_logged)[1]


def test_without_a_key_nothing_is_proved(refusal, world):
    assert refusal(envelope(world.key), Demands())[0] == 4


def certified(world, signer, body=None, **notes):
    body = envelope(signer) if body is None else body
    return layer(body, **{"dev.sigstore.cosign/certificate": signer.pem} | notes)


def promise(world, body, signer, **changes):
    return world.rekor_bundle(b"", b"", signer, entry=dsse_entry(body, signer.pem), **changes)


def stamp(world, message):
    response = {"SignedRFC3161Timestamp": b64(world.tsa.stamp(message))}
    return {"dev.sigstore.cosign/rfc3161timestamp": canonical(response).decode()}


def test_certificate_says_who_attested_and_the_log_when(prove, world, case):
    ann = case.ann
    body = envelope(ann)
    found = certified(world, ann, body, **{"dev.sigstore.cosign/bundle": promise(world, body, ann)})
    proof = prove(found, case.keyless_logged)
    assert proof.issuer == "https://issuer.example.test"
    assert list(proof.subjects)
    assert proof.id == hashlib.sha256(ann.pem.encode()).hexdigest()
    assert [time.source for time in proof.times] == [TimeSource.LOG]
    assert proof.attestation.statement


def test_certificate_is_held_to_what_it_is_of_a_simple_signing(refusal, world, case):
    ann = case.ann
    body = envelope(ann)
    bundle = {"dev.sigstore.cosign/bundle": promise(world, body, ann)}
    assert refusal(certified(world, ann, body), case.keyless_logged)[0] == 3
    assert refusal(layer(body, **bundle), case.keyless_logged)[0] == 3
    assert refusal(layer(body), case.keyless) == (4, "no certificate found on signature")
    stranger = world.signer(ca=CA.create())
    assert refusal(certified(world, stranger), case.keyless)[0] == 4
    assert refusal(certified(world, world.signer(scts=0)), case.keyless)[0] == 4
    assert refusal(certified(world, ann, envelope(world.key)), case.keyless) == (5, NOT_ENOUGH)
    other = certified(world, ann, body, **{"dev.sigstore.cosign/bundle": promise(world, body, world.signer())})
    assert refusal(other, case.keyless_logged)[0] == 3


def test_expired_certificate_needs_a_proved_time(prove, refusal, world, case):
    assert refusal(certified(world, case.ann), case.keyless) == (
        7,
        "expected a signed timestamp to verify an expired certificate",
    )
    body = envelope(case.ann)
    assert prove(certified(world, case.ann, body, **stamp(world, body)), case.keyless_stamped).times


def test_timestamp_is_over_the_envelope_or_its_one_signature(prove, refusal, world, case):
    body = envelope(world.key)
    signature = base64.b64decode(json.loads(body)["signatures"][0]["sig"])
    for message in (body, signature):
        (time,) = prove(layer(body, **stamp(world, message)), case.by_key_stamped).times
        assert time.source is TimeSource.TIMESTAMP
    assert refusal(layer(body, **stamp(world, b"other")), case.by_key_stamped)[0] == 2
    assert refusal(layer(body), case.by_key_stamped)[0] == 2
    assert not prove(layer(body, **stamp(world, body))).times


def test_time_is_looked_at_before_everything_dear_in_an_attestation(world, case):
    body = envelope(case.ann)
    notes = {"dev.sigstore.cosign/bundle": promise(world, body, case.ann), **stamp(world, body)}
    found = certified(world, case.ann, body, **notes)
    both = Demands(trust_root=case.root, logs=case.root, timestamps=case.root)
    # Timestamp, log entry, path, SCT, signature, statement.
    assert turns_of(lambda alive: at_once(attestation.verify(found, DIGEST, both, WISH, NOW, alive))) == 6
