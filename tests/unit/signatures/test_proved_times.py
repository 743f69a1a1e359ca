"""Which times of signing an answer holds: only those that somebody proves, the earliest of all, and what nobody saw."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest

from provider import limits
from provider.questions.answer import SigningTime, TimeSource
from provider.questions.proof_question import Format, Keyless, LogName, TrustRootName, Verify
from provider.reasons import Reason
from tests.simulators.attesting import envelope, statement
from tests.simulators.signing import NOW, SIGNED_AT, canonical
from tests.unit.signatures.test_attestation import dsse_entry as attestation_entry
from tests.unit.signatures.test_attestations import AttestationWorld
from tests.unit.signatures.test_verifier import REPOSITORY

OWN = TrustRootName("own")
KEYLESS = Verify(keyless=Keyless(OWN), log=LogName(trust_root=OWN))
BUNDLES = Verify(keyless=Keyless(OWN), format=Format.BUNDLE)
EITHER = Verify(keyless=Keyless(OWN), log=LogName(trust_root=OWN), format=Format.ANY)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def here(world, tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(world.trust_root))
    here = AttestationWorld(world, path)
    yield here
    here.loop.finish()


def logged(here, when, number=0, signature=None, signer=None, **changes):
    """A legacy signature, logged at a time."""
    signer = signer or here.signing.signer()
    payload = here.signing.payload(here.digest, number=number)
    signature = signature or signer.sign(payload)
    notes = here.signing.annotations(payload, signer)
    notes["dev.cosignproject.cosign/signature"] = base64.b64encode(signature).decode()
    notes["dev.sigstore.cosign/bundle"] = here.signing.rekor_bundle(payload, signature, signer, when=when, **changes)
    return here.layer(payload, notes)


def logged_attestation(here, when, number):
    """A legacy attestation of another type than is asked for, logged at a time."""
    body = envelope(here.signing.key, payload=statement(here.digest, predicateType="other", predicate=number))
    entry = attestation_entry(body, here.signing.key.pem)
    promise = here.signing.rekor_bundle(b"", b"", here.signing.key, entry=entry, when=when)
    layer = here.envelope(body)
    layer["annotations"]["dev.sigstore.cosign/bundle"] = promise
    return layer


def by_log(moment):
    return SigningTime(TimeSource.LOG, moment.isoformat().replace("+00:00", "Z"))


@pytest.mark.parametrize("place", [0, 37, limits.SIGNATURES - 1])
def test_earliest_time_is_found_among_as_many_signatures_as_are_looked_at(here, place):
    """Who signs again adds later times, and hides no earlier one."""
    signer = here.signing.signer()
    moments = [SIGNED_AT + 2 * MINUTE] * limits.SIGNATURES
    moments[place] = SIGNED_AT + MINUTE
    here.attach([logged(here, moment, number, signer=signer) for number, moment in enumerate(moments)])
    found = here.prove(KEYLESS)
    assert len(found.proofs) == limits.SIGNATURES
    assert found.earliest == by_log(SIGNED_AT + MINUTE)
    assert found.to_json("ref")["earliest"] == found.earliest.to_json()
    assert "passedOver" not in found.to_json("ref")


def test_more_signatures_than_are_looked_at_are_no_answer(here):
    """So none of them is dropped in silence."""
    here.attach(here.unlike(limits.SIGNATURES + 1))
    error = here.refusal(here.key())
    assert error.reason is Reason.SIGNATURE_REJECTED
    assert error.message == "number of layers (101) exceeded the limit (100)"


@pytest.mark.parametrize("order", [1, -1])
def test_same_signature_with_two_log_entries_has_both_times_once(here, order):
    signer = here.signing.signer()
    signature = signer.sign(here.signing.payload(here.digest, number=0))
    moments = (SIGNED_AT, SIGNED_AT + MINUTE, SIGNED_AT)
    layers = [logged(here, moment, signature=signature, signer=signer) for moment in moments]
    here.attach(layers[::order])
    found = here.prove(KEYLESS)
    (proof,) = found.proofs
    assert list(proof.times) == [by_log(SIGNED_AT), by_log(SIGNED_AT + MINUTE)]
    assert found.earliest == by_log(SIGNED_AT)


def test_earliest_counts_either_form(here):
    here.attach([logged(here, SIGNED_AT + MINUTE)])
    here.list_referrers(here.refer(here.signing.bundle(here.digest, here.signing.signer())))
    found = here.prove(EITHER)
    assert sorted(proof.format for proof in found.proofs) == ["bundle", "legacy"]
    assert found.earliest == by_log(SIGNED_AT)


def test_time_of_a_bundle_without_a_promise_is_nobodys_word(here):
    """An entry's proof of inclusion covers no time: what stands beside it may be anything."""
    bundle = here.signing.bundle(here.digest, here.signing.signer())
    (entry,) = bundle["verificationMaterial"]["tlogEntries"]
    assert entry.pop("inclusionPromise")
    assert entry["integratedTime"]
    here.list_referrers(here.refer(bundle))
    error = here.refusal(BUNDLES)
    assert error.reason is Reason.SIGNATURE_REJECTED
    assert "no time of signing" in error.message


def test_time_in_a_log_entry_that_its_log_did_not_promise_proves_nothing(here):
    signed = logged(here, SIGNED_AT + MINUTE)
    notes = signed["annotations"]
    promised = json.loads(notes["dev.sigstore.cosign/bundle"])
    promised["Payload"]["integratedTime"] -= 60
    notes["dev.sigstore.cosign/bundle"] = canonical(promised).decode()
    here.attach([signed, logged(here, SIGNED_AT + 2 * MINUTE, number=1)])
    found = here.prove(KEYLESS)
    assert len(found.proofs) == 1
    assert found.earliest == by_log(SIGNED_AT + 2 * MINUTE)


def test_moment_of_the_question_is_no_proved_time(here):
    here.attach(here.signed(here.signing.signer(end=NOW + MINUTE)))
    found = here.prove(Verify(keyless=Keyless(OWN)))
    assert [time.source for time in found.proofs[0].times] == [TimeSource.NONE]
    assert found.proofs[0].times[0].at == NOW.isoformat().replace("+00:00", "Z")
    assert found.earliest is None
    assert "earliest" not in found.to_json("ref")


def test_signature_by_a_key_that_no_log_is_asked_for_has_no_time(here):
    here.attach(here.signed(here.signing.key))
    found = here.prove(here.key())
    assert (list(found.proofs[0].times), found.earliest) == ([], None)


def test_what_cannot_be_had_is_counted_beside_what_is_proved(here):
    """Among it may be the earliest: who reads the answer knows that somebody did not look."""
    away, lost, good = here.unlike(3)
    here.attach([away, lost, good])
    here.registry.fail("blob", 500, match=away["digest"])
    here.registry.forget(REPOSITORY, lost["digest"])
    found = here.prove(here.key())
    assert (len(found.proofs), found.passed_over) == (1, 2)
    assert found.to_json("ref")["passedOver"] == 2


def test_rejected_signature_was_looked_at(here):
    here.attach([*here.signed(here.signing.signer()), *here.signed(here.signing.key)])
    assert here.prove(here.key()).passed_over == 0


def test_attestations_beyond_the_bytes_that_are_looked_at_are_counted(here):
    large = {**here.said(), "size": limits.ATTESTATIONS_BYTES // 2}
    beyond = [{**large, "size": limits.ATTESTATION_BYTES - place} for place in range(5)]
    here.attest(here.said(predicate={"n": 1}), *beyond)
    # Their sizes lie, so those that are fetched are rejected, and one is not fetched.
    found = here.prove(here.wish())
    assert len(found.proofs) == 1
    assert found.passed_over == 5


def test_what_cannot_be_read_and_what_there_is_no_room_for_are_counted_together(here):
    """Their sizes lie: the largest has no room beside the others, and those that are fetched have another size."""
    sizes = [limits.ATTESTATION_BYTES - place for place in range(4)]
    unreadable = {**here.said(), "digest": "sha256:1"}
    here.attest(here.said(), unreadable, *({**here.said(), "size": size} for size in sizes))
    assert here.prove(here.wish()).passed_over == 5


def test_rejection_says_how_many_nobody_looked_at(here):
    """Without that, an old proof behind much junk would be taken for none."""
    here.attach([*here.signed(here.signing.signer()), *here.signed(here.signing.signer())])
    assert here.refusal(here.key()).passed_over == 0
    here.attest(here.said(here.signing.signer()))
    assert here.refusal(here.wish()).passed_over == 0
    here.clock.advance(limits.PASSING_SECONDS + 0.1)
    # Their sizes lie, so those that are fetched cannot be read, and the last has no room.
    here.attest(*({**here.said(), "size": limits.ATTESTATION_BYTES - place} for place in range(5)))
    error = here.refusal(here.wish())
    assert (error.reason, error.passed_over) == (Reason.ATTESTATION_REJECTED, 5)


def test_rejection_of_too_many_does_not_say_how_many_nobody_looked_at(here):
    here.attach(here.unlike(limits.SIGNATURES + 1))
    error = here.refusal(here.key())
    assert (error.reason, error.passed_over) == (Reason.SIGNATURE_REJECTED, None)
    assert here.refusal(here.wish()).passed_over is None


def test_earliest_counts_attestations_that_the_answer_does_not_show(here):
    """Of other types one of each signer is told, and the earliest time may be another's."""
    moments = (SIGNED_AT + MINUTE, SIGNED_AT, SIGNED_AT + 2 * MINUTE)
    here.attest(*(logged_attestation(here, moment, number) for number, moment in enumerate(moments)))
    found = here.prove(here.wish(log=LogName(trust_root=OWN)))
    assert len(found.proofs) == 1
    assert found.earliest == by_log(SIGNED_AT)
