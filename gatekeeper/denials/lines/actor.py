"""Who asked for what was denied, in one of five words."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from gatekeeper.denials.lines.violation import AdmissionViolation, NoVerdict

_ACCOUNT: Final = "system:serviceaccount:"
_NODE: Final = "system:node:"
_SYSTEM: Final = frozenset({"system:kube-controller-manager", "system:kube-scheduler"})
# The same as in `gatekeeper/rego/controllers.rego`, so that foreign templates' denials have the word that ours have.
_CONTROLLERS: Final = frozenset(
    f"{_ACCOUNT}kube-system:{name}"
    for name in (
        "attachdetach-controller",
        "cronjob-controller",
        "daemon-set-controller",
        "deployment-controller",
        "device-taint-eviction-controller",
        "disruption-controller",
        "ephemeral-volume-controller",
        "generic-garbage-collector",
        "horizontal-pod-autoscaler",
        "job-controller",
        "namespace-controller",
        "node-controller",
        "node-lifecycle-controller",
        "pod-garbage-collector",
        "replicaset-controller",
        "replication-controller",
        "resource-claim-controller",
        "statefulset-controller",
        "taint-eviction-controller",
        "ttl-after-finished-controller",
    )
)


class Actor(StrEnum):
    """Who asked."""

    PERSON = "person"
    GITOPS = "gitops"
    SERVICEACCOUNT = "serviceaccount"
    CONTROLLER = "controller"
    UNKNOWN = "unknown"


def of(denial: AdmissionViolation | NoVerdict, gitops: Collection[str]) -> Actor:
    """Who asked: an account that the administrator named, else what the template says, else by the user's name.

    Args:
        denial: what was denied.
        gitops: users' names of tools that apply what lies in Git.
    """
    if denial.username in gitops:
        return Actor.GITOPS
    said = denial.actor if isinstance(denial, AdmissionViolation) else ""
    if said in (Actor.PERSON, Actor.SERVICEACCOUNT, Actor.CONTROLLER):
        return Actor(said)
    return _named(denial.username)


def _named(username: str) -> Actor:
    if username in ("", "system:anonymous"):
        return Actor.UNKNOWN
    if username in _SYSTEM or username in _CONTROLLERS or username.startswith(_NODE):
        return Actor.CONTROLLER
    return Actor.SERVICEACCOUNT if username.startswith(_ACCOUNT) else Actor.PERSON
