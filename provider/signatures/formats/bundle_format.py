"""What a sigstore bundle holds (protobuf-specs, `sigstore_bundle.proto`, versions 0.1 to 0.3, as protobuf's JSON).

A bundle must mean one thing to everybody: a name that stands twice or is unknown, two sorts of verification material or
of content, and anything of a wrong type are refused. Members that protobuf leaves out because they are zero are read as
zero. What its JSON may write in two ways is taken in both: names as `logIndex` and `log_index`, bytes in either
alphabet of base64, numbers as texts and as numbers. Values of enumerations are taken by name only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from provider import limits
from provider.foreign_text import shown
from provider.signatures.content import Envelope, MessageSignature
from provider.signatures.encoding import from_protobuf_base64, strict_object
from provider.signatures.evidence.log_entry import InclusionProof, LogEntry
from provider.signatures.rejection import RejectionError

T = TypeVar("T")
MEDIA_TYPE_PREFIX: Final = "application/vnd.dev.sigstore.bundle"
_VERSIONS: Final[Mapping[str, tuple[int, int]]] = {
    f"{MEDIA_TYPE_PREFIX}+json;version=0.1": (0, 1),
    f"{MEDIA_TYPE_PREFIX}+json;version=0.2": (0, 2),
    f"{MEDIA_TYPE_PREFIX}+json;version=0.3": (0, 3),
    f"{MEDIA_TYPE_PREFIX}.v0.3+json": (0, 3),
}
_WITH_PROOF: Final = (0, 2)
_WITHOUT_CHAIN: Final = (0, 3)
_MATERIALS: Final = frozenset({"certificate", "x509CertificateChain", "publicKey"})
_CONTENTS: Final = frozenset({"messageSignature", "dsseEnvelope"})
_LARGEST: Final = 2**63


@dataclass(frozen=True)
class Bundle:
    """A bundle.

    Attributes:
        certificate: the signer's, DER; None where a key signed.
        others: certificates that came along, DER; before version 0.3.
        content: what was signed.
        entries: of transparency logs.
        timestamps: responses of timestamp authorities, DER.
        needs_proof: whether its version wants inclusion proofs; before 0.2 a promise was enough.
    """

    certificate: bytes | None
    others: Sequence[bytes]
    content: Envelope | MessageSignature
    entries: Sequence[LogEntry]
    timestamps: Sequence[bytes]
    needs_proof: bool


def read(body: bytes) -> Bundle:
    """Read a bundle.

    Raises:
        RejectionError: it is none, or one that may be read in two ways.
    """
    try:
        return _bundle(_object(_spelled(strict_object(body, limits.SIGNATURE_PARTS))))
    except (KeyError, TypeError, ValueError) as error:
        raise RejectionError("the bundle has a member that is missing or of a wrong type") from error
    except RejectionError as error:
        raise RejectionError(f"the bundle cannot be read: {error}") from error


def _bundle(fields: Mapping[str, Any]) -> Bundle:
    _only(fields, {"mediaType", "verificationMaterial", *_CONTENTS})
    version = _VERSIONS.get(_text(fields, "mediaType"))
    if version is None:
        raise RejectionError(f"{shown(str(fields['mediaType'])) or 'no media type'} is not supported")
    material = _object(fields["verificationMaterial"])
    _only(material, {"tlogEntries", "timestampVerificationData", *_MATERIALS})
    content = _one_of(fields, _CONTENTS)
    certificate, others = _certificates(material, version)
    return Bundle(
        certificate,
        others,
        _envelope(_object(fields[content])) if content == "dsseEnvelope" else _message(_object(fields[content])),
        _list(material, "tlogEntries", limits.LOG_ENTRIES, _entry),
        _timestamps(material),
        version >= _WITH_PROOF,
    )


def _certificates(material: Mapping[str, Any], version: tuple[int, int]) -> tuple[bytes | None, Sequence[bytes]]:
    """The signer's certificate, and those that came along."""
    sort = _one_of(material, _MATERIALS)
    fields = _object(material[sort])
    if sort == "publicKey":
        # Its hint is nobody's word: the key that the question names is tried.
        _only(fields, {"hint"})
        return None, ()
    if sort == "certificate":
        return _raw(fields), ()
    if version >= _WITHOUT_CHAIN:
        raise RejectionError("x509CertificateChain is not for bundles of this version")
    chain = _list(fields, "certificates", limits.CERTIFICATES, _raw)
    if not chain:
        raise RejectionError("x509CertificateChain is empty")
    return chain[0], chain[1:]


def _raw(fields: Mapping[str, Any]) -> bytes:
    _only(fields, {"rawBytes"})
    return _bytes(fields, "rawBytes")


def _timestamps(material: Mapping[str, Any]) -> Sequence[bytes]:
    data = _object(material.get("timestampVerificationData") or {})
    _only(data, {"rfc3161Timestamps"})
    stamps = _list(data, "rfc3161Timestamps", limits.TIMESTAMPS, lambda one: _bytes(one, "signedTimestamp"))
    if len(set(stamps)) != len(stamps):
        raise RejectionError("a timestamp stands twice")
    return stamps


def _envelope(fields: Mapping[str, Any]) -> Envelope:
    _only(fields, {"payload", "payloadType", "signatures"})
    signatures = _list(fields, "signatures", 1, lambda one: _bytes(one, "sig"))
    if not signatures:
        raise RejectionError("the DSSE envelope has no signature")
    return Envelope(_text(fields, "payloadType"), _bytes(fields, "payload"), signatures[0])


def _message(fields: Mapping[str, Any]) -> MessageSignature:
    _only(fields, {"messageDigest", "signature"})
    digest = _object(fields.get("messageDigest") or {})
    if digest and _text(digest, "algorithm") != "SHA2_256":
        raise RejectionError("messageDigest: only SHA2_256 is an image's")
    return MessageSignature(_bytes(digest, "digest").hex() if digest else "", _bytes(fields, "signature"))


def _entry(fields: Mapping[str, Any]) -> LogEntry:
    kind = _object(fields["kindVersion"])
    proof = fields.get("inclusionProof")
    promise = _object(fields.get("inclusionPromise") or {})
    return LogEntry(
        _number(fields, "logIndex"),
        _bytes(_object(fields["logId"]), "keyId"),
        (_text(kind, "kind"), _text(kind, "version")),
        _number(fields, "integratedTime"),
        _bytes(promise, "signedEntryTimestamp") if promise else b"",
        _proof(_object(proof)) if proof is not None else None,
        _bytes(fields, "canonicalizedBody"),
    )


def _proof(fields: Mapping[str, Any]) -> InclusionProof:
    hashes = fields.get("hashes") or []
    if not isinstance(hashes, list) or len(hashes) > _HASHES:
        raise RejectionError("an inclusion proof is too long")
    checkpoint = _text(_object(fields.get("checkpoint") or {"envelope": ""}), "envelope")
    if len(checkpoint) > limits.CHECKPOINT_CHARACTERS:
        raise RejectionError(f"a checkpoint is longer than {limits.CHECKPOINT_CHARACTERS} characters")
    return InclusionProof(
        _number(fields, "logIndex"),
        _number(fields, "treeSize"),
        _bytes(fields, "rootHash"),
        tuple(_decoded(one) for one in hashes),
        checkpoint,
    )


_HASHES: Final = 64
"""A path in a tree of 2^64 leaves."""


def _one_of(fields: Mapping[str, Any], names: frozenset[str]) -> str:
    given = sorted(name for name in names if fields.get(name) is not None)
    if len(given) != 1:
        raise RejectionError(f"it has {' and '.join(given) or 'none'} of {', '.join(sorted(names))}; it must have one")
    return given[0]


def _spelled(value: object) -> object:
    """A value with its names as protobuf's JSON has them, not as its definitions do."""
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    if not isinstance(value, dict):
        return value
    fields = {_WORD.sub(lambda found: found[1].upper(), name): _spelled(inner) for name, inner in value.items()}
    if len(fields) != len(value):
        raise RejectionError("a name stands twice in it, in two spellings")
    return fields


_WORD: Final = re.compile("_([a-z0-9])")


def _only(fields: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(fields.keys() - known)
    if unknown:
        raise RejectionError(f"{shown(unknown[0])} is not known")


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _list(fields: Mapping[str, Any], name: str, most: int, read_one: Callable[[Mapping[str, Any]], T]) -> Sequence[T]:
    values = fields.get(name) or []
    if not isinstance(values, list):
        raise TypeError(name)
    if len(values) > most:
        raise RejectionError(f"{name} has {len(values)} members, more than {most}")
    return tuple(read_one(_object(value)) for value in values)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _bytes(fields: Mapping[str, Any], name: str) -> bytes:
    return _decoded(fields[name])


def _decoded(value: object) -> bytes:
    if not isinstance(value, str) or not value:
        raise TypeError("no base64")
    return from_protobuf_base64(value)


def _number(fields: Mapping[str, Any], name: str) -> int:
    """A 64-bit number, in JSON a text as a rule; absent when it is zero."""
    value = fields.get(name)
    if value is None:
        return 0
    value = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(value, str) or not (value.isascii() and value.isdecimal()) or int(value) >= _LARGEST:
        raise TypeError(name)
    return int(value)
