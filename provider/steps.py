"""The steps of an answer: where each part of it came from, and what that took.

A question's `Call` carries a recorder where somebody wants to know: `bestbefore facts --steps`, and the log at level
debug. Without one nothing is made and nothing is measured. A step has no secret, only the name of a credential.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class StepTarget(StrEnum):
    """What was asked for. A HEAD of a document asks what a tag points to, or whether a credential may read it."""

    TOKEN = "token"  # noqa: S105 - the name of a target
    TAG = "tag"
    MANIFEST = "manifest"
    INDEX = "index"
    BLOB = "blob"
    REFERRERS = "referrers"
    TAGS = "tags"


class StepPurpose(StrEnum):
    """What it is to an answer."""

    IMAGE = "image"
    """What the reference points to."""
    PLATFORM = "platform"
    """A manifest that an index names."""
    CONFIGURATION = "configuration"
    SIGNATURE = "signature"
    """A signature, or what says where signatures are."""


class StepSource(StrEnum):
    """Where it came from."""

    REGISTRY = "registry"
    """The registry itself, its token service, or where it redirects to; `host` says which."""
    MIRROR = "mirror"
    MEMORY = "memory"
    """What this process remembers."""
    STORE = "store"
    """What replicas share."""
    FLIGHT = "flight"
    """Work of another caller, which was waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStep:
    """One step.

    Attributes:
        asked: for what.
        purpose: what that is to the answer.
        what: how messages name it, `manifest of reg.io/app:v1`.
        source: where it came from, or should have.
        host: `host[:port]` that was asked; empty where nobody was.
        method: `GET`, `HEAD`, `POST`; empty where nobody was asked.
        trip: which of the requests that follow each other on its way it was, from 1; 0 for none.
        bytes: of the body.
        ms: milliseconds, rounded to tenths: from the first byte sent to the last byte read, or of waiting for another
            caller's work.
        account: the name of the credential that was shown; `anonymous` for none, empty where nobody was asked.
        status: HTTP status; None without one.
        reason: code of what went wrong (`provider.reasons`); empty where there was an answer.
        remaining: requests that the registry says are left; None where it does not say.
    """

    asked: StepTarget
    purpose: StepPurpose
    what: str
    source: StepSource
    host: str = ""
    method: str = ""
    trip: int = 0
    bytes: int = 0
    ms: float = 0.0
    account: str = ""
    status: int | None = None
    reason: str = ""
    remaining: int | None = None

    def to_json(self) -> dict[str, str | float | None]:
        """As `facts --steps` and the log have it."""
        return {
            "asked": self.asked.value,
            "purpose": self.purpose.value,
            "what": self.what,
            "source": self.source.value,
            "host": self.host,
            "method": self.method,
            "trip": self.trip,
            "bytes": self.bytes,
            "ms": self.ms,
            "account": self.account,
            "status": self.status,
            "reason": self.reason,
            "remaining": self.remaining,
        }


class StepRecorder(Protocol):
    """Gets the steps of one answer, each when it is done; returns at once and never raises."""

    def record(self, step: AnswerStep) -> None:
        """One more step."""
        ...


def milliseconds(seconds: float) -> float:
    """As a step has them."""
    return round(seconds * 1000, 1)
