"""The fields of a Pod, or of a pod template, that stands in a file: those that an inventory reads have their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatekeeper.documents import fields, workloads
from gatekeeper.documents.problems import Problem
from gatekeeper.freshness.inventory.field_type import LABELS, OBJECT, OBJECTS, TEXT, FieldType, misfits

_CONTAINERS: Final = FieldType(
    "a list of at least one object", lambda value: bool(value) and OBJECTS.fits(value), required=True
)
_POD: Final = {"metadata": OBJECT.or_null(), "spec": OBJECT.needed()}
_SPEC: Final = {
    **dict.fromkeys(workloads.CONTAINER_LISTS, OBJECTS.or_null()),
    "containers": _CONTAINERS,
    "volumes": OBJECTS.or_null(),
}
_CONTAINER: Final = {"name": TEXT.or_null(), "image": TEXT.or_null()}
_VOLUME: Final = {"name": TEXT.or_null(), "image": OBJECT.or_null()}
_IMAGE: Final = {"reference": TEXT.or_null()}
_METADATA: Final = {"labels": LABELS.or_null(), "annotations": LABELS.or_null()}


def problems(found: Mapping[str, Any], path: str = "") -> Iterator[Problem]:
    """Fields of another type, and a spec or containers that are missing: nothing of such a Pod would be judged.

    Args:
        found: the Pod, or the pod template.
        path: of it, with a dot at its end; empty for a Pod.
    """
    yield from misfits(found, _POD, path)
    yield from misfits(fields.mapping(found, "metadata"), _METADATA, f"{path}metadata.")
    if isinstance(found.get("spec"), Mapping):
        yield from _of_spec(found["spec"], f"{path}spec.")


def _of_spec(spec: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from misfits(spec, _SPEC, path)
    for name in workloads.CONTAINER_LISTS:
        for index, each in enumerate(fields.rows(spec, name)):
            yield from misfits(each, _CONTAINER, f"{path}{name}[{index}].")
    for index, each in enumerate(fields.rows(spec, "volumes")):
        yield from misfits(each, _VOLUME, f"{path}volumes[{index}].")
        yield from misfits(fields.mapping(each, "image"), _IMAGE, f"{path}volumes[{index}].image.")
