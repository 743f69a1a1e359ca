"""What a log holds is compared member by member, in each of its forms."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import json
from dataclasses import replace

import pytest

from provider.questions.answer import TimeSource
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.content import Envelope, MessageSignature
from provider.signatures.demands import Demands
from provider.signatures.evidence.entry_body import SignatureMaterial, verify_body
from provider.signatures.formats import bundle_format
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import trust_root
from tests.simulators.signing import NOW, SIGNED_AT, SigningWorld, b64, canonical, hashed_rekord, hashed_rekord_v2
from tests.unit.signatures.world import DIGEST, MANIFEST, SignatureWorld

CASE = SignatureWorld(SigningWorld())
WORLD = CASE.world
IMAGE = DIGEST.removeprefix("sha256:")


def signed_by(signer, content):
    der = signer.der if signer.certificate else b""
    return SignatureMaterial(content, IMAGE, HashAlgorithm.SHA256, der, signer.spki, signer.pem.encode())


def of_bundle(document, signer):
    """The kind and body of a bundle's entry, and what it must be about."""
    found = bundle_format.read(canonical(document))
    (entry,) = found.entries
    return entry.kind, json.loads(entry.body), signed_by(signer, found.content)


def message_in_version_2(signer):
    signature = signer.sign(MANIFEST)
    body = hashed_rekord_v2(bytes.fromhex(IMAGE), signature, signer)
    return ("hashedrekord", "0.0.2"), body, signed_by(signer, MessageSignature("", signature))


FORMS = {
    "hashedrekord by a certificate": of_bundle(WORLD.message_bundle(DIGEST, MANIFEST, CASE.ann), CASE.ann),
    "hashedrekord by a key": of_bundle(WORLD.message_bundle(DIGEST, MANIFEST, WORLD.key), WORLD.key),
    "dsse by a certificate": of_bundle(CASE.bundle(), CASE.ann),
    "dsse by a key": of_bundle(CASE.bundle(WORLD.key), WORLD.key),
    "intoto by a certificate": of_bundle(CASE.bundle(entry="intoto"), CASE.ann),
    "intoto by a key": of_bundle(CASE.bundle(WORLD.key, entry="intoto"), WORLD.key),
    "version 2 by a certificate": of_bundle(CASE.bundle(entry="v2", stamps=[None]), CASE.ann),
    "version 2 by a key": of_bundle(CASE.bundle(WORLD.key, entry="v2"), WORLD.key),
    "version 2 of a message": message_in_version_2(CASE.ann),
}
# The envelope as it was sent may be written in many ways, and a key says of itself what it is.
NOT_COMPARED = {"envelopeHash", "keyDetails"}
NOT_COMPARED_IN_INTOTO = ("spec", "content", "hash")


def members(value, path=()):
    if not isinstance(value, (dict, list)):
        yield path
        return
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        if key not in NOT_COMPARED and (*path, key) != NOT_COMPARED_IN_INTOTO:
            yield from members(member, (*path, key))


PLACES = [(form, path) for form, (_, body, _) in FORMS.items() for path in members(body)]


def changed(body, path, value):
    body = copy.deepcopy(body)
    *way, last = path
    holder = body
    for key in way:
        holder = holder[key]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return canonical(body)


@pytest.mark.parametrize("form", FORMS)
def test_entry_of_this_signature_is_taken(form):
    kind, body, signed = FORMS[form]
    verify_body(kind, canonical(body), signed)


@pytest.mark.parametrize(("form", "path"), PLACES)
@pytest.mark.parametrize("value", [None, "sha512", "SHA2_512", "0" * 64, b64(b"other"), 7, ["a"]])
def test_every_member_of_an_entry_has_to_be_what_it_is(form, path, value):
    kind, body, signed = FORMS[form]
    with pytest.raises(RejectionError):
        verify_body(kind, changed(body, path, value), signed)


def test_entry_of_one_sort_of_content_is_not_taken_for_the_other():
    kind, body, signed = FORMS["dsse by a key"]
    message = replace(signed, content=MessageSignature("", signed.content.signature))
    with pytest.raises(RejectionError, match="is of another signature"):
        verify_body(kind, canonical(body), message)
    envelope = Envelope("", b"", WORLD.key.sign(MANIFEST))
    rekord = hashed_rekord(IMAGE, envelope.signature, WORLD.key.public_pem)
    with pytest.raises(RejectionError, match="is of another signature"):
        verify_body(("hashedrekord", "0.0.1"), canonical(rekord), signed_by(WORLD.key, envelope))


@pytest.mark.parametrize("form", ["version 2 by a certificate", "version 2 by a key"])
def test_entry_with_two_signers_is_not_taken(form):
    kind, body, signed = FORMS[form]
    body = copy.deepcopy(body)
    verifier = body["spec"]["hashedRekordV002"]["signature"]["verifier"]
    verifier.setdefault("publicKey", {"rawBytes": b64(b"key")})
    verifier.setdefault("x509Certificate", {"rawBytes": b64(b"certificate")})
    with pytest.raises(RejectionError, match="is of another signature"):
        verify_body(kind, canonical(body), signed)


@pytest.mark.parametrize("form", ["dsse by a key", "intoto by a key"])
def test_entry_of_two_signatures_is_not_taken(form):
    kind, body, signed = FORMS[form]
    body = copy.deepcopy(body)
    spec = body["spec"]
    holder = spec if "signatures" in spec else spec["content"]["envelope"]
    holder["signatures"] *= 2
    with pytest.raises(RejectionError, match="is of another signature"):
        verify_body(kind, canonical(body), signed)


# When the log of an entry counts.


def of_log(name="tiles", *spans):
    """A trust root in which a log is believed in these spans, each a record of its own."""
    document = copy.deepcopy(WORLD.trust_root)
    which = next(log for log in document["tlogs"] if log["logId"]["keyId"] == b64(getattr(WORLD, name).key_id))
    document["tlogs"].remove(which)
    for start, end in spans:
        span = {"start": start.isoformat()} | ({"end": end.isoformat()} if end else {})
        document["tlogs"].append(which | {"publicKey": which["publicKey"] | {"validFor": span}})
    root = trust_root.of_document(document)
    return Demands(trust_root=root, logs=root), Demands(key=CASE.public(WORLD.key), logs=root)


MINUTE = dt.timedelta(minutes=1)
LONG_AGO = SIGNED_AT - dt.timedelta(days=100)
UNTIMELY = r"^the log was not valid at the entry's time$"


@pytest.mark.parametrize(
    ("span", "believed"),
    [
        ((LONG_AGO, None), True),
        ((SIGNED_AT, SIGNED_AT), True),
        ((LONG_AGO, SIGNED_AT - MINUTE), False),
        ((SIGNED_AT + MINUTE, None), False),
    ],
)
def test_log_that_gives_no_time_must_count_when_the_signature_was_stamped(span, believed):
    document = CASE.bundle(entry="v2", stamps=[None])
    keyless, _ = of_log("tiles", span)
    if believed:
        assert CASE.verify_bundle(document, keyless).times
        return
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(document, keyless)


def test_log_must_count_at_every_time_that_is_proved():
    moments = [SIGNED_AT, SIGNED_AT + MINUTE]
    document = CASE.bundle(entry="v2")
    signature = base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"])
    stamps = [{"signedTimestamp": b64(WORLD.tsa.stamp(signature, moment))} for moment in moments]
    document["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    keyless, _ = of_log("tiles", (LONG_AGO, SIGNED_AT + MINUTE))
    assert len(CASE.verify_bundle(document, keyless).times) == 2
    keyless, _ = of_log("tiles", (LONG_AGO, SIGNED_AT))
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(document, keyless)


def test_retired_log_counts_for_no_signature_of_which_no_time_is_proved():
    document = CASE.bundle(WORLD.key, entry="v2")
    _, by_key = of_log("tiles", (LONG_AGO, None))
    assert CASE.verify_bundle(document, by_key).times == []
    _, by_key = of_log("tiles", (LONG_AGO, NOW + MINUTE))
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(document, by_key)


def test_timestamp_says_when_a_key_signed_so_that_a_log_retired_since_counts():
    document = CASE.bundle(WORLD.key, entry="v2", stamps=[None])
    _, by_key = of_log("tiles", (LONG_AGO, SIGNED_AT + MINUTE))
    assert [time.source for time in CASE.verify_bundle(document, by_key).times] == [TimeSource.TIMESTAMP]
    _, by_key = of_log("tiles", (LONG_AGO, SIGNED_AT - MINUTE))
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(document, by_key)


def test_promise_says_when_a_key_signed_so_that_a_log_retired_since_counts():
    document = CASE.bundle(WORLD.key)
    _, by_key = of_log("log", (LONG_AGO, SIGNED_AT + MINUTE))
    assert [time.source for time in CASE.verify_bundle(document, by_key).times] == [TimeSource.LOG]
    _, by_key = of_log("log", (LONG_AGO, SIGNED_AT - MINUTE))
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(document, by_key)


def test_time_that_no_promise_covers_does_not_make_a_retired_log_count():
    """Anybody may write such a time into a bundle; a stolen key of the log may sign the tree."""
    document = CASE.bundle(entry="v1", stamps=[None])
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    keyless, _ = of_log("log", (LONG_AGO, SIGNED_AT - MINUTE))
    del entry["inclusionPromise"]
    entry["integratedTime"] = str(int((SIGNED_AT - MINUTE).timestamp()))
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(document, keyless)
    assert CASE.verify_bundle(document, of_log("log", (LONG_AGO, SIGNED_AT))[0]).times
    # Nor may it be a time at which the log did not count.
    entry["integratedTime"] = str(int((SIGNED_AT + MINUTE).timestamp()))
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(document, of_log("log", (LONG_AGO, SIGNED_AT))[0])


def test_log_may_count_in_several_spans_and_borrows_none_of_another_log():
    before, now = (LONG_AGO, SIGNED_AT - MINUTE), (SIGNED_AT, None)
    stamped, logged = CASE.bundle(entry="v2", stamps=[None]), CASE.bundle()
    legacy = CASE.legacy(CASE.ann, logged=True)
    assert CASE.verify_bundle(stamped, of_log("tiles", before, now)[0]).times
    assert CASE.verify_bundle(logged, of_log("log", before, now)[0]).times
    assert CASE.verify(legacy, of_log("log", before, now)[0]).times
    # The other log of this trust root counts all the time.
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(stamped, of_log("tiles", before)[0])
    with pytest.raises(RejectionError, match=UNTIMELY):
        CASE.verify_bundle(logged, of_log("log", before)[0])
    with pytest.raises(RejectionError, match="public key was not valid at the entry's time"):
        CASE.verify(legacy, of_log("log", before)[0])
