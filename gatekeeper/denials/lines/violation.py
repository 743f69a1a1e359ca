"""What one deny line says: a violation, or that a template came to no verdict in time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provider.reasons import EXPLANATIONS, BlockCause, Reason


class Action(StrEnum):
    """What a Constraint does, the strongest first; `unrecognized` is Gatekeeper's word for what it does not know."""

    DENY = "deny"
    WARN = "warn"
    DRYRUN = "dryrun"
    UNRECOGNIZED = "unrecognized"


@dataclass(frozen=True, slots=True)
class ConstraintName:
    """A Constraint.

    Attributes:
        kind: of its template, `MaximumImageAge`.
        name: its own.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class ObjectName:
    """An object of the cluster.

    Attributes:
        group: empty for the core group.
        version: of the group.
        kind: `Pod`.
        namespace: empty where it lies in none.
        name: anew at each try where the API server makes it (`generateName`).
    """

    group: str
    version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The object that made another one.

    Attributes:
        kind: `ReplicaSet`.
        name: in the namespace of what it made.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """What the template knows of the request.

    Attributes:
        uid: of this one call of the webhook; empty of a Pod that Gatekeeper expanded from a workload.
        operation: `CREATE`, `UPDATE`.
        dry_run: None where Gatekeeper does not say, as of an expanded Pod.
        subresource: `ephemeralcontainers`; empty for none.
    """

    uid: str = ""
    operation: str = ""
    dry_run: bool | None = None
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """Who and where, as a template of somebody else's says it that has our ten lines for it.

    Attributes:
        actor: `person`, `serviceaccount`, `controller`, `unknown`; empty where it does not say.
        owner: of the object.
        request: which one.
    """

    actor: str = ""
    owner: Owner | None = None
    request: AdmissionRequest | None = None


@dataclass(frozen=True, slots=True)
class TemplateDetails:
    """What one of our templates says in `details`; everything but `reason` may be empty.

    Attributes:
        reason: from the closed list, or a newer version's.
        policy: its name.
        image: as the object has it.
        path: of the image in the object.
        said: the policy's own sentence.
        digest: of the image.
        created: when it was built, RFC 3339.
        ref: the short hash of the key.
        remedy: what to do.
        question: the key, so that facts can be asked again.
        generation: of the policy.
        actor: who, as far as the template knows: `person`, `serviceaccount`, `controller`, `unknown`.
        owner: of the object; of an expanded Pod the workload.
        request: None in templates of an older version.
        waiver: the name of the Waiver that let it pass; empty where none did.
    """

    reason: str
    policy: str = ""
    image: str = ""
    path: str = ""
    said: str = ""
    digest: str = ""
    created: str = ""
    ref: str = ""
    remedy: str = ""
    question: str = ""
    generation: int | None = None
    actor: str = ""
    owner: Owner | None = None
    request: AdmissionRequest | None = None
    waiver: str = ""


@dataclass(frozen=True, slots=True)
class AdmissionViolation:
    """What a template has against an object.

    Attributes:
        time: seconds since 1970, as Gatekeeper's clock has it.
        constraint: whose.
        actions: what follows, the strongest first.
        resource: the object of the request; for an expanded Pod the workload.
        username: who asked.
        message: what people see.
        judgement: what one of our templates says; None of a foreign template.
        exported: the request, where Gatekeeper itself says it: in its admission export. Its log does not.
        origin: who and where, of a foreign template that says it.
    """

    time: float
    constraint: ConstraintName
    actions: tuple[Action, ...]
    resource: ObjectName
    username: str
    message: str
    judgement: TemplateDetails | None = None
    exported: AdmissionRequest | None = None
    origin: RequestOrigin = RequestOrigin()

    @property
    def action(self) -> Action:
        """The strongest one."""
        return self.actions[0]

    @property
    def uid(self) -> str:
        """Of the request; empty where nobody says."""
        request = self.request
        return request.uid if request else ""

    @property
    def request(self) -> AdmissionRequest | None:
        """What is known of the request."""
        return self.exported or (self.judgement or self.origin).request

    @property
    def actor(self) -> str:
        """Who, as far as the template knows; empty where it does not say."""
        return (self.judgement or self.origin).actor

    @property
    def owner(self) -> Owner | None:
        """What made the object, None where the template does not say."""
        return (self.judgement or self.origin).owner

    @property
    def dry_run(self) -> bool:
        """Whether the request was surely one that changes nothing."""
        request = self.request
        return bool(request and request.dry_run)

    @property
    def policy(self) -> str:
        """Name of the policy; of a foreign template that of the Constraint."""
        return (self.judgement.policy if self.judgement else "") or self.constraint.name

    @property
    def image(self) -> str:
        """The image, empty of a foreign template."""
        return self.judgement.image if self.judgement else ""

    @property
    def cause(self) -> BlockCause:
        """What would hold up a workload that is denied for it."""
        reason = known_reason(self.judgement.reason) if self.judgement else None
        return EXPLANATIONS[reason].cause if reason else BlockCause.POLICY


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """A template came to no verdict in time: under failure policy Ignore the object was admitted, else refused.

    Attributes:
        time: seconds since 1970, as Gatekeeper's clock has it.
        constraint: of which there is no verdict.
        actions: what would have followed.
        resource: the object of the request.
        username: who asked.
        message: what Gatekeeper says.
    """

    time: float
    constraint: ConstraintName
    actions: tuple[Action, ...]
    resource: ObjectName
    username: str
    message: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A deny line that cannot be read.

    Attributes:
        problem: why, a sentence without any of the line's text.
    """

    problem: str


_REASONS = {str(reason): reason for reason in Reason}


def known_reason(text: str) -> Reason | None:
    """The reason of this name, None where a newer version has it or nobody."""
    return _REASONS.get(text)
