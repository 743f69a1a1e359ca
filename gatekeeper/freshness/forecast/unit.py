"""What is evaluated once for all that are judged alike: an image where a template judges each by itself, else a review.

Our own templates judge each image by itself, and read little of the object (see `scope`). Of a rule that is given more
of it, and of a template that somebody else wrote, each review is a unit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields, workloads
from gatekeeper.freshness.forecast.scope import Scope, likeness
from gatekeeper.freshness.inventory.pod_shape import images_of
from provider import limits
from provider.errors import ImageError
from provider.registry import reference

_PLACE: Final = ("os", "nodeSelector", "affinity")
_PULLER: Final = ("serviceAccountName", "imagePullSecrets")
_STATUSES: Final = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}
# dockershim and cri-dockerd write it before the reference.
_SCHEME: Final = "docker-pullable://"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is evaluated once.

    Attributes:
        head: `input.review` as JSON; of an image by itself without images.
        part: the image by itself, `{"list", "image", "id"}` as JSON; empty for a whole review.
    """

    head: str
    part: str = ""


def units(review: Mapping[str, Any], scope: Scope) -> Iterator[tuple[Unit, str]]:
    """The units of a review, each with the field of its image; of a whole review empty."""
    pod, prefix = _pod(review["object"])
    images = list(images_of(pod))
    if not scope.by_image or len(images) > limits.OBJECT_IMAGES:
        yield Unit(_text(review)), ""
        return
    heads: dict[tuple[str, str, str], str] = {}
    namespace = fields.text(review, "namespace") or fields.text(review["object"], "metadata", "namespace")
    ids = _ids(review)
    for each in images:
        like = likeness(review, scope, each.text)
        told = namespace if scope.is_told(namespace, each.text) else ""
        if (*like, told) not in heads:
            heads[*like, told] = _text(_head(review, pod, prefix, scope, like, told))
        # What stands for others has a container, whatever list it is in; a digest that is written needs no id.
        its = ("containers", "") if like[0] else (each.list, ids.get((each.list, each.name), ""))
        part = {"list": its[0], "image": each.text, "id": its[1]}
        yield Unit(heads[*like, told], _text(part)), f"{prefix}{each.path}"


def asked(unit: Unit) -> str:
    """The reference by which the image of a unit is asked about; empty of a whole review."""
    if not unit.part:
        return ""
    part = json.loads(unit.part)
    return _reference(part["image"], part["id"])


def written(unit: Unit) -> str:
    """The image of a unit as written; empty of a whole review."""
    return fields.text(json.loads(unit.part), "image") if unit.part else ""


def namespace_of(unit: Unit) -> str:
    """Whose Waivers may count for an image by itself; empty where it is judged as in any other namespace."""
    return fields.text(json.loads(unit.head), "namespace")


def image_fields(unit: Unit) -> frozenset[str]:
    """The fields of all images of a whole review."""
    pod, prefix = _pod(json.loads(unit.head)["object"])
    return frozenset(f"{prefix}{each.path}" for each in images_of(pod))


def images_asked(unit: Unit) -> list[str]:
    """The references by which the images of a unit are asked about.

    Of a whole review also the images as written: somebody else's template may ask by them whatever runs.
    """
    if unit.part:
        return [asked(unit)]
    review = json.loads(unit.head)
    ids = _ids(review)
    found: dict[str, None] = {}
    for each in images_of(_pod(review["object"])[0]):
        found |= dict.fromkeys([_reference(each.text, ids.get((each.list, each.name), "")), each.text])
    return list(found)


def _reference(image: str, reported: str) -> str:
    """What templates ask about an image of which a node reports this id; `workload.asked` in Rego."""
    if "@" in image or "@" not in reported:
        return image
    try:
        written, running = reference.parse(image), reference.parse(reported.removeprefix(_SCHEME))
    except ImageError:
        return image
    # A node has one digest by several names; of another name it is not known that its tag means it.
    return f"{running.context}@{running.digest}" if running.context == written.context else image


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


def _head(  # noqa: PLR0913, PLR0917 - what a head is made of
    review: Mapping[str, Any], pod: Mapping[str, Any], prefix: str, scope: Scope, like: tuple[str, str], told: str
) -> dict[str, Any]:
    """The review without its images and without all that does not count, as it is for all that are like it."""
    whole = review["object"]
    metadata = fields.mapping(whole, "metadata")
    kept: dict[str, Any] = {"name": "x"}
    if scope.selective and "labels" in metadata:
        kept["labels"] = metadata["labels"]
    if told:
        kept["namespace"] = told
    if "uid" in metadata and not like[0]:
        kept["uid"] = "x"
    wanted = (*_PLACE, *_PULLER) if scope.puller else _PLACE
    inner: dict[str, Any] = {name: pod["spec"][name] for name in wanted if name in fields.mapping(pod, "spec")}
    kind, user = like
    fixed: dict[str, Any] = {"name": "x", "namespace": told}
    if kind:
        known = workloads.BY_KIND[kind]
        version = f"{known.group}/v1".lstrip("/")
        fixed |= {"operation": "CREATE", "userInfo": {"username": user}}
        fixed["kind"] = {"group": known.group, "version": "v1", "kind": kind}
        place, api_version = known.pod_spec, version
    else:
        place = (*prefix.rstrip(".").split("."), "spec") if prefix else ("spec",)
        kind, api_version = whole.get("kind", ""), whole.get("apiVersion", "")
    for name in reversed(place):
        inner = {name: inner}
    made = {"apiVersion": api_version, "kind": kind, "metadata": kept, **inner}
    return {**review, **fixed, "object": made, "bestbeforePrefix": list(place)}


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
