"""Signing certificates: the profile, when they were valid, and whom they name. Paths to authorities: `paths`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from provider import limits
from provider.errors import ImageError
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.keys import HASH_BY_CURVE, PublicKey, supported

E = TypeVar("E", bound=x509.ExtensionType)
_ARC: Final = "1.3.6.1.4.1.57264.1"
_ISSUER_V1, _ISSUER_V2 = x509.ObjectIdentifier(f"{_ARC}.1"), x509.ObjectIdentifier(f"{_ARC}.8")
_USER_NAME: Final = x509.ObjectIdentifier(f"{_ARC}.7")
_GITHUB: Final[Mapping[str, x509.ObjectIdentifier]] = {
    "githubWorkflowTrigger": x509.ObjectIdentifier(f"{_ARC}.2"),
    "githubWorkflowSha": x509.ObjectIdentifier(f"{_ARC}.3"),
    "githubWorkflowName": x509.ObjectIdentifier(f"{_ARC}.4"),
    "githubWorkflowRepo": x509.ObjectIdentifier(f"{_ARC}.5"),
    "githubWorkflowRef": x509.ObjectIdentifier(f"{_ARC}.6"),
}
# The first three are what the library's parts end in, the last two of them for names with texts of unknown types.
_UNREADABLE: Final = (
    *(ValueError, KeyError, TypeError),
    *(x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType),
)
_PEM: Final = "-----BEGIN CERTIFICATE-----"
_UTF8_STRING: Final = 0x0C
_LONG_LENGTH: Final = 0x80
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class CertificateIdentity:
    """Whom a certificate names.

    Attributes:
        subjects: subject alternative names: DNS names, e-mail addresses, IP addresses, URIs, user names, in this order.
        issuer: who authenticated them.
        github: fields about a GitHub workflow.
    """

    subjects: Sequence[str]
    issuer: str
    github: Mapping[str, str] = field(default_factory=dict)


def load(text: str) -> x509.Certificate:
    """The first certificate of a PEM text.

    Raises:
        RejectionError: there is none that can be read.
    """
    if _PEM not in text:
        raise RejectionError("invalid certificate found on signature: no PEM block CERTIFICATE")
    return _loaded(lambda: x509.load_pem_x509_certificate(text.encode()))


def load_all(text: str) -> Sequence[x509.Certificate]:
    """The certificates of a PEM text; none where it holds none.

    Raises:
        RejectionError: one cannot be read, or there are more than anybody's.
    """
    blocks = text.split(_PEM)[1:]
    if len(blocks) > limits.CERTIFICATES:
        raise RejectionError(f"the certificate chain has {len(blocks)} certificates, more than {limits.CERTIFICATES}")
    return [load(_PEM + block) for block in blocks]


def load_der(raw: bytes) -> x509.Certificate:
    """A certificate.

    Raises:
        RejectionError: it cannot be read.
    """
    return _loaded(lambda: x509.load_der_x509_certificate(raw))


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM, lines of 64 characters."""
    return certificate.public_bytes(Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    """A certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def public_key(certificate: x509.Certificate, *, by_curve: bool = False) -> PublicKey:
    """The key that a certificate certifies.

    Args:
        certificate: the signer's.
        by_curve: whether larger curves hash with longer hashes, as in bundles; legacy signatures always use SHA-256.

    Raises:
        RejectionError: it is of a kind that we do not take.
    """
    try:
        key = certificate.public_key()
        curve = key.curve.name if by_curve and isinstance(key, ec.EllipticCurvePublicKey) else ""
        return supported(key, HASH_BY_CURVE.get(curve, HashAlgorithm.SHA256))
    except (ImageError, ValueError, UnsupportedAlgorithm) as error:
        raise RejectionError(f"invalid certificate found on signature: {error}") from error


def verify_profile(certificate: x509.Certificate) -> None:
    """A leaf that may sign (Fulcio, `docs/certificate-specification.md`).

    Raises:
        RejectionError: it is an authority, or for something else.
    """
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise RejectionError("cert verification failed: the signing certificate is a certificate authority's")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise RejectionError("cert verification failed: the signing certificate is not for digital signatures")
    usages = _extension(certificate, x509.ExtendedKeyUsage)
    if usages is None or ExtendedKeyUsageOID.CODE_SIGNING not in usages:
        raise RejectionError("cert verification failed: x509: certificate specifies an incompatible key usage")


def verify_validity(certificate: x509.Certificate, path: Iterable[x509.Certificate], moment: dt.datetime) -> None:
    """The certificate and those above it must have been valid at a moment.

    Raises:
        RejectionError: one was not.
    """
    for one in (certificate, *path):
        name = "certificate" if one is certificate else "issuing CA certificate"
        if one.not_valid_after_utc < moment:
            times = f"{stamp(one.not_valid_after_utc)} is before {stamp(moment)}"
            raise RejectionError(f"{name} expired before observed time: {times}")
        if one.not_valid_before_utc > moment:
            times = f"{stamp(one.not_valid_before_utc)} is after {stamp(moment)}"
            raise RejectionError(f"{name} was issued after observed time: {times}")


def identity(certificate: x509.Certificate, *, newest: bool) -> CertificateIdentity:
    """Whom a certificate names.

    Args:
        certificate: already verified.
        newest: whether the issuer's newer extension counts; cosign's legacy verification knows only the older one.

    Raises:
        RejectionError: two issuers, or a name that a person could misread.
    """
    older, newer = _raw_text(certificate, _ISSUER_V1), _utf8(_raw(certificate, _ISSUER_V2))
    if older and newer and older != newer:
        raise RejectionError("the certificate names two issuers")
    found = CertificateIdentity(
        tuple(_subjects(certificate)),
        (newer or older) if newest else older,
        {name: text for name, oid in _GITHUB.items() if (text := _raw_text(certificate, oid))},
    )
    for text in (*found.subjects, found.issuer, *found.github.values()):
        if _CONTROL.search(text):
            raise RejectionError("a name in the certificate has a control character")
    return found


def stamp(moment: dt.datetime) -> str:
    """A moment as RFC 3339 in UTC."""
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _loaded(load_one: Callable[[], x509.Certificate]) -> x509.Certificate:
    try:
        certificate = load_one()
        # These are read when they are first looked at: here, so that a broken one is refused in one place.
        _ = certificate.extensions, certificate.not_valid_before_utc, certificate.not_valid_after_utc
        _ = certificate.subject, certificate.issuer
        positive = certificate.serial_number > 0
    except _UNREADABLE as error:
        raise RejectionError("invalid certificate found on signature: it cannot be read") from error
    if not positive:
        raise RejectionError("invalid certificate found on signature: its serial number is not positive")
    return certificate


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _subjects(certificate: x509.Certificate) -> Iterable[str]:
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return
    yield from names.get_values_for_type(x509.DNSName)
    yield from names.get_values_for_type(x509.RFC822Name)
    yield from map(str, names.get_values_for_type(x509.IPAddress))
    yield from names.get_values_for_type(x509.UniformResourceIdentifier)
    for other in names.get_values_for_type(x509.OtherName):
        if other.type_id == _USER_NAME:
            yield _utf8(other.value)


def _raw(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes:
    try:
        extension = certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return b""
    return extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""


def _raw_text(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    """An extension of Fulcio's first kind: text without any encoding."""
    try:
        return _raw(certificate, oid).decode()
    except UnicodeDecodeError as error:
        raise RejectionError("an extension of the certificate is no text") from error


def _utf8(raw: bytes) -> str:
    """An extension of Fulcio's second kind: a DER UTF8String (X.690, section 8.23)."""
    if not raw:
        return ""
    size = raw[1] if len(raw) > 1 else 0
    start = 2
    if size > _LONG_LENGTH:
        start = 2 + (size - _LONG_LENGTH)
        size = int.from_bytes(raw[2:start], "big")
    if raw[0] != _UTF8_STRING or len(raw) != start + size:
        raise RejectionError("an extension of the certificate is no UTF8String")
    try:
        return raw[start:].decode()
    except UnicodeDecodeError as error:
        raise RejectionError("an extension of the certificate is no text") from error
