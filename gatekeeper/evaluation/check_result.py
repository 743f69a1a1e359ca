"""What a check says: of each object and policy, and of what was not judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.review import Review


@dataclass(frozen=True)
class Judgement:
    """What one policy says of one object.

    Attributes:
        policy: its name; empty for the one about images that no policy covers.
        review: the object.
        images: the object's images that the policy covers, as written; None where its template does not say.
        findings: what it has against them.
        reason: why it covers none; empty where its globs or its `spec.match` say so.
        notes: what was taken for granted.
    """

    policy: str
    review: Review
    images: frozenset[str] | None
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def covers(self) -> bool:
        """Whether the policy looks at anything of the object."""
        return self.images is None or bool(self.images) or bool(self.findings)

    def looks_at(self, image: str) -> bool:
        """Whether the policy covers an image of the object, as far as its template says."""
        return self.images is None or image in self.images


@dataclass(frozen=True)
class Omission:
    """Something that was given and not judged.

    Attributes:
        what: `object`, `image`, `policy` or `file`.
        name: which one.
        reason: why.
        review: the object, of objects and images.
        file: the file that it came from; empty where there is none.
    """

    what: str
    name: str
    reason: str
    review: Review | None = None
    file: str = ""


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    Attributes:
        judgements: what each policy says of each object.
        facts: by image as asked: the value, or `{"reason", "message"}`; and `signatures`, a list with the answer to
            each question about them: `{"proofs": …}`, or `{"reason", "message"}`.
        unjudged: what was given and not judged.
    """

    judgements: tuple[Judgement, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unjudged: tuple[Omission, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that a policy has against an object."""
        return tuple(finding for each in self.judgements for finding in each.findings)

    @property
    def errors(self) -> tuple[str, ...]:
        """What denies."""
        return tuple(each.violation.msg for each in self.findings if each.action == "deny")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What warns."""
        return tuple(each.violation.msg for each in self.findings if each.action == "warn")

    @property
    def reviews(self) -> tuple[Review, ...]:
        """The objects that were judged, each once."""
        return tuple({id(each.review): each.review for each in self.judgements}.values())

    @property
    def judged(self) -> bool:
        """Whether anything was judged at all."""
        return any(each.covers for each in self.judgements)

    @property
    def allowed(self) -> bool:
        """Whether the cluster would admit."""
        return not self.errors

    @property
    def undecided(self) -> str:
        """The reason why there is no verdict; empty where there is one.

        One denial that is about an image is a verdict, whatever else could not be found out.
        """
        denials = [each for each in self.findings if each.action == "deny"]
        return denials[0].unanswered if denials and all(each.undecided for each in denials) else ""
