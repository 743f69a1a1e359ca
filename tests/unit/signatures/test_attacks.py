"""Attacks that have been published against verifiers of signatures, each of which fails here.

An attack is a good signature with one defect, made anew for each run. Its name stands in `docs/attacks.md`, which a
test below compares with this file.
"""

from __future__ import annotations

import base64
import copy
import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID

from provider.errors import ImageError, QuestionError
from provider.questions.proof_question import HashAlgorithm
from provider.questions.question import parse
from provider.signatures.demands import Demands
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import keys, trust_root
from tests.simulators.signing import (
    CA,
    DER,
    ISSUER,
    NOW,
    PEM,
    SIGNED_AT,
    TSA,
    Log,
    Signer,
    b64,
    canonical,
    dsse_entry,
    hashed_rekord,
    new_key,
    pae,
    trusted_authority,
)
from tests.unit.signatures.world import DIGEST, MANIFEST, OTHER, SignatureWorld

PAGE = Path(__file__).parents[3] / "docs" / "attacks.md"
LATE = SIGNED_AT + dt.timedelta(minutes=30)
EARLY = SIGNED_AT - dt.timedelta(minutes=30)
SIGNATURE = "dev.cosignproject.cosign/signature"
CERTIFICATE = "dev.sigstore.cosign/certificate"

Attack = Callable[[SignatureWorld], object]


# Legacy signatures by a key.


def _flipped(raw: bytes, at: int = -1) -> bytes:
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


def _der(case: SignatureWorld, change: Callable[[bytes], bytes]) -> object:
    return case.verify(case.legacy(signature=change(case.world.key.sign(case.world.payload(DIGEST)))))


def _plain(signature: bytes) -> bytes:
    r, s = utils.decode_dss_signature(signature)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _long_length(signature: bytes) -> bytes:
    """The outer length in two bytes where one does (BER)."""
    return b"\x30\x81" + signature[1:]


def _payload_swapped(case: SignatureWorld) -> object:
    good = case.legacy()
    return case.verify(case.layer(case.world.payload(OTHER), good.layer.annotations), digest=OTHER)


def _other_hash(case: SignatureWorld) -> object:
    signer = Signer(case.world.key.key, hash_name="SHA512")
    return case.verify(case.legacy(signer))


def _weak_key(_: SignatureWorld) -> object:
    return keys.supported(rsa.generate_private_key(65537, 1024).public_key())  # noqa: S505 - the attack


def _key_of_another_kind(case: SignatureWorld) -> object:
    signer = Signer(rsa.generate_private_key(65537, 2048))
    return case.verify(case.legacy(signer))


def _signature_by_the_hash(case: SignatureWorld) -> object:
    """Somebody signs the digest's text, hoping that it is hashed once more or once less."""
    signer = case.world.key
    return case.verify(case.legacy(signature=signer.sign(hashlib.sha256(case.world.payload(DIGEST)).digest())))


LEGACY_BY_KEY: dict[str, tuple[Attack, str]] = {
    "legacy-signature-of-another-digest": (
        lambda case: case.verify(case.legacy(digest=OTHER)),
        f"invalid or missing digest in claim: {OTHER}",
    ),
    "legacy-payload-swapped": (_payload_swapped, "invalid signature when validating ASN.1"),
    "legacy-payload-type-wrong": (
        lambda case: case.verify(case.legacy(payload=case.world.payload(DIGEST, type="atomic container signature"))),
        "the payload is of type atomic container signature",
    ),
    "legacy-layer-of-another-type": (
        lambda case: case.verify(
            case.layer(case.world.payload(DIGEST), case.legacy().layer.annotations, "application/octet-stream")
        ),
        "is application/octet-stream, not",
    ),
    "key-wrong": (lambda case: case.verify(case.legacy(Signer(new_key()))), "invalid signature when validating ASN.1"),
    "key-of-another-kind": (_key_of_another_kind, "ecdsa: Invalid IEEE_P1363 encoded bytes"),
    "key-weak": (_weak_key, "1024 bits"),
    "key-private": (
        lambda _: keys.load("-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n", HashAlgorithm.SHA256),
        "is a private key",
    ),
    "key-two-in-one-text": (
        lambda case: keys.load(case.world.key.public_pem * 2, HashAlgorithm.SHA256),
        "exactly one PEM block",
    ),
    "hash-algorithm-mixed-up": (_other_hash, "invalid signature when validating ASN.1"),
    "hash-signed-instead-of-payload": (_signature_by_the_hash, "invalid signature when validating ASN.1"),
    "signature-der-with-more-behind": (lambda case: _der(case, lambda raw: raw + b"\0\0"), "IEEE_P1363"),
    "signature-der-with-a-long-length": (lambda case: _der(case, _long_length), "IEEE_P1363"),
    "signature-r-and-s-in-plain": (lambda case: _der(case, _plain), "IEEE_P1363"),
    "signature-of-zeros": (
        lambda case: _der(case, lambda _: bytes.fromhex("3006020100020100")),
        "invalid signature when validating ASN.1",
    ),
}

# Certificates.


def _logged(case: SignatureWorld, signer: Signer, digest: str = DIGEST) -> object:
    return case.verify(case.legacy(signer, logged=True), case.keyless_logged, digest)


def _constrained(case: SignatureWorld) -> object:
    """The authority may certify names of one domain only."""
    only = x509.NameConstraints([x509.RFC822Name("example.org")], None)
    ca = CA.create("constrained", constraints=only)
    return _by_ca(case, ca)


def _by_ca(case: SignatureWorld, ca: CA) -> object:
    document = case.world.trust_root | {
        "certificateAuthorities": [
            {
                "certChain": {
                    "certificates": [{"rawBytes": b64(one.public_bytes(DER))} for one in (ca.certificate, ca.root)]
                },
                "validFor": {"start": (NOW - dt.timedelta(days=900)).isoformat()},
            }
        ]
    }
    root = trust_root.of_document(document)
    signer = case.world.signer(ca=ca)
    return case.verify(case.legacy(signer, logged=True), Demands(trust_root=root, logs=root))


def _leaf_as_authority(case: SignatureWorld) -> object:
    """A leaf certifies another one; its own path comes along as the chain."""
    above = case.world.signer()
    ca = CA(case.world.ca.root, above.certificate, above.key)
    signer = case.world.signer(ca=ca)
    chain = above.pem + case.world.ca.certificate.public_bytes(PEM).decode()
    signature = case.legacy(signer, logged=True, notes={"dev.sigstore.cosign/chain": chain})
    return case.verify(signature, case.keyless_logged)


def _beside_authority_certificates(case: SignatureWorld) -> object:
    """A good certificate of somebody else's, with a signature by a key of one's own."""
    signature = case.legacy(Signer(new_key()), notes={CERTIFICATE: case.ann.pem}, logged=True)
    return case.verify(signature, Demands(trust_root=case.root))


def _before_the_certificate_log(case: SignatureWorld) -> object:
    """The log of certificates came into use after the certificate was logged."""
    document = copy.deepcopy(case.world.trust_root)
    document["ctlogs"][0]["publicKey"]["validFor"] = {"start": NOW.isoformat()}
    root = trust_root.of_document(document)
    return case.verify(case.legacy(case.ann, logged=True), Demands(trust_root=root, logs=root))


def _by_expired_authority(case: SignatureWorld, *, bundle: bool = False) -> object:
    """The signer's certificate is good; the one that issued it had expired when the signature was made."""
    ca = CA.create("short-lived", end=SIGNED_AT - dt.timedelta(minutes=1))
    chain = trusted_authority([ca.certificate, ca.root])
    root = trust_root.of_document(case.world.trust_root | {"certificateAuthorities": [chain]})
    signer, demands = case.world.signer(ca=ca), Demands(trust_root=root, logs=root)
    if bundle:
        return case.verify_bundle(case.bundle(signer), demands)
    return case.verify(case.legacy(signer, logged=True), demands)


CERTIFICATES: dict[str, tuple[Attack, str]] = {
    "certificate-by-an-authority-that-had-expired": (
        _by_expired_authority,
        "issuing CA certificate expired before observed time",
    ),
    "certificate-expired": (
        lambda case: case.verify(case.legacy(case.ann, logged={"when": LATE}), case.keyless_logged),
        "certificate expired before observed time",
    ),
    "certificate-not-yet-valid": (
        lambda case: case.verify(case.legacy(case.ann, logged={"when": EARLY}), case.keyless_logged),
        "certificate was issued after observed time",
    ),
    "certificate-of-another-ca": (
        lambda case: _logged(case, case.world.signer(ca=CA.create())),
        "x509: certificate signed by unknown authority",
    ),
    "certificate-of-a-ca-that-only-has-the-name": (
        lambda case: _logged(case, case.world.signer(ca=CA.create("rig"))),
        "x509: certificate signed by unknown authority",
    ),
    "certificate-with-ca-flag": (
        lambda case: _logged(case, case.world.signer(is_ca=True)),
        "is a certificate authority's",
    ),
    "certificate-by-a-leaf": (_leaf_as_authority, "x509: certificate signed by unknown authority"),
    "certificate-outside-name-constraints": (_constrained, "x509: certificate signed by unknown authority"),
    "certificate-for-servers": (
        lambda case: _logged(case, case.world.signer(usages=[ExtendedKeyUsageOID.SERVER_AUTH])),
        "incompatible key usage",
    ),
    "certificate-for-anything": (
        lambda case: _logged(case, case.world.signer(usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])),
        "incompatible key usage",
    ),
    "certificate-without-usages": (
        lambda case: _logged(case, case.world.signer(usages=None)),
        "incompatible key usage",
    ),
    "certificate-not-for-signatures": (
        lambda case: _logged(case, case.world.signer(digital_signature=False)),
        "not for digital signatures",
    ),
    "certificate-that-does-not-say-what-its-key-may": (
        lambda case: _logged(case, case.world.signer(digital_signature=None)),
        "not for digital signatures",
    ),
    "certificate-by-an-authority-for-servers": (
        lambda case: _by_ca(case, CA.create("servers", usage=ExtendedKeyUsageOID.SERVER_AUTH)),
        "incompatible key usage",
    ),
    "certificate-with-an-unknown-critical-extension": (
        lambda case: _logged(case, case.world.signer(critical={"1.2.3.4": b"\x05\x00"})),
        "x509: certificate signed by unknown authority",
    ),
    "certificate-of-somebody-else": (_beside_authority_certificates, "invalid signature when validating ASN.1"),
    "certificate-with-two-issuers": (
        lambda case: _logged(case, case.world.signer(newer_issuer="https://other.example.test")),
        "names two issuers",
    ),
    "identity-with-a-newline": (
        lambda case: _logged(case, case.world.signer(issuer=f"{ISSUER}\nhttps://evil.example.test")),
        "has a control character",
    ),
    "sct-absent": (lambda case: _logged(case, case.world.signer(scts=0)), "does not include required embedded SCT"),
    "sct-foreign": (
        lambda case: _logged(case, case.world.signer(ct_log=Log())),
        "ctfe public key not found for payload",
    ),
    "sct-before-the-log-was-trusted": (_before_the_certificate_log, "error verifying embedded SCT"),
    "sct-repeated": (lambda case: _logged(case, case.world.signer(scts=2)), "error verifying embedded SCT"),
    "sct-of-another-certificate": (lambda case: _logged(case, _with_foreign_sct(case)), "error verifying embedded SCT"),
}


def _with_foreign_sct(case: SignatureWorld) -> Signer:
    """A certificate with the SCT of another one."""
    oid = "1.3.6.1.4.1.11129.2.4.2"
    good = case.ann.certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value.public_bytes()
    return case.world.signer(scts=0, extensions={oid: good})


# Logs.


def _promise_of_another_entry(case: SignatureWorld) -> object:
    payload = case.world.payload(DIGEST)
    signature = case.world.key.sign(payload)
    ours = json.loads(case.world.rekor_bundle(payload, signature, case.world.key))
    theirs = json.loads(case.world.rekor_bundle(b"other", b"other", case.world.key))
    ours["SignedEntryTimestamp"] = theirs["SignedEntryTimestamp"]
    notes = {"dev.sigstore.cosign/bundle": canonical(ours).decode()}
    return case.verify(case.legacy(signature=signature, notes=notes), case.by_key_logged)


def _logged_changes(case: SignatureWorld, **changes: Any) -> object:
    return case.verify(case.legacy(logged=changes), case.by_key_logged)


def _entry_of(
    case: SignatureWorld, digest: str | None = None, signature: bytes | None = None, pem: str | None = None
) -> object:
    payload = case.world.payload(DIGEST)
    ours = case.world.key.sign(payload)
    entry = hashed_rekord(
        digest or hashlib.sha256(payload).hexdigest(), signature or ours, pem or case.world.key.public_pem
    )
    return case.verify(case.legacy(signature=ours, logged={"entry": entry}), case.by_key_logged)


def _entry_by_hash(case: SignatureWorld, algorithm: str) -> object:
    payload = case.world.payload(DIGEST)
    signature = case.world.key.sign(payload)
    entry = hashed_rekord(hashlib.sha256(payload).hexdigest(), signature, case.world.key.public_pem)
    entry["spec"]["data"]["hash"]["algorithm"] = algorithm
    return case.verify(case.legacy(signature=signature, logged={"entry": entry}), case.by_key_logged)


def _before_the_log(case: SignatureWorld) -> object:
    return _logged_changes(case, when=NOW - dt.timedelta(days=901))


def _retired(case: SignatureWorld, name: str, log: Log | None = None) -> Demands:
    """A trust root of which the log, or the timestamp authority, was retired before the signature was made."""
    document = copy.deepcopy(case.world.trust_root)
    for member in document[name]:
        key = member.get("publicKey", member)
        if log is None or member["logId"]["keyId"] == b64(log.key_id):
            key["validFor"]["end"] = (SIGNED_AT - dt.timedelta(seconds=1)).isoformat()
    if name == "timestampAuthorities":
        document[name].append(TSA("younger").trusted())
    root = trust_root.of_document(document)
    return Demands(trust_root=root, **({"timestamps": root} if log is None else {"logs": root}))


LOGS: dict[str, tuple[Attack, str]] = {
    "set-of-a-retired-log": (
        lambda case: case.verify(case.legacy(case.ann, logged=True), _retired(case, "tlogs", case.world.log)),
        "rekor log public key was not valid at the entry's time",
    ),
    "set-of-another-entry": (_promise_of_another_entry, "error verifying bundle: unable to verify SET"),
    "set-of-an-unknown-log": (
        lambda case: _logged_changes(case, log=Log()),
        "verifying bundle: rekor log public key not found for payload",
    ),
    "set-by-a-log-that-takes-anothers-id": (
        lambda case: _logged_changes(case, log=Log(), logID=case.world.log.key_id.hex()),
        "unable to verify SET",
    ),
    "set-before-the-log-was-trusted": (_before_the_log, "was not valid at the entry's time"),
    "log-entry-for-another-payload": (
        lambda case: _entry_of(case, digest=hashlib.sha256(b"other").hexdigest()),
        "matching bundle to payload",
    ),
    "log-entry-for-another-signature": (
        lambda case: _entry_of(case, signature=case.world.key.sign(b"other")),
        "signature in bundle does not match signature being verified",
    ),
    "log-entry-by-another-key": (
        lambda case: _entry_of(case, pem=Signer(new_key()).public_pem),
        "comparing public key PEMs",
    ),
    "log-entry-of-another-kind": (
        lambda case: _logged_changes(case, entry={"kind": "rekord", "apiVersion": "0.0.1", "spec": {}}),
        "unsupported type",
    ),
    "log-entry-with-another-hash": (
        lambda case: _entry_by_hash(case, "sha512"),
        'unexpected algorithm: "sha512"',
    ),
    "log-entry-beyond-what-json-can-count": (
        lambda case: _logged_changes(case, logIndex=2**53),
        "a number is out of range",
    ),
    "log-entry-absent": (
        lambda case: case.verify(case.legacy(), case.by_key_logged),
        "rekor client not provided for online verification",
    ),
}

# Timestamps.


def _stamped(case: SignatureWorld, **changes: Any) -> object:
    return case.verify(case.legacy(case.ann, stamped=changes), case.keyless_stamped)


def _bag_of_certificates(case: SignatureWorld) -> object:
    """A stranger's timestamp that brings the certificates of a trusted authority along."""
    stranger, tsa = TSA("others"), case.world.tsa
    bag = [stranger.certificate, stranger.ca.certificate, tsa.certificate, tsa.ca.certificate]
    return _stamped(case, tsa=stranger, embedded=bag)


TIMESTAMPS: dict[str, tuple[Attack, str]] = {
    "timestamp-with-a-bag-of-certificates": (
        _bag_of_certificates,
        "the timestamp is of no authority in the trust root",
    ),
    "timestamp-of-a-retired-authority": (
        lambda case: case.verify(case.legacy(case.ann, stamped=True), _retired(case, "timestampAuthorities")),
        "the timestamp is of a time at which its authority was not valid",
    ),
    "timestamp-after-the-certificate": (
        lambda case: _stamped(case, moment=LATE),
        "checking expiry on certificate with timestamp: certificate expired",
    ),
    "timestamp-before-the-certificate": (
        lambda case: _stamped(case, moment=EARLY),
        "checking expiry on certificate with timestamp: certificate was issued after",
    ),
    "timestamp-of-another-artifact": (
        lambda case: _stamped(case, message=b"another signature"),
        "the timestamp is of another signature",
    ),
    "timestamp-of-an-untrusted-authority": (
        lambda case: _stamped(case, tsa=TSA()),
        "the timestamp is of no authority in the trust root",
    ),
    "timestamp-outside-the-authoritys-validity": (
        lambda case: _stamped(case, moment=NOW - dt.timedelta(days=950)),
        "the timestamp is of a time at which its authority was not valid",
    ),
    "timestamp-that-is-none": (
        lambda case: case.verify(
            case.legacy(case.ann, notes={"dev.sigstore.cosign/rfc3161timestamp": '{"SignedRFC3161Timestamp":"AAAA"}'}),
            case.keyless_stamped,
        ),
        "is no response of a timestamp authority",
    ),
    "timestamp-absent": (
        lambda case: case.verify(case.legacy(case.ann), case.keyless_stamped),
        "the signature has no timestamp",
    ),
}

# Bundles.


def _changed(case: SignatureWorld, change: Callable[[dict[str, Any]], object], **parts: Any) -> object:
    document = copy.deepcopy(case.bundle(**parts))
    change(document)
    return case.verify_bundle(document)


def _material(document: dict[str, Any]) -> dict[str, Any]:
    return document["verificationMaterial"]


def _entry(document: dict[str, Any]) -> dict[str, Any]:
    return _material(document)["tlogEntries"][0]


def _envelope(document: dict[str, Any]) -> dict[str, Any]:
    return document["dsseEnvelope"]


def _entry_of_another_bundle(case: SignatureWorld) -> object:
    """The bundle mix-up: a good entry of another signature of the same signer."""
    theirs = case.bundle(digest=OTHER)
    return _changed(case, lambda document: _material(document).update(tlogEntries=_material(theirs)["tlogEntries"]))


def _entry_by_another_certificate(case: SignatureWorld) -> object:
    """A stolen key: the signature is of the right key, the entry by a certificate of another identity for it."""
    evil = case.world.signer(subjects=["evil@example.test"], key=case.ann.key)
    payload = case.world.statement(DIGEST)
    signature = case.ann.sign(pae("application/vnd.in-toto+json", payload))
    body = dsse_entry(payload, signature, evil.pem)
    entry = case.world.entry(body, ("dsse", "0.0.1"), case.world.log, SIGNED_AT)

    def change(document: dict[str, Any]) -> None:
        _envelope(document)["signatures"] = [{"sig": b64(signature)}]
        _material(document)["tlogEntries"] = [entry]

    return _changed(case, change)


def _proof_of_another_tree(document: dict[str, Any]) -> None:
    _entry(document)["inclusionProof"] |= Log().proof(b"other")


def _checkpoint(case: SignatureWorld, change: Callable[[str], str]) -> object:
    def edit(document: dict[str, Any]) -> None:
        checkpoint = _entry(document)["inclusionProof"]["checkpoint"]
        checkpoint["envelope"] = change(checkpoint["envelope"])

    return _changed(case, edit)


def _checkpoint_by_a_stranger(case: SignatureWorld) -> object:
    stranger = Log()
    stranger.__dict__["key_id"] = case.world.log.key_id

    def edit(document: dict[str, Any]) -> None:
        proof = _entry(document)["inclusionProof"]
        proof["checkpoint"]["envelope"] = stranger.checkpoint(4, base64.b64decode(proof["rootHash"]))

    return _changed(case, edit)


def _tree_of_another_size(case: SignatureWorld) -> object:
    def edit(document: dict[str, Any]) -> None:
        proof = _entry(document)["inclusionProof"]
        root = base64.b64decode(proof["rootHash"])
        proof["checkpoint"]["envelope"] = case.world.log.checkpoint(5, root)

    return _changed(case, edit)


def _pae_confusion(case: SignatureWorld) -> object:
    """The payload is signed as it is, without its type and length in front."""
    return case.verify_bundle(case.bundle(signed=case.world.statement(DIGEST)))


def _pae_shifted(case: SignatureWorld) -> object:
    """Type and payload are cut at another place of the same bytes."""
    kind, payload = "application/vnd.in-toto+json 5 x", case.world.statement(DIGEST)
    return case.verify_bundle(case.bundle(signed=pae(kind, payload)))


def _message_of(case: SignatureWorld, digest: str = DIGEST, **changes: Any) -> object:
    document = case.world.message_bundle(DIGEST, MANIFEST, case.ann)
    document["messageSignature"] |= changes
    return case.verify_bundle(document, digest=digest)


def _without_time(case: SignatureWorld) -> object:
    return case.verify_bundle(case.bundle(entry="v2"))


def _time_without_promise(document: dict[str, Any]) -> None:
    del _entry(document)["inclusionPromise"]


def _two_readings(case: SignatureWorld) -> object:
    text = canonical(case.bundle()).decode()
    other = canonical(case.bundle(digest=OTHER)["dsseEnvelope"]).decode()
    return case.verify_bundle((text[:-1] + ',"dsseEnvelope":' + other + "}").encode())


def _chain_with_a_stranger(case: SignatureWorld, *, root: bool = False) -> object:
    """An old bundle brings the authority that certified its signer, perhaps with its root."""
    ca = CA.create()
    signer = case.world.signer(ca=ca)
    document = case.bundle(signer)
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    above = [ca.certificate, ca.root] if root else [ca.certificate]
    chain = [signer.der, *(one.public_bytes(DER) for one in above)]
    del _material(document)["certificate"]
    _material(document)["x509CertificateChain"] = {"certificates": [{"rawBytes": b64(one)} for one in chain]}
    return case.verify_bundle(document)


def _encoded(case: SignatureWorld, encoding: str) -> object:
    return case.verify_bundle(canonical(case.bundle()).decode().encode(encoding))


def _infinite(case: SignatureWorld) -> object:
    body = canonical(case.bundle() | {"x": "HERE"}).replace(b'"HERE"', b"NaN")
    return case.verify_bundle(body)


BUNDLES: dict[str, tuple[Attack, str]] = {
    "bundle-in-another-encoding": (lambda case: _encoded(case, "utf-16"), "it is no JSON"),
    "bundle-with-a-byte-order-mark": (lambda case: _encoded(case, "utf-8-sig"), "it is no JSON"),
    "bundle-with-a-number-that-json-does-not-have": (_infinite, "it is no JSON"),
    "bundle-with-a-name-in-two-spellings": (
        lambda case: _changed(case, lambda doc: doc.update(dsse_envelope=doc["dsseEnvelope"])),
        "a name stands twice in it, in two spellings",
    ),
    "bundle-with-log-entries-without-end": (
        lambda case: _changed(case, lambda doc: _material(doc).update(tlogEntries=[_entry(doc)] * 33)),
        "tlogEntries has 33 members, more than 32",
    ),
    "bundle-log-entry-of-a-retired-log": (
        lambda case: case.verify_bundle(
            case.bundle(entry="v2", stamps=[None]), _retired(case, "tlogs", case.world.tiles)
        ),
        "the log was not valid at the entry's time",
    ),
    "bundle-certificate-by-an-authority-that-had-expired": (
        lambda case: _by_expired_authority(case, bundle=True),
        "x509: certificate has expired or is not yet valid",
    ),
    "bundle-of-another-digest": (
        lambda case: case.verify_bundle(case.bundle(digest=OTHER)),
        "the statement is about another digest",
    ),
    "bundle-payload-swapped": (
        lambda case: _changed(
            case, lambda doc: _envelope(doc).update(payload=b64(case.world.statement(DIGEST, predicate={"x": 1})))
        ),
        "the log entry is of another signature",
    ),
    "bundle-without-verification-material": (
        lambda case: _changed(case, lambda doc: _material(doc).pop("certificate")),
        "it has none of",
    ),
    "bundle-with-two-verification-materials": (
        lambda case: _changed(case, lambda doc: _material(doc).update(publicKey={"hint": "x"})),
        "it has certificate and publicKey of",
    ),
    "bundle-with-two-contents": (
        lambda case: _changed(case, lambda doc: doc.update(messageSignature={"signature": "AAAA"})),
        "it has dsseEnvelope and messageSignature of",
    ),
    "bundle-with-a-name-twice": (_two_readings, "a name in it stands twice"),
    "bundle-of-an-unknown-version": (
        lambda case: _changed(case, lambda doc: doc.update(mediaType="application/vnd.dev.sigstore.bundle.v0.9+json")),
        "is not supported",
    ),
    "bundle-with-a-root-of-its-own": (
        lambda case: _chain_with_a_stranger(case, root=True),
        "x509CertificateChain holds a root certificate",
    ),
    "bundle-with-an-authority-of-its-own": (_chain_with_a_stranger, "x509: certificate signed by unknown authority"),
    "bundle-by-a-certificate-where-a-key-is-asked-for": (
        lambda case: case.verify_bundle(case.bundle(), case.by_key),
        "by a certificate, not by a key",
    ),
    "bundle-by-a-key-where-a-certificate-is-asked-for": (
        lambda case: case.verify_bundle(case.bundle(case.world.key)),
        "no certificate found on signature",
    ),
    "bundle-by-another-key": (
        lambda case: case.verify_bundle(case.bundle(Signer(new_key()), entry=None), case.by_key),
        "invalid signature when validating ASN.1",
    ),
    "bundle-certificate-expired": (
        lambda case: case.verify_bundle(case.bundle(when=LATE)),
        "certificate expired before observed time",
    ),
    "bundle-without-a-proved-time": (_without_time, "has no time of signing"),
    "bundle-time-without-promise": (lambda case: _changed(case, _time_without_promise), "has no time of signing"),
    "bundle-log-entry-absent": (
        lambda case: _changed(case, lambda doc: _material(doc).update(tlogEntries=[])),
        "has 0 log entries",
    ),
    "bundle-log-entry-twice": (
        lambda case: _changed(case, lambda doc: _material(doc)["tlogEntries"].append(_entry(doc))),
        "has 2 log entries",
    ),
    "bundle-log-entry-for-another-artifact": (_entry_of_another_bundle, "the log entry is of another signature"),
    "bundle-log-entry-by-another-identity": (_entry_by_another_certificate, "the log entry is of another signature"),
    "bundle-log-entry-of-an-unknown-log": (
        lambda case: case.verify_bundle(case.bundle(log=Log())),
        "of no log in the trust root",
    ),
    "bundle-log-entry-before-the-log-was-trusted": (
        lambda case: case.verify_bundle(
            case.bundle(case.world.key, when=NOW - dt.timedelta(days=901)), case.by_key_logged
        ),
        "the log was not valid at the entry's time",
    ),
    "bundle-log-entry-called-another-kind": (
        lambda case: _changed(case, lambda doc: _entry(doc).update(kindVersion={"kind": "intoto", "version": "0.0.2"})),
        "of another kind than the bundle says",
    ),
    "bundle-log-entry-of-an-unknown-kind": (
        lambda case: _changed(case, lambda doc: _entry(doc).update(kindVersion={"kind": "rekord", "version": "0.0.1"})),
        "of a kind that is not supported",
    ),
    "bundle-inclusion-proof-absent": (
        lambda case: _changed(case, lambda doc: _entry(doc).pop("inclusionProof")),
        "has no inclusion proof",
    ),
    "bundle-inclusion-proof-of-another-tree": (
        lambda case: _changed(case, _proof_of_another_tree),
        "not in the tree that its log has signed",
    ),
    "bundle-inclusion-proof-cut": (
        lambda case: _changed(case, lambda doc: _entry(doc)["inclusionProof"]["hashes"].pop()),
        "not in the tree that its log has signed",
    ),
    "bundle-checkpoint-unsigned": (
        lambda case: _checkpoint(case, lambda text: text.partition("\n\n")[0] + "\n\n"),
        "not in the tree that its log has signed",
    ),
    "bundle-checkpoint-by-a-stranger": (_checkpoint_by_a_stranger, "not in the tree that its log has signed"),
    "bundle-checkpoint-of-another-size": (_tree_of_another_size, "not in the tree that its log has signed"),
    "bundle-set-of-another-entry": (
        lambda case: _changed(
            case,
            lambda doc: _entry(doc).update(inclusionPromise=_entry(case.bundle(digest=OTHER))["inclusionPromise"]),
        ),
        "unable to verify SET",
    ),
    "bundle-timestamp-of-another-artifact": (
        lambda case: case.verify_bundle(case.bundle(entry="v2", stamps=[b"other"])),
        "unable to verify RFC3161 timestamp bundle",
    ),
    "bundle-statement-of-an-unknown-version": (
        lambda case: case.verify_bundle(
            case.bundle(statement=case.world.statement(DIGEST, _type="https://in-toto.io/Statement/v2"))
        ),
        "of a version that is not supported",
    ),
    "bundle-timestamps-by-the-dozen": (
        lambda case: case.verify_bundle(case.bundle(stamps=[b"%d" % number for number in range(12)])),
        "rfc3161Timestamps has 12 members, more than 4",
    ),
    "bundle-timestamp-twice": (
        lambda case: _changed(
            case,
            lambda doc: _material(doc)["timestampVerificationData"].update(
                rfc3161Timestamps=_material(doc)["timestampVerificationData"]["rfc3161Timestamps"] * 2
            ),
            stamps=[None],
        ),
        "a timestamp stands twice",
    ),
    "bundle-certificate-with-ca-flag": (
        lambda case: case.verify_bundle(case.bundle(case.world.signer(is_ca=True))),
        "is a certificate authority's",
    ),
    "bundle-certificate-for-servers": (
        lambda case: case.verify_bundle(case.bundle(case.world.signer(usages=[ExtendedKeyUsageOID.SERVER_AUTH]))),
        "incompatible key usage",
    ),
    "bundle-certificate-of-another-ca": (
        lambda case: case.verify_bundle(case.bundle(case.world.signer(ca=CA.create("rig")))),
        "x509: certificate signed by unknown authority",
    ),
    "bundle-timestamp-absent": (
        lambda case: case.verify_bundle(case.bundle(case.world.key), case.by_key_stamped),
        "the bundle has no timestamp",
    ),
    "bundle-timestamp-where-nobody-is-trusted-to-stamp": (
        lambda case: case.verify_bundle(
            case.bundle(case.world.key, stamps=[None]),
            replace(case.by_key_stamped, timestamps=replace(case.root, timestamp_authorities=())),
        ),
        "no TSA root certificate(s) provided",
    ),
    "bundle-sct-absent": (
        lambda case: case.verify_bundle(case.bundle(case.world.signer(scts=0))),
        "does not include required embedded SCT",
    ),
    "dsse-several-signatures": (
        lambda case: _changed(case, lambda doc: _envelope(doc)["signatures"].append({"sig": "AAAA"})),
        "signatures has 2 members",
    ),
    "dsse-without-signature": (
        lambda case: _changed(case, lambda doc: _envelope(doc).update(signatures=[])),
        "the DSSE envelope has no signature",
    ),
    "dsse-payload-type-relabelled": (
        lambda case: _changed(case, lambda doc: _envelope(doc).update(payloadType="application/json")),
        "no signature",
    ),
    "dsse-payload-without-encoding": (_pae_confusion, "invalid signature when validating ASN.1"),
    "dsse-encoding-cut-elsewhere": (_pae_shifted, "invalid signature when validating ASN.1"),
    "statement-of-an-attestation": (
        lambda case: case.verify_bundle(
            case.bundle(statement=case.world.statement(DIGEST, predicateType="https://spdx.dev/Document"))
        ),
        "no signature",
    ),
    "statement-without-subject": (
        lambda case: case.verify_bundle(case.bundle(statement=case.world.statement(DIGEST, subject=[]))),
        "the statement is about another digest",
    ),
    "statement-with-a-name-twice": (
        lambda case: case.verify_bundle(
            case.bundle(statement=case.world.statement(OTHER)[:-1] + b',"Subject":' + _subject(DIGEST) + b"}")
        ),
        "a name in it stands twice",
    ),
    "message-signature-of-another-image": (
        lambda case: _message_of(case, digest=OTHER),
        "invalid or missing digest in claim",
    ),
    "message-signature-that-hides-its-digest": (
        lambda case: _message_of(case, digest=OTHER, messageDigest=None),
        "the log entry is of another signature",
    ),
}


def _subject(digest: str) -> bytes:
    return canonical([{"digest": {"sha256": digest.removeprefix("sha256:")}}])


# Questions.


def _identities_in_the_key(_: SignatureWorld) -> object:
    """Whoever judges identities in the provider judges them with Python's regular expressions, which can explode."""
    verify = {"keyless": {"trustRoot": "", "identities": [{"issuerRegExp": "(a+)+$", "subject": "x"}]}}
    return parse(json.dumps({"v": 1, "image": "a", "verify": verify}))


QUESTIONS: dict[str, tuple[Attack, str]] = {
    "regular-expression-that-explodes": (_identities_in_the_key, "does not know field 'identities'"),
    "algorithm-none": (
        lambda _: parse(json.dumps({"v": 1, "image": "a", "verify": {"key": {"data": "x", "hashAlgorithm": "md5"}}})),
        "does not know 'md5' as `hashAlgorithm`",
    ),
    "neither-key-nor-trust-root": (
        lambda _: parse(json.dumps({"v": 1, "image": "a", "verify": {}})),
        "not exactly one of `key` and `keyless`",
    ),
}

ATTACKS = LEGACY_BY_KEY | CERTIFICATES | LOGS | TIMESTAMPS | BUNDLES | QUESTIONS


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_fails(case, name):
    attack, sentence = ATTACKS[name]
    with pytest.raises((RejectionError, NoSignatureError, ImageError, QuestionError)) as refused:
        attack(case)
    assert sentence in (str(refused.value) or "no signature")


def test_good_signatures_are_proved_so_that_only_the_defect_fails(case):
    assert case.verify(case.legacy())
    assert case.verify(case.legacy(logged=True), case.by_key_logged)
    assert case.verify(case.legacy(case.ann, logged=True), case.keyless_logged)
    assert case.verify(case.legacy(case.ann, stamped=True), case.keyless_stamped)
    assert case.verify_bundle(case.bundle())
    assert case.verify_bundle(case.bundle(entry="v2", stamps=[None]))
    assert case.verify_bundle(case.bundle(case.world.key, entry=None), case.by_key)
    assert case.verify_bundle(case.world.message_bundle(DIGEST, MANIFEST, case.ann))


def test_page_names_every_attack_and_every_test_that_it_names_is_there():
    named = re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    tests = [path for room in ("signatures", "trust") for path in Path(__file__).parents[1].glob(f"{room}/test_*.py")]
    tests.append(Path(__file__).parents[2] / "integration" / "test_verify.py")
    functions = {
        found.replace("_", "-")
        for path in tests
        for found in re.findall(r"^ *def test_(\w+)", path.read_text(), re.MULTILINE)
    }
    assert set(ATTACKS) <= set(named)
    assert [name for name in named if name not in ATTACKS and name not in functions] == []
    assert len(named) == len(set(named))
