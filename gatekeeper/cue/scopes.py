"""Which field, definition or `let` a name means: the innermost one whose struct it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gatekeeper.cue.syntax import CueField, Let, StructLiteral


@dataclass(frozen=True, eq=False)
class StructNames:
    """The names that a struct gives."""

    struct: StructLiteral

    @cached_property
    def fields(self) -> Mapping[str, tuple[CueField, ...]]:
        """Its fields that a name can mean; those in quotes are not."""
        found: dict[str, tuple[CueField, ...]] = {}
        for each in self.struct.declarations:
            if isinstance(each, CueField) and not each.quoted:
                found[each.name] = (*found.get(each.name, ()), each)
        return found

    @cached_property
    def lets(self) -> Mapping[str, Let]:
        """Its `let` clauses."""
        return {each.name: each for each in self.struct.declarations if isinstance(each, Let)}


@dataclass(frozen=True, eq=False)
class Frame:
    """A struct of the text where it is used.

    Attributes:
        scope: its names.
        level: how many fields and items lead from the document to the value that it is about.
        outer: the one that it stands in.
    """

    scope: StructNames
    level: int
    outer: Frame | None = field(default=None)


@dataclass(frozen=True, eq=False)
class NameMeaning:
    """What a name means: fields or a `let`, and where they stand."""

    frame: Frame
    fields: tuple[CueField, ...] = ()
    let: Let | None = None


def meaning(name: str, frame: Frame | None) -> NameMeaning | None:
    """What a name means there; None where no struct gives it."""
    while frame is not None:
        if name in frame.scope.fields:
            return NameMeaning(frame, fields=frame.scope.fields[name])
        if name in frame.scope.lets:
            return NameMeaning(frame, let=frame.scope.lets[name])
        frame = frame.outer
    return None
