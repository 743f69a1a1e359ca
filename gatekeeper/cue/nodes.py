"""What a text asks of each place of a document: its constraints, with every definition where it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatekeeper.cue.scopes import Frame
from gatekeeper.cue.syntax import Expression, Mark

# The kinds of values. A number is whole or not; no document has bytes.
KINDS = ("null", "bool", "int", "float", "string", "bytes", "struct", "list")


@dataclass(frozen=True)
class OfKind:
    """The value is of one of some kinds, which CUE calls by one name: `int`."""

    kinds: frozenset[str]
    name: str


@dataclass(frozen=True)
class Equals:
    """The value is this one: null, a bool, a text, a whole number (`int`), or another one (`Fraction`).

    Attributes:
        value: the value.
        made: a function of CUE has made it, so that CUE comes to it after the document.
    """

    value: Any
    made: bool = False


@dataclass(frozen=True)
class Bound:
    """The value is of the operand's type, and before, behind, or other than it: `<`, `<=`, `>`, `>=`, `!=`."""

    operator: str
    value: Any


@dataclass(frozen=True)
class Matches:
    """The value is a text in which the expression is found, or not found: `=~`, `!~`."""

    operator: str
    pattern: str


@dataclass(frozen=True)
class Validator:
    """A function of CUE says yes: `list.MinItems(2)`."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class ComputedValue:
    """The value is what an expression comes to with the document; anything where that is not known."""

    expression: Expression
    frame: Frame


Check = OfKind | Equals | Bound | Matches | Validator | ComputedValue


@dataclass(frozen=True, eq=False)
class ScalarNode:
    """Every check holds; no checks are `_`.

    Attributes:
        checks: in the order of the text.
        late: CUE comes to it after the document, so that its words name it first or last, the other way round.
    """

    checks: tuple[Check, ...] = ()
    late: bool = False


@dataclass(frozen=True, eq=False)
class Never:
    """Nothing fits.

    Attributes:
        sentence: why.
        path: the fields and items that lead to what is wrong, as CUE writes them.
    """

    sentence: str
    path: tuple[str, ...] = ()

    def below(self, label: str) -> Never:
        """The same of what has it as a field or an item."""
        return Never(self.sentence, (label, *self.path))

    @property
    def said(self) -> str:
        """The sentence with the path."""
        return ": ".join((".".join(self.path), self.sentence)) if self.path else self.sentence


@dataclass(frozen=True, eq=False)
class GuardedPart:
    """A part of a struct that counts where all conditions hold.

    Attributes:
        conditions: each with where its names are looked up.
        labels: the fields of which it says something.
        structure: where it counts, there is a struct; not so where it holds other guards only.
    """

    conditions: tuple[tuple[Expression, Frame], ...]
    labels: frozenset[str]
    structure: bool


@dataclass(frozen=True, eq=False)
class FieldEntry:
    """A field.

    Attributes:
        mark: regular, required or optional, where no guard counts.
        guards: those that say something of it, by their place in the struct.
        variants: what it has to be, by those of its guards that count; None where nothing is said then.
        marks: the same of its mark.
    """

    mark: Mark
    guards: tuple[int, ...]
    variants: Mapping[frozenset[int], Node | None]
    marks: Mapping[frozenset[int], Mark]

    @property
    def plain(self) -> Node | None:
        """What it has to be where no guard counts."""
        return self.variants[frozenset()]


@dataclass(frozen=True)
class AllowedNames:
    """The fields that a closed struct may have: these, and those whose names pass one of the tests."""

    labels: frozenset[str]
    patterns: tuple[tuple[Check, ...], ...]


@dataclass(frozen=True, eq=False)
class StructNode:
    """A struct.

    Attributes:
        fields: those that are named.
        patterns: what fields of other names have to be, by what is asked of the name.
        closed: each says which fields may be there; all must agree.
        guards: parts that count sometimes.
        checks: of the whole struct.
        text: as CUE would write it; empty where that is not known.
        definitions: those that stand in it, which CUE judges where they stand too.
        conditional: nothing but its guards makes it a struct; CUE takes any value where none of them holds.
    """

    fields: Mapping[str, FieldEntry]
    patterns: tuple[tuple[tuple[Check, ...], Node], ...] = ()
    closed: tuple[AllowedNames, ...] = ()
    guards: tuple[GuardedPart, ...] = ()
    checks: tuple[Check, ...] = ()
    text: str = ""
    definitions: tuple[tuple[str, Node], ...] = ()
    conditional: bool = False


@dataclass(frozen=True, eq=False)
class ListNode:
    """A list: its first items, and what the rest has to be; None where there is none. `text` is as of a struct."""

    items: tuple[Node, ...]
    rest: Node | None
    checks: tuple[Check, ...] = ()
    text: str = ""


@dataclass(frozen=True, eq=False)
class Choice:
    """One of several fits.

    Attributes:
        branches: without those that nothing fits.
        preferred: by branch, that it counts where the document says nothing (`*`).
        ways: how many branches there were.
    """

    branches: tuple[Node, ...]
    preferred: tuple[bool, ...]
    ways: int


Node = ScalarNode | Never | StructNode | ListNode | Choice
