"""What Gatekeeper would hand to a template for an object: a CREATE, by a person.

Without the request's uid, by which templates know a real Pod: in a cluster mutation has pinned its images by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatekeeper.policy.document import STDIN, Document, read_documents
from gatekeeper.policy.problems import PolicyError, Problem

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
        metadata = _mapping(self.object.get("metadata"))
        name = metadata.get("name") or metadata.get("generateName") or "(no name)"
        namespace = metadata.get("namespace")
        return f"{self.object.get('kind', '')} {namespace + '/' if namespace else ''}{name}"

    def to_json(self) -> dict[str, Any]:
        """`input.review`, as the constraint framework makes it from an AdmissionRequest."""
        group, _, version = str(self.object.get("apiVersion", "")).rpartition("/")
        metadata = _mapping(self.object.get("metadata"))
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


def read_reviews(paths: Sequence[str | Path], images: tuple[str, ...] | None = None) -> list[Review]:
    """A review for each object in files, directories and standard input (`-`).

    Raises:
        PolicyError: what cannot be read, what is no Kubernetes object, and a place that holds none: an empty text, as a
            program that failed leaves it, must not pass for a manifest without faults.
    """
    reviews: list[Review] = []
    problems: list[Problem] = []
    for path in paths:
        documents = read_documents([path])
        if not documents:
            problems.append(Problem("", "holds no Kubernetes object", file=str(path)))
        for document in documents:
            problems += [document.locate(each) for each in faults(document.value)]
            reviews.append(Review(document.value, images, _file(document)))
    if problems:
        raise PolicyError(problems)
    return reviews


def faults(value: Mapping[str, Any]) -> list[Problem]:
    """Why a value is no Kubernetes object; empty when it is one."""
    found = [
        Problem(name, "expected text, as in every Kubernetes object")
        for name in ("apiVersion", "kind")
        if not isinstance(value.get(name), str) or not value[name]
    ]
    metadata = value.get("metadata", {})
    if not isinstance(metadata, dict):
        return [*found, Problem("metadata", "expected a mapping")]
    texts = [name for name in ("name", "generateName", "namespace") if not isinstance(metadata.get(name, ""), str)]
    return found + [Problem(f"metadata.{name}", "expected text") for name in texts]


def _file(document: Document) -> str:
    return "" if document.file == STDIN else document.file


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, Mapping) else {}


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
