"""What is evaluated once for all that are judged alike: an image where a template judges each by itself, else a review.

Our own templates judge each image by itself, and read of the object only its kind, its namespace, its labels, and
where its Pods may run. So a thousand workloads with one image are one unit. Of a rule that is given more of the object,
and of a template that somebody else wrote, each review is a unit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields, workloads
from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.inventory.pod_shape import images_of
from gatekeeper.translation.constraint import COVERAGE_KIND
from provider import limits
from provider.errors import ImageError
from provider.registry import reference

# Libraries by which a template of ours is known; templates that people write on our library do not import them.
_OURS: Final = ("data.lib.bestbefore.judgement", "data.lib.bestbefore.cip", "data.lib.bestbefore.authorities")
_INCLUDED: Final = ("includeSpec", "includeObjectMeta", "includeTypeMeta")
_PLACE: Final = ("os", "nodeSelector", "affinity")
_PULLER: Final = ("serviceAccountName", "imagePullSecrets")
_STATUSES: Final = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What is evaluated once.

    Attributes:
        head: `input.review` as JSON; of an image by itself without images.
        part: the image by itself, `{"list", "image", "id"}` as JSON; empty for a whole review.
    """

    head: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a review a template with these parameters may read.

    Attributes:
        by_image: whether it judges each image by itself.
        namespace: whether what it says may depend on the namespace.
        labels: whether on labels.
        puller: whether on what Pods pull with.
    """

    by_image: bool
    namespace: bool = True
    labels: bool = True
    puller: bool = True

    @classmethod
    def of(cls, template: Template, parameters: Mapping[str, Any]) -> Scope:
        """By its texts and parameters."""
        rule = fields.mapping(parameters, "rego")
        ours = template.kind == COVERAGE_KIND or any(library in template.main for library in _OURS)
        if not ours or any(rule.get(each) for each in _INCLUDED):
            return cls(by_image=False)
        if template.kind == COVERAGE_KIND:
            policies = fields.rows(parameters, "policies")
            return cls(by_image=True, namespace=False, labels=any(each.get("match") for each in policies), puller=False)
        waivers = fields.mapping(parameters, "waivers").get("allowed") is True
        waived = bool(parameters.get("exemptions")) or waivers or template.reads_inventory
        credentials = parameters.get("podCredentials") is True
        return cls(
            by_image=True,
            namespace=waived or credentials,
            labels=bool(parameters.get("match")),
            puller=credentials,
        )


def units(review: Mapping[str, Any], scope: Scope) -> Iterator[tuple[Unit, str]]:
    """The units of a review, each with the field of its image; of a whole review empty."""
    pod, prefix = _pod(review["object"])
    images = list(images_of(pod))
    if not scope.by_image or len(images) > limits.OBJECT_IMAGES:
        yield Unit(_text(review)), ""
        return
    head = _text(_head(review, pod, prefix, scope))
    ids = _ids(review)
    for each in images:
        part = {"list": each.list, "image": each.text, "id": ids.get((each.list, each.name), "")}
        yield Unit(head, _text(part)), f"{prefix}{each.path}"


def asked(unit: Unit) -> str:
    """The reference by which the image of a unit is asked about; empty of a whole review."""
    if not unit.part:
        return ""
    part = json.loads(unit.part)
    image, (_, at, digest) = str(part["image"]), str(part["id"]).partition("@")
    if "@" in image or not at:
        return image
    try:
        return f"{reference.parse(image).context}@{digest}"
    except ImageError:
        return image


def packed(head: str, parts: Sequence[str]) -> tuple[dict[str, Any], Mapping[str, str]]:
    """One review of several images that are judged by themselves, and which part stands at which field."""
    review: dict[str, Any] = json.loads(head)
    place = review.pop("bestbeforePrefix")
    spec = review["object"]
    for name in place:
        spec = spec[name]
    status: dict[str, list[dict[str, Any]]] = {}
    fields_of: dict[str, str] = {}
    for number, text in enumerate(parts):
        part, name = json.loads(text), f"c{number}"
        members = spec.setdefault(part["list"], [])
        volume = part["list"] == "volumes"
        field = "image.reference" if volume else "image"
        fields_of[f"{'.'.join(place)}.{part['list']}[{len(members)}].{field}"] = text
        members.append({"name": name, "image": {"reference": part["image"]} if volume else part["image"]})
        if part["id"]:
            _report(status, part, name)
    if status:
        review["object"]["status"] = status
    return review, fields_of


def _report(status: dict[str, list[dict[str, Any]]], part: Mapping[str, Any], name: str) -> None:
    if part["list"] in _STATUSES:
        status.setdefault(_STATUSES[part["list"]], []).append({"name": name, "imageID": part["id"]})
        return
    mount = {"name": name, "volumeStatus": {"image": {"imageRef": part["id"]}}}
    status.setdefault("containerStatuses", []).append({"name": f"m{name}", "imageID": "", "volumeMounts": [mount]})


def _head(review: Mapping[str, Any], pod: Mapping[str, Any], prefix: str, scope: Scope) -> dict[str, Any]:
    """The review without its images and without all that does not count."""
    whole = review["object"]
    metadata = fields.mapping(whole, "metadata")
    kept: dict[str, Any] = {"name": "x"}
    if scope.labels and "labels" in metadata:
        kept["labels"] = metadata["labels"]
    if scope.namespace and "namespace" in metadata:
        kept["namespace"] = metadata["namespace"]
    if "uid" in metadata:
        kept["uid"] = "x"
    wanted = (*_PLACE, *_PULLER) if scope.puller else _PLACE
    spec = {name: pod["spec"][name] for name in wanted if name in fields.mapping(pod, "spec")}
    place = [*prefix.rstrip(".").split("."), "spec"] if prefix else ["spec"]
    inner: dict[str, Any] = spec
    for name in reversed(place):
        inner = {name: inner}
    made = {"apiVersion": whole.get("apiVersion", ""), "kind": whole.get("kind", ""), "metadata": kept, **inner}
    namespace = {"namespace": review.get("namespace", "")} if scope.namespace else {"namespace": ""}
    return {**review, "name": "x", **namespace, "object": made, "bestbeforePrefix": place}


def _pod(found: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The Pod that an object is or makes, and the field at which it stands, with a dot behind it."""
    known = workloads.BY_KIND.get(fields.text(found, "kind"))
    place = known.pod_spec[:-1] if known else ()
    pod = fields.mapping(found, *place) if place else found
    return pod, "".join(f"{each}." for each in place)


def _ids(review: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    status = fields.mapping(review["object"], "status")
    found = {
        (name, fields.text(each, "name")): fields.text(each, "imageID")
        for name, statuses in _STATUSES.items()
        for each in fields.rows(status, statuses)
    }
    for each in fields.rows(status, "containerStatuses"):
        for mount in fields.rows(each, "volumeMounts"):
            found["volumes", fields.text(mount, "name")] = fields.text(mount, "volumeStatus", "image", "imageRef")
    return found


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
