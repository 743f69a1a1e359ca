"""Fields of objects that anybody may have written: what is not of the wanted shape is as if it were not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def value(found: Any, *path: str) -> Any:  # noqa: ANN401 - any JSON
    """The value at a path; None where there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def mapping(found: Any, *path: str) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    """The object at a path; an empty one where there is none."""
    there = value(found, *path)
    return there if isinstance(there, Mapping) else {}


def rows(found: Any, *path: str) -> list[Mapping[str, Any]]:  # noqa: ANN401 - any JSON
    """The objects in the list at a path."""
    there = value(found, *path)
    return [each for each in there if isinstance(each, Mapping)] if isinstance(there, list) else []


def texts(found: Any, *path: str) -> tuple[str, ...]:  # noqa: ANN401 - any JSON
    """The texts in the list at a path."""
    there = value(found, *path)
    return tuple(each for each in there if isinstance(each, str)) if isinstance(there, list) else ()


def text(found: Any, *path: str) -> str:  # noqa: ANN401 - any JSON
    """The text at a path; an empty one where there is none."""
    there = value(found, *path)
    return there if isinstance(there, str) else ""


def number(found: Any, *path: str) -> int:  # noqa: ANN401 - any JSON
    """The whole number at a path; 0 where there is none."""
    there = value(found, *path)
    return there if isinstance(there, int) and not isinstance(there, bool) else 0


def labels(found: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """The labels of an object."""
    return {str(name): str(each) for name, each in mapping(found, "metadata", "labels").items()}


def name(found: Any) -> str:  # noqa: ANN401 - any JSON
    """The name of an object."""
    return text(found, "metadata", "name")
