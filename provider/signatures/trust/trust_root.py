"""Trust roots: whose certificates, logs and timestamps are believed.

Two forms: sigstore's `trusted_root.json` (protobuf-specs, `sigstore_trustroot.proto`), and the `sigstoreKeys` of
policy-controller's TrustRoot objects. Keys and certificates are read when the file is, so that a damaged one is found
when it is put in place and not when it is needed.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from OpenSSL import crypto

from provider import limits
from provider.errors import BestbeforeError
from provider.foreign_text import shown
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.trust.authority import ALWAYS, Authority, Validity
from provider.signatures.trust.keys import HASH_BY_CURVE, PublicKey, supported

T = TypeVar("T")
MEDIA_TYPE: Final = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
KIND: Final = "TrustRoot"
_API: Final = "policy.sigstore.dev/"
_DETAILS: Final[Mapping[str, HashAlgorithm]] = {
    "PKIX_ECDSA_P256_SHA_256": HashAlgorithm.SHA256,
    "PKIX_ECDSA_P384_SHA_384": HashAlgorithm.SHA384,
    "PKIX_ECDSA_P521_SHA_512": HashAlgorithm.SHA512,
    "PKIX_RSA_PKCS1V15_2048_SHA256": HashAlgorithm.SHA256,
    "PKIX_RSA_PKCS1V15_3072_SHA256": HashAlgorithm.SHA256,
    "PKIX_RSA_PKCS1V15_4096_SHA256": HashAlgorithm.SHA256,
    "PKIX_ED25519": HashAlgorithm.SHA512,
}


class TrustRootError(Exception):
    """A trust root that cannot be used; the message is one sentence that names the member."""


@dataclass(frozen=True)
class Log:
    """A transparency log, of signatures or of certificates.

    Attributes:
        key_id: what its entries name it by; SHA-256 of the public key unless the file says otherwise.
        key: what it signs with.
        url: its base URL; checkpoints of a log with tiles name its host.
        validity: when it may be believed.
    """

    key_id: bytes
    key: PublicKey
    url: str = ""
    validity: Validity = ALWAYS


@dataclass(frozen=True)
class TrustRoot:
    """Whose word counts.

    Attributes:
        digest: `sha256:…` over the canonical JSON of its specification.
        authorities: of signing certificates.
        ct_logs: that log certificates.
        logs: that log signatures.
        timestamp_authorities: that stamp signatures.
    """

    digest: str
    authorities: Sequence[Authority]
    ct_logs: Sequence[Log] = ()
    logs: Sequence[Log] = ()
    timestamp_authorities: Sequence[Authority] = ()

    def usable(self, moment: dt.datetime) -> bool:
        """Whether anything in it may still be believed for what is signed now."""
        alive = [_alive(authority, moment) for authority in (*self.authorities, *self.timestamp_authorities)]
        alive += [log.validity.end is None or log.validity.end >= moment for log in self.logs]
        return any(alive)


def read_file(path: Path, now: dt.datetime) -> TrustRoot:
    """The trust root in a file of either form, of which something may still be believed.

    Raises:
        TrustRootError: there is none that can be used.
    """
    try:
        with path.open("rb") as file:
            body = file.read(limits.FILE_BYTES + 1)
    except OSError as error:
        raise TrustRootError(f"cannot read it: {error.strerror}") from error
    if len(body) > limits.FILE_BYTES:
        raise TrustRootError(f"it is larger than {limits.FILE_BYTES} bytes")
    root = read(body)
    if not root.usable(now):
        raise TrustRootError("all that it names has expired")
    return root


def read(body: bytes) -> TrustRoot:
    """A trust root of either form, JSON or YAML.

    Raises:
        TrustRootError: it cannot be used.
    """
    try:
        documents = [json.loads(body)] if body.lstrip().startswith(b"{") else list(yaml.safe_load_all(body))
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise TrustRootError("it is neither JSON nor YAML that can be read") from error
    found = [document for document in documents if document is not None]
    if len(found) != 1 or not isinstance(found[0], dict):
        raise TrustRootError("it must hold exactly one trust root")
    return of_document(found[0])


def of_document(document: Mapping[str, Any]) -> TrustRoot:
    """The trust root in a parsed document of either form.

    Raises:
        TrustRootError: it cannot be used.
    """
    if document.get("mediaType") == MEDIA_TYPE:
        return _of_trusted_root(document)
    version = document.get("apiVersion")
    if document.get("kind") == KIND and isinstance(version, str) and version.startswith(_API):
        return _of_object(document)
    kind = shown(str(document.get("mediaType") or document.get("kind") or "nothing that is known"))
    raise TrustRootError(f"it is {kind}; known are {MEDIA_TYPE} and objects of kind {KIND}")


def digest_of(specification: object) -> str:
    """What a question names a trust root's specification by: SHA-256 over its canonical JSON.

    Raises:
        TrustRootError: it holds something that JSON does not have, as YAML may.
    """
    try:
        text = json.dumps(specification, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise TrustRootError("it holds something that JSON does not have") from error
    return "sha256:" + hashlib.sha256(text).hexdigest()


def _of_trusted_root(document: Mapping[str, Any]) -> TrustRoot:
    return TrustRoot(
        digest_of(document),
        tuple(_members(document, "certificateAuthorities", _authority)),
        tuple(_members(document, "ctlogs", _log)),
        tuple(_members(document, "tlogs", _log)),
        tuple(_members(document, "timestampAuthorities", _authority)),
    )


def _of_object(document: Mapping[str, Any]) -> TrustRoot:
    spec = document.get("spec")
    keys = spec.get("sigstoreKeys") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(keys, dict):
        found = ", ".join(sorted(map(str, spec))) if isinstance(spec, dict) else "nothing"
        raise TrustRootError(f"spec: holds {shown(found)}; only sigstoreKeys is supported")
    return TrustRoot(
        digest_of(spec),
        tuple(_members(keys, "certificateAuthorities", _authority_in_pem)),
        tuple(_members(keys, "ctLogs", _log_in_pem)),
        tuple(_members(keys, "tLogs", _log_in_pem)),
        tuple(_members(keys, "timestampAuthorities", _authority_in_pem)),
    )


def _members(document: Mapping[str, Any], name: str, read_one: Callable[[Mapping[str, Any], str], T]) -> Iterable[T]:
    members = document.get(name)
    if members is None:
        return
    if not isinstance(members, list):
        raise TrustRootError(f"{name}: must be a list")
    for number, member in enumerate(members):
        where = f"{name}[{number}]"
        try:
            yield read_one(_object(member), where)
        except _UNREADABLE as error:
            raise TrustRootError(f"{where}: a member is missing or cannot be read") from error
        except BestbeforeError as error:
            raise TrustRootError(f"{where}: {error.message}") from error


_UNREADABLE: Final = (
    *(ValueError, TypeError, KeyError, UnsupportedAlgorithm),
    *(x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType, crypto.Error),
)


def _authority(fields: Mapping[str, Any], where: str) -> Authority:
    chain = [x509.load_der_x509_certificate(_bytes(one["rawBytes"])) for one in fields["certChain"]["certificates"]]
    return _checked(Authority(tuple(chain), _validity(fields.get("validFor"))), where)


def _authority_in_pem(fields: Mapping[str, Any], where: str) -> Authority:
    text = _bytes(fields["certChain"])
    return _checked(Authority(tuple(x509.load_pem_x509_certificates(text))), where)


def _checked(authority: Authority, where: str) -> Authority:
    if not 0 < len(authority.certificates) <= limits.CERTIFICATES:
        raise TrustRootError(f"{where}: certChain must hold 1 to {limits.CERTIFICATES} certificates")
    # These are read when they are first looked at: here, so that a broken one is found when the file is read.
    _ = authority.converted
    for one in authority.certificates:
        _ = one.extensions, one.subject, one.issuer, one.not_valid_before_utc, one.not_valid_after_utc
    return authority


def _log(fields: Mapping[str, Any], where: str) -> Log:
    public = _object(fields["publicKey"])
    details = public["keyDetails"]
    if details not in _DETAILS:
        raise TrustRootError(f"{where}.publicKey.keyDetails: {shown(str(details))} is not supported")
    key = supported(load_der_public_key(_bytes(public["rawBytes"])), _DETAILS[details])
    given = _object(fields.get("logId") or {}).get("keyId")
    key_id = _bytes(given) if given else hashlib.sha256(key.spki).digest()
    return Log(key_id, key, _text(fields, "baseUrl"), _validity(public.get("validFor")))


def _log_in_pem(fields: Mapping[str, Any], where: str) -> Log:
    del where
    loaded = load_pem_public_key(_bytes(fields["publicKey"]))
    curve = loaded.curve.name if isinstance(loaded, ec.EllipticCurvePublicKey) else ""
    key = supported(loaded, HASH_BY_CURVE.get(curve, HashAlgorithm.SHA256))
    return Log(hashlib.sha256(key.spki).digest(), key, _text(fields, "baseURL"))


def _validity(span: object) -> Validity:
    if span is None:
        return Validity()
    if not isinstance(span, dict):
        raise TypeError("validFor")
    return Validity(*(_moment(span[end]) if end in span else None for end in ("start", "end")))


def _moment(text: object) -> dt.datetime:
    if not isinstance(text, str):
        raise TypeError("time")
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _alive(authority: Authority, moment: dt.datetime) -> bool:
    end = authority.validity.end
    certificates = authority.certificates
    return (end is None or end >= moment) and all(one.not_valid_after_utc >= moment for one in certificates)


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _bytes(value: object) -> bytes:
    """Bytes as JSON has them: base64."""
    if not isinstance(value, str):
        raise TypeError("bytes")
    return base64.b64decode(value, validate=True)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(name)
    return value
