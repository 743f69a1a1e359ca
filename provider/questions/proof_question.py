"""What a question about signatures asks: the member `verify` of a key.

One public key, or the authorities of one trust root; no identities and no policy, so that policies share answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from provider import limits
from provider.foreign_text import shown
from provider.questions import attestation_question
from provider.questions.attestation_question import AttestationWish
from provider.questions.reading import as_object, invalid, known_fields, unsupported

E = TypeVar("E", bound=StrEnum)
_FIELDS: Final = frozenset({"key", "keyless", "source", "format", "ctlog", "timestamp", "attestation"})
_DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}", re.ASCII)
_TAG_PREFIX: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,50}", re.ASCII)


class HashAlgorithm(StrEnum):
    """What a key's signatures hash with; Ed25519 keys have their own and ignore it."""

    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class Format(StrEnum):
    """Where signatures are looked for."""

    LEGACY = "legacy"
    """Simple signing, under the tag `sha256-HEX.sig`."""
    BUNDLE = "bundle"
    """Sigstore bundles, as referrers of the image."""
    ANY = "any"
    """Both: proofs of either kind."""


@dataclass(frozen=True)
class Key:
    """A public key.

    Attributes:
        data: PEM, as the policy has it.
        hash_algorithm: what its signatures hash with.
    """

    data: str
    hash_algorithm: HashAlgorithm = HashAlgorithm.SHA256


@dataclass(frozen=True)
class TrustRootName:
    """A trust root of the provider's settings.

    Attributes:
        name: empty for the public good instance.
        digest: `sha256:…` of its specification, so that a changed one is another question; empty for any.
    """

    name: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Keyless:
    """Certificates of a trust root's authorities.

    Attributes:
        trust_root: whose.
        ignore_sct: whether the certificate need not have been logged.
    """

    trust_root: TrustRootName
    ignore_sct: bool = False


@dataclass(frozen=True)
class SignatureSource:
    """Where signatures lie.

    Attributes:
        oci: `registry/repository`; empty for the image's own.
        tag_prefix: stands before `sha256-HEX.sig`.
        pull_secrets: names of Secrets in the Pod's namespace by which signatures are read, in place of its own.
    """

    oci: str = ""
    tag_prefix: str = ""
    pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogName:
    """A transparency log that must hold the signature.

    Attributes:
        url: of the log, as the policy has it. It is not asked: the log's word travels with the signature.
        trust_root: whose logs; the empty name is the public good instance.
    """

    url: str = ""
    trust_root: TrustRootName = TrustRootName()


@dataclass(frozen=True)
class Verify:
    """What has to be proved; exactly one of `key` and `keyless`.

    Attributes:
        key: signed by this key.
        keyless: signed by somebody whom an authority certified; by whom is for the policy to judge.
        source: where signatures lie.
        format: how they are stored.
        log: the transparency log asked for; None leaves it to the kind of proof.
        timestamp: whose timestamp authorities must have stamped it; None for no such demand.
        attestation: what attestations must say; None where signatures are meant.
    """

    key: Key | None = None
    keyless: Keyless | None = None
    source: SignatureSource = SignatureSource()
    format: Format = Format.LEGACY
    log: LogName | None = None
    timestamp: TrustRootName | None = None
    attestation: AttestationWish | None = None


def read(value: object) -> Verify:
    """Read the member.

    Raises:
        QuestionError: `KeyInvalid`; `QuestionUnsupported` for what this release does not know.
    """
    fields = as_object(value, "verify")
    known_fields(fields, _FIELDS, "`verify`")
    if ("key" in fields) == ("keyless" in fields):
        raise invalid("`verify` has not exactly one of `key` and `keyless`")
    timestamp = fields.get("timestamp")
    found = Verify(
        key=_key(as_object(fields["key"], "key")) if "key" in fields else None,
        keyless=_keyless(as_object(fields["keyless"], "keyless")) if "keyless" in fields else None,
        source=_source(as_object(fields["source"], "source")) if "source" in fields else SignatureSource(),
        format=_choice(fields, "format", Format.LEGACY),
        log=_log(as_object(fields["ctlog"], "ctlog")) if "ctlog" in fields else None,
        timestamp=_trust_root(as_object(timestamp, "timestamp"), "`timestamp`") if "timestamp" in fields else None,
        attestation=attestation_question.read(fields["attestation"]) if "attestation" in fields else None,
    )
    if found.attestation is not None and found.format is Format.ANY:
        raise unsupported("`attestation` in either format")
    return found


def _key(fields: Mapping[str, Any]) -> Key:
    known_fields(fields, {"data", "hashAlgorithm"}, "`key`")
    data = _text(fields, "data")
    if not data:
        raise invalid("`data` of `key` is empty")
    return Key(data, _choice(fields, "hashAlgorithm", HashAlgorithm.SHA256))


def _keyless(fields: Mapping[str, Any]) -> Keyless:
    ignore_sct = fields.get("insecureIgnoreSCT", False)
    if not isinstance(ignore_sct, bool):
        raise invalid("`insecureIgnoreSCT` is no boolean")
    rest = {name: value for name, value in fields.items() if name != "insecureIgnoreSCT"}
    return Keyless(_trust_root(rest, "`keyless`"), ignore_sct)


def _source(fields: Mapping[str, Any]) -> SignatureSource:
    known_fields(fields, {"oci", "tagPrefix", "pullSecrets"}, "`source`")
    pull_secrets = secret_names(fields.get("pullSecrets", []), "`pullSecrets` of `source`")
    source = SignatureSource(_text(fields, "oci"), _text(fields, "tagPrefix"), pull_secrets)
    if source.tag_prefix and not _TAG_PREFIX.fullmatch(source.tag_prefix):
        raise invalid("`tagPrefix` cannot begin a tag: 1 to 51 letters, digits, `_`, `-` and `.`")
    return source


def _log(fields: Mapping[str, Any]) -> LogName:
    rest = {name: value for name, value in fields.items() if name != "url"}
    return LogName(_text(fields, "url"), _trust_root(rest, "`ctlog`"))


def _trust_root(fields: Mapping[str, Any], where: str) -> TrustRootName:
    known_fields(fields, {"trustRoot", "trustRootDigest"}, where)
    name, digest = _text(fields, "trustRoot"), _text(fields, "trustRootDigest")
    if digest and not _DIGEST.fullmatch(digest):
        raise invalid(f"`trustRootDigest` of {where} is not sha256: and 64 hexadecimal digits")
    return TrustRootName(name, digest)


def write(verify: Verify) -> dict[str, Any]:
    """`verify` as a template writes it: what is as by default is left out, except the parts of key and keyless."""
    fields: dict[str, Any] = {}
    if verify.key:
        fields["key"] = {"data": verify.key.data, "hashAlgorithm": verify.key.hash_algorithm.value}
    if verify.keyless:
        root = verify.keyless.trust_root
        fields["keyless"] = {
            "trustRoot": root.name,
            "trustRootDigest": root.digest,
            "insecureIgnoreSCT": verify.keyless.ignore_sct,
        }
    if verify.source != SignatureSource():
        fields["source"] = _given(oci=verify.source.oci, tagPrefix=verify.source.tag_prefix)
        if verify.source.pull_secrets:
            fields["source"]["pullSecrets"] = list(verify.source.pull_secrets)
    if verify.format is not Format.LEGACY:
        fields["format"] = verify.format.value
    if verify.log:
        root = verify.log.trust_root
        fields["ctlog"] = _given(url=verify.log.url, trustRoot=root.name, trustRootDigest=root.digest)
    if verify.timestamp is not None:
        fields["timestamp"] = _given(trustRoot=verify.timestamp.name, trustRootDigest=verify.timestamp.digest)
    if verify.attestation is not None:
        fields["attestation"] = attestation_question.write(verify.attestation)
    return fields


def _given(**fields: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise invalid(f"`{name}` is no string")
    return value


def _choice(fields: Mapping[str, Any], name: str, default: E) -> E:
    """A member of an enumeration; one that we do not know may be a later version's."""
    text = fields.get(name, default.value)
    kind = type(default)
    if text not in [member.value for member in kind]:
        raise unsupported(f"{shown(str(text))!r} as `{name}`")
    return kind(text)


def secret_names(value: object, what: str) -> tuple[str, ...]:
    """A list of names of Secrets.

    Raises:
        QuestionError: `KeyInvalid`.
    """
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise invalid(f"{what} of the question is no list of names")
    if any(len(each) > limits.OBJECT_NAME_CHARACTERS for each in value):
        raise invalid(f"{what} of the question has a name of more than {limits.OBJECT_NAME_CHARACTERS} characters")
    return tuple(value)
