"""Makes an inventory of objects, one after the other: of each only what is needed stays.

builder = InventoryBuilder(taken=now, team_label="team")
builder.add_namespace(namespace)
builder.add(replica_set), builder.add(deployment)       # what makes Pods comes before the Pods
builder.add(pod)
inventory = builder.inventory()
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gatekeeper.cluster.pod import is_over
from gatekeeper.denials.ledger.workload import OwnersByName, WorkloadName
from gatekeeper.documents import fields, workloads
from gatekeeper.freshness.inventory import limits
from gatekeeper.freshness.inventory.inventory import ImageId, PodGroup, RunningWorkload, WorkloadInventory
from gatekeeper.freshness.inventory.pod_shape import PodShape, images_of
from provider.golang.rfc3339 import created_ns

_REVISION: Final = "deployment.kubernetes.io/revision"
_PARTITION: Final = ("updateStrategy", "rollingUpdate", "partition")
CONTROLLER_REVISION: Final = "ControllerRevision"
_STATUSES: Final = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}
_API_VERSIONS: Final = {each.kind: f"{each.group}/v1".lstrip("/") for each in workloads.KINDS}
# A CronJob that says how long to wait from one run to the next: `@every 1h`.
EVERY: Final = "@every "
_FINISHED: Final = frozenset({"Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"})


@dataclass(frozen=True, slots=True)
class _Owner:
    """An object that owns another, as the other says it."""

    name: WorkloadName
    api_version: str
    uid: str


@dataclass(slots=True)
class _WorkloadDraft:
    """A workload while it is being put together; with the revisions of it by their number."""

    workload: RunningWorkload
    groups: dict[tuple[Any, ...], PodGroup] = field(default_factory=dict)
    revisions: dict[int, tuple[str, PodShape]] = field(default_factory=dict)


class InventoryBuilder:
    """Takes objects, and keeps little of them.

    Args:
        taken: when they were read; nanoseconds since 1970.
        team_label: see `WorkloadInventory.team_label`.
    """

    def __init__(self, taken: int, team_label: str = "") -> None:
        self._taken = taken
        self._team_label = team_label
        self._namespaces: dict[str, dict[str, str]] = {}
        self._made: dict[WorkloadName, _WorkloadDraft] = {}
        self._owners: dict[WorkloadName, _Owner] = {}
        # What stands between Pods and what is shown.
        self._passed: set[WorkloadName] = set()
        self._pods = 0
        self._left_out: dict[str, int] = {}
        self.problems: list[str] = []
        self.gaps: list[str] = []

    def add_namespace(self, namespace: Mapping[str, Any]) -> None:
        """A namespace, for its labels."""
        labels = {sys.intern(name): sys.intern(each) for name, each in fields.labels(namespace).items()}
        self._namespaces[sys.intern(fields.name(namespace))] = labels

    def add(self, found: Mapping[str, Any]) -> None:
        """A workload, a revision of one, or a Pod; what makes Pods comes before the Pods."""
        kind = fields.text(found, "kind")
        if kind == "Pod":
            self._add_pod(found)
        elif kind == CONTROLLER_REVISION:
            self._add_revision(
                found, fields.number(found, "revision"), fields.mapping(found, "data", "spec", "template")
            )
        else:
            self._add_workload(found)

    def inventory(self) -> WorkloadInventory:
        """What was taken."""
        made = [_finished(each) for each in self._made.values() if self._is_shown(each)]
        said = [f"{count} {what} were left out: {most} are at most" for what, count, most in self._beyond()]
        return WorkloadInventory(
            self._taken,
            self._namespaces,
            sorted(made, key=lambda each: (each.name.namespace, each.name.kind, each.name.name)),
            self._team_label,
            tuple([*self.gaps, *self.problems, *said][: limits.PROBLEMS]),
            tuple(self.gaps),
        )

    def _beyond(self) -> Iterator[tuple[str, int, int]]:
        most = {"Pods": limits.PODS, "workloads": limits.WORKLOADS}
        for what, count in self._left_out.items():
            yield what, count, most.get(what, limits.TEMPLATE_BYTES)

    def _is_shown(self, made: _WorkloadDraft) -> bool:
        """Whether it is not a part of what owns it.

        The pod template of what an operator owns is read nowhere else: it is shown by itself where no Pod shows it, and
        always of a CronJob, which has Pods only now and then.
        """
        its = made.workload
        owner = self._owners.get(its.name)
        if owner is None or made.groups:
            return True
        if owner.name.kind in workloads.BY_KIND or its.finished:
            return False
        # Of what makes ReplicaSets those without Pods are of earlier revisions.
        is_earlier = its.name.kind == "ReplicaSet" and its.replicas == 0
        return its.name.kind == "CronJob" or not (is_earlier or its.name in self._passed)

    def _add_workload(self, found: Mapping[str, Any]) -> None:
        kind = workloads.kind_of(fields.text(found, "kind"), fields.text(found, "apiVersion"))
        known = workloads.BY_KIND.get(kind)
        if known is None:
            return
        name = _name(found, kind)
        template = fields.mapping(found, *known.pod_spec[:-1])
        shape = self._shape(name, PodShape.of_template(template))
        owner = _owner(found, name.namespace)
        if owner is not None:
            self._owners[name] = owner
            if kind == "ReplicaSet":
                number = fields.text(found, "metadata", "annotations", _REVISION)
                if shape is not None and number.isdecimal():
                    self._revision(owner, int(number), name.name, shape)
            if owner.name.kind in workloads.BY_KIND:
                return
        spec = fields.mapping(found, "spec")
        replicas = spec.get("replicas")
        made = self._workload(name, fields.text(found, "apiVersion"), fields.text(found, "metadata", "uid"))
        if made is None:
            return
        made.workload = replace(
            made.workload,
            shape=shape,
            replicas=replicas if isinstance(replicas, int) else None,
            schedule=fields.text(spec, "schedule"),
            time_zone=fields.text(spec, "timeZone"),
            ran=_ran(found) if kind == "CronJob" else None,
            suspended=spec.get("suspend") is True,
            finished=kind == "Job" and _is_finished(found),
            partitioned=known.numbered and fields.number(spec, *_PARTITION) > 0,
        )

    def _add_revision(self, found: Mapping[str, Any], number: int, template: Mapping[str, Any]) -> None:
        owner = _owner(found, fields.text(found, "metadata", "namespace"))
        name = _name(found, CONTROLLER_REVISION)
        # Others than Kubernetes keep in revisions what they like.
        is_template = bool(fields.rows(template, "spec", "containers"))
        shape = self._shape(name, PodShape.of_template(template)) if is_template else None
        if owner is not None and shape is not None:
            self._revision(owner, number, name.name, shape)

    def _revision(self, owner: _Owner, number: int, name: str, shape: PodShape) -> None:
        made = self._workload(owner.name, owner.api_version, owner.uid)
        if made is None:
            return
        made.revisions[number] = (name, shape)
        # The newest one is what is; before it stands what one goes back to.
        for old in sorted(made.revisions)[:-2]:
            del made.revisions[old]

    def _add_pod(self, pod: Mapping[str, Any]) -> None:
        if is_over(pod) or fields.text(pod, "metadata", "deletionTimestamp"):
            return
        if self._pods >= limits.PODS:
            self._count("Pods")
            return
        self._pods += 1
        name = _name(pod, "Pod")
        owner = _owner(pod, name.namespace)
        static = owner is not None and owner.name.kind == workloads.NODE
        top = self._top(owner) if owner is not None and not static else _Owner(name, "v1", _uid(pod))
        made = self._workload(top.name, top.api_version, top.uid)
        shape = self._shape(name, PodShape.of_pod(pod))
        if made is None or shape is None:
            return
        ids = tuple(_ids(pod))
        labels = frozenset(fields.labels(shape.value).items())
        maker = owner.name if owner is not None else WorkloadName("", "", "")
        images = tuple((each.list, each.name, each.text) for each in images_of(pod))
        key = (maker.kind, maker.name if top.name != name else "", images, ids, labels, shape.surroundings)
        known = made.groups.get(key)
        if known is None:
            made.groups[key] = PodGroup(sys.intern(maker.kind), maker.name, shape, ids)
        else:
            made.groups[key] = replace(known, count=known.count + 1)

    def _top(self, owner: _Owner) -> _Owner:
        """The end of the chain; where an owner was not read, by the names that controllers give."""
        seen: set[WorkloadName] = set()
        while owner.name in self._owners and owner.name not in seen:
            seen.add(owner.name)
            self._passed.add(owner.name)
            owner = self._owners[owner.name]
        if owner.name in self._made:
            return owner
        top = OwnersByName().top(owner.name)
        return owner if top == owner.name else _Owner(top, _API_VERSIONS.get(top.kind, ""), "")

    def _workload(self, name: WorkloadName, api_version: str, uid: str) -> _WorkloadDraft | None:
        if name not in self._made:
            if len(self._made) >= limits.WORKLOADS:
                self._count("workloads")
                return None
            self._made[name] = _WorkloadDraft(RunningWorkload(name, api_version, uid))
        made = self._made[name]
        if uid and not made.workload.uid:
            made.workload = replace(made.workload, uid=uid, api_version=api_version)
        return made

    def _shape(self, name: WorkloadName, shape: PodShape) -> PodShape | None:
        if len(shape.text) <= limits.TEMPLATE_BYTES:
            return shape
        if len(self.problems) < limits.PROBLEMS:
            what = f"{name.kind} {name.namespace}/{name.name}"
            self.problems.append(f"{what} is left out: its pod template is larger than {limits.TEMPLATE_BYTES} bytes")
        return None

    def _count(self, what: str) -> None:
        self._left_out[what] = self._left_out.get(what, 0) + 1


def _finished(made: _WorkloadDraft) -> RunningWorkload:
    numbers = sorted(made.revisions)
    newest, its = made.revisions[numbers[-1]] if numbers and made.workload.name.kind == "Deployment" else ("", None)
    name, shape = made.revisions[numbers[0]] if len(numbers) > 1 else ("", None)
    current = made.workload.shape
    if current is None and numbers:
        # A Deployment that may not be read, while its ReplicaSets may.
        current = made.revisions[numbers[-1]][1]
    held = its is not None and current is not None and not _has_images_of(its, current)
    return replace(
        made.workload,
        shape=current,
        previous=shape,
        revision=name if shape else "",
        pods=tuple(made.groups.values()),
        current="" if held else newest,
        held=held,
    )


def _has_images_of(revision: PodShape, current: PodShape) -> bool:
    return len(revision.images) == len(current.images) and revision.has_all_of(current)


def _name(found: Mapping[str, Any], kind: str) -> WorkloadName:
    metadata = fields.mapping(found, "metadata")
    namespace = sys.intern(fields.text(metadata, "namespace"))
    return WorkloadName(
        namespace, sys.intern(kind), fields.text(metadata, "name") or fields.text(metadata, "generateName")
    )


def _uid(found: Mapping[str, Any]) -> str:
    return fields.text(found, "metadata", "uid")


def _owner(found: Mapping[str, Any], namespace: str) -> _Owner | None:
    """The one that controls it; of several that do not say, the first."""
    owners = fields.rows(found, "metadata", "ownerReferences")
    one = next((each for each in owners if each.get("controller") is True), owners[0] if owners else None)
    if one is None:
        return None
    api_version = fields.text(one, "apiVersion")
    kind = workloads.kind_of(fields.text(one, "kind"), api_version)
    name = WorkloadName(namespace, sys.intern(kind), fields.text(one, "name"))
    return _Owner(name, sys.intern(api_version), fields.text(one, "uid"))


def _is_finished(job: Mapping[str, Any]) -> bool:
    conditions = fields.rows(job, "status", "conditions")
    return any(fields.text(each, "type") in _FINISHED and each.get("status") == "True" for each in conditions)


def _ran(cron_job: Mapping[str, Any]) -> int | None:
    """The moment from which the next run is counted, where a schedule says how long to wait and no time of day."""
    if not fields.text(cron_job, "spec", "schedule").startswith(EVERY):
        return None
    last = fields.text(cron_job, "status", "lastScheduleTime")
    return created_ns(last or fields.text(cron_job, "metadata", "creationTimestamp"))


def _ids(pod: Mapping[str, Any]) -> Iterator[ImageId]:
    """What the nodes say, sorted; volumes once each."""
    found: dict[tuple[str, str], str] = {}
    for name, statuses in _STATUSES.items():
        for status in fields.rows(pod, "status", statuses):
            container = fields.text(status, "name")
            found[name, container] = fields.text(status, "imageID")
            for mount in fields.rows(status, "volumeMounts"):
                if reference := fields.text(mount, "volumeStatus", "image", "imageRef"):
                    found.setdefault(("volumes", fields.text(mount, "name")), reference)
    for (where, name), each in sorted(found.items()):
        yield ImageId(where, sys.intern(name), sys.intern(each))
