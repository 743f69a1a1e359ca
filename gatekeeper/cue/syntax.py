"""The parts of a CUE text, as they are written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class Mark(Enum):
    """What stands behind a field's name: `a: 1`, `a!: 1`, `a?: 1`."""

    REGULAR = ""
    REQUIRED = "!"
    OPTIONAL = "?"


@dataclass(frozen=True, eq=False)
class Number:
    """A number; `1` is whole, `1.0` is not, and in CUE they differ.

    Attributes:
        value: what it is worth.
        whole: it is written without a fraction and an exponent.
        text: as CUE would print it.
    """

    value: Decimal
    whole: bool
    text: str


@dataclass(frozen=True, eq=False)
class Expression:
    """What may stand as a value. Two that look alike are two: `eq` is by identity.

    Attributes:
        line: where it begins, from 1.
    """

    line: int


@dataclass(frozen=True, eq=False)
class Literal(Expression):
    """`null`, `true`, `"text"`, `'bytes'`, `1`."""

    value: bool | str | bytes | Number | None


@dataclass(frozen=True, eq=False)
class Interpolation(Expression):
    r"""`"image \(name)"`: texts and expressions in turn."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, eq=False)
class Bottom(Expression):
    """`_|_`."""


@dataclass(frozen=True, eq=False)
class Name(Expression):
    """A reference, or a word of the language: `string`, `#Image`, `_`."""

    name: str


@dataclass(frozen=True, eq=False)
class Selector(Expression):
    """`of.name`."""

    of: Expression
    name: str


@dataclass(frozen=True, eq=False)
class IndexOf(Expression):
    """`of[key]`."""

    of: Expression
    key: Expression


@dataclass(frozen=True, eq=False)
class FunctionCall(Expression):
    """`function(arguments)`."""

    function: Expression
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Unary(Expression):
    """`>1`, `!ready`, `*true`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, eq=False)
class Binary(Expression):
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class CueField:
    """`name: value`.

    Attributes:
        line: from 1.
        name: without quotes.
        quoted: it was written in quotes, so that nothing refers to it and it is neither definition nor hidden.
        mark: whether it has to be there.
        value: what it has to be.
    """

    line: int
    name: str
    quoted: bool
    mark: Mark
    value: Expression

    @property
    def definition(self) -> bool:
        """`#Name`: meets no field of a document."""
        return not self.quoted and self.name.startswith("#")

    @property
    def hidden(self) -> bool:
        """`_name`: meets no field of a document either."""
        return not self.quoted and self.name.startswith("_")


@dataclass(frozen=True, eq=False)
class Pattern:
    """`[string]: value`: what every field of such a name has to be."""

    line: int
    names: Expression
    value: Expression


@dataclass(frozen=True, eq=False)
class EmbeddedValue:
    """An expression that stands alone in a struct."""

    value: Expression


@dataclass(frozen=True, eq=False)
class Let:
    """`let name = value`."""

    line: int
    name: str
    value: Expression


@dataclass(frozen=True, eq=False)
class Rest:
    """`...`, and in a list `...value`."""

    line: int
    value: Expression | None


@dataclass(frozen=True, eq=False)
class Guard:
    """`if condition {fields}`, perhaps with several conditions."""

    line: int
    conditions: tuple[Expression, ...]
    body: StructLiteral


Declaration = CueField | Pattern | EmbeddedValue | Let | Rest | Guard


@dataclass(frozen=True, eq=False)
class StructLiteral(Expression):
    """`{declarations}`; a whole text is one too."""

    declarations: tuple[Declaration, ...]


@dataclass(frozen=True, eq=False)
class ListLiteral(Expression):
    """`[items, ...rest]`."""

    items: tuple[Expression, ...]
    rest: Rest | None


@dataclass(frozen=True, eq=False)
class Import:
    """`import name "path"`."""

    line: int
    name: str
    path: str


@dataclass(frozen=True, eq=False)
class File:
    """A text: what it imports, and what it says."""

    imports: tuple[Import, ...]
    content: StructLiteral
