"""The Pod that an object brings: its own, as policies see it, or the one that a controller will make of its template.

Policies look at the kinds of `workloads.KINDS`. Any other kind with a pod template in a usual place (a Rollout, a
Knative Service, a DeploymentConfig) is never seen by them, but the Pods that are made of it are.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from gatekeeper.documents import workloads


@dataclass(frozen=True)
class Subject:
    """What of an object is judged.

    Attributes:
        object: the object itself, or the Pod that it will make; empty where nothing can be judged.
        prefix: path of the pod template in the object that was given; empty for the object itself.
        note: what a person should know about it; where nothing can be judged, why.
    """

    object: Mapping[str, Any]
    prefix: str = ""
    note: str = ""


def subject(given: Mapping[str, Any]) -> Subject:
    """What is judged of an object."""
    if _is_matched(given):
        return Subject(given) if list(images(given)) else Subject({}, note=_without_images(given))
    places = [place for place in workloads.TEMPLATES if _is_template(_at(given, place))]
    if len(places) > 1:
        # Which of them makes Pods is for the kind's own controller to say.
        return Subject({}, note=f"it has several pod templates: {', '.join(map('.'.join, places))}")
    for place in places:
        pod = pod_of(_at(given, place), given)
        if not list(images(pod)):
            return Subject({}, note=f"its pod template {'.'.join(place)} names no image")
        return Subject(pod, ".".join(place), f"judged as the Pod that it will make{_hint(given)}")
    return Subject({}, note=f"it brings no Pod that policies know{_hint(given)}{_elsewhere(given)}")


def _is_template(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, Mapping) and isinstance(_at(value, ("spec", "containers")), list)


def made_pod(given: Mapping[str, Any]) -> Subject:
    """The Pod that an object makes, where policies see the object itself too; a Pod is its own."""
    found = subject(given)
    if not found.object or found.prefix or given.get("kind") == "Pod":
        return found
    place = _pod_spec(given)[:-1]
    return Subject(pod_of(_at(given, place), given), ".".join(place), "judged as the Pod that it will make")


def pod_of(template: Mapping[str, Any], owner: Mapping[str, Any]) -> dict[str, Any]:
    """The Pod that a controller makes of a template, in the namespace of its owner."""
    metadata, its = _mapping(owner.get("metadata")), _mapping(template.get("metadata"))
    name = {"generateName": f"{metadata.get('name') or metadata.get('generateName') or 'pod'}-"}
    place = {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
    kept = {each: its[each] for each in ("labels", "annotations") if each in its}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**name, **place, **kept}, "spec": template["spec"]}


def images(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each image of a Pod, or of a workload by its pod template: its text as written, and its field."""
    place = _pod_spec(given)
    spec = _at(given, place)
    for name in workloads.CONTAINER_LISTS:
        for index, container in _members(spec, name):
            yield _text(container.get("image")), f"{'.'.join(place)}.{name}[{index}].image"
    for index, volume in _members(spec, "volumes"):
        if isinstance(volume.get("image"), Mapping):
            path = f"{'.'.join(place)}.volumes[{index}].image.reference"
            yield _text(volume["image"].get("reference")), path


def with_images(given: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The object with other images: what mutation makes of it.

    Args:
        given: a Pod, or a workload.
        texts: the new text of an image by the old one; those that are not there stay.
    """
    made = copy.deepcopy(dict(given))
    spec = _at(made, _pod_spec(made))
    for name in workloads.CONTAINER_LISTS:
        for _, container in _members(spec, name):
            _replace(container, "image", texts)
    for _, volume in _members(spec, "volumes"):
        _replace(_mapping(volume.get("image")), "reference", texts)
    return made


def _replace(holder: Mapping[str, Any], field: str, texts: Mapping[str, str]) -> None:
    text = holder.get(field)
    if isinstance(holder, dict) and isinstance(text, str) and text in texts:
        holder[field] = texts[text]


def _pod_spec(given: Mapping[str, Any]) -> tuple[str, ...]:
    known = workloads.BY_KIND.get(_text(given.get("kind")))
    return known.pod_spec if known else ()


def _is_matched(given: Mapping[str, Any]) -> bool:
    """Whether policies look at objects of this kind and group."""
    known = workloads.BY_KIND.get(_text(given.get("kind")))
    return known is not None and known.group == _text(given.get("apiVersion")).rpartition("/")[0]


def _without_images(given: Mapping[str, Any]) -> str:
    path = ".".join((*_pod_spec(given), "containers"))
    containers = _at(given, (*_pod_spec(given), "containers"))
    if containers is None:
        return f"it names no image: {path} is missing"
    return f"it names no image: {path} is {'empty' if containers == [] else 'no list of containers'}"


def _hint(given: Mapping[str, Any]) -> str:
    """The kind that was meant, where it is misspelt or has the API group of another."""
    kind = _text(given.get("kind"))
    if kind in workloads.BY_KIND:
        api = f"{workloads.BY_KIND[kind].group}/v1".lstrip("/")
        return f"; policies look at {kind} of {api}, this is one of {given.get('apiVersion')}"
    spelt = {each.lower(): each for each in workloads.BY_KIND}
    close = get_close_matches(kind.lower(), spelt, 1, 0.85)
    return f"; kind {kind} is not known, did you mean {spelt[close[0]]}?" if close else ""


def _elsewhere(given: Mapping[str, Any]) -> str:
    """Where containers stand that are no part of a known pod template."""
    found = next(_containers(given, ""), "")
    return f"; its containers in {found} are not looked at" if found else ""


def _containers(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    waiting = [(value, path)]
    while waiting:
        each, at = waiting.pop()
        if isinstance(each, Mapping):
            if any("image" in one for _, one in _members(each, "containers")):
                yield f"{at}.containers".lstrip(".")
            waiting += [(child, f"{at}.{name}") for name, child in each.items()]
        elif isinstance(each, list):
            waiting += [(child, f"{at}[{index}]") for index, child in enumerate(each)]


def _members(value: Any, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:  # noqa: ANN401 - any JSON
    members = value.get(name) if isinstance(value, Mapping) else None
    for index, member in enumerate(members if isinstance(members, list) else ()):
        yield index, _mapping(member)


def _at(value: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return value if isinstance(value, str) else ""
