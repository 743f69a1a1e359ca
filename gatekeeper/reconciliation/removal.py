"""Whether what is in force of policies that are gone may go: not where their end looks like a fault.

Policies vanish without anybody meaning it: the uninstallation of policy-controller's chart takes the definition of
their kind along and with it every one of them; a restore of etcd, or a wrong `kubectl delete -f`, does the same. What
is in force then stays, the alarm rings, and a person says whether it was meant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gatekeeper.reconciliation.limits import QUIET_SECONDS
from gatekeeper.reconciliation.report import StateReason


class Definition(StrEnum):
    """What is known of the definition of the kind ClusterImagePolicy."""

    THERE = "there"
    TERMINATING = "terminating"
    GONE = "gone"
    # We may not look.
    FORBIDDEN = "forbidden"
    # Nobody answers.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Ends:
    """Policies of which something is in force although they have no object.

    Attributes:
        gone: by uid when the object was first missed, monotonic seconds.
        living: how many policies have an object.
        definition: of their kind.
        lately: how many policies ended within the last minute, those that are removed already among them; what was gone
            before this process looked counts as if it had ended then.
        accepted: uids whose end a person accepted.
    """

    gone: Mapping[str, float]
    living: int
    definition: Definition
    lately: int = 1
    accepted: Collection[str] = ()


@dataclass(frozen=True)
class RemovalDecision:
    """What may go.

    Attributes:
        removed: uids whose objects go now.
        held: uids whose objects stay, with the reason.
        wait: seconds until the others are decided; None where there are no others.
    """

    removed: frozenset[str] = frozenset()
    held: Mapping[str, StateReason] = field(default_factory=dict)
    wait: float | None = None


# One policy that ends is somebody's wish; all of several at once look like a fault.
_SEVERAL: Final = 2
_DEFINITIONS: Final = {
    Definition.GONE: StateReason.DEFINITION_GONE,
    Definition.TERMINATING: StateReason.DEFINITION_TERMINATING,
    Definition.FORBIDDEN: StateReason.ACCESS_DENIED,
    Definition.UNKNOWN: StateReason.CLUSTER_UNAVAILABLE,
}
# Why a policy may be held.
HELD: Final = frozenset({StateReason.POLICIES_GONE, *_DEFINITIONS.values()})


def decide(ends: Ends, held: Mapping[str, StateReason], now: float) -> RemovalDecision:
    """What becomes of what policies left behind.

    Args:
        ends: see there.
        held: uids that are held already, with the reason: nothing but a person, or the policy's return, ends that.
        now: monotonic seconds.
    """
    accepted = frozenset(ends.gone) & frozenset(ends.accepted)
    open_ends = {uid: since for uid, since in ends.gone.items() if uid not in accepted}
    if reason := _DEFINITIONS.get(ends.definition):
        return RemovalDecision(accepted, dict.fromkeys(open_ends, reason))
    kept = {uid: held[uid] for uid in open_ends if uid in held}
    fresh = {uid: since for uid, since in open_ends.items() if uid not in kept}
    if not fresh:
        return RemovalDecision(accepted, kept)
    quiet_for = now - max(fresh.values())
    if quiet_for < QUIET_SECONDS:
        return RemovalDecision(accepted, kept, QUIET_SECONDS - quiet_for)
    if ends.living == 0 and ends.lately >= _SEVERAL:
        return RemovalDecision(accepted, kept | dict.fromkeys(fresh, StateReason.POLICIES_GONE))
    return RemovalDecision(accepted | frozenset(fresh), kept)
