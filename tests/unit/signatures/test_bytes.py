"""Any change of a single byte of anything that is signed is refused."""

from __future__ import annotations

import base64
import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.rejection import RejectionError
from tests.simulators.signing import SigningWorld, canonical
from tests.unit.signatures.world import SignatureWorld

# The library warns of certificates that it will not read in future; in production that is all that it does.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

CASE = SignatureWorld(SigningWorld())
LEGACY = CASE.legacy(CASE.ann, logged=True)
BUNDLES = {
    "v1": CASE.bundle(),
    "v2": CASE.bundle(entry="v2", stamps=[None]),
}
ENTRY = ("verificationMaterial", "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")
PARTS = {
    "payload": ("dsseEnvelope", "payload"),
    "signature": ("dsseEnvelope", "signatures", 0, "sig"),
    "certificate": ("verificationMaterial", "certificate", "rawBytes"),
    "entry": (*ENTRY, "canonicalizedBody"),
    "log id": (*ENTRY, "logId", "keyId"),
    "root": (*PROOF, "rootHash"),
    "path": (*PROOF, "hashes", 0),
}


def altered(raw: bytes, where: float, difference: int) -> bytes:
    changed = bytearray(raw)
    changed[int(where * len(raw))] ^= difference
    return bytes(changed)


where = st.floats(0, 1, exclude_max=True)
difference = st.integers(1, 255)
few = settings(max_examples=150, deadline=None)


@few
@given(st.sampled_from(sorted(BUNDLES)), st.sampled_from(sorted(PARTS)), where, difference)
def test_any_byte_of_a_bundle(which, part, place, bits):
    document = copy.deepcopy(BUNDLES[which])
    *path, last = PARTS[part]
    holder = document
    for step in path:
        holder = holder[step]
    holder[last] = base64.b64encode(altered(base64.b64decode(holder[last]), place, bits)).decode()
    with pytest.raises((RejectionError, NoSignatureError)):
        CASE.verify_bundle(document)


@few
@given(where, difference)
def test_any_byte_of_a_promise(place, bits):
    document = copy.deepcopy(BUNDLES["v1"])
    promise = document["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    raw = base64.b64decode(promise["signedEntryTimestamp"])
    promise["signedEntryTimestamp"] = base64.b64encode(altered(raw, place, bits)).decode()
    with pytest.raises(RejectionError):
        CASE.verify_bundle(document)


@few
@given(st.sampled_from(sorted(BUNDLES)), where, st.sampled_from("AZaz09+/= \n"))
def test_any_character_of_a_checkpoint(which, place, character):
    document = copy.deepcopy(BUNDLES[which])
    checkpoint = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
    note = checkpoint["envelope"].partition("\n\n")[0] + "\n"
    at = int(place * len(note))
    if note[at] == character:
        return
    checkpoint["envelope"] = checkpoint["envelope"][:at] + character + checkpoint["envelope"][at + 1 :]
    with pytest.raises(RejectionError):
        CASE.verify_bundle(document)


@few
@given(st.sampled_from(["payload", "signature", "certificate"]), where, difference)
def test_any_byte_of_a_legacy_signature(part, place, bits):
    payload, notes = LEGACY.payload, dict(LEGACY.layer.annotations)
    if part == "payload":
        payload = altered(payload, place, bits)
    elif part == "signature":
        name = "dev.cosignproject.cosign/signature"
        notes[name] = base64.b64encode(altered(base64.b64decode(notes[name]), place, bits)).decode()
    else:
        head, *lines, foot = notes["dev.sigstore.cosign/certificate"].strip().split("\n")
        body = base64.b64encode(altered(base64.b64decode("".join(lines)), place, bits)).decode()
        notes["dev.sigstore.cosign/certificate"] = f"{head}\n{body}\n{foot}"
    with pytest.raises(RejectionError):
        CASE.verify(CASE.layer(payload, notes), CASE.keyless_logged)


@few
@given(where, st.integers(0, 127), st.binary(max_size=3))
def test_any_text_in_place_of_a_bundle_is_refused_or_proves_the_same(place, byte, more):
    """Reading never ends in anything but a refusal, and what nobody signs (spaces, say) changes nothing."""
    raw = canonical(BUNDLES["v1"])
    at = int(place * len(raw))
    try:
        proof = CASE.verify_bundle(raw[:at] + bytes([byte]) + more + raw[at + 1 :])
    except (RejectionError, NoSignatureError):
        return
    assert proof == CASE.verify_bundle(raw)
