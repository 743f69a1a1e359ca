"""The fields of a recorded inventory: each has the type in which it is written.

One that is passed over would be judged as if it were not there: a CronJob that rests, Pods that run, a shape whose
absence gives those behind it other numbers, so that other images run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents import fields
from gatekeeper.documents.problems import Problem
from gatekeeper.freshness.inventory import limits
from provider.foreign_text import shown


@dataclass(frozen=True)
class FieldType:
    """What stands in a field.

    Attributes:
        expected: in words.
        fits: whether a value is of it.
    """

    expected: str
    fits: Callable[[Any], bool]


def problems(value: Mapping[str, Any]) -> Iterator[Problem]:
    """Fields of another type than the one in which they are written.

    Args:
        value: the inventory, as it stands in the file.
    """
    yield from _of(value, _INVENTORY, "")
    for index, row in enumerate(fields.rows(value, "workloads")):
        path = f"workloads[{index}]."
        yield from _of(row, _WORKLOAD, path)
        for number, group in enumerate(fields.rows(row, "pods")):
            yield from _of({name: group.get(name) for name in _PODS}, _PODS, f"{path}pods[{number}].")


def _of(found: Mapping[str, Any], types: Mapping[str, FieldType], path: str) -> Iterator[Problem]:
    for name, wanted in types.items():
        if name in found and not wanted.fits(found[name]):
            yield Problem(path + name, f"expected {wanted.expected}, got {shown(repr(found[name]))}")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number_or_null(value: object) -> bool:
    return value is None or _is_number(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= limits.PODS


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


def _are_labels(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, Mapping) for each in value.values())


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_OBJECTS: Final = FieldType("a list of objects", _are_objects)
_FLAG: Final = FieldType("true or false", lambda value: isinstance(value, bool))
_TEXT: Final = FieldType("a text", lambda value: isinstance(value, str))
_INVENTORY: Final = {
    "taken": FieldType("nanoseconds since 1970", _is_number),
    "namespaces": FieldType("an object with the labels of each namespace", _are_labels),
    "shapes": _OBJECTS,
    "workloads": _OBJECTS,
    "problems": FieldType("a list of texts", _are_texts),
}
_WORKLOAD: Final = {
    "pods": _OBJECTS,
    "replicas": FieldType("a whole number or null", _is_number_or_null),
    "schedule": _TEXT,
    "time_zone": _TEXT,
    "suspended": _FLAG,
    "finished": _FLAG,
    "partitioned": _FLAG,
}
# Both are always written.
_PODS: Final = {
    "count": FieldType(f"a whole number from 1 to {limits.PODS}", _is_count),
    "ids": _OBJECTS,
}
