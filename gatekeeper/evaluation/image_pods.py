"""Images put into objects, for cases that name an image: a template looks at objects, and at nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gatekeeper.documents import workloads

_NAMESPACE: Final = "default"


def pod_of(images: Sequence[str]) -> dict[str, Any]:
    """A Pod with a container for each image."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "image", "namespace": _NAMESPACE},
        "spec": {"containers": [{"name": f"image-{number}", "image": each} for number, each in enumerate(images)]},
    }


def images_of(given: Mapping[str, Any]) -> Iterator[str]:
    """The images of a Pod or workload, as written; none of any other object."""
    spec = _spec_of(given)
    for name in workloads.CONTAINER_LISTS:
        yield from (each["image"] for each in _members(spec, name) if isinstance(each.get("image"), str))
    for volume in _members(spec, "volumes"):
        source = volume.get("image")
        if isinstance(source, Mapping) and isinstance(source.get("reference"), str):
            yield source["reference"]


def with_images(given: Mapping[str, Any], images: Sequence[str]) -> dict[str, Any] | None:
    """A Pod or workload with these images and no others; None for an object that has no place for them.

    What stands in the object stays where it is; every other image gets a container of its own.
    """
    known = workloads.BY_KIND.get(str(given.get("kind", "")))
    if known is None:
        return None
    spec, own = dict(_spec_of(given)), set(images_of(given))
    for name in workloads.CONTAINER_LISTS:
        if name in spec:
            spec[name] = [each for each in _members(spec, name) if each.get("image") in images]
    if "volumes" in spec:
        spec["volumes"] = [each for each in _members(spec, "volumes") if _names_none_but(each, images)]
    added = [{"name": f"image-{number}", "image": each} for number, each in enumerate(images) if each not in own]
    spec["containers"] = [*spec.get("containers", ()), *added]
    return _replaced(given, known.pod_spec, spec)


def _names_none_but(volume: Mapping[str, Any], images: Sequence[str]) -> bool:
    source = volume.get("image")
    return not isinstance(source, Mapping) or source.get("reference") in images


def _replaced(value: Any, path: Sequence[str], spec: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A copy of an object with another value at a path."""
    members = dict(value) if isinstance(value, Mapping) else {}
    step, *rest = path
    members[step] = _replaced(members.get(step), rest, spec) if rest else spec
    return members


def _spec_of(given: Mapping[str, Any]) -> Mapping[str, Any]:
    known = workloads.BY_KIND.get(str(given.get("kind", "")))
    value: Any = given if known else {}
    for step in known.pod_spec if known else ():
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _members(spec: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    members = spec.get(name)
    return [each for each in members if isinstance(each, Mapping)] if isinstance(members, list) else []
