"""What became of each policy, said once a round to whoever shows it: status objects, Events, metrics, the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gatekeeper.cluster.errors import ClusterError
from gatekeeper.resolution.kms_keys import KeyWarning


class PolicyState(StrEnum):
    """What a policy does now.

    `enforced`  its present text is in force in every Pod of Gatekeeper, and denies
    `warn`      the same, and only warns
    `shadow`    the same, and neither denies nor warns (`dryrun`), but perhaps in namespaces that are switched already
    `partial`   it is in force in some Pods only, or only some of its objects can be written
    `pending`   its present text is on the way; what was in force before is still
    `rejected`  its present text cannot be used; what was in force before is still
    `held`      its object is gone in a way that looks like a fault; what was in force is still
    """

    ENFORCED = "enforced"
    WARN = "warn"
    SHADOW = "shadow"
    PARTIAL = "partial"
    PENDING = "pending"
    REJECTED = "rejected"
    HELD = "held"


class StateReason(StrEnum):
    """Why a policy is in its state, one word; the message says the rest."""

    IN_FORCE = "InForce"
    # On the way.
    APPLYING = "Applying"
    KIND_AWAITED = "KindAwaited"
    PODS_AWAITED = "PodsAwaited"
    NO_PODS = "NoPods"
    GATEKEEPER_ABSENT = "GatekeeperAbsent"
    COMPILER_UNAVAILABLE = "CompilerUnavailable"
    CLUSTER_UNAVAILABLE = "ClusterUnavailable"
    # A fault of ours.
    INTERNAL = "Internal"
    # What the policy's author has to change.
    POLICY_INVALID = "PolicyInvalid"
    RULE_INVALID = "RuleInvalid"
    RULE_TOO_COSTLY = "RuleTooCostly"
    REFERENCE_INVALID = "ReferenceInvalid"
    REFUSED_BY_CLUSTER = "RefusedByCluster"
    REFUSED_BY_GATEKEEPER = "RefusedByGatekeeper"
    # What the administrator has to change.
    ACCESS_DENIED = "AccessDenied"
    FOREIGN_OBJECT = "ForeignObject"
    # Its object.
    BEING_DELETED = "BeingDeleted"
    POLICIES_GONE = "PoliciesGone"
    DEFINITION_GONE = "DefinitionGone"
    DEFINITION_TERMINATING = "DefinitionTerminating"


@dataclass(frozen=True)
class PolicyConstraint:
    """A Constraint that was generated.

    Attributes:
        kind: of its template.
        name: its own.
        action: `deny`, `warn` or `dryrun`.
    """

    kind: str
    name: str
    action: str


@dataclass(frozen=True)
class PodCount:
    """Pods of Gatekeeper, webhook and audit.

    Attributes:
        enforced: in which what is generated of the policy is in force, as it is in the cluster.
        total: that are ready.
    """

    enforced: int = 0
    total: int = 0

    @property
    def everywhere(self) -> bool:
        """Whether it is in force in every one of them; not where there is none."""
        return 0 < self.total <= self.enforced


@dataclass(frozen=True)
class KeyReading:
    """A key in a key management service, and when it was last read.

    Attributes:
        name: as the policy writes it: `hashivault://release`.
        read_at: when the last good one was read, seconds since 1970; 0 where there was none since the controller began.
        error: why it could not be read again; empty where it could.
        gone: whether the service itself says that there is no such key.
    """

    name: str
    read_at: float = 0.0
    error: str = ""
    gone: bool = False


@dataclass(frozen=True)
class PolicyReport:
    """What became of one ClusterImagePolicy.

    Attributes:
        name: its name.
        uid: of its object; of a policy that is held that of the object that is gone.
        generation: of its object that was looked at; 0 of one that is gone.
        state: what it does now.
        reason: why.
        message: the same for people, one sentence.
        constraints: that are in the cluster for it, whatever text of the policy they are of.
        pods: in how many these are in force.
        generation_in_force: of the policy, that the Constraints in the cluster were made of; 0 where there is none.
        images: the globs of the images that these are about.
        warnings: what somebody should know of its present text although it can be used.
        keys: the keys in services that its present text names.
    """

    name: str
    uid: str
    generation: int
    state: PolicyState
    reason: StateReason
    message: str
    constraints: tuple[PolicyConstraint, ...] = ()
    pods: PodCount = PodCount()
    generation_in_force: int = 0
    images: tuple[str, ...] = ()
    warnings: tuple[KeyWarning, ...] = ()
    keys: tuple[KeyReading, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether some text of it is in force in every Pod."""
        return bool(self.constraints) and self.pods.everywhere


@dataclass(frozen=True)
class RoundReport:
    """What one round of reconciling found and did.

    Attributes:
        known: whether the cluster's policies are known; if not, `policies` is empty and says nothing: whoever shows
            policies shows what was before, and the faults.
        policies: each policy that has an object, or is in force without one, by name.
        removed: names of the policies that ended in this round: nothing of them is in the cluster any more.
        repaired: objects that somebody had changed or deleted and that are as they should be again, `KIND NAME`.
        faults: what the API server refused or did not answer, each call once.
    """

    known: bool
    policies: Sequence[PolicyReport] = ()
    removed: Sequence[str] = ()
    repaired: Sequence[str] = ()
    faults: Sequence[ClusterError] = ()


class PolicyReports(Protocol):
    """Takes what each round found; it is called by one thread, with all policies each time, and must not raise."""

    def take(self, found: RoundReport) -> None:
        """A round is over."""


class SeveralReports:
    """Implements `PolicyReports`: each of several takes what was found.

    Args:
        reports: in this order.
    """

    def __init__(self, reports: Sequence[PolicyReports]) -> None:
        self._reports = reports

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        for each in self._reports:
            each.take(found)
