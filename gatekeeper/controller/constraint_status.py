"""What audit found, from the status of one Constraint.

Audit lists at most so many violations of a Constraint (`--constraint-violations-limit`) and says how many there are. It
keeps a message, the first 256 bytes of it, and no details: the reason is read from our own sentence, which is made so
that it is among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gatekeeper.cluster.api import Object
from gatekeeper.denials.ledger.metrics import FOREIGN, UNKNOWN
from gatekeeper.denials.lines.violation import Action, known_reason
from gatekeeper.documents import fields

# `spec.containers[0].image shop/web:1.4 (built 31 days ago; ImageTooOld, ref 1c1e9f3f8a51).`, or `Reason: X.`
_REASON: Final = re.compile(
    r"\((?:[^()]*; )?([A-Z][A-Za-z]{1,40})(?:, ref [0-9a-f]{6,64})?\)|Reason: ([A-Z][A-Za-z]{1,40})\."
)
_ACTIONS: Final = tuple(Action)
# The Constraint for images that no policy covers; the others of a policy say the policy's name.
_COVERAGE_KIND: Final = "ClusterImagePolicyCoverage"


@dataclass(frozen=True)
class AuditViolation:
    """One violation of what is in the cluster, as its series has it.

    Attributes:
        policy: its name; of a foreign template that of the Constraint.
        constraint_kind: of the template.
        resource_namespace: of the object; empty where it lies in none.
        reason: of the closed list, or that it is none of it.
        enforcement_action: what a request like it would meet.
    """

    policy: str
    constraint_kind: str
    resource_namespace: str
    reason: str
    enforcement_action: str


@dataclass(frozen=True)
class ConstraintStatus:
    """A Constraint, as audit left it.

    Attributes:
        policy: whose it is.
        kind: of its template.
        action: what it does, the strongest.
        ours: whether the template is one of ours.
        violations: those that are listed.
        truncated: how many are not.
        audited: when, seconds since 1970; None where audit never looked.
    """

    policy: str
    kind: str
    action: str
    ours: bool
    violations: tuple[AuditViolation, ...]
    truncated: int
    audited: float | None


def read(constraint: Object, *, ours: bool) -> ConstraintStatus:
    """The status of a Constraint; what is not as it should be is left out."""
    status = fields.mapping(constraint, "status")
    kind, policy = str(constraint.get("kind", "")), policy_of(constraint, ours=ours)
    listed = tuple(_violations(status.get("violations"), policy, kind, ours=ours))
    total = status.get("totalViolations")
    return ConstraintStatus(
        policy=policy,
        kind=kind,
        action=_strongest(_actions(fields.mapping(constraint, "spec"))),
        ours=ours,
        violations=listed,
        truncated=max(0, total - len(listed)) if isinstance(total, int) else 0,
        audited=_seconds(status.get("auditTimestamp")),
    )


def is_ours(template: Object) -> bool:
    """Whether a ConstraintTemplate carries our library."""
    targets = fields.rows(template, "spec", "targets")
    return any("package lib.bestbefore." in text for target in targets for text in _libraries(target))


def _libraries(target: Mapping[str, Any]) -> Iterator[str]:
    sources = [target, *(fields.mapping(code, "source") for code in fields.rows(target, "code"))]
    for source in sources:
        yield from fields.texts(source, "libs")


def policy_of(constraint: Object, *, ours: bool) -> str:
    """As denials name it: of a ClusterImagePolicy its name, of a policy of our own its kind."""
    named = fields.text(constraint, "spec", "parameters", "name")
    own = str(constraint["metadata"].get("name", ""))
    if not ours or constraint.get("kind") == _COVERAGE_KIND:
        return own
    return named or str(constraint.get("kind", ""))


def _violations(listed: object, policy: str, kind: str, *, ours: bool) -> Iterator[AuditViolation]:
    for each in map(fields.mapping, _list(listed)):
        actions = [str(each.get("enforcementAction", "")), *map(str, _list(each.get("enforcementActions")))]
        namespace = str(each.get("namespace") or "")
        reason = _reason(str(each.get("message", ""))) if ours else FOREIGN
        yield AuditViolation(policy, kind, namespace, reason, _strongest(actions))


def _reason(message: str) -> str:
    found = (known_reason(first or second) for first, second in _REASON.findall(message))
    return next((str(reason) for reason in found if reason is not None), UNKNOWN)


def _actions(spec: Mapping[str, Any]) -> list[str]:
    scoped = [each.get("action") for each in fields.rows(spec, "scopedEnforcementActions")]
    return [str(spec.get("enforcementAction") or Action.DENY), *map(str, scoped)]


def _strongest(actions: list[str]) -> str:
    known = [action for action in _ACTIONS if action in actions]
    return str(known[0] if known else Action.UNRECOGNIZED)


def _seconds(text: object) -> float | None:
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
