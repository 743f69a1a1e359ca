"""Namespaces: whether one opted in, whether Gatekeeper looks at those that did, and not at its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, info, warning
from gatekeeper.doctor.installed_policy import InstalledConstraint
from gatekeeper.doctor.matches import looking_at, opted_in
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged
from gatekeeper.doctor.several import some
from gatekeeper.doctor.webhook import VALIDATION, Webhook

Labels = Mapping[str, str]
_CHECKS: Final = (Check.NAMESPACES, Check.UNSEEN_NAMESPACES, Check.BOOTSTRAP)


def judge(
    namespaces: Reading[Mapping[str, Labels]],
    constraints: Reading[Sequence[InstalledConstraint]],
    webhooks: Reading[Sequence[Webhook]],
    left_out: Reading[Sequence[str]],
    own: Sequence[str],
) -> Iterator[DoctorFinding]:
    """The namespaces, beside the Constraints that look at them.

    Args:
        namespaces: all, with their labels.
        constraints: all Constraints.
        webhooks: the validating webhooks.
        left_out: names and patterns that Gatekeeper's Config leaves out.
        own: Gatekeeper's namespace and the provider's.
    """
    if isinstance(namespaces, ReadFailure):
        yield from (not_judged(check, namespaces) for check in _CHECKS)
        return
    if isinstance(constraints, ReadFailure):
        yield from (not_judged(check, constraints) for check in _CHECKS[1:])
    ours = [] if isinstance(constraints, ReadFailure) else [each for each in constraints if each.ours]
    covered = {name: found for name, found in looking_at(ours, namespaces) if found}
    asking = {name: labels for name, labels in namespaces.items() if opted_in(labels)}
    if not asking and not covered:
        message = "none has the label policy.sigstore.dev/include=true, and no policy looks at one"
        # Before there is a policy, nobody has to be judged by it.
        severity = warning if ours or isinstance(constraints, ReadFailure) else info
        yield severity(Check.NAMESPACES, "Namespaces", f"{message}: nothing is judged")
    # What a Constraint for everything covers may be exempt, as kube-system is; who opted in did not want that.
    yield from _unseen(asking, webhooks, left_out)
    yield from _bootstrap({name: covered[name] for name in own if name in covered}, namespaces, webhooks)


def _unseen(
    asking: Mapping[str, Labels], webhooks: Reading[Sequence[Webhook]], left_out: Reading[Sequence[str]]
) -> Iterator[DoctorFinding]:
    check = Check.UNSEEN_NAMESPACES
    yield from (not_judged(check, each) for each in (webhooks, left_out) if isinstance(each, ReadFailure))
    if not isinstance(webhooks, ReadFailure):
        for webhook in (each for each in webhooks if each.name == VALIDATION):
            hidden = [name for name, labels in asking.items() if not webhook.looks_into(name, labels)]
            if hidden:
                message = f"its policies are not looked at: the namespaceSelector of {webhook.name} leaves it out"
                yield error(check, f"Namespace {some(hidden)}", message)
    if not isinstance(left_out, ReadFailure):
        hidden = [name for name in asking if any(_fits(each, name) for each in left_out)]
        if hidden:
            message = "its policies are not looked at: spec.match of Gatekeeper's Config leaves it out"
            yield error(check, f"Namespace {some(hidden)}", message)


def _bootstrap(
    covered: Mapping[str, Sequence[InstalledConstraint]],
    namespaces: Mapping[str, Labels],
    webhooks: Reading[Sequence[Webhook]],
) -> Iterator[DoctorFinding]:
    if isinstance(webhooks, ReadFailure):
        if covered:
            yield not_judged(Check.BOOTSTRAP, webhooks)
        return
    judging = [each for each in webhooks if each.name == VALIDATION]
    for name, constraints in covered.items():
        denying = [each.title for each in constraints if each.action == "deny" and each.asks]
        if denying and any(each.looks_into(name, namespaces[name]) for each in judging):
            message = (
                f"{denying[0]} looks at its Pods and asks the provider, whose Pods, or Gatekeeper's, are here: after "
                "an outage they are not admitted again"
            )
            yield error(Check.BOOTSTRAP, f"Namespace {name}", message)


def _fits(pattern: str, name: str) -> bool:
    """As Gatekeeper's wildcards: a star at an end, or at both."""
    core = pattern.strip("*")
    if pattern.startswith("*") and pattern.endswith("*"):
        return core in name
    if pattern.startswith("*"):
        return name.endswith(core)
    return name.startswith(core) if pattern.endswith("*") else name == pattern
