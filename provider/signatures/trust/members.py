"""The members of a trust root: an authority or a log, in either form of the file.

Each raises `TrustRootError` where something is not supported, and what is in `UNREADABLE` where it cannot be read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from OpenSSL import crypto

from provider import limits
from provider.foreign_text import shown
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.trust import document
from provider.signatures.trust.authority import CertificateAuthority, Validity, certifies
from provider.signatures.trust.document import TrustRootError
from provider.signatures.trust.keys import HASH_BY_CURVE, supported
from provider.signatures.trust.transparency_log import TransparencyLog

UNREADABLE: Final = (
    *(ValueError, TypeError, KeyError, UnsupportedAlgorithm),
    *(x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType, crypto.Error),
)
# Of a member, by its form, in the spelling of protobuf's JSON.
_SPAN: Final = ("start", "end")
_AUTHORITY: Final = ("subject", "uri", "certChain", "validFor", "operator")
_LOG: Final = ("baseUrl", "hashAlgorithm", "publicKey", "logId", "checkpointKeyId", "operator")
_KEY: Final = ("rawBytes", "keyDetails", "validFor")
_CHAIN: Final = ("certificates",)
_CERTIFICATE: Final = ("rawBytes",)
_AUTHORITY_IN_PEM: Final = ("subject", "uri", "certChain")
_NAMES_IN_PEM: Final = ("organization", "commonName")
_LOG_IN_PEM: Final = ("baseURL", "hashAlgorithm", "publicKey")
# As policy-controller's webhook spells some of its own fields.
_WORDS: Final = {"certificateAuthorities": "certificateAuthority", "certChain": "certchain"}
# These objects have no times; policy-controller writes this one for them.
_SINCE_EPOCH: Final = Validity(start=dt.datetime.fromtimestamp(0, dt.UTC))
_HASHES: Final = frozenset({None, "", "SHA2_256", 1})
_DETAILS: Final[Mapping[str, HashAlgorithm]] = {
    "PKIX_ECDSA_P256_SHA_256": HashAlgorithm.SHA256,
    "PKIX_ECDSA_P384_SHA_384": HashAlgorithm.SHA384,
    "PKIX_ECDSA_P521_SHA_512": HashAlgorithm.SHA512,
    "PKIX_RSA_PKCS1V15_2048_SHA256": HashAlgorithm.SHA256,
    "PKIX_RSA_PKCS1V15_3072_SHA256": HashAlgorithm.SHA256,
    "PKIX_RSA_PKCS1V15_4096_SHA256": HashAlgorithm.SHA256,
    "PKIX_ED25519": HashAlgorithm.SHA512,
}


def authority(given: Mapping[str, Any], where: str) -> CertificateAuthority:
    """An authority of a `trusted_root.json`."""
    fields = document.fields_of(given, _AUTHORITY, where)
    chain = document.fields_of(document.object_of(fields["certChain"]), _CHAIN, f"{where}.certChain")
    certificates = [_certificate(one, f"{where}.certChain.certificates") for one in chain["certificates"]]
    return _checked(CertificateAuthority(tuple(certificates), _validity(fields, where)), where)


def timestamp_authority(given: Mapping[str, Any], where: str) -> CertificateAuthority:
    """A timestamp authority of a `trusted_root.json`."""
    return _rooted(authority(given, where), where)


def _certificate(given: object, where: str) -> x509.Certificate:
    fields = document.fields_of(document.object_of(given), _CERTIFICATE, where)
    return x509.load_der_x509_certificate(document.bytes_of(fields["rawBytes"]))


def authority_in_pem(given: Mapping[str, Any], where: str) -> CertificateAuthority:
    """An authority of a TrustRoot object."""
    fields = document.fields_of(given, _AUTHORITY_IN_PEM, where)
    subject = document.fields_of(document.object_of(fields.get("subject") or {}), _NAMES_IN_PEM, f"{where}.subject")
    absent = [f"subject.{name}" for name in _NAMES_IN_PEM if not document.text_of(subject, name)]
    _complete([*absent, *(name for name in ("uri", "certChain") if not document.text_of(fields, name))], where)
    text = document.bytes_of(fields["certChain"])
    return _checked(CertificateAuthority(tuple(x509.load_pem_x509_certificates(text)), _SINCE_EPOCH), where)


def timestamp_authority_in_pem(given: Mapping[str, Any], where: str) -> CertificateAuthority:
    """A timestamp authority of a TrustRoot object."""
    found = authority_in_pem(given, where)
    if sum(not certifies(each) for each in found.certificates) > 1:
        raise TrustRootError(f"{where}: certificate chain must contain at most one TSA certificate")
    return _rooted(found, where)


def _rooted(found: CertificateAuthority, where: str) -> CertificateAuthority:
    """A timestamp authority; what verifies timestamps knows no end of a chain but a root.

    Raises:
        TrustRootError: its chain ends in something else, so that no timestamp of it could be verified.
    """
    last = found.certificates[-1]
    if last.subject != last.issuer:
        raise TrustRootError(f"{where}: its chain ends in no root, so none of its timestamps can be verified: add it")
    return found


def _complete(absent: Sequence[str], where: str) -> None:
    """What policy-controller's webhook wants of a member of `sigstoreKeys`, in its words.

    Raises:
        TrustRootError: something is missing.
    """
    if absent:
        name, bracket, number = where.partition("[")
        place = f"spec.sigstoreKeys.{_WORDS.get(name, name)}{bracket}{number}"
        listed = ", ".join(sorted(f"{place}.{_WORDS.get(each, each)}" for each in absent))
        raise TrustRootError(f"{where}: missing field(s): {listed}")


def _checked(found: CertificateAuthority, where: str) -> CertificateAuthority:
    if not 0 < len(found.certificates) <= limits.CERTIFICATES:
        raise TrustRootError(f"{where}: certChain must hold 1 to {limits.CERTIFICATES} certificates")
    # These are read when they are first looked at: here, so that a broken one is found when the file is read.
    _ = found.converted
    for one in found.certificates:
        _ = one.extensions, one.subject, one.issuer, one.not_valid_before_utc, one.not_valid_after_utc
    return found


def log(given: Mapping[str, Any], where: str) -> TransparencyLog:
    """A log of a `trusted_root.json`."""
    fields = document.fields_of(given, _LOG, where)
    public = document.fields_of(document.object_of(fields["publicKey"]), _KEY, f"{where}.publicKey")
    details = public["keyDetails"]
    if details not in _DETAILS:
        raise TrustRootError(f"{where}.publicKey.keyDetails: {shown(str(details))} is not supported")
    algorithm = fields.get("hashAlgorithm")
    if algorithm not in _HASHES:
        raise TrustRootError(f"{where}.hashAlgorithm: {shown(str(algorithm))} is not supported")
    key = supported(load_der_public_key(document.bytes_of(public["rawBytes"])), _DETAILS[details])
    named = document.fields_of(document.object_of(fields.get("logId") or {}), ("keyId",), f"{where}.logId").get("keyId")
    key_id = document.bytes_of(named) if named else hashlib.sha256(key.spki).digest()
    return TransparencyLog(key_id, key, document.text_of(fields, "baseUrl"), _validity(public, f"{where}.publicKey"))


def log_in_pem(given: Mapping[str, Any], where: str) -> TransparencyLog:
    """A log of a TrustRoot object."""
    fields = document.fields_of(given, _LOG_IN_PEM, where)
    _complete([name for name in _LOG_IN_PEM if not document.text_of(fields, name)], where)
    loaded = load_pem_public_key(document.bytes_of(fields["publicKey"]))
    curve = loaded.curve.name if isinstance(loaded, ec.EllipticCurvePublicKey) else ""
    key = supported(loaded, HASH_BY_CURVE.get(curve, HashAlgorithm.SHA256))
    return TransparencyLog(hashlib.sha256(key.spki).digest(), key, document.text_of(fields, "baseURL"), _SINCE_EPOCH)


def _validity(fields: Mapping[str, Any], where: str) -> Validity:
    """When a member may be believed.

    Raises:
        TrustRootError: it does not say from when: nobody is believed for ever because a field is missing.
    """
    where = f"{where}.validFor"
    ends = document.fields_of(document.object_of(fields.get("validFor") or {}), _SPAN, where)
    # In protobuf's JSON null stands for a field that is not set.
    start, end = (_moment(ends[name]) if ends.get(name) is not None else None for name in _SPAN)
    if start is None:
        raise TrustRootError(f"{where}: has no start, so nobody knows when it may be believed")
    return Validity(start, end)


def _moment(text: object) -> dt.datetime:
    if not isinstance(text, str):
        raise TypeError("time")
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("a time before the year 1, or after 9999") from error
