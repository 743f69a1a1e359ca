"""What a log holds of a signature, and whether it is of this one.

Four forms, by kind and version; what a form does not let us compare is not taken for equal.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from provider import limits
from provider.questions.proof_question import HashAlgorithm
from provider.signatures.content import Envelope, MessageSignature
from provider.signatures.encoding import strict_object
from provider.signatures.rejection import RejectionError

_Kind: TypeAlias = tuple[str, str]
_HASHED_REKORD: Final = ("hashedrekord", "0.0.1")
_DSSE: Final = ("dsse", "0.0.1")
_INTOTO: Final = ("intoto", "0.0.2")
_HASHED_REKORD_V2: Final = ("hashedrekord", "0.0.2")
TIMED: Final = frozenset({_HASHED_REKORD, _DSSE, _INTOTO})
"""The forms whose time a promise covers."""
_V2_NAMES: Final[Mapping[HashAlgorithm, str]] = {
    HashAlgorithm.SHA256: "SHA2_256",
    HashAlgorithm.SHA384: "SHA2_384",
    HashAlgorithm.SHA512: "SHA2_512",
}


@dataclass(frozen=True)
class SignatureMaterial:
    """What an entry must be about.

    Attributes:
        content: envelope or message signature.
        image: SHA-256 of the signed image, in hexadecimal.
        hash_algorithm: what the signer's key hashes with.
        certificate: the signer's, DER; empty for a key.
        key: the signer's SubjectPublicKeyInfo, DER.
        pem: certificate, or else key, as PEM.
    """

    content: Envelope | MessageSignature
    image: str
    hash_algorithm: HashAlgorithm
    certificate: bytes
    key: bytes
    pem: bytes


def verify_body(kind: _Kind, body: bytes, signed: SignatureMaterial) -> None:
    """The entry names this signature, this signer and what was signed.

    Args:
        kind: name and version that the bundle gives.
        body: what the log holds.
        signed: this signature.

    Raises:
        RejectionError: it does not, or is of another form.
    """
    compare = _FORMS.get(kind)
    if compare is None:
        raise RejectionError("the log entry is of a kind that is not supported")
    try:
        entry = strict_object(body, limits.SIGNATURE_PARTS)
        if (entry["kind"], entry["apiVersion"]) != kind:
            raise RejectionError("the log entry is of another kind than the bundle says")
        same = compare(entry["spec"], signed)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RejectionError("the log entry cannot be read") from error
    if not same:
        raise RejectionError("the log entry is of another signature")


def same_pem(one: bytes, other: bytes) -> bool:
    """Whether two PEM blocks are the same except for line breaks."""
    return b"".join(one.split(b"\n")) == b"".join(other.split(b"\n"))


def _is_hashed_rekord(spec: Mapping[str, Any], signed: SignatureMaterial) -> bool:
    digest, signature = spec["data"]["hash"], spec["signature"]
    return (
        isinstance(signed.content, MessageSignature)
        and digest["algorithm"] == "sha256"
        and digest["value"] == signed.image
        and _decoded(signature["content"]) == signed.content.signature
        and same_pem(_decoded(signature["publicKey"]["content"]), signed.pem)
    )


def _is_dsse(spec: Mapping[str, Any], signed: SignatureMaterial) -> bool:
    digest, signatures = spec["payloadHash"], spec["signatures"]
    return (
        isinstance(signed.content, Envelope)
        and digest["algorithm"] == "sha256"
        and digest["value"] == hashlib.sha256(signed.content.payload).hexdigest()
        and len(signatures) == 1
        and _decoded(signatures[0]["signature"]) == signed.content.signature
        and same_pem(_decoded(signatures[0]["verifier"]), signed.pem)
    )


def _is_intoto(spec: Mapping[str, Any], signed: SignatureMaterial) -> bool:
    """What logs held of envelopes before they held the form `dsse`; it has the signature's base64 in base64."""
    digest, envelope = spec["content"]["payloadHash"], spec["content"]["envelope"]
    signatures = envelope["signatures"]
    return (
        isinstance(signed.content, Envelope)
        and digest["algorithm"] == "sha256"
        and digest["value"] == hashlib.sha256(signed.content.payload).hexdigest()
        and envelope["payloadType"] == signed.content.payload_type
        and len(signatures) == 1
        and _decoded(signatures[0]["sig"]) == base64.b64encode(signed.content.signature)
        and same_pem(_decoded(signatures[0]["publicKey"]), signed.pem)
    )


def _is_hashed_rekord_v2(spec: Mapping[str, Any], signed: SignatureMaterial) -> bool:
    entry = spec["hashedRekordV002"]
    verifier = entry["signature"]["verifier"]
    return (
        entry["data"]["algorithm"] == _V2_NAMES.get(signed.hash_algorithm)
        and _decoded(entry["data"]["digest"]) == _digest(signed)
        and _decoded(entry["signature"]["content"]) == signed.content.signature
        and _is_verifier(verifier, signed)
    )


def _is_verifier(verifier: Mapping[str, Any], signed: SignatureMaterial) -> bool:
    if signed.certificate:
        return _decoded(verifier["x509Certificate"]["rawBytes"]) == signed.certificate and "publicKey" not in verifier
    return _decoded(verifier["publicKey"]["rawBytes"]) == signed.key and "x509Certificate" not in verifier


def _digest(signed: SignatureMaterial) -> bytes:
    if isinstance(signed.content, MessageSignature):
        return bytes.fromhex(signed.image)
    return hashlib.new(signed.hash_algorithm.value, signed.content.encoding).digest()


def _decoded(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError("no base64")
    return base64.b64decode(value, validate=True)


_FORMS: Final[Mapping[_Kind, Callable[[Mapping[str, Any], SignatureMaterial], bool]]] = {
    _HASHED_REKORD: _is_hashed_rekord,
    _DSSE: _is_dsse,
    _INTOTO: _is_intoto,
    _HASHED_REKORD_V2: _is_hashed_rekord_v2,
}
