"""Sigstore bundles: signatures that refer to an image.

The order, each step with what says so; the code below carries the numbers, `docs/verification.md` too. A step is left
out only where the question leaves it out, never because the bundle does not bring what the step needs.

1. The bundle can be read in one way, is by what the question asks for, a key or a certificate, and claims to be a
   signature: a message signature, or an in-toto statement of cosign's `sign/v1` about the digest that was asked for
   (protobuf-specs, `sigstore_bundle.proto`; in-toto, `Statement`). An attestation is no signature.
2. If asked for, at least one of its timestamps is an authority's, over the signature (RFC 3161, section 2.4.2). One
   that is not proves no time, and spoils none: anybody may add one.
3. Exactly one entry of a transparency log is about this signature, and in the log's tree
   (`transparency.verify_entry`); not for a key unless asked for, nor where only a timestamp was asked for.
4. Without a key: there is at least one proved time; at each, the certificate, a leaf that may sign, has a path to an
   authority, and it was logged unless that is waived (sigstore client specification, "Verification"; RFC 5280,
   section 6; RFC 6962, section 3.2).
5. The signature is the key's, or the certificate's, over the envelope's pre-authentication encoding or the image
   (DSSE, `protocol.md`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cryptography import x509

from provider import limits
from provider.questions.answer import Proof, SigningTime, TimeSource
from provider.questions.proof_question import HashAlgorithm
from provider.registry.content import digests
from provider.signatures.alive import Alive, always
from provider.signatures.content import Envelope, MessageSignature
from provider.signatures.demands import Demands
from provider.signatures.encoding import WeightRejectionError, strict_object
from provider.signatures.evidence import certificates, paths, timestamps, transparency
from provider.signatures.evidence.entry_body import SignatureMaterial
from provider.signatures.evidence.logged_certificates import verify_logged
from provider.signatures.formats import bundle_format
from provider.signatures.formats.bundle_format import Bundle
from provider.signatures.proof_kind import SIGN
from provider.signatures.rejection import RejectionError, step
from provider.signatures.trust.keys import PublicKey

FORMAT: Final = "bundle"
_PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_STATEMENTS: Final = frozenset({"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"})


class NoSignatureError(Exception):
    """A bundle that claims to be something else: an attestation."""


@dataclass(frozen=True)
class _Signer:
    """Whose signature it must be.

    Attributes:
        key: that must have signed.
        certificate: that certifies it; None for a key.
        others: that came along with it.
    """

    key: PublicKey
    certificate: x509.Certificate | None = None
    others: Sequence[x509.Certificate] = ()

    @property
    def der(self) -> bytes:
        return certificates.der(self.certificate) if self.certificate is not None else b""

    @property
    def pem(self) -> bytes:
        return certificates.pem(self.certificate) if self.certificate is not None else self.key.pem


@dataclass
class _Times:
    """Proved times of signing.

    Attributes:
        stamped: by timestamps.
        logged: by a log.
        problem: of a timestamp that proves none; empty without one.
    """

    stamped: list[dt.datetime] = field(default_factory=list)
    logged: list[dt.datetime] = field(default_factory=list)
    problem: str = ""

    def signing_times(self) -> Sequence[SigningTime]:
        given = [(TimeSource.TIMESTAMP, moment) for moment in self.stamped]
        given += [(TimeSource.LOG, moment) for moment in self.logged]
        return [SigningTime(source, certificates.stamp(moment)) for source, moment in given]


def verify(raw: bytes, digest: str, demands: Demands, alive: Alive = always) -> Proof:
    """What a bundle proves.

    Args:
        raw: as it was found.
        digest: `sha256:…` that must be signed.
        demands: what has to be proved.
        alive: asked before each dear thing; what it raises is passed on.

    Raises:
        RejectionError: nothing; always lasting, because the time of day has no say.
        NoSignatureError: it does not claim to be a signature.
    """
    with step(1):
        bundle = bundle_format.read(raw)
        _verify_claim(bundle.content, digest)
    return verify_signer(bundle, digest, demands, alive)


def verify_signer(bundle: Bundle, digest: str, demands: Demands, alive: Alive = always) -> Proof:
    """What a bundle proves of which it is known what it claims: steps 1, as far as they are about the signer, to 5.

    Raises:
        RejectionError: nothing; see `verify`.
    """
    image = digests.encoded(digest)
    times = _Times()
    with step(1):
        signer = _signer(bundle, demands)
    with step(2):
        times.stamped, times.problem = _stamped(bundle, demands, alive)
    with step(3):
        alive()
        signed = SignatureMaterial(
            bundle.content, image, signer.key.hash_algorithm, signer.der, signer.key.spki, signer.pem
        )
        times.logged += _logged(bundle, signed, demands, times.stamped)
    with step(4):
        if signer.certificate is not None:
            _verify_certificate(signer.certificate, signer.others, times, demands, alive)
    with step(5):
        alive()
        _verify_signature(bundle.content, image, signer)
        return _proof(bundle, digest, signer, times)


def _verify_claim(content: Envelope | MessageSignature, digest: str) -> None:
    algorithm, image = digests.algorithm(digest), digests.encoded(digest)
    if isinstance(content, MessageSignature):
        if algorithm != "sha256":
            # It is made over the SHA-256 of what is signed, and of an image there is nothing here but its digest.
            raise RejectionError("a message signature is about a SHA-256, and the image has another digest")
        if content.digest and content.digest != image:
            raise RejectionError(f"invalid or missing digest in claim: sha256:{content.digest}")
        return
    if content.payload_type != _PAYLOAD_TYPE:
        raise NoSignatureError
    try:
        statement = strict_object(content.payload, limits.SIGNATURE_PARTS)
    except WeightRejectionError as error:
        # Signatures say of an image that it is signed, and nothing else: what says so much is an attestation.
        raise NoSignatureError from error
    if statement.get("predicateType") != SIGN:
        raise NoSignatureError
    version = statement.get("_type")
    if not isinstance(version, str) or version not in _STATEMENTS:
        raise RejectionError("the statement is of a version that is not supported")
    if not any(_names(subject, algorithm, image) for subject in _subjects(statement)):
        raise RejectionError("the statement is about another digest")


def _subjects(statement: dict[str, Any]) -> Sequence[object]:
    subjects = statement.get("subject")
    return subjects if isinstance(subjects, list) else ()


def _names(subject: object, algorithm: str, image: str) -> bool:
    named = subject.get("digest") if isinstance(subject, dict) else None
    return isinstance(named, dict) and named.get(algorithm) == image


def _signer(bundle: Bundle, demands: Demands) -> _Signer:
    if demands.key is not None:
        if bundle.certificate is not None:
            raise RejectionError("the bundle is by a certificate, not by a key")
        return _Signer(demands.key)
    if bundle.certificate is None:
        raise RejectionError("no certificate found on signature")
    certificate = certificates.load_der(bundle.certificate)
    others = [certificates.load_der(one) for one in bundle.others]
    if any(one.subject == one.issuer for one in others):
        # Clients must not write one (protobuf-specs): whom to believe is not the bundle's to say.
        raise RejectionError("x509CertificateChain holds a root certificate")
    return _Signer(certificates.public_key(certificate, by_curve=True), certificate, others)


def _stamped(bundle: Bundle, demands: Demands, alive: Alive) -> tuple[list[dt.datetime], str]:
    """Times of the timestamps, and why one proves none."""
    root = demands.timestamps or demands.trust_root or demands.logs
    if root is None or (demands.timestamps is None and not root.timestamp_authorities):
        return [], ""
    moments: list[dt.datetime] = []
    problem = ""
    for response in bundle.timestamps:
        try:
            moments.append(timestamps.verify(response, bundle.content.signature, root.timestamp_authorities, alive))
        except RejectionError as error:
            problem = f"unable to verify RFC3161 timestamp bundle: {error}"
    if not moments and demands.timestamps is not None:
        sentence = "unable to verify RFC3161 timestamp bundle: the bundle has no timestamp"
        raise RejectionError(problem or sentence)
    return moments, problem


def _logged(
    bundle: Bundle, signed: SignatureMaterial, demands: Demands, stamped: Sequence[dt.datetime]
) -> Sequence[dt.datetime]:
    if demands.logs is None:
        return ()
    if len(bundle.entries) != 1:
        raise RejectionError(f"the bundle has {len(bundle.entries)} log entries; it must have one")
    moment = transparency.verify_entry(
        bundle.entries[0], signed, demands.logs.logs, needs_proof=bundle.needs_proof, stamped=stamped
    )
    return () if moment is None else [moment]


def _verify_certificate(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    times: _Times,
    demands: Demands,
    alive: Alive,
) -> None:
    if demands.trust_root is None:
        raise RejectionError("there is no trust root")
    moments = [*times.stamped, *times.logged]
    if not moments:
        problem = f": {times.problem}" if times.problem else ""
        sentence = "the bundle has no time of signing that a log or a timestamp authority proves"
        raise RejectionError(f"{sentence}{problem}")
    certificates.verify_profile(certificate)
    for moment in moments:
        certificates.verify_validity(certificate, (), moment)
    found: list[paths.Path] = []
    for moment in moments:
        if any(path.holds(moment) for path in found):
            continue
        path = paths.to_signer(certificate, demands.trust_root.authorities, moment, alive, others)
        if not demands.ignore_sct:
            alive()
            verify_logged(certificate, path.above, demands.trust_root.ct_logs)
        found.append(path)


def _verify_signature(content: Envelope | MessageSignature, image: str, signer: _Signer) -> None:
    try:
        _verify_by(signer.key, content, image)
    except RejectionError:
        if signer.certificate is None or signer.key.hash_algorithm is HashAlgorithm.SHA256:
            raise
        # Older clients hash with SHA-256 whatever the curve.
        _verify_by(replace(signer.key, hash_algorithm=HashAlgorithm.SHA256), content, image)


def _verify_by(key: PublicKey, content: Envelope | MessageSignature, image: str) -> None:
    if isinstance(content, Envelope):
        key.verify(content.signature, content.encoding)
    else:
        key.verify_digest(content.signature, bytes.fromhex(image))


def _proof(bundle: Bundle, digest: str, signer: _Signer, times: _Times) -> Proof:
    signature = bundle.content.signature
    if signer.certificate is None:
        return Proof(hashlib.sha256(signature).hexdigest(), digest, FORMAT, times=times.signing_times())
    name = hashlib.sha256(signature + signer.pem).hexdigest()
    found = certificates.identity(signer.certificate, newest=True)
    return Proof(name, digest, FORMAT, found.subjects, found.issuer, found.github, times.signing_times())
