"""Gatekeeper's webhooks: whether they see what they should, close when they should, and wait long enough."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, error, info, warning
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.doctor.reading import ReadFailure, Reading, not_judged
from gatekeeper.doctor.several import some
from gatekeeper.doctor.webhook import LABEL_CHECK, VALIDATION, AdmissionOperation, Webhook
from gatekeeper.documents import workloads
from gatekeeper.documents.product import ADMISSION, MUTATION

NamespaceLabels = Mapping[str, Mapping[str, str]]
_VERBS: Final = ("CREATE", "UPDATE")
_EPHEMERAL: Final = AdmissionOperation("UPDATE", "", "pods/ephemeralcontainers")
# What policies judge: every kind that brings Pods, and containers that are added to a running one.
_JUDGED: Final = (
    *(AdmissionOperation(verb, each.group, each.resource) for each in workloads.KINDS for verb in _VERBS),
    _EPHEMERAL,
)
_POD_CREATED: Final = AdmissionOperation("CREATE", "", "pods")
_LEASE_RENEWED: Final = AdmissionOperation("UPDATE", "coordination.k8s.io", "leases")
_LEASE_NAMESPACE: Final = "kube-node-lease"
_LEASE_GROUP: Final = "coordination.k8s.io"
# The match conditions of gatekeeper-values.yaml: what `fingerprint` makes of their expressions.
KNOWN_CONDITIONS: Final = frozenset(
    {
        "6ddc9a956e64",  # is-not-of-the-control-plane
        "14e50ce69327",  # is-no-node-event-or-endpoint
        "fd833574b8a0",  # is-no-binding-and-no-eviction
        "96d23e295a77",  # is-no-volume-attachment
        "c095dd3672e6",  # is-no-pod-that-goes
        "960726621367",  # is-no-custom-resource-of-the-cluster
        "6f738956cb3c",  # is-not-the-api-server
    }
)
_REMEDY_LABEL: Final = "Set `validatingWebhookCheckIgnoreFailurePolicy: Fail` of Gatekeeper's chart."
_CHECKS: Final = (
    Check.VALIDATING_WEBHOOK,
    Check.WEBHOOK_FAILURE_POLICY,
    Check.WEBHOOK_TIMEOUT,
    Check.WEBHOOK_RULES,
    Check.WEBHOOK_SELECTORS,
    Check.WEBHOOK_CONDITIONS,
    Check.CONTROL_PLANE,
)


def validating(
    webhooks: Reading[Sequence[Webhook]],
    providers: Reading[Sequence[ProviderObject]],
    namespaces: Reading[NamespaceLabels],
) -> Iterator[DoctorFinding]:
    """The validating webhooks, beside the Providers whose answers they wait for, and the namespaces that they see."""
    if isinstance(webhooks, ReadFailure):
        yield from (not_judged(check, webhooks) for check in _CHECKS)
        return
    judging = [each for each in webhooks if each.name == VALIDATION]
    if not judging:
        yield error(
            Check.VALIDATING_WEBHOOK, "Gatekeeper", f"no ValidatingWebhookConfiguration has a webhook {VALIDATION}"
        )
    if len(judging) > 1:
        names = " and ".join(each.configuration for each in judging)
        yield warning(Check.VALIDATING_WEBHOOK, names, f"{VALIDATION} stands in both; it should stand in one")
    for each in judging:
        yield from _judging(each, providers)
        yield from control_plane(each, namespaces)
    yield from _label_check([each for each in webhooks if each.name == LABEL_CHECK], present=bool(judging))


def _judging(webhook: Webhook, providers: Reading[Sequence[ProviderObject]]) -> Iterator[DoctorFinding]:
    subject = webhook.configuration
    yield from _authority(Check.VALIDATING_WEBHOOK, webhook)
    if webhook.ignores:
        yield error(
            Check.WEBHOOK_FAILURE_POLICY,
            subject,
            f"failurePolicy of {webhook.name} is Ignore: what Gatekeeper does not answer in time is admitted "
            "unchecked; it should be Fail",
        )
    yield from _timeout(webhook, providers, ADMISSION)
    unseen = [str(each) for each in _JUDGED if not webhook.sees(each)]
    if unseen:
        yield error(Check.WEBHOOK_RULES, subject, f"no rule sees {some(unseen)}; these are admitted unchecked")
    if webhook.object_selector:
        message = "it has an objectSelector, so that labels of an object keep it from being judged; it should be empty"
        yield error(Check.WEBHOOK_SELECTORS, subject, message)
    yield from _conditions(webhook)


def _label_check(webhooks: Sequence[Webhook], *, present: bool) -> Iterator[DoctorFinding]:
    if present and not webhooks:
        yield warning(
            Check.WEBHOOK_FAILURE_POLICY,
            "Gatekeeper",
            f"there is no webhook {LABEL_CHECK}: whoever may label a namespace can take it out of Gatekeeper's sight",
            _REMEDY_LABEL,
        )
    for each in webhooks:
        if each.ignores:
            message = f"failurePolicy of {each.name} is Ignore; it should be Fail"
            yield warning(Check.WEBHOOK_FAILURE_POLICY, each.configuration, message, _REMEDY_LABEL)


def _authority(check: Check, webhook: Webhook) -> Iterator[DoctorFinding]:
    if not webhook.trusts:
        what = "everything is admitted unchecked" if webhook.ignores else "everything that it sees is refused"
        yield error(check, webhook.configuration, f"{webhook.name} has no caBundle: each call fails, and {what}")


def _timeout(webhook: Webhook, providers: Reading[Sequence[ProviderObject]], name: str) -> Iterator[DoctorFinding]:
    check = Check.WEBHOOK_TIMEOUT if name == ADMISSION else Check.MUTATING_WEBHOOK
    if isinstance(providers, ReadFailure):
        yield not_judged(check, providers)
        return
    seconds = max((each.seconds for each in providers if each.name == name), default=0)
    # At mutation there is one call and nothing after it, so that the same time is enough.
    if seconds > webhook.seconds or (seconds == webhook.seconds and name == ADMISSION):
        what = "admitted unchecked" if webhook.ignores else "refused without a reason"
        message = (
            f"timeoutSeconds of {webhook.name} is {webhook.seconds}, and Gatekeeper waits {seconds} s for the Provider "
            f"{name}; it should be more, or what a slow registry holds up is {what}"
        )
        yield (error if webhook.ignores and name == ADMISSION else warning)(check, webhook.configuration, message)


def _conditions(webhook: Webhook) -> Iterator[DoctorFinding]:
    for name, expression in webhook.conditions.items():
        if fingerprint(expression) not in KNOWN_CONDITIONS:
            message = f"not judged: the match condition {name!r} is not one of ours; what it is false for is admitted"
            yield info(Check.WEBHOOK_CONDITIONS, webhook.configuration, message)


def fingerprint(expression: str) -> str:
    """A condition's expression, wherever its lines break."""
    return hashlib.sha256(" ".join(expression.split()).encode()).hexdigest()[:12]


def control_plane(webhook: Webhook, namespaces: Reading[NamespaceLabels]) -> Iterator[DoctorFinding]:
    """Whether a webhook that refuses what it cannot judge keeps away from the Leases of nodes."""
    labels = {} if isinstance(namespaces, ReadFailure) else namespaces.get(_LEASE_NAMESPACE, {})
    spared = not webhook.looks_into(_LEASE_NAMESPACE, labels)
    named = any(_LEASE_GROUP in expression for expression in webhook.conditions.values())
    if not webhook.ignores and webhook.sees(_LEASE_RENEWED) and not spared and not named:
        yield error(
            Check.CONTROL_PLANE,
            webhook.configuration,
            f"{webhook.name} sees the Leases in {_LEASE_NAMESPACE}, and its failurePolicy is Fail: while Gatekeeper is "
            "away, nodes are taken for dead",
        )


def mutating(
    webhooks: Reading[Sequence[Webhook]],
    pins: Reading[bool],
    providers: Reading[Sequence[ProviderObject]],
    namespaces: Reading[NamespaceLabels],
) -> Iterator[DoctorFinding]:
    """The mutating webhook, where tags are pinned by it."""
    check = Check.MUTATING_WEBHOOK
    unread = next((each for each in (webhooks, pins) if isinstance(each, ReadFailure)), None)
    if unread is not None:
        yield not_judged(check, unread)
        return
    if isinstance(webhooks, ReadFailure) or not pins:
        return
    if not webhooks:
        yield error(check, "Gatekeeper", "tags should be pinned (Assign), but there is no mutating webhook to do it")
    for each in webhooks:
        yield from _authority(check, each)
        yield from _timeout(each, providers, MUTATION)
        if not each.sees(_POD_CREATED):
            yield error(check, each.configuration, "no rule sees CREATE pods: no tag is pinned")
        if not each.ignores:
            message = (
                "its failurePolicy is Fail: a tag that cannot be pinned refuses the Pod; Ignore lets policies judge"
            )
            yield warning(check, each.configuration, message)
        if not each.reinvoked:
            message = "its reinvocationPolicy is not IfNeeded: an image that another webhook sets is not pinned"
            yield info(check, each.configuration, message)
        yield from control_plane(each, namespaces)
