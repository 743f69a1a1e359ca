"""Problems in the making: what is wrong at which fields, before those that say the same are joined.

The webhook joins fields of which it says the same into one line, sorted, and people search for that line; and it
names some fields by a path that is not theirs (`spec.type` for `spec.policy.type`). A fault keeps both paths.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatekeeper.policy.problems import Problem, Severity
from provider import limits

_SHOWN: Final = 2048


@dataclass(frozen=True)
class Place:
    """A field.

    Attributes:
        path: where it is.
        words: where the webhook says that it is.
    """

    path: str = ""
    words: str = ""

    def __truediv__(self, name: str) -> Place:
        """The field of that name in this one."""
        return self.member(name, name)

    def member(self, name: str, words: str) -> Place:
        """The field of that name, which the webhook names otherwise, or not at all."""
        return Place(_joined(self.path, name), _joined(self.words, words))

    def __getitem__(self, index: int) -> Place:
        """The member at that position."""
        return Place(f"{self.path}[{index}]", f"{self.words}[{index}]")


@dataclass(frozen=True)
class Fault:
    """Something that is wrong at one field or several.

    Attributes:
        message: what; the fields are appended to it.
        places: where.
        detail: the webhook's second line.
        severity: whether the file is refused for it.
        hint: what to do about it.
    """

    message: str
    places: tuple[Place, ...]
    detail: str = ""
    severity: Severity = Severity.ERROR
    hint: str = ""


def missing(*places: Place, hint: str = "") -> Fault:
    """One of the fields must be there."""
    return Fault("missing field(s)", places, hint=hint)


def disallowed(*places: Place) -> Fault:
    """The fields may not be there."""
    return Fault("must not set the field(s)", places)


def one_of_missing(*places: Place) -> Fault:
    """Exactly one of the fields must be there, and none is."""
    return Fault("expected exactly one, got neither", places)


def one_of_several(*places: Place) -> Fault:
    """Exactly one of the fields must be there, and more are."""
    return Fault("expected exactly one, got both", places)


def invalid(value: str, place: Place, detail: str = "", *, hint: str = "") -> Fault:
    """The field has a value that it cannot have."""
    return Fault(f"invalid value: {shown(value)}", (place,), shown(detail), hint=hint)


def warned(value: str, place: Place, detail: str) -> Fault:
    """The field has a value that the webhook warns of."""
    return Fault(f"invalid value: {shown(value)}", (place,), detail, Severity.WARNING)


def shown(value: str) -> str:
    """A value as far as it is shown."""
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}… ({len(value)} characters)"


def joined(faults: Iterable[Fault]) -> list[Problem]:
    """The faults as problems, those that say the same in one, in the order of their first."""
    groups: dict[tuple[Severity, str, str, str], list[Place]] = {}
    for fault in faults:
        groups.setdefault((fault.severity, fault.message, fault.detail, fault.hint), []).extend(fault.places)
    return [_problem(*group, places) for group, places in groups.items()]


def _problem(severity: Severity, message: str, detail: str, hint: str, places: list[Place]) -> Problem:
    paths = tuple(dict.fromkeys(place.path for place in places))
    words = _listed(sorted({place.words for place in places}))
    path = _common(paths)
    return Problem(path, f"{message}: {words}", severity, detail, hint or _renamed(path, places), paths)


def _renamed(path: str, places: list[Place]) -> str:
    """What tells the true paths where the problem's own path does not."""
    starts = {place.words.removesuffix(place.path.removeprefix(path)) for place in places}
    renamed = {place.words: place.path for place in places if place.words.lower() != place.path.lower()}
    if len(starts) == 1 or not renamed:
        return ""
    return _listed([f"{words} is {path}" for words, path in sorted(renamed.items())])


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
