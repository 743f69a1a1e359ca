"""Simple signing: cosign's signatures under a `.sig` tag.

The order, each step with what says so; the code below carries the numbers, `docs/verification.md` too. A step is left
out only where the question leaves it out, never because the signature does not bring what the step needs.

1. The layer is a simple signing, and has a signature (cosign, `SIGNATURE_SPEC.md`, "Storage").
2. If asked for: a timestamp authority stamped the signature (RFC 3161, section 2.4.2).
3. If asked for: a transparency log promised to include signature, signer and payload (Rekor, signed entry timestamp).
4. Without a key: the certificate is a leaf that may sign, has a path to an authority at the start of its validity, and,
   unless waived, was logged (RFC 5280, section 6; RFC 6962, section 3.2).
5. The signature is the key's, or the certificate's, over the payload's bytes (`SIGNATURE_SPEC.md`, "Signature").
6. The payload claims the digest that was asked for (`SIGNATURE_SPEC.md`, "Payload"). Its `docker-reference` is not
   compared: images are copied between repositories, and what is signed is the digest.
7. A certificate, also one that comes along with a key's signature, and those above it were valid at every time that
   was proved; where none was, they are valid now (cosign, `CheckExpiry`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from provider.foreign_text import shown
from provider.golang.structs import Custom, Field, Map, Struct, Text
from provider.questions.answer import Proof, SigningTime, TimeSource
from provider.signatures.alive import Alive, always
from provider.signatures.demands import Demands
from provider.signatures.discovery import LegacySignature
from provider.signatures.encoding import from_base64, from_json
from provider.signatures.evidence import certificates, paths, timestamps, transparency
from provider.signatures.evidence.logged_certificates import verify_logged
from provider.signatures.evidence.transparency import LoggedSignature
from provider.signatures.rejection import RejectionError, step
from provider.signatures.trust.keys import PublicKey

MEDIA_TYPE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
TYPE: Final = "cosign container image signature"
FORMAT: Final = "legacy"
_SIGNATURE: Final = "dev.cosignproject.cosign/signature"
_CERTIFICATE: Final = "dev.sigstore.cosign/certificate"
_CHAIN: Final = "dev.sigstore.cosign/chain"
_BUNDLE: Final = "dev.sigstore.cosign/bundle"
_TIMESTAMP: Final = "dev.sigstore.cosign/rfc3161timestamp"

_ANY: Final = Custom("interface {}", None, lambda value, _, __: value, lambda value: value)
_PAYLOAD: Final = Struct(
    "payload.SimpleContainerImage",
    (
        Field(
            "critical",
            Struct(
                "payload.Critical",
                (
                    Field("identity", Struct("payload.Identity", (Field("docker-reference", Text()),))),
                    Field("image", Struct("payload.Image", (Field("docker-manifest-digest", Text()),))),
                    Field("type", Text()),
                ),
            ),
        ),
        Field("optional", Map(_ANY)),
    ),
)
_STAMP: Final = Struct("bundle.RFC3161Timestamp", (Field("SignedRFC3161Timestamp", Text()),))


@dataclass(frozen=True)
class _Times:
    """Proved times of signing."""

    stamped: dt.datetime | None = None
    logged: dt.datetime | None = None

    @property
    def all(self) -> Sequence[SigningTime]:
        given = ((TimeSource.TIMESTAMP, self.stamped), (TimeSource.LOG, self.logged))
        return [SigningTime(source, certificates.stamp(moment)) for source, moment in given if moment is not None]


def verify(signature: LegacySignature, digest: str, demands: Demands, now: dt.datetime, alive: Alive = always) -> Proof:
    """What a signature proves.

    Args:
        signature: as it was found.
        digest: `sha256:…` that must be signed.
        demands: what has to be proved.
        now: for certificates whose time of signing nobody proves.
        alive: asked before each dear thing; what it raises is passed on.

    Raises:
        RejectionError: nothing, in cosign's words where it has some; not lasting where the payload could not be had, or
            where the certificate is judged by `now`.
    """
    with step(1):
        payload = _payload(signature)
        encoded = _encoded(signature)
        certificate = _certificate(signature)
    with step(2):
        stamped = _stamped(signature, encoded, demands, alive)
    with step(3):
        alive()
        logged = _logged(signature, LoggedSignature(encoded, payload, _signer(certificate, demands)), demands)
    with step(4):
        key, path = _trusted(signature, certificate, demands, alive)
    with step(5):
        alive()
        raw = from_base64(encoded)
        key.verify(raw, payload)
    with step(6):
        _verify_claim(payload, digest)
    with step(7):
        times = _Times(stamped, logged)
        judged = _verify_times(certificate, path, times, now)
        return _proof(raw, digest, certificate, demands, [*times.all, *judged])


def _payload(signature: LegacySignature) -> bytes:
    if signature.layer.media_type != MEDIA_TYPE:
        kind = shown(signature.layer.media_type) or "of no type"
        raise RejectionError(f"signature layer {signature.layer.digest} is {kind}, not {MEDIA_TYPE}")
    if signature.payload is None:
        # The registry may have it later.
        raise RejectionError(signature.problem, lasting=False)
    return signature.payload


def _encoded(signature: LegacySignature) -> str:
    if _SIGNATURE not in signature.layer.annotations:
        raise RejectionError(f'signature layer {signature.layer.digest} is missing "{_SIGNATURE}" annotation')
    return signature.layer.annotation(_SIGNATURE)


def _certificate(signature: LegacySignature) -> x509.Certificate | None:
    text = signature.layer.annotation(_CERTIFICATE)
    return certificates.load(text) if text else None


def _others(signature: LegacySignature) -> Sequence[x509.Certificate]:
    """What came along: nobody's word, and no root, which upstream drops as well."""
    found = certificates.load_all(signature.layer.annotation(_CHAIN))
    return [one for one in found if one.subject != one.issuer]


def _signer(certificate: x509.Certificate | None, demands: Demands) -> bytes:
    """What a log entry must name as the signer; nothing matches a signature that has none."""
    if certificate is not None:
        return certificates.pem(certificate)
    return demands.key.pem if demands.key else b"(none)"


def _stamped(signature: LegacySignature, encoded: str, demands: Demands, alive: Alive) -> dt.datetime | None:
    if demands.timestamps is None:
        return None
    text = signature.layer.annotation(_TIMESTAMP)
    if not text:
        raise RejectionError("unable to verify RFC3161 timestamp bundle: the signature has no timestamp")
    try:
        response = from_base64(from_json(text.encode("utf-8", "replace"), _STAMP)["SignedRFC3161Timestamp"])
        return timestamps.verify(response, from_base64(encoded), demands.timestamps.timestamp_authorities, alive)
    except RejectionError as error:
        raise RejectionError(f"unable to verify RFC3161 timestamp bundle: {error}") from error


def _logged(signature: LegacySignature, logged: LoggedSignature, demands: Demands) -> dt.datetime | None:
    if demands.logs is None:
        return None
    text = signature.layer.annotation(_BUNDLE)
    if not text:
        online = "rekor client not provided for online verification"
        raise RejectionError("offline verification failed" if demands.offline else online)
    try:
        return transparency.verify_promise(text, logged, demands.logs.logs)
    except RejectionError as error:
        raise RejectionError(f"error verifying bundle: {error}") from error


def _trusted(
    signature: LegacySignature, certificate: x509.Certificate | None, demands: Demands, alive: Alive
) -> tuple[PublicKey, Sequence[x509.Certificate]]:
    """The key that must have signed, and of a certificate those above it."""
    if demands.key is not None:
        return demands.key, ()
    if certificate is None:
        raise RejectionError("no certificate found on signature")
    if demands.trust_root is None:
        raise RejectionError("there is no trust root")
    key = certificates.public_key(certificate)
    certificates.verify_profile(certificate)
    start = certificate.not_valid_before_utc
    path = paths.to_signer(certificate, demands.trust_root.authorities, start, alive, _others(signature))
    if not demands.ignore_sct:
        alive()
        verify_logged(certificate, path.above, demands.trust_root.ct_logs)
    return key, path.above


def _verify_claim(payload: bytes, digest: str) -> None:
    critical = from_json(payload, _PAYLOAD)["critical"]
    claimed = critical["image"]["docker-manifest-digest"]
    if claimed != digest:
        raise RejectionError(f"invalid or missing digest in claim: {shown(claimed, 80)}")
    if critical["type"] != TYPE:
        raise RejectionError(f"the payload is of type {shown(critical['type'])}, not {TYPE}")


def _verify_times(
    certificate: x509.Certificate | None,
    path: Sequence[x509.Certificate],
    times: _Times,
    now: dt.datetime,
) -> Sequence[SigningTime]:
    """Judge the certificate's validity; gives the moment of judging where no time was proved."""
    if certificate is None:
        return ()
    for moment, source in ((times.stamped, "timestamp"), (times.logged, "bundle")):
        if moment is not None:
            _verify_valid(certificate, path, moment, f"checking expiry on certificate with {source}")
    if times.all:
        return ()
    try:
        certificates.verify_validity(certificate, path, now)
    except RejectionError as error:
        sentence = "expected a signed timestamp to verify an expired certificate"
        raise RejectionError(sentence, lasting=False) from error
    return [SigningTime(TimeSource.NONE, certificates.stamp(now))]


def _verify_valid(
    certificate: x509.Certificate, path: Sequence[x509.Certificate], moment: dt.datetime, what: str
) -> None:
    try:
        certificates.verify_validity(certificate, path, moment)
    except RejectionError as error:
        raise RejectionError(f"{what}: {error}") from error


def _proof(
    raw: bytes, digest: str, certificate: x509.Certificate | None, demands: Demands, times: Sequence[SigningTime]
) -> Proof:
    pem = certificates.pem(certificate) if certificate is not None else b""
    name = hashlib.sha256(raw + pem).hexdigest()
    if certificate is None or demands.key is not None:
        # A certificate beside a key's signature is proved by nobody, so it names nobody.
        return Proof(name, digest, FORMAT, times=times if demands.key is None or times else ())
    found = certificates.identity(certificate, newest=False)
    return Proof(name, digest, FORMAT, found.subjects, found.issuer, found.github, times)
