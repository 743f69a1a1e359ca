"""What Gatekeeper would hand to a template for an object: a CREATE, by a person.

Without the request's uid, by which templates know a real Pod: in a cluster mutation has pinned its images by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from gatekeeper.documents.document import STDIN, Document, read_documents
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.evaluation import pod_template
from gatekeeper.evaluation.pod_template import Subject


@dataclass(frozen=True)
class Review:
    """One admission to judge.

    Attributes:
        object: the object as it was given; empty when only images are asked about.
        images: the images to judge in place of the object's own; None for its own.
        file: the file that the object came from; empty where there is none.
        document: where it stands in the file; None where there is none.
        as_pod: whether a workload is judged as the Pod that it will make, also where policies look at it itself.
        pins: what mutation makes of images, by image as written; for those that stay nothing.
    """

    object: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[str, ...] | None = None
    file: str = ""
    document: Document | None = None
    as_pod: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def subject(self) -> Subject:
        """What of the object is judged; of one that is named beside images, the object as it is."""
        if self.images is not None:
            return Subject(self.object)
        found = (pod_template.made_pod if self.as_pod else pod_template.subject)(self.object)
        if not self.pins or not found.object:
            return found
        return replace(found, object=pod_template.with_images(found.object, self.pins))

    @property
    def unjudged(self) -> str:
        """Why nothing of it can be judged; empty where something is."""
        return "" if self.images is not None or self.subject.object else self.subject.note

    @property
    def texts(self) -> tuple[str, ...]:
        """The images to judge, as written, or as mutation pins them."""
        if self.images is not None:
            return tuple(self.pins.get(image, image) for image in self.images)
        return tuple(text for text, _ in pod_template.images(self.subject.object))

    def path(self, path: str) -> str:
        """A field of what is judged as a field of the object that was given."""
        return f"{self.subject.prefix}.{path}" if self.subject.prefix and path else path

    def line(self, path: str) -> int | None:
        """The line of a field of the object that was given, where it is known."""
        if self.document is None:
            return None
        return self.document.line_of(f"{self.document.prefix}.{path}".strip("."))

    @property
    def namespace(self) -> str:
        """Its namespace; empty where the object does not say."""
        return str(_mapping(self.object.get("metadata")).get("namespace") or "")

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
        judged = self.subject.object
        group, _, version = str(judged.get("apiVersion", "")).rpartition("/")
        metadata = _mapping(judged.get("metadata"))
        return {
            "kind": {"group": group, "version": version, "kind": judged.get("kind", "")},
            "operation": "CREATE",
            "name": metadata.get("name", ""),
            "namespace": metadata.get("namespace", ""),
            "object": dict(judged),
            "oldObject": None,
            "userInfo": {"username": "bestbefore-check", "groups": ["system:authenticated"]},
        }

    def overridden(self) -> list[dict[str, str]] | None:
        """The images in the form of `lib.bestbefore.workload.images`, None where the object's own are judged."""
        if self.images is None:
            return None
        paths = dict(pod_template.images(self.object))
        return [
            {"text": text, "path": paths.get(image, "image"), "list": "", "name": ""}
            for image, text in zip(self.images, self.texts, strict=True)
        ]


def read_reviews(
    paths: Sequence[str | Path], images: tuple[str, ...] | None = None, *, with_lines: bool = False
) -> tuple[list[Review], list[Problem]]:
    """A review for each object in files, directories and standard input (`-`); and what is passed over.

    YAML of a directory that is no Kubernetes object (Helm's values, patches) is passed over, and so are the images'
    fields of what policies never look at (see `Review.unjudged`).

    Raises:
        PolicyError: what cannot be read, what is no Kubernetes object, and a place that holds none: an empty text, as a
            program that failed leaves it, must not look like a manifest without problems.
    """
    reviews: list[Review] = []
    problems: list[Problem] = []
    passed_over: list[Problem] = []
    for path in paths:
        documents = read_documents([path], with_lines=with_lines)
        if not any(document.is_object or not document.in_directory for document in documents):
            problems.append(Problem("", "holds no Kubernetes object", file=str(path)))
        for document in documents:
            if document.in_directory and not document.is_object:
                passed_over.append(document.locate(Problem("", "it is no Kubernetes object")))
                continue
            problems += [document.locate(each) for each in problems_in(document.value)]
            reviews.append(Review(document.value, images, _file(document), document))
    if problems:
        raise PolicyError(problems)
    return reviews, passed_over


def problems_in(value: Mapping[str, Any]) -> list[Problem]:
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
