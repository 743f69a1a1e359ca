"""What is said of one place, before it is put together: pieces of the text, each with where its names are looked up."""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.cue.nodes import Check
from gatekeeper.cue.scopes import Frame
from gatekeeper.cue.syntax import Expression, ListLiteral, StructLiteral


@dataclass(frozen=True, eq=False)
class Conjunct:
    """One thing that is said of a place.

    Attributes:
        expression: what.
        frame: where its names are looked up.
        groups: the definitions that it is part of, which close its structs.
        entered: the definitions and names that led here, so that a circle is seen.
    """

    expression: Expression
    frame: Frame
    groups: frozenset[int] = frozenset()
    entered: tuple[object, ...] = ()


@dataclass(frozen=True, eq=False)
class StructPart:
    """A struct's text at a place.

    Attributes:
        frame: of what it holds.
        groups: what closes it; `deep` those that close the structs in it too.
        beside: structs that are embedded in it, or that it is embedded in: their fields are allowed beside its own.
    """

    struct: StructLiteral
    frame: Frame
    groups: frozenset[int]
    deep: frozenset[int]
    entered: tuple[object, ...]
    beside: tuple[StructPart, ...] = ()


@dataclass(frozen=True, eq=False)
class ListPart:
    """A list's text at a place."""

    list: ListLiteral
    said: Conjunct


@dataclass(frozen=True)
class ClosingPart:
    """A definition that says less than a struct, where a struct may stand (`#Any: _`): CUE closes that one.

    Attributes:
        groups: the definitions.
    """

    groups: frozenset[int]


Part = Check | StructPart | ListPart | ClosingPart


@dataclass(frozen=True, eq=False)
class Way:
    """One way of a disjunction: all of its parts hold."""

    parts: tuple[Part, ...]
    preferred: bool = False


@dataclass(frozen=True, eq=False)
class Disjuncts:
    """The ways that a place may go; `marked` where some are preferred."""

    all: tuple[Way, ...]
    marked: bool = False
