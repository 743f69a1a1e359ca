"""What a policy does now, and why: pure, from what a round found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.cluster.errors import AccessDeniedError, ClusterError, ObjectAbsentError, ObjectInvalidError
from gatekeeper.reconciliation import plan
from gatekeeper.reconciliation.desired import DesiredPolicy
from gatekeeper.reconciliation.present import PolicyObject, PresentObject
from gatekeeper.reconciliation.report import PodCount, PolicyConstraint, PolicyReport, PolicyState, StateReason
from gatekeeper.reconciliation.shadow import DRYRUN, enforce_labels
from gatekeeper.reconciliation.translator import Refusal
from gatekeeper.reconciliation.view import ClusterView, pods_enforcing

# Reasons of a refusal that is nobody's fault and may be over in a moment.
_PASSING: Final = frozenset({StateReason.APPLYING, StateReason.COMPILER_UNAVAILABLE, StateReason.CLUSTER_UNAVAILABLE})
_HELD: Final = {
    StateReason.POLICIES_GONE: "all policies vanished at once, which looks like a fault",
    StateReason.DEFINITION_GONE: "the cluster has no ClusterImagePolicies any more: their definition is gone",
    StateReason.DEFINITION_TERMINATING: "the definition of ClusterImagePolicies is being deleted, and they with it",
    StateReason.ACCESS_DENIED: "its object is gone, and whether that is meant cannot be known: the controller may not "
    "read the definition of ClusterImagePolicies",
    StateReason.CLUSTER_UNAVAILABLE: "its object is gone, and whether that is meant cannot be known yet",
}
_ACCEPT: Final = "`bestbefore policies --accept-removal` ends it"


@dataclass(frozen=True)
class Circumstances:
    """What a round found about one policy.

    Attributes:
        target: what should be in the cluster: its present text, or the last good one; None where there is none.
        refusal: why its present text is not the target; None where it is.
        foreign: the object of somebody else that is in the way; empty where there is none.
        error: what became of our last write for it, or why nobody knows in which Pods it is; None where all went well.
        overdue: whether its Pods have had more than enough time.
    """

    target: DesiredPolicy | None
    refusal: Refusal | None = None
    foreign: str = ""
    error: ClusterError | None = None
    overdue: bool = False


@dataclass(frozen=True)
class _Verdict:
    state: PolicyState
    reason: StateReason
    message: str


def report(view: ClusterView, policy: PolicyObject, found: Circumstances) -> PolicyReport:
    """What a policy with an object does."""
    objects = _objects(view, policy.name, policy.uid)
    count = PodCount(pods_enforcing(objects, view.pods), len(view.pods))
    generation = min((each.policy_generation for each in objects if each.action), default=0)
    verdict = _verdict(view, found, objects, count)
    message = verdict.message
    if verdict.state in {PolicyState.REJECTED, PolicyState.PENDING} and verdict.reason is not StateReason.IN_FORCE:
        message = f"{message}; {_meanwhile(objects, count, generation)}"
    if policy.terminating:
        verdict, message = _terminating(verdict, message)
    return _report(policy.name, policy.uid, policy.generation, verdict, message, objects, count, generation)


def unread(policy: PolicyObject, error: ClusterError) -> PolicyReport:
    """What can be said of a policy while nobody can see what is in force of it: no ConstraintTemplate can be read."""
    if isinstance(error, ObjectAbsentError):
        words = "the cluster has no ConstraintTemplates: Gatekeeper is not installed"
        reason = StateReason.GATEKEEPER_ABSENT
    else:
        words = f"what is in force of it cannot be seen: {error.message}"
        denied = isinstance(error, AccessDeniedError)
        reason = StateReason.ACCESS_DENIED if denied else StateReason.CLUSTER_UNAVAILABLE
    return PolicyReport(policy.name, policy.uid, policy.generation, PolicyState.PENDING, reason, words)


def held(view: ClusterView, name: str, uid: str, reason: StateReason) -> PolicyReport:
    """What a policy does whose object is gone in a way that looks like a fault."""
    objects = _objects(view, name, uid)
    count = PodCount(pods_enforcing(objects, view.pods), len(view.pods))
    generation = min((each.policy_generation for each in objects if each.action), default=0)
    message = f"{_HELD[reason]}; {_meanwhile(objects, count, generation)} until {_ACCEPT}"
    return _report(name, uid, 0, _Verdict(PolicyState.HELD, reason, ""), message, objects, count, generation)


def _report(  # noqa: PLR0913, PLR0917 - the parts of one report
    name: str,
    uid: str,
    policy_generation: int,
    verdict: _Verdict,
    message: str,
    objects: Sequence[PresentObject],
    count: PodCount,
    generation: int,
) -> PolicyReport:
    constraints = [each for each in objects if each.action]
    images = (
        str(image.get("glob", ""))
        for each in constraints[:1]
        for image in each.covered.get("images") or ()
        if isinstance(image, dict)
    )
    return PolicyReport(
        name,
        uid,
        policy_generation,
        verdict.state,
        verdict.reason,
        message,
        tuple(PolicyConstraint(each.kind, each.name, each.action) for each in constraints),
        count,
        generation,
        tuple(images),
    )


def _verdict(view: ClusterView, found: Circumstances, objects: Sequence[PresentObject], count: PodCount) -> _Verdict:
    if found.refusal is not None:
        passing = found.refusal.reason in _PASSING
        state = PolicyState.PENDING if passing else PolicyState.REJECTED
        return _Verdict(state, found.refusal.reason, found.refusal.message)
    if found.foreign:
        return _Verdict(PolicyState.REJECTED, StateReason.FOREIGN_OBJECT, found.foreign)
    if found.error is not None:
        return _after(found.error, objects)
    there = plan.present(view, found.target) if found.target is not None else None
    if found.target is None or there is None:
        return _on_the_way(view, found.target)
    return _in_pods(view, found.target, there, count, overdue=found.overdue)


def _on_the_way(view: ClusterView, target: DesiredPolicy | None) -> _Verdict:
    kind = target.template.kind if target is not None else ""
    template = view.template(kind)
    if template is not None and view.constraints.get(kind) is None:
        said = "; ".join(template.errors(view.pods))
        words = f"Gatekeeper has not made the kind {kind} of its template yet" + (f": {said}" if said else "")
        return _Verdict(PolicyState.PENDING, StateReason.KIND_AWAITED, words)
    return _Verdict(PolicyState.PENDING, StateReason.APPLYING, "its template and Constraint are being written")


def _in_pods(
    view: ClusterView, target: DesiredPolicy, there: Sequence[PresentObject], count: PodCount, *, overdue: bool
) -> _Verdict:
    if count.total == 0:
        return _Verdict(PolicyState.PENDING, StateReason.NO_PODS, "no Pod of Gatekeeper is ready, so nobody judges")
    if pods_enforcing(there, view.pods) < count.total:
        return _in_some_pods(view, there, overdue=overdue)
    return _in_force(target, count)


def _in_some_pods(view: ClusterView, there: Sequence[PresentObject], *, overdue: bool) -> _Verdict:
    enforced = pods_enforcing(there, view.pods)
    errors = [error for each in there for error in each.errors(view.pods)]
    words = f"it is in force in {enforced} of {len(view.pods)} Pods of Gatekeeper"
    if errors:
        words = f"{words}: {'; '.join(errors)}"
    state = PolicyState.PARTIAL if errors or overdue else PolicyState.PENDING
    return _Verdict(state, StateReason.PODS_AWAITED, words)


def _after(error: ClusterError, objects: Sequence[PresentObject]) -> _Verdict:
    if isinstance(error, ObjectInvalidError):
        return _Verdict(PolicyState.REJECTED, StateReason.REFUSED_BY_CLUSTER, error.message)
    if isinstance(error, AccessDeniedError):
        state = PolicyState.PARTIAL if objects else PolicyState.PENDING
        return _Verdict(state, StateReason.ACCESS_DENIED, error.message)
    return _Verdict(PolicyState.PENDING, StateReason.CLUSTER_UNAVAILABLE, error.message)


def _in_force(target: DesiredPolicy, count: PodCount) -> _Verdict:
    actions = {str(each.body["spec"]["enforcementAction"]) for each in target.constraints}
    words = f"in force in {'the one Pod' if count.total == 1 else f'all {count.total} Pods'} of Gatekeeper"
    if DRYRUN in actions:
        labels = ", ".join(sorted(set(enforce_labels([each.body for each in target.constraints]))))
        but = f", except in namespaces with the label {labels}" if labels else ""
        return _Verdict(PolicyState.SHADOW, StateReason.IN_FORCE, f"{words}; it neither denies nor warns{but}")
    if "deny" in actions:
        return _Verdict(PolicyState.ENFORCED, StateReason.IN_FORCE, words)
    return _Verdict(PolicyState.WARN, StateReason.IN_FORCE, f"{words}; it only warns")


def _terminating(verdict: _Verdict, message: str) -> tuple[_Verdict, str]:
    words = f"{message}; its object is being deleted and a finalizer holds it, so the policy stays until it is gone"
    if verdict.reason is not StateReason.IN_FORCE:
        return verdict, words
    return _Verdict(verdict.state, StateReason.BEING_DELETED, ""), words


def _meanwhile(objects: Sequence[PresentObject], count: PodCount, generation: int) -> str:
    if not any(each.action for each in objects):
        return "nothing of it is in force"
    which = f"generation {generation}" if generation else "what was in force before"
    where = "" if count.everywhere else f", in {count.enforced} of {count.total} Pods of Gatekeeper"
    return f"{which} stays in force{where}"


def _objects(view: ClusterView, name: str, uid: str) -> list[PresentObject]:
    """What is there for a policy: its Constraints, and the templates of their kinds."""
    constraints = view.constraints_of(name, uid)
    templates = (view.template(kind) for kind in sorted({each.kind for each in constraints}))
    return [*(each for each in templates if each is not None), *constraints]
