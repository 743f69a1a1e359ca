"""What stands in a field of a file with an inventory, and the problems of those in which something else does.

What is not of the wanted shape is as if it were not there for whoever reads the file: such a field is refused by path.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from gatekeeper.documents.problems import Problem
from provider.foreign_text import shown


@dataclass(frozen=True)
class FieldType:
    """What stands in a field.

    Attributes:
        expected: in words.
        fits: whether a value is of it.
        required: whether it has to be there.
    """

    expected: str
    fits: Callable[[Any], bool]
    required: bool = False

    def needed(self) -> FieldType:
        """The same, in a field that has to be there."""
        return FieldType(self.expected, self.fits, required=True)

    def or_null(self) -> FieldType:
        """The same, or null, which is as if the field were not there."""
        return FieldType(f"{self.expected} or null", lambda value: value is None or self.fits(value))


def misfits(found: Mapping[str, Any], types: Mapping[str, FieldType], path: str = "") -> Iterator[Problem]:
    """Fields of another type, and those that are missing.

    Args:
        found: an object of the file.
        types: by the name of the field.
        path: of the object, with a dot at its end; empty for the whole file.
    """
    for name, wanted in types.items():
        if name not in found:
            if wanted.required:
                yield Problem(path + name, f"is missing: expected {wanted.expected}")
        elif not wanted.fits(found[name]):
            yield Problem(path + name, f"expected {wanted.expected}, got {_written(found[name])}")


def misspelt(found: Mapping[str, Any], known: Collection[str], path: str = "") -> Iterator[Problem]:
    """Fields that nobody reads."""
    for name in sorted(found.keys() - set(known)):
        close = get_close_matches(name, known, 1, 0.6)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
        yield Problem(path + shown(name), f"there is no such field; {hint}")


def _written(value: object) -> str:
    """The value in a message, null and the others as the file has them."""
    named = {None: "null", True: "true", False: "false"}
    return named[value] if value is None or isinstance(value, bool) else shown(repr(value))


def is_number(value: object) -> bool:
    """Whether it is a whole number: true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_object_of_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())


# As long as Kubernetes has them. Longer ones, and what cannot be seen, would be shown as another one's name.
_NAME_CHARACTERS: Final = 253


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= _NAME_CHARACTERS and value.isprintable()


TEXT: Final = FieldType("a text", lambda value: isinstance(value, str))
NAME: Final = FieldType(f"a name of 1 to {_NAME_CHARACTERS} printable characters", _is_name)
NAME_OR_EMPTY: Final = FieldType(
    f"a name of at most {_NAME_CHARACTERS} printable characters", lambda v: v == "" or _is_name(v)
)
NUMBER: Final = FieldType("a whole number", is_number)
COUNT: Final = FieldType("a whole number from 0 on", lambda value: is_number(value) and value >= 0)
FLAG: Final = FieldType("true or false", lambda value: isinstance(value, bool))
OBJECT: Final = FieldType("an object", lambda value: isinstance(value, Mapping))
OBJECTS: Final = FieldType("a list of objects", _are_objects)
TEXTS: Final = FieldType("a list of texts", _are_texts)
LABELS: Final = FieldType("an object of texts", _is_object_of_texts)
