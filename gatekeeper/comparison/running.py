"""The Pods that run in namespaces that ask for policies, one for each that is judged alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.pod import is_over
from gatekeeper.cluster.resource import NAMESPACES, PODS
from gatekeeper.comparison import limits
from gatekeeper.comparison.sighting import ChildPod, moment
from gatekeeper.denials.ledger.workload import OwnersByName, WorkloadName
from gatekeeper.documents import fields
from gatekeeper.evaluation import pod_template
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.marks import NAMESPACE_LABEL

# What a template cannot know of an object that is made anew.
# Labels that differ from Pod to Pod of one workload; by all others a policy may choose.
_OF_ONE_POD: Final = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
_Key: TypeAlias = tuple[WorkloadName, frozenset[str], frozenset[tuple[str, Any]]]
_KEPT: Final = ("name", "namespace", "labels", "annotations", "ownerReferences")


@dataclass(frozen=True)
class RunningPod:
    """A Pod that runs, in place of all that are judged as it is: of one workload, with its images and labels.

    Attributes:
        workload: that it belongs to; itself where nothing made it.
        review: the Pod, as if it were made now.
        count: how many such Pods there are.
    """

    workload: WorkloadName
    review: Review
    count: int


@dataclass(frozen=True)
class RunningPods:
    """What runs.

    Attributes:
        namespaces: the labels of all namespaces that ask for policies.
        distinct: those to judge.
        children: every Pod that was read.
        read: namespaces whose Pods were read, all of them.
        left_out: distinct Pods beyond the limit.
        problems: what could not be read, a sentence each.
    """

    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    distinct: Sequence[RunningPod] = ()
    children: Sequence[ChildPod] = ()
    read: frozenset[str] = frozenset()
    left_out: int = 0
    problems: Sequence[str] = ()

    def of(self, namespace: str, kind: str, owner: str) -> Sequence[ChildPod]:
        """The Pods that an object made."""
        return self._by_owner.get((namespace, kind, owner), ())

    @cached_property
    def _by_owner(self) -> Mapping[tuple[str, str, str], Sequence[ChildPod]]:
        found: dict[tuple[str, str, str], list[ChildPod]] = {}
        for each in self.children:
            found.setdefault((each.namespace, each.kind, each.owner), []).append(each)
        return found


def read(api: KubernetesApi, namespace: str, step: Callable[[], None]) -> RunningPods:
    """What runs in a namespace, or, empty, in all that ask for policies; `step` is called for each page."""
    problems: list[str] = []
    try:
        pages = api.pages(NAMESPACES, labels=f"{NAMESPACE_LABEL}=true")
        labels = {fields.name(each): fields.labels(each) for page in pages for each in page}
    except ClusterError as error:
        return RunningPods(problems=[error.message])
    chosen = [name for name in labels if namespace in ("", name)]
    if namespace and not chosen:
        problems.append(f"{namespace} has not the label {NAMESPACE_LABEL}=true: no policy looks at it")
    distinct: dict[_Key, RunningPod] = {}
    children: list[ChildPod] = []
    left: set[_Key] = set()
    reader = _Reader(api, step)
    for pod in reader.pods(chosen):
        child = _child(pod)
        children.append(child)
        key = _workload(pod, child), child.images, _labels(pod)
        known = distinct.get(key)
        if known is None and len(distinct) >= limits.JUDGED:
            left.add(key)
        else:
            count = known.count + 1 if known else 1
            distinct[key] = RunningPod(key[0], known.review if known else Review(_anew(pod)), count)
    problems += reader.problems
    return RunningPods(labels, list(distinct.values()), children, frozenset(reader.read), len(left), problems)


class _Reader:
    """Reads Pods, and keeps book of what it could not read."""

    def __init__(self, api: KubernetesApi, step: Callable[[], None]) -> None:
        self._api = api
        self._step = step
        self._left = limits.PODS
        self.problems: list[str] = []
        self.read: set[str] = set()

    def pods(self, namespaces: Sequence[str]) -> Iterator[Object]:
        """Those that run in some namespaces."""
        for name in namespaces:
            try:
                yield from self._of(name)
            except ClusterError as error:
                self.problems.append(error.message)
            if self._left <= 0:
                unread = len(namespaces) - len(self.read)
                self.problems.append(f"{unread} namespaces were not read to the end: {limits.PODS} Pods are at most")
                return

    def _of(self, namespace: str) -> Iterator[Object]:
        for page in self._api.pages(PODS, namespace):
            self._step()
            self._left -= len(page)
            yield from (each for each in page if _runs(each))
            if self._left <= 0:
                return
        self.read.add(namespace)


def _runs(pod: Object) -> bool:
    return not (fields.text(pod, "metadata", "deletionTimestamp") or is_over(pod))


def _child(pod: Object) -> ChildPod:
    owners = fields.rows(pod, "metadata", "ownerReferences")
    owner = next((each for each in owners if each.get("controller") is True), {})
    created = moment(fields.text(pod, "metadata", "creationTimestamp"))
    images = frozenset(text for text, _ in pod_template.images({**pod, "kind": "Pod"}))
    namespace = fields.text(pod, "metadata", "namespace")
    return ChildPod(namespace, fields.text(owner, "kind"), fields.text(owner, "name"), created, images)


def _workload(pod: Object, child: ChildPod) -> WorkloadName:
    if not child.owner:
        return WorkloadName(child.namespace, "Pod", fields.name(pod))
    return OwnersByName().top(WorkloadName(child.namespace, child.kind, child.owner))


def _labels(pod: Object) -> frozenset[tuple[str, Any]]:
    return frozenset((name, value) for name, value in fields.labels(pod).items() if name not in _OF_ONE_POD)


def _anew(pod: Object) -> dict[str, Any]:
    metadata = {name: pod["metadata"][name] for name in _KEPT if name in pod["metadata"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": dict(fields.mapping(pod, "spec"))}
