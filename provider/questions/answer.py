"""What the provider says about an image: the value of an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from provider.questions.date_source import DateSource
from provider.reasons import Reason


@dataclass(frozen=True)
class PlatformFacts:
    """One runnable platform of an image.

    Attributes:
        digest: `sha256:…` of the platform's manifest.
        created: the text found; None when there is none or it is no string.
        created_ns: nanoseconds since 1970, None when `created` cannot be read as RFC 3339.
        created_from: where that text stands; the configuration where there is none.
        gone: whether the index names it and the registry does not have it; then it has no date of any kind.
    """

    digest: str
    created: str | None
    created_ns: int | None
    created_from: DateSource = DateSource.CONFIG
    gone: bool = False

    def to_json(self) -> dict[str, Any]:
        """The wire form; nanoseconds as a string, for JSON numbers lose precision above 2^53.

        Of one that is gone no date is written, not even null: a template that knows nothing of such takes that for no
        answer, and not for an image without a date.
        """
        if self.gone:
            return {"digest": self.digest, "gone": True}
        return {
            "digest": self.digest,
            "created": self.created,
            "createdNs": None if self.created_ns is None else str(self.created_ns),
            "createdFrom": self.created_from.value,
        }


class SignatureStatus(StrEnum):
    """What is known of an image's signatures, by the authorities of the settings."""

    VERIFIED = "verified"
    """One of them signed it."""
    UNVERIFIED = "unverified"
    """It has signatures; none is proved to be one of theirs."""
    ABSENT = "absent"
    """It has none."""
    UNCHECKED = "unchecked"
    """Nobody looked."""


@dataclass(frozen=True)
class Signature:
    """Who signed an image, of the authorities of the settings.

    Attributes:
        status: what is known.
        by: names of the authorities whose signature is proved.
    """

    status: SignatureStatus = SignatureStatus.UNCHECKED
    by: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        return {"status": self.status.value, "by": list(self.by)}


@dataclass(frozen=True)
class Facts:
    """The fact sheet of an image.

    Attributes:
        image: the normalised reference (`index.docker.io/library/alpine:3.20`).
        digest: `sha256:…` of what the reference points to: the index where there is one.
        reference: `repository@sha256:…`.
        created: of an index, that of the oldest runnable platform; None when any platform has no readable date.
        created_ns: the same in nanoseconds.
        platforms: runnable platforms by name (`linux/arm64/v8`); BuildKit attestation manifests are not platforms.
        config: the document that policy-controller puts in `input.config`; None when it was not asked for.
        observed_at: when the tag was last seen to point to this digest, RFC 3339 in UTC.
        created_from: where the date of that platform stands.
        signature: who signed it, where that was looked for.
        stale: whether its registry is away, and this is what was seen before.
    """

    image: str
    digest: str
    reference: str
    created: str | None
    created_ns: int | None
    platforms: Mapping[str, PlatformFacts] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    observed_at: str = ""
    created_from: DateSource = DateSource.CONFIG
    signature: Signature = Signature()
    stale: bool = False

    def to_json(self, ref: str) -> dict[str, Any]:
        """The wire form, with the short name of the key that asked."""
        value: dict[str, Any] = {
            "image": self.image,
            "digest": self.digest,
            "reference": self.reference,
            "created": self.created,
            "createdNs": None if self.created_ns is None else str(self.created_ns),
            "createdFrom": self.created_from.value,
            "platforms": {name: platform.to_json() for name, platform in self.platforms.items()},
            "signature": self.signature.to_json(),
            "observedAt": self.observed_at,
            "ref": ref,
        }
        if self.stale:
            value["stale"] = True
        if self.config is not None:
            value["config"] = self.config
        return value


class TimeSource(StrEnum):
    """Who says when a signature was there."""

    LOG = "log"
    TIMESTAMP = "timestamp"
    NONE = "none"
    """Nobody: the certificate was judged by the moment of the question."""


@dataclass(frozen=True)
class SigningTime:
    """A moment at which a signature was there.

    Attributes:
        source: who says so.
        at: RFC 3339 in UTC.
    """

    source: TimeSource
    at: str

    @property
    def proved(self) -> bool:
        """Whether somebody vouches for it."""
        return self.source is not TimeSource.NONE

    def to_json(self) -> dict[str, str]:
        """The wire form."""
        return {"source": self.source.value, "at": self.at}


@dataclass(frozen=True)
class AttestationContent:
    """What an attestation that was proved says.

    Attributes:
        digest: `sha256:…` of the layer that it lies in; of a bundle that of its envelope.
        predicate_type: of its statement.
        statement: what was asked for of it; None where it is of another type than was asked for.
        problem: why there is none though the type is right; of a predicate, in cosign's words.
        reason: of that problem, where it is not the predicate that is wrong.
    """

    digest: str
    predicate_type: str
    statement: Mapping[str, Any] | None = None
    problem: str = ""
    reason: Reason | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        value: dict[str, Any] = {"digest": self.digest, "predicateType": self.predicate_type}
        if self.statement is not None:
            value["statement"] = self.statement
        if self.problem:
            value["problem"] = self.problem
        if self.reason is not None:
            value["reason"] = self.reason.value
        return value


@dataclass(frozen=True)
class Proof:
    """A signature that was proved, of the image or of a statement about it.

    Attributes:
        id: hex SHA-256 over the signature's bytes followed by the certificate's PEM, as policy-controller has it.
        digest: `sha256:…` that was signed.
        format: `legacy` or `bundle`.
        subjects: every name of the certificate, in its order; none for a key.
        issuer: who authenticated them; empty for a key.
        github: fields of the certificate about a GitHub workflow, by the names that policy-controller gives them.
        times: of signing, each once: those that logs and timestamps prove, or the one moment of the question.
        attestation: the statement; None where the image itself is signed.
    """

    id: str
    digest: str
    format: str
    subjects: Sequence[str] = ()
    issuer: str = ""
    github: Mapping[str, str] = field(default_factory=dict)
    times: Sequence[SigningTime] = ()
    attestation: AttestationContent | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire form; what is empty is left out, as policy-controller does."""
        value: dict[str, Any] = {"id": self.id, "digest": self.digest, "format": self.format}
        value["times"] = [time.to_json() for time in self.times]
        value["subjects"] = list(self.subjects)
        if self.issuer:
            value["issuer"] = self.issuer
        if self.attestation is not None:
            value["attestation"] = self.attestation.to_json()
        return value | dict(self.github)


@dataclass(frozen=True)
class Proofs:
    """What was proved about who signed an image; at least one proof.

    Attributes:
        image: the normalised reference.
        digest: `sha256:…` of what the reference points to: the index where there is one. That is what must be signed.
        reference: `repository@sha256:…`.
        proofs: every signature that was proved.
        earliest: the earliest time that somebody proves of any of them, also of those that `proofs` has no room for;
            None where nobody proves one.
        passed_over: how many that are listed nobody looked at: they cannot be had or read, or are beyond a bound.
        observed_at: when tag and signatures were last seen, the earlier of the two; RFC 3339 in UTC.
        complete: whether every signature that was found could be had. The wire does not carry it.
        stale: whether a registry is away, and this is what was seen before.
    """

    image: str
    digest: str
    reference: str
    proofs: Sequence[Proof]
    observed_at: str = ""
    complete: bool = True
    stale: bool = False
    earliest: SigningTime | None = None
    passed_over: int = 0

    def to_json(self, ref: str) -> dict[str, Any]:
        """The wire form, with the short name of the key that asked."""
        value: dict[str, Any] = {
            "image": self.image,
            "digest": self.digest,
            "reference": self.reference,
            "proofs": [proof.to_json() for proof in self.proofs],
            "observedAt": self.observed_at,
            "ref": ref,
        }
        if self.earliest is not None:
            value["earliest"] = self.earliest.to_json()
        if self.passed_over:
            value["passedOver"] = self.passed_over
        if self.stale:
            value["stale"] = True
        return value


Answer: TypeAlias = Facts | Proofs
