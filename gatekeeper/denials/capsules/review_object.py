"""The object of a denial, made anew: the one that was given, or one that has nothing but the image."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

from gatekeeper.denials.lines.violation import AdmissionViolation
from gatekeeper.documents import workloads
from gatekeeper.evaluation import pod_template
from provider import limits
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.registry import reference

_PLACE: Final = re.compile(r"((?:\w+\.)+)(\w+)\[(\d{1,6})\]\.(image(?:\.reference)?)", re.ASCII)
_POD: Final = "Pod"


class ObjectMismatchError(Exception):
    """A given object is not the one that was denied, nor what made it; a sentence without its full stop says why."""


def kind(violation: AdmissionViolation) -> str:
    """Kind of what was judged: of a workload that Gatekeeper expanded the Pod."""
    return _POD if is_expanded(violation) else violation.resource.kind


def is_expanded(violation: AdmissionViolation) -> bool:
    """Whether a Pod was judged that Gatekeeper made of a workload: of that there is no uid, and it has an owner."""
    said = violation.judgement
    request = violation.request
    pods = bool(said and _fields(said.path)[:1] == ["spec"] and len(_fields(said.path)) == 1)
    return bool(said and said.owner and request and not request.uid and pods and violation.resource.kind != _POD)


def given(violation: AdmissionViolation, value: Mapping[str, Any]) -> dict[str, Any]:
    """What was judged, by the object that was denied or the workload that makes it.

    Raises:
        ObjectMismatchError: it is of another kind, or has another image at this place.
    """
    wanted, its = kind(violation), value.get("kind")
    made = value
    if its != wanted:
        if wanted != _POD:
            raise ObjectMismatchError(f"the denial is about a {wanted}, and a {shown(str(its))} was given")
        found = pod_template.made_pod(value)
        if not found.object:
            raise ObjectMismatchError(f"no Pod can be made of the {shown(str(its))} that was given: {found.note}")
        made = found.object
    copied = copy.deepcopy(dict(made))
    _set_image(copied, violation)
    return _named(copied, violation)


def imagined(violation: AdmissionViolation) -> dict[str, Any]:
    """An object of this kind that has the image at its place, and nothing else.

    Raises:
        ObjectMismatchError: the place is none of an image.
    """
    said = violation.judgement
    found = _PLACE.fullmatch(said.path) if said else None
    if said is None or found is None or int(found.group(3)) >= limits.OBJECT_IMAGES:
        raise ObjectMismatchError("the denial does not say where its image stands")
    # Those before it have the same image: another one would be one more question.
    image: Any = {"image": said.image} if found.group(4) == "image" else {"image": {"reference": said.image}}
    value: dict[str, Any] = {found.group(2): [dict(image) for _ in range(int(found.group(3)) + 1)]}
    for step in reversed(_fields(said.path)):
        value = {step: value}
    return _named(value, violation)


def _set_image(value: dict[str, Any], violation: AdmissionViolation) -> None:
    """Put in the image as it was denied: mutation may have added its digest."""
    said = violation.judgement
    places = {path: text for text, path in pod_template.images(value)}
    path, image = (said.path, said.image) if said else ("", "")
    found = places.get(path, "")
    if path not in places:
        raise ObjectMismatchError(f"the object that was given has no image at {path}")
    if found != image and not _is_pinned(found, image):
        raise ObjectMismatchError(f"the object that was given has {shown(found)} at {path}, the denial has {image}")
    place = _PLACE.fullmatch(path)
    holder: Any = value
    for step in (*_fields(path), place.group(2)) if place else ():
        holder = holder[step]
    item = holder[int(place.group(3))] if place else {}
    if place and place.group(4) == "image":
        item["image"] = image
    elif place:
        item["image"]["reference"] = image


def _is_pinned(tag: str, digest: str) -> bool:
    """Whether the second is the first with its digest."""
    try:
        one, other = reference.parse(tag), reference.parse(digest)
    except ImageError:
        return False
    return bool(other.digest) and not one.digest and one.context == other.context


def _named(value: dict[str, Any], violation: AdmissionViolation) -> dict[str, Any]:
    """The object with the name that the denial has, and what owns it."""
    resource, said = violation.resource, violation.judgement
    metadata = value.get("metadata")
    kept = dict(metadata) if isinstance(metadata, Mapping) else {}
    for each in ("ownerReferences", "generateName"):
        kept.pop(each, None)
    name = f"{resource.name}-pod" if is_expanded(violation) else resource.name
    owners = [_owner(said.owner.kind, said.owner.name)] if said and said.owner else []
    api = "v1" if kind(violation) == _POD else "/".join(filter(None, (resource.group, resource.version)))
    return {
        **value,
        "apiVersion": api,
        "kind": kind(violation),
        "metadata": {
            **kept,
            "name": name,
            "namespace": resource.namespace,
            **({"ownerReferences": owners} if owners else {}),
        },
    }


def _owner(kind_: str, name: str) -> dict[str, Any]:
    known = workloads.BY_KIND.get(kind_)
    group = f"{known.group}/" if known and known.group else ""
    return {"apiVersion": f"{group}v1", "kind": kind_, "name": name, "controller": True}


def _fields(path: str) -> list[str]:
    """The fields that lead to the list in which the image stands."""
    found = _PLACE.fullmatch(path)
    return found.group(1).rstrip(".").split(".") if found else []
