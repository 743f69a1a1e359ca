"""What a log holds is compared member by member, in each of its forms."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from provider.questions.proof_question import HashAlgorithm
from provider.signatures.content import Envelope, MessageSignature
from provider.signatures.evidence.entry_body import SignatureMaterial, verify_body
from provider.signatures.formats import bundle_format
from provider.signatures.rejection import RejectionError
from tests.simulators.signing import SigningWorld, b64, canonical, hashed_rekord, hashed_rekord_v2
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
    "version 2 by a certificate": of_bundle(CASE.bundle(entry="v2", stamps=[None]), CASE.ann),
    "version 2 by a key": of_bundle(CASE.bundle(WORLD.key, entry="v2"), WORLD.key),
    "version 2 of a message": message_in_version_2(CASE.ann),
}
# The envelope as it was sent may be written in many ways, and a key says of itself what it is.
NOT_COMPARED = {"envelopeHash", "keyDetails"}


def members(value, path=()):
    if not isinstance(value, (dict, list)):
        yield path
        return
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        if key not in NOT_COMPARED:
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


def test_entry_of_two_signatures_is_not_taken():
    kind, body, signed = FORMS["dsse by a key"]
    body = copy.deepcopy(body)
    body["spec"]["signatures"] *= 2
    with pytest.raises(RejectionError, match="is of another signature"):
        verify_body(kind, canonical(body), signed)
