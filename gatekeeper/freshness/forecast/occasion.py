"""The reviews in which Gatekeeper would meet an image of a workload, one for each question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatekeeper.documents import workloads
from gatekeeper.freshness.forecast.actors import Actors
from gatekeeper.freshness.inventory.inventory import PodGroup, RunningWorkload
from gatekeeper.freshness.inventory.pod_shape import ContainerImage, PodShape
from gatekeeper.freshness.outlook import OutlookSubject, Question

_ACCOUNT: Final = "system:serviceaccount:kube-system:"
_PERSON: Final = {"username": "bestbefore-forecast", "groups": ["system:authenticated"]}
# What a built-in controller makes of what people apply, before it is a Pod.
_MADE_OF: Final = {"Deployment": "ReplicaSet", "CronJob": "Job"}
_STATUSES: Final = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}
_POD: Final = ("spec",)
_BY_KIND: Final = {
    "DaemonSet": "each new node schedules one",
    "Job": "while its backoffLimit lasts",
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """A review to foresee.

    Attributes:
        question: that it answers.
        workload: whose images they are.
        object: as the API server would hand it to Gatekeeper.
        operation: `CREATE`, or empty of Gatekeeper's audit.
        user: who asks; nobody of audit.
        subjects: the images by their field in the object.
        running: the digests of each that run, as far as nodes say them, by the same field.
        controller: who makes Pods of the object.
    """

    question: Question
    workload: RunningWorkload
    object: Mapping[str, Any]
    operation: str
    user: Mapping[str, Any]
    subjects: Mapping[str, OutlookSubject]
    running: Mapping[str, frozenset[str]] = field(default_factory=dict)
    controller: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Occasions:
    """Makes them.

    Attributes:
        actors: the service accounts of operators.
        team: whose a namespace is.
    """

    actors: Actors
    team: Callable[[str], str]

    def of(self, workload: RunningWorkload) -> Iterator[Occasion]:
        """All of a workload."""
        if not workload.finished:
            yield from self._applied(workload)
            yield from self._rescheduled(workload)
        yield from self._running(workload)
        yield from self._rolled_back(workload)

    def _applied(self, workload: RunningWorkload) -> Iterator[Occasion]:
        """What people apply; of a kind that policies do not see there is nothing to apply."""
        if workload.name.kind not in workloads.BY_KIND or _is_static(workload):
            return
        shape = workload.shape or (workload.pods[0].shape if workload.pods else None)
        if shape is None:
            return
        is_whole = workload.shape is not None or workload.name.kind == "Pod"
        note = "" if is_whole else "its own pod template was not read: judged by a Pod of it"
        yield self._of_template(Question.APPLY, workload, shape, note)

    def _rolled_back(self, workload: RunningWorkload) -> Iterator[Occasion]:
        """What `rollout undo` brings: an update that changes the pod template is judged as what is created, whole.

        Others have revisions, too (a CloneSet of Kruise): where their pod template stands is not known.
        """
        if workload.previous is not None and workload.name.kind in workloads.BY_KIND:
            note = f"the revision before: {workload.revision}"
            yield self._of_template(Question.ROLLBACK, workload, workload.previous, note)

    def _of_template(self, question: Question, workload: RunningWorkload, shape: PodShape, note: str) -> Occasion:
        fields = workloads.BY_KIND[workload.name.kind].pod_spec
        template = shape.value
        made = _metadata(workload)
        if fields == _POD:
            found: dict[str, Any] = {**template, "metadata": {**template.get("metadata", {}), **made}}
        else:
            inner: dict[str, Any] = template
            for name in reversed(fields[:-1]):
                inner = {name: inner}
            found = {"metadata": made, **inner}
        prefix = ".".join(fields[:-1])
        subjects = {
            _under(prefix, each.path): self._subject(workload, each, _under(prefix, each.path), note)
            for each in shape.images
        }
        kind = {"apiVersion": workload.api_version, "kind": workload.name.kind}
        running = {_under(prefix, each.path): _digests(workload, each) for each in shape.images}
        user = self._user(_MADE_OF.get(workload.name.kind, workload.name.kind), workload) or _PERSON
        return Occasion(question, workload, {**kind, **found}, "CREATE", _PERSON, subjects, running, user)

    def _rescheduled(self, workload: RunningWorkload) -> Iterator[Occasion]:
        """The next Pod that a controller makes: of a Job that is suspended, too, which queues resume by themselves."""
        if workload.name.kind == "Pod" or (workload.suspended and workload.name.kind == "CronJob"):
            return
        known = workloads.BY_KIND.get(workload.name.kind)
        if workload.shape is not None and known is not None:
            maker = _MADE_OF.get(workload.name.kind, workload.name.kind)
            yield self._pod(workload, workload.shape, maker, ".".join(known.pod_spec[:-1]))
            yield from self._of_earlier_revisions(workload)
            return
        for group in workload.pods:
            yield self._pod(workload, group.shape, group.maker, "")

    def _of_earlier_revisions(self, workload: RunningWorkload) -> Iterator[Occasion]:
        """While a rollout does not get on, or only so far, Pods of the revision before come again as they are."""
        seen = set()
        for group in workload.pods:
            key = group.maker_name, group.shape.images
            if _is_earlier(group, workload) and key not in seen:
                seen.add(key)
                its = f": {group.maker_name}" if group.maker_name != workload.name.name else ""
                note = f"of an earlier revision that still runs{its}"
                yield self._pod(workload, group.shape, group.maker, "", note)

    def _pod(self, workload: RunningWorkload, template: PodShape, maker: str, prefix: str, note: str = "") -> Occasion:
        notes = [note] if note else []
        notes += [_BY_KIND[workload.name.kind]] if workload.name.kind in _BY_KIND else []
        user = self._user(maker, workload)
        if user is None:
            notes.append(f"which account makes Pods of {maker} is not known, so it was judged as if a person did")
        elif not _built_in(maker):
            notes.append(f"judged as if {self.actors.of(maker, workload.api_version)} makes it")
        if workload.replicas == 0:
            notes.append("at next scale-up: nothing runs")
        if workload.suspended:
            notes.append("when it is resumed: nothing runs")
        shape, added = _with_injected(template, workload)
        subjects: dict[str, OutlookSubject] = {}
        for each in shape.images:
            if (each.list, each.name) in added:
                its = "; ".join([*notes, "it stands in no template: a webhook puts it into the Pod"])
                subjects[each.path] = self._subject(workload, each, each.path, its)
            else:
                subjects[each.path] = self._subject(workload, each, _under(prefix, each.path), "; ".join(notes))
        running = {each.path: _digests(workload, each) for each in shape.images}
        made = _pod_object(workload, shape)
        return Occasion(Question.RESCHEDULE, workload, made, "CREATE", user or _PERSON, subjects, running)

    def _user(self, maker: str, workload: RunningWorkload) -> Mapping[str, Any] | None:
        """Who makes Pods of a kind; None where that is not known."""
        controller = _built_in(maker)
        account = _ACCOUNT + controller if controller else ""
        if not account and (named := self.actors.of(maker, workload.api_version)):
            account = f"system:serviceaccount:{named.replace('/', ':')}"
        return {"username": account, "groups": ["system:serviceaccounts"]} if account else None

    def _running(self, workload: RunningWorkload) -> Iterator[Occasion]:
        """What audit sees: Pods with their status."""
        for group in workload.pods:
            note = "a static Pod: its node runs it whatever a policy says" if group.maker == workloads.NODE else ""
            ids = {(each.list, each.name): each.id for each in group.ids}
            subjects = {
                each.path: OutlookSubject(
                    workload.name,
                    each.path,
                    each.text,
                    _digest(ids.get((each.list, each.name), "")) or _digest(each.text),
                    running=group.count,
                    team=self.team(workload.name.namespace),
                    note=note,
                )
                for each in group.shape.images
            }
            found = {**_pod_object(workload, group.shape), "status": _status(group)}
            yield Occasion(Question.RUNNING, workload, found, "", {}, subjects)

    def _subject(self, workload: RunningWorkload, image: ContainerImage, path: str, note: str) -> OutlookSubject:
        running = [group.count for group in workload.pods if any(each.is_of(image) for each in group.shape.images)]
        return OutlookSubject(
            workload.name,
            path,
            image.text,
            _digest(image.text),
            by_tag="@" not in image.text,
            running=sum(running),
            team=self.team(workload.name.namespace),
            note=note,
        )


def _built_in(kind: str) -> str:
    """The controller of Kubernetes that makes Pods of a kind; empty where it is none of those."""
    known = workloads.BY_KIND.get(kind)
    return known.controller if known is not None else ""


def _digests(workload: RunningWorkload, image: ContainerImage) -> frozenset[str]:
    """What runs of it, as nodes say."""
    found = {
        _digest(one.id)
        for group in workload.pods
        for one in group.ids
        if (one.list, one.name) == (image.list, image.name)
    }
    return frozenset(found - {""})


def _with_injected(template: PodShape, workload: RunningWorkload) -> tuple[PodShape, frozenset[tuple[str, str]]]:
    """A template with what webhooks put into its Pods, and which containers those are.

    They come again with each Pod. Only Pods that have all of the template's images are looked at: others are of an
    earlier revision.
    """
    named = {(each.list, each.name) for each in template.images}
    for group in workload.pods:
        if not group.shape.has_all_of(template):
            continue
        added = [each for each in group.shape.images if (each.list, each.name) not in named and each.list in _STATUSES]
        if not added:
            return template, frozenset()
        found = template.value
        for each in added:
            found["spec"].setdefault(each.list, []).append({"name": each.name, "image": each.text})
        return PodShape.of_template(found), frozenset((each.list, each.name) for each in added)
    return template, frozenset()


def _is_earlier(group: PodGroup, workload: RunningWorkload) -> bool:
    """Whether Pods are of an earlier revision, and the next of them are, too."""
    if workload.partitioned and workload.shape is not None:
        return not group.shape.has_all_of(workload.shape)
    if group.maker != "ReplicaSet":
        return False
    return workload.held or (bool(workload.current) and group.maker_name != workload.current)


def _is_static(workload: RunningWorkload) -> bool:
    return any(each.maker == workloads.NODE for each in workload.pods)


def _under(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix else path


def _metadata(workload: RunningWorkload) -> dict[str, Any]:
    place = {"namespace": workload.name.namespace} if workload.name.namespace else {}
    return {"name": workload.name.name, **place}


def _pod_object(workload: RunningWorkload, shape: PodShape) -> dict[str, Any]:
    template = shape.value
    made = {**template.get("metadata", {}), **_metadata(workload), "uid": "to-come"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": template.get("spec", {})}


def _status(group: PodGroup) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in group.ids:
        if each.list in _STATUSES:
            found.setdefault(_STATUSES[each.list], []).append({"name": each.name, "imageID": each.id})
    mounts = [
        {"name": each.name, "volumeStatus": {"image": {"imageRef": each.id}}}
        for each in group.ids
        if each.list == "volumes"
    ]
    if mounts:
        found.setdefault("containerStatuses", []).append({"name": "", "imageID": "", "volumeMounts": mounts})
    return found


def _digest(reference: str) -> str:
    """The digest that a reference, or an id of a container runtime, names; empty where it names none."""
    _, at, digest = reference.partition("@")
    return digest if at else ""
