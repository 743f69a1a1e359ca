"""A pod template, or a Pod without what only one Pod has, as one text."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields, workloads

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
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
# Fields that the API server, the scheduler and controllers write into one Pod.
_OF_ONE_SPEC: Final = frozenset({"nodeName", "hostname", "subdomain", "ephemeralContainers"})
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_SURROUNDINGS: Final = ("os", "nodeSelector", "serviceAccountName", "imagePullSecrets")
# What the API server mounts into each Pod, by a name that is made up.
_API_VOLUME: Final = "kube-api-access-"
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
# Values of variables may be secrets, and no rule about an image needs them.
_VARIABLE: Final = "value"


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """An image that a Pod names.

    Attributes:
        list: `containers`, `initContainers`, `ephemeralContainers` or `volumes`.
        name: of the container or volume.
        text: the image as written.
        path: its field in the Pod, `spec.containers[0].image`.
    """

    list: str
    name: str
    text: str
    path: str

    def is_of(self, template: ContainerImage) -> bool:
        """Whether a Pod's container has the image of a template's: a tag may have been pinned, a digest stays."""
        text = self.text if "@" in template.text else self.text.partition("@")[0]
        return (self.list, self.name, text) == (template.list, template.name, template.text)


@dataclass(frozen=True, slots=True)
class PodShape:
    """Labels, annotations and spec of a Pod that is, or will be.

    Attributes:
        text: `{"metadata": {"labels", "annotations"}, "spec": …}` as JSON. The values of environment variables are
            left out: they may be secrets.
    """

    text: str

    @classmethod
    def of_template(cls, template: Mapping[str, Any]) -> PodShape:
        """Of a pod template."""
        return cls._of(fields.mapping(template, "metadata"), fields.mapping(template, "spec"))

    @classmethod
    def of_pod(cls, pod: Mapping[str, Any]) -> PodShape:
        """Of a Pod, without what only this one has."""
        metadata = fields.mapping(pod, "metadata")
        kept = {name: each for name, each in fields.labels(pod).items() if name not in _OF_ONE_POD}
        spec = {name: each for name, each in fields.mapping(pod, "spec").items() if name not in _OF_ONE_SPEC}
        return cls._of({**metadata, "labels": kept}, _without_token(spec))

    @classmethod
    def _of(cls, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> PodShape:
        annotations = {k: v for k, v in fields.mapping(metadata, "annotations").items() if k != _LAST_APPLIED}
        found = {"labels": dict(fields.mapping(metadata, "labels")), "annotations": annotations}
        kept = {name: each for name, each in found.items() if each}
        shape = {"metadata": kept, "spec": _without_values(spec)}
        # Many Pods have the same one: it is kept once.
        return cls(sys.intern(json.dumps(shape, sort_keys=True, separators=(",", ":"))))

    @property
    def value(self) -> dict[str, Any]:
        """The pod template, read anew each time."""
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def images(self) -> tuple[ContainerImage, ...]:
        """The images in the order of the API."""
        return tuple(images_of(self.value))

    @property
    def surroundings(self) -> str:
        """Where it may run, and what it pulls with, as JSON: by these an image is judged, too.

        Without its node, of which a DaemonSet writes the name into the affinity of each Pod.
        """
        spec = fields.mapping(self.value, "spec")
        terms = fields.rows(spec, "affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
        affinity = [each["matchExpressions"] for each in terms if each.get("matchExpressions")]
        known = {name: spec[name] for name in _SURROUNDINGS if spec.get(name)}
        return sys.intern(json.dumps([known, affinity], sort_keys=True))

    def has_all_of(self, template: PodShape) -> bool:
        """Whether it has each of the template's images; webhooks may have added others."""
        own = self.images
        return all(any(each.is_of(one) for each in own) for one in template.images)

    @property
    def priority(self) -> str:
        """Its priority class; empty for none."""
        return fields.text(self.value, "spec", "priorityClassName")

    @property
    def service_account(self) -> str:
        """The service account that its Pods have."""
        return fields.text(self.value, "spec", "serviceAccountName")


def images_of(pod: Mapping[str, Any]) -> Iterator[ContainerImage]:
    """The images of a Pod or a pod template, in the order of the API."""
    spec = fields.mapping(pod, "spec")
    for name in workloads.CONTAINER_LISTS:
        for index, each in enumerate(_members(spec, name)):
            yield ContainerImage(name, _text(each, "name"), _text(each, "image"), f"spec.{name}[{index}].image")
    for index, each in enumerate(_members(spec, "volumes")):
        if isinstance(each.get("image"), Mapping):
            path = f"spec.volumes[{index}].image.reference"
            yield ContainerImage("volumes", _text(each, "name"), _text(each["image"], "reference"), path)


def _members(spec: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """Those of a list, each in its place: what is no object stands there as an empty one."""
    found = spec.get(name)
    for each in found if isinstance(found, list) else ():
        yield each if isinstance(each, Mapping) else {}


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return sys.intern(value) if isinstance(value, str) else ""


def _without_token(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(spec)
    for name in (*workloads.CONTAINER_LISTS, "volumes"):
        if isinstance(spec.get(name), list):
            kept[name] = [_unmounted(each) for each in spec[name] if not _is_token(each)]
    return kept


def _is_token(each: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(each, Mapping) and "image" not in each and _text(each, "name").startswith(_API_VOLUME)


def _unmounted(each: Any) -> Any:  # noqa: ANN401 - any JSON
    mounts = each.get("volumeMounts") if isinstance(each, Mapping) else None
    if not isinstance(mounts, list):
        return each
    kept = [one for one in mounts if not (isinstance(one, Mapping) and _text(one, "name").startswith(_API_VOLUME))]
    return {**each, "volumeMounts": kept}


def _without_values(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(spec)
    for name in workloads.CONTAINER_LISTS:
        if isinstance(spec.get(name), list):
            kept[name] = [_without_value(each) for each in spec[name]]
    return kept


def _without_value(each: Any) -> Any:  # noqa: ANN401 - any JSON
    variables = each.get("env") if isinstance(each, Mapping) else None
    if not isinstance(variables, list):
        return each
    kept = [{k: v for k, v in one.items() if k != _VARIABLE} if isinstance(one, Mapping) else one for one in variables]
    return {**each, "env": kept}
