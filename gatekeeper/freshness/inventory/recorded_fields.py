"""The fields of a recorded inventory: each has the type in which it is written, and there are no others.

One that is passed over would be judged as if it were not there: a CronJob that rests, Pods that run, a shape whose
absence gives those behind it other numbers, so that other images run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatekeeper.documents import fields
from gatekeeper.documents.problems import Problem
from gatekeeper.freshness.inventory import limits, pod_fields
from gatekeeper.freshness.inventory.field_type import (
    COUNT,
    FLAG,
    LABELS,
    NAME,
    NAME_OR_EMPTY,
    NUMBER,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXTS,
    FieldType,
    is_number,
    misfits,
    misspelt,
)
from provider.foreign_text import shown


def problems(value: Mapping[str, Any]) -> Iterator[Problem]:
    """Fields of another type than the one in which they are written, misspelt ones, and a workload that stands twice.

    Args:
        value: the inventory, as it stands in the file.
    """
    yield from _of(value, _INVENTORY, "")
    if _are_labels(namespaces := fields.mapping(value, "namespaces")):
        yield from misfits(namespaces, dict.fromkeys(namespaces, LABELS), "namespaces.")
    shapes = fields.rows(value, "shapes")
    for index, each in enumerate(shapes):
        path = f"shapes[{index}]."
        yield from pod_fields.problems(each, path)
        yield from misspelt(each, _SHAPE, path)
        yield from misspelt(fields.mapping(each, "metadata"), _METADATA, f"{path}metadata.")
    for index, row in enumerate(fields.rows(value, "workloads")):
        yield from _of_workload(row, f"workloads[{index}].", len(shapes))
    yield from _twice(value)


def _of_workload(row: Mapping[str, Any], path: str, shapes: int) -> Iterator[Problem]:
    number = FieldType(
        f"the number of one of the {shapes} shapes", lambda value: is_number(value) and 0 <= value < shapes
    )
    yield from _of(row, {**_WORKLOAD, "shape": number.or_null(), "previous": number.or_null()}, path)
    yield from _of(fields.mapping(row, "name"), _NAME, f"{path}name.")
    for index, group in enumerate(fields.rows(row, "pods")):
        its = f"{path}pods[{index}]."
        yield from _of(group, {**_PODS, "shape": number.needed()}, its)
        for one, each in enumerate(fields.rows(group, "ids")):
            yield from _of(each, _ID, f"{its}ids[{one}].")


def _twice(value: Mapping[str, Any]) -> Iterator[Problem]:
    """Workloads that stand twice: their Pods would count twice, and which of them is right nobody knows."""
    first: dict[tuple[Any, ...], int] = {}
    for index, row in enumerate(fields.rows(value, "workloads")):
        name = tuple(fields.text(row, "name", each) for each in _NAME)
        before = first.setdefault(name, index)
        if before != index:
            what = shown("/".join(name))
            yield Problem(
                f"workloads[{index}].name", f"{what} stands at workloads[{before}], too: take one of them away"
            )


def _of(found: Mapping[str, Any], types: Mapping[str, FieldType], path: str) -> Iterator[Problem]:
    yield from misfits(found, types, path)
    yield from misspelt(found, types, path)


def _are_labels(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, Mapping) for each in value.values())


_INVENTORY: Final = {
    "inventoryVersion": NUMBER,
    "taken": FieldType("nanoseconds since 1970", is_number),
    "teamLabel": TEXT,
    "namespaces": FieldType("an object with the labels of each namespace", _are_labels),
    "shapes": OBJECTS.needed(),
    "workloads": OBJECTS.needed(),
    "problems": TEXTS,
}
_SHAPE: Final = frozenset({"metadata", "spec"})
_METADATA: Final = frozenset({"labels", "annotations"})
_WORKLOAD: Final = {
    "name": OBJECT.needed(),
    "api_version": TEXT,
    "uid": TEXT,
    "shape": NUMBER,
    "previous": NUMBER,
    "revision": TEXT,
    "pods": OBJECTS,
    "replicas": COUNT.or_null(),
    "schedule": TEXT,
    "time_zone": TEXT,
    "suspended": FLAG,
    "finished": FLAG,
    "current": TEXT,
    "partitioned": FLAG,
    "ran": FieldType("nanoseconds since 1970 or null", lambda value: value is None or is_number(value)),
    "held": FLAG,
}
# A Pod of a file may stand in no namespace.
_NAME: Final = {"namespace": NAME_OR_EMPTY.needed(), "kind": NAME.needed(), "name": NAME.needed()}
_PODS: Final = {
    "maker": TEXT,
    "maker_name": TEXT,
    "shape": NUMBER,
    "ids": OBJECTS.needed(),
    "count": FieldType(
        f"a whole number from 1 to {limits.PODS}",
        lambda value: is_number(value) and 1 <= value <= limits.PODS,
        required=True,
    ),
}
_ID: Final = {"list": TEXT.needed(), "name": TEXT.needed(), "id": TEXT.needed()}
