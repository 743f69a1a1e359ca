"""What is blocked: the owner of a denied Pod, or the object itself.

A Pod's name is made anew at each try, so denials are counted by what made it. Gatekeeper says the owner only through
our templates; of others' lines it is guessed from the name that the controller gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from gatekeeper.denials.lines.violation import AdmissionViolation, NoVerdict, ObjectName
from gatekeeper.documents import workloads

_ACCOUNT: Final = "system:serviceaccount:kube-system:"
# Kubernetes' alphabet for what it makes up, which has no vowels: five letters after a dash.
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_MADE_UP: Final = re.compile(rf"(.+)-[{_LETTERS}]{{5}}")
_NUMBERED: Final = re.compile(r"(.+)-\d{1,6}")
# A CronJob's Job: the minute for which it was due, since 1970. Of the years 2019 to 2046: people's names end in dates.
_SCHEDULED: Final = re.compile(r"(.+)-(?:2[6-9]|3\d)\d{6}")
# A Deployment's ReplicaSet: the hash of its pod template, a number of 32 bits whose digits become these letters.
_HASHED: Final = re.compile(r"(.+)-[bcdf4-9]{7,10}")
_MAKERS: Final = {
    f"{_ACCOUNT}{each.controller}": (each.kind, _NUMBERED if each.numbered else _MADE_UP)
    for each in workloads.KINDS
    if each.controller
}
_MAKERS_OF_MAKERS: Final = {"Job": ("CronJob", _SCHEDULED), "ReplicaSet": ("Deployment", _HASHED)}


@dataclass(frozen=True, slots=True)
class WorkloadName:
    """An object that makes Pods, or a Pod that nothing made.

    Attributes:
        namespace: where it lies.
        kind: `ReplicaSet`; as `workloads.kind_of` says it.
        name: its own.
    """

    namespace: str
    kind: str
    name: str

    def reference(self, uid: str = "") -> dict[str, str]:
        """It as a reference of Kubernetes; of a kind that we do not know there is no `apiVersion`.

        Args:
            uid: its own; empty where it is not known.
        """
        known = workloads.BY_KIND.get(self.kind)
        version = (f"{known.group}/v1" if known.group else "v1") if known else ""
        kind = self.kind.partition(".")[0]
        found = {"apiVersion": version, "kind": kind, "namespace": self.namespace, "name": self.name, "uid": uid}
        return {name: value for name, value in found.items() if value}


class Owners(Protocol):
    """Knows what made an object, from memory: it is asked for each denial."""

    def top(self, workload: WorkloadName) -> WorkloadName:
        """The object itself, or what made it and so is what people know: of a CronJob's Job the CronJob."""


class OwnersByName:
    """Knows Deployments and CronJobs by the names that their controllers give to what they make.

    `backup-29301240` is a Job of `backup`, `web-6d5f8c7b94` a ReplicaSet of `web`: two ReplicaSets of one Deployment
    are one workload, and no right to read them is needed. A ReplicaSet of another controller that makes names alike (an
    Argo Rollout) is taken for a Deployment's.
    """

    def top(self, workload: WorkloadName) -> WorkloadName:
        """See `Owners`."""
        maker, pattern = _MAKERS_OF_MAKERS.get(workload.kind, ("", None))
        found = pattern.fullmatch(workload.name) if pattern else None
        return WorkloadName(workload.namespace, maker, found.group(1)) if found else workload


def of(denial: AdmissionViolation | NoVerdict, owners: Owners) -> WorkloadName:
    """What cannot start because of a denial."""
    resource = denial.resource
    owner = denial.owner if isinstance(denial, AdmissionViolation) else None
    if owner:
        return owners.top(WorkloadName(resource.namespace, owner.kind, owner.name))
    return owners.top(_guess(resource, denial.username))


def _guess(resource: ObjectName, username: str) -> WorkloadName:
    """By who asked, else by the name alone: a name that is made up (`generateName`) is another one at each try."""
    if resource.kind != "Pod":
        return WorkloadName(resource.namespace, resource.kind, resource.name)
    kind, pattern = _MAKERS.get(username, ("", _MADE_UP))
    found = pattern.fullmatch(resource.name)
    name = found.group(1) if found else resource.name
    if not kind and found and _HASHED.fullmatch(name):
        kind = "ReplicaSet"
    return WorkloadName(resource.namespace, kind if found and kind else resource.kind, name)
