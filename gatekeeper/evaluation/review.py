"""What Gatekeeper would hand to a template for an object: a CREATE, by a person.

Without the request's uid, by which templates know a real Pod: in a cluster mutation has pinned its images by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_POD_SPECS = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_TEMPLATED = ("spec", "template", "spec")


@dataclass(frozen=True)
class Review:
    """One admission to judge.

    Attributes:
        object: the object; empty when only images are asked about.
        images: the images to judge in place of the object's own; None for its own.
        file: the file that the object came from; empty where there is none.
    """

    object: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[str, ...] | None = None
    file: str = ""

    @property
    def title(self) -> str:
        """How to name it to a person: `Deployment shop/web`, empty without an object."""
        if not self.object:
            return ""
        metadata = self.object.get("metadata") or {}
        name = metadata.get("name") or metadata.get("generateName") or "(no name)"
        namespace = metadata.get("namespace")
        return f"{self.object.get('kind', '')} {namespace + '/' if namespace else ''}{name}"

    def to_json(self) -> dict[str, Any]:
        """`input.review`, as the constraint framework makes it from an AdmissionRequest."""
        group, _, version = str(self.object.get("apiVersion", "")).rpartition("/")
        metadata = self.object.get("metadata") or {}
        return {
            "kind": {"group": group, "version": version, "kind": self.object.get("kind", "")},
            "operation": "CREATE",
            "name": metadata.get("name", ""),
            "namespace": metadata.get("namespace", ""),
            "object": dict(self.object),
            "oldObject": None,
            "userInfo": {"username": "bestbefore-check", "groups": ["system:authenticated"]},
        }

    def overridden(self) -> list[dict[str, str]] | None:
        """The images in the form of `lib.bestbefore.workload.images`, None where the object's own are judged."""
        if self.images is None:
            return None
        paths = dict(_paths(self.object))
        return [{"text": image, "path": paths.get(image, "image"), "list": "", "name": ""} for image in self.images]


def _paths(reviewed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where each image of an object stands, so that messages about a named image have its field."""
    found = []
    place = _POD_SPECS.get(str(reviewed.get("kind", "")), _TEMPLATED)
    spec: Any = reviewed
    for step in place:
        spec = spec.get(step) if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping):
        return []
    for field_name in ("ephemeralContainers", "containers", "initContainers"):
        containers = spec.get(field_name)
        for index, container in enumerate(containers if isinstance(containers, Sequence) else ()):
            if isinstance(container, Mapping):
                found.append((str(container.get("image", "")), f"{'.'.join(place)}.{field_name}[{index}].image"))
    return found
