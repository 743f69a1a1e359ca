"""Problems in the making: what is wrong at which fields, before those that say the same are joined.

The webhook joins fields of which it says the same into one line, sorted, and people search for that line; and it
names some fields by a path that is not theirs (`spec.type` for `spec.policy.type`). An error keeps both paths.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatekeeper.documents.problems import Problem, Severity
from provider import limits

_SHOWN: Final = 2048


@dataclass(frozen=True)
class FieldPath:
    """A field.

    Attributes:
        path: where it is.
        words: where the webhook says that it is.
    """

    path: str = ""
    words: str = ""

    def __truediv__(self, name: str) -> FieldPath:
        """The field of that name in this one."""
        return self.member(name, name)

    def member(self, name: str, words: str) -> FieldPath:
        """The field of that name, which the webhook names otherwise, or not at all."""
        return FieldPath(_joined(self.path, name), _joined(self.words, words))

    def __getitem__(self, index: int) -> FieldPath:
        """The member at that position."""
        return FieldPath(f"{self.path}[{index}]", f"{self.words}[{index}]")


@dataclass(frozen=True)
class FieldError:
    """Something that is wrong at one field or several.

    Attributes:
        message: what; the fields are appended to it.
        fields: where.
        detail: the webhook's second line.
        severity: whether the file is refused for it.
        hint: what to do about it.
    """

    message: str
    fields: tuple[FieldPath, ...]
    detail: str = ""
    severity: Severity = Severity.ERROR
    hint: str = ""


def missing(*fields: FieldPath, hint: str = "") -> FieldError:
    """One of the fields must be there."""
    return FieldError("missing field(s)", fields, hint=hint)


def disallowed(*fields: FieldPath) -> FieldError:
    """The fields may not be there."""
    return FieldError("must not set the field(s)", fields)


def one_of_missing(*fields: FieldPath) -> FieldError:
    """Exactly one of the fields must be there, and none is."""
    return FieldError("expected exactly one, got neither", fields)


def one_of_several(*fields: FieldPath) -> FieldError:
    """Exactly one of the fields must be there, and more are."""
    return FieldError("expected exactly one, got both", fields)


def invalid(value: str, field: FieldPath, detail: str = "", *, hint: str = "") -> FieldError:
    """The field has a value that it cannot have."""
    return FieldError(f"invalid value: {shown(value)}", (field,), shown(detail), hint=hint)


def warned(value: str, field: FieldPath, detail: str) -> FieldError:
    """The field has a value that the webhook warns of."""
    return FieldError(f"invalid value: {shown(value)}", (field,), detail, Severity.WARNING)


def shown(value: str) -> str:
    """A value as far as it is shown."""
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}… ({len(value)} characters)"


def joined(errors: Iterable[FieldError]) -> list[Problem]:
    """The errors as problems, those that say the same in one, in the order of their first."""
    groups: dict[tuple[Severity, str, str, str], list[FieldPath]] = {}
    for error in errors:
        groups.setdefault((error.severity, error.message, error.detail, error.hint), []).extend(error.fields)
    return [_problem(*group, fields) for group, fields in groups.items()]


def _problem(severity: Severity, message: str, detail: str, hint: str, fields: list[FieldPath]) -> Problem:
    paths = tuple(dict.fromkeys(field.path for field in fields))
    words = _listed(sorted({field.words for field in fields}))
    path = _common(paths)
    return Problem(path, f"{message}: {words}", severity, detail, hint or _true_paths(path, fields), paths)


def _true_paths(path: str, fields: list[FieldPath]) -> str:
    """The fields that the webhook names by other paths, each with its own: `spec.type is spec.policy.type`.

    None where the reader finds them without: the problem's path stands before the message, and what the webhook calls
    all fields differs from it in the same way (at `spec.images[2]` the message says `glob`).
    """
    begins = {field.words.removesuffix(field.path.removeprefix(path)) for field in fields}
    if len(begins) == 1:
        return ""
    # Upper and lower case apart (`secretref`): nobody looks for that elsewhere.
    other = sorted((field.words, field.path) for field in fields if field.words.lower() != field.path.lower())
    return _listed(list(dict.fromkeys(f"{words} is {true}" for words, true in other)))


def _listed(items: list[str]) -> str:
    more = len(items) - limits.PROBLEM_FIELDS
    shown_items = items[: limits.PROBLEM_FIELDS]
    return ", ".join([*shown_items, f"and {more} more"] if more > 0 else shown_items)


def _common(paths: tuple[str, ...]) -> str:
    if len(paths) == 1:
        return paths[0]
    columns = zip(*(path.replace("[", ".[").split(".") for path in paths), strict=False)
    same = itertools.takewhile(lambda parts: len(set(parts)) == 1, columns)
    return ".".join(parts[0] for parts in same).replace(".[", "[")


def _joined(path: str, name: str) -> str:
    return ".".join(part for part in (path, name) if part)
