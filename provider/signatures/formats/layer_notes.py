"""What cosign's annotations say beside a layer: certificate, those above it, a log's promise, a timestamp.

Simple signings and attestations under their tags have the same, and it is verified in the same order and by the same
words.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from provider.golang.structs import Field, Struct, Text
from provider.questions.answer import Proof, SigningTime, TimeSource
from provider.registry.content.manifest import Descriptor
from provider.signatures.alive import Alive
from provider.signatures.demands import Demands
from provider.signatures.encoding import from_base64, from_json
from provider.signatures.evidence import certificates, paths, timestamps, transparency
from provider.signatures.evidence.logged_certificates import verify_logged
from provider.signatures.evidence.logged_envelope import LoggedEnvelope
from provider.signatures.evidence.transparency import LoggedSignature
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.keys import PublicKey
from provider.signatures.trust.trust_root import TrustRoot

FORMAT: Final = "legacy"
SIGNATURE: Final = "dev.cosignproject.cosign/signature"
_CERTIFICATE: Final = "dev.sigstore.cosign/certificate"
_CHAIN: Final = "dev.sigstore.cosign/chain"
_BUNDLE: Final = "dev.sigstore.cosign/bundle"
_NO_ENTRY: Final = (
    f"no log entry came with it (annotation {_BUNDLE}), and the policy asks for one: sign with a transparency log, or "
    "let the policy ask for a timestamp in its place (`rfc3161timestamp`)"
)
_TIMESTAMP: Final = "dev.sigstore.cosign/rfc3161timestamp"
_STAMP: Final = Struct("bundle.RFC3161Timestamp", (Field("SignedRFC3161Timestamp", Text()),))


@dataclass(frozen=True)
class Times:
    """Proved times of signing."""

    stamped: dt.datetime | None = None
    logged: dt.datetime | None = None

    @property
    def all(self) -> Sequence[SigningTime]:
        """As the answer has them."""
        given = ((TimeSource.TIMESTAMP, self.stamped), (TimeSource.LOG, self.logged))
        return [SigningTime(source, certificates.stamp(moment)) for source, moment in given if moment is not None]


def certificate_of(layer: Descriptor) -> x509.Certificate | None:
    """The certificate that came along; None where none did.

    Raises:
        RejectionError: it cannot be read.
    """
    text = layer.annotation(_CERTIFICATE)
    return certificates.load(text) if text else None


def _others(layer: Descriptor) -> Sequence[x509.Certificate]:
    """What came along: nobody's word, and no root, which upstream drops as well."""
    found = certificates.load_all(layer.annotation(_CHAIN))
    return [one for one in found if one.subject != one.issuer]


def signer_of(certificate: x509.Certificate | None, demands: Demands) -> bytes:
    """What a log entry must name as the signer; nothing matches a signature that has none."""
    if certificate is not None:
        return certificates.pem(certificate)
    return demands.key.pem if demands.key else b"(none)"


def stamped(
    layer: Descriptor, messages: Callable[[], Sequence[bytes]], demands: Demands, alive: Alive
) -> dt.datetime | None:
    """The time of the timestamp over one of these messages; None where none is asked for.

    Raises:
        RejectionError: there is none, or it is of nobody whom the trust root names.
    """
    if demands.timestamps is None:
        return None
    text = layer.annotation(_TIMESTAMP)
    if not text:
        raise RejectionError("unable to verify RFC3161 timestamp bundle: the signature has no timestamp")
    try:
        response = from_base64(from_json(text.encode("utf-8", "replace"), _STAMP)["SignedRFC3161Timestamp"])
        return _over_one_of(messages(), response, demands.timestamps, alive)
    except RejectionError as error:
        raise RejectionError(f"unable to verify RFC3161 timestamp bundle: {error}") from error


def _over_one_of(messages: Sequence[bytes], response: bytes, root: TrustRoot, alive: Alive) -> dt.datetime:
    *others, last = messages
    for message in others:
        with suppress(RejectionError):
            return timestamps.verify(response, message, root.timestamp_authorities, alive)
    return timestamps.verify(response, last, root.timestamp_authorities, alive)


def logged(layer: Descriptor, about: LoggedSignature | LoggedEnvelope, demands: Demands) -> dt.datetime | None:
    """The time at which a log promised to include it; None where no log is asked for.

    Raises:
        RejectionError: there is no promise, or it is of something else, or of nobody whom the trust root names.
    """
    if demands.logs is None:
        return None
    text = layer.annotation(_BUNDLE)
    if not text:
        online = "rekor client not provided for online verification"
        raise RejectionError("offline verification failed" if demands.offline else online, hint=_NO_ENTRY)
    try:
        return transparency.verify_promise(text, about, demands.logs.logs)
    except RejectionError as error:
        raise RejectionError(f"error verifying bundle: {error}") from error


def trusted(
    layer: Descriptor, certificate: x509.Certificate | None, demands: Demands, alive: Alive
) -> tuple[PublicKey, Sequence[x509.Certificate]]:
    """The key that must have signed, and of a certificate those above it.

    Raises:
        RejectionError: nobody whom the trust root names has certified it.
    """
    if demands.key is not None:
        return demands.key, ()
    if certificate is None:
        raise RejectionError("no certificate found on signature")
    if demands.trust_root is None:
        raise RejectionError("there is no trust root")
    key = certificates.public_key(certificate)
    certificates.verify_profile(certificate)
    start = certificate.not_valid_before_utc
    path = paths.to_signer(certificate, demands.trust_root.authorities, start, alive, _others(layer))
    if not demands.ignore_sct:
        alive()
        verify_logged(certificate, path.above, demands.trust_root.ct_logs)
    return key, path.above


def verify_times(
    certificate: x509.Certificate | None,
    path: Sequence[x509.Certificate],
    times: Times,
    now: dt.datetime,
) -> Sequence[SigningTime]:
    """Judge the certificate's validity; gives the moment of judging where no time was proved.

    Raises:
        RejectionError: it was not valid; not lasting where it was judged by `now`.
    """
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


def proof_of(
    raw: bytes, digest: str, certificate: x509.Certificate | None, demands: Demands, times: Sequence[SigningTime]
) -> Proof:
    """What is proved of a signature, named by its bytes and the certificate."""
    pem = certificates.pem(certificate) if certificate is not None else b""
    name = hashlib.sha256(raw + pem).hexdigest()
    if certificate is None or demands.key is not None:
        # A certificate beside a key's signature is proved by nobody, so it names nobody.
        return Proof(name, digest, FORMAT, times=times if demands.key is None or times else ())
    found = certificates.identity(certificate, newest=False)
    return Proof(name, digest, FORMAT, found.subjects, found.issuer, found.github, times)
