"""The PolicyStatus object of a policy: what a round found, as `kubectl`, Argo CD and people read it.

`Ready`     its present text is in force in every Pod of Gatekeeper; `Unknown` while it is on the way
`Enforced`  some text of it is in force in every Pod, the present one or an earlier one
`Degraded`  something has to be done: its text cannot be used, it is in force in some Pods only, or its object is gone
`Warned`    only where it is so: its present text can be used, and somebody should know something of a key that it names

The reason of a condition is a `StateReason`, of `Warned` a `KeyWarningReason`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.resource import POLICY_STATUSES
from gatekeeper.documents import fields
from gatekeeper.reconciliation import limits
from gatekeeper.reconciliation.report import PolicyReport, PolicyState, StateReason
from provider.foreign_text import shown

READY: Final = "Ready"
ENFORCED: Final = "Enforced"
DEGRADED: Final = "Degraded"
WARNED: Final = "Warned"
IN_FORCE_STATES: Final = frozenset({PolicyState.ENFORCED, PolicyState.WARN, PolicyState.SHADOW})
_DEGRADED: Final = frozenset({PolicyState.REJECTED, PolicyState.PARTIAL, PolicyState.HELD})
# Fields that say when, not what.
_TIMES: Final = frozenset({"lastChange", "conditions"})


@dataclass(frozen=True)
class PolicyStatus:
    """What a PolicyStatus says.

    Attributes:
        name: of the policy.
        uid: of its object.
        generation: of its object that was looked at.
        state: a `PolicyState`, or what a newer version writes; empty where nothing is said yet.
        reason: of the condition `Ready`.
        message: the same for people.
        actions: of its Constraints.
        enforced: in how many Pods of Gatekeeper it is in force.
        pods: how many Pods of Gatekeeper there are.
        changed: when that was last different, RFC 3339; empty where nothing is said yet.
        images: globs of the images that it is about.
    """

    name: str
    uid: str
    generation: int
    state: str
    reason: str
    message: str
    actions: tuple[str, ...]
    enforced: int
    pods: int
    changed: str
    images: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether it is in force without an object, until a person says that it may end."""
        return self.state == PolicyState.HELD


def new_object(name: str) -> Object:
    """A PolicyStatus that says nothing yet."""
    return {
        "apiVersion": POLICY_STATUSES.api_version,
        "kind": POLICY_STATUSES.kind,
        "metadata": {"name": name},
    }


def status_of(report: PolicyReport, before: Mapping[str, Any], now: str) -> Mapping[str, Any]:
    """The field `status` of a policy's PolicyStatus.

    Args:
        report: what the policy does.
        before: what the field was; equal to the answer where nothing is different.
        now: RFC 3339.
    """
    said = {
        "policyUID": report.uid,
        # Not `observedGeneration`: Flux and others compare that with the generation of the object that it stands in.
        "policyGeneration": report.generation,
        "state": report.state.value,
        "constraints": [
            {"kind": each.kind, "name": each.name, "enforcementAction": each.action} for each in report.constraints
        ],
        "pods": {"enforced": report.pods.enforced, "total": report.pods.total},
        "images": list(report.images),
    }
    conditions = _conditions(report, _by_type(before), now)
    same = {name: value for name, value in before.items() if name not in _TIMES} == said
    if same and conditions == before.get("conditions"):
        return before
    return {**said, "conditions": conditions, "lastChange": now}


def read(found: Mapping[str, Any]) -> PolicyStatus:
    """What a PolicyStatus says; what it lacks, or has of another type, is empty."""
    status = fields.mapping(found, "status")
    ready = _by_type(status).get(READY, {})
    actions = (_text(each, "enforcementAction") for each in fields.rows(status, "constraints"))
    return PolicyStatus(
        name=_shown(fields.name(found)),
        uid=_text(status, "policyUID"),
        generation=fields.number(status, "policyGeneration"),
        state=_text(status, "state"),
        reason=_text(ready, "reason"),
        message=_text(ready, "message"),
        actions=tuple(sorted({each for each in actions if each})),
        enforced=fields.number(status, "pods", "enforced"),
        pods=fields.number(status, "pods", "total"),
        changed=_text(status, "lastChange"),
        images=tuple(map(_shown, fields.texts(status, "images"))),
    )


def _conditions(report: PolicyReport, before: Mapping[str, Mapping[str, Any]], now: str) -> list[dict[str, Any]]:
    reason = report.reason.value
    ready = "True" if report.state in IN_FORCE_STATES else "Unknown" if report.state is PolicyState.PENDING else "False"
    found = {
        READY: (ready, reason, report.message),
        ENFORCED: (*(("True", StateReason.IN_FORCE.value) if report.in_force else ("False", reason)), report.message),
        DEGRADED: ("True" if report.state in _DEGRADED else "False", reason, report.message),
    }
    if report.warnings:
        found[WARNED] = ("True", report.warnings[0].reason.value, warning_text(report))
    return [_condition(report, each, found[each], before.get(each, {}), now) for each in found]


def warning_text(report: PolicyReport) -> str:
    """The warnings about a policy, one after the other."""
    return "; ".join(str(each.problem) for each in report.warnings)


def _condition(
    report: PolicyReport, name: str, said: tuple[str, str, str], before: Mapping[str, Any], now: str
) -> dict[str, Any]:
    status, reason, message = said
    since = str(before.get("lastTransitionTime", now)) if before.get("status") == status else now
    return {
        "type": name,
        "status": status,
        "reason": reason,
        "message": shown(message, limits.MESSAGE_CHARACTERS),
        "lastTransitionTime": since,
        "observedGeneration": report.generation,
    }


def _by_type(status: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {str(each.get("type", "")): each for each in fields.rows(status, "conditions")}


def _text(value: Mapping[str, Any], name: str) -> str:
    return _shown(fields.text(value, name))


def _shown(text: str) -> str:
    return shown(text, limits.MESSAGE_CHARACTERS)
