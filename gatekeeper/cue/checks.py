"""What a plain expression asks of a value: literals, bounds, functions, what is made of the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatekeeper.cue import scalars, words
from gatekeeper.cue.constants import constant, packaged
from gatekeeper.cue.nodes import Bound, Check, ComputedValue, Equals, Matches, OfKind, Validator
from gatekeeper.cue.parts import Conjunct
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.scopes import Frame, meaning
from gatekeeper.cue.syntax import (
    Binary,
    Bottom,
    Expression,
    FunctionCall,
    IndexOf,
    Interpolation,
    Literal,
    Mark,
    Name,
    Selector,
    Unary,
)
from provider.golang import regexp

Imports = Mapping[str, str]
_BOUNDS = frozenset({"<", "<=", ">", ">=", "!=", "=~", "!~"})


def checks_of(expression: Expression, said: Conjunct, imports: Imports) -> Iterator[Check]:
    """What an expression that is no struct, list or disjunction asks of a value.

    Raises:
        CueError: it is not taken.
    """
    if isinstance(expression, Bottom):
        raise CueError(expression.line, "explicit error (_|_ literal) in source", wrong=True)
    known = constant(expression, said.frame, imports)
    if known is not None:
        yield from _constant_checks(expression, known.value)
    elif isinstance(expression, Unary) and expression.operator in _BOUNDS:
        yield _bound(expression, said, imports)
    elif validator := _validator(expression, said, imports):
        yield validator
    elif _is_computed(expression, said, imports):
        yield ComputedValue(expression, said.frame)
    else:
        raise CueError(expression.line, "such a value is not taken")


def _constant_checks(expression: Expression, value: object) -> Iterator[Check]:
    if isinstance(value, bytes):
        yield OfKind(frozenset({"bytes"}), "bytes")
    elif isinstance(value, tuple):
        raise CueError(expression.line, "a list that another name stands for is taken in functions only")
    elif value is None:
        yield OfKind(frozenset({"null"}), "null")
        yield Equals(value)
    else:
        yield Equals(value, made=not isinstance(expression, Literal | Unary))


def _bound(expression: Unary, said: Conjunct, imports: Imports) -> Check:
    operand = constant(expression.operand, said.frame, imports)
    if operand is None:
        raise CueError(expression.line, f"`{expression.operator}` with a value that the text does not give")
    value = operand.value
    if expression.operator in {"=~", "!~"}:
        if not isinstance(value, str):
            raise CueError(expression.line, f"`{expression.operator}` takes a text", wrong=True)
        if problem := regexp.problem(value):
            raise CueError(expression.line, f"invalid regexp: {problem}", wrong=True)
        return Matches(expression.operator, value)
    if isinstance(value, bool | bytes | tuple) or (value is None and expression.operator != "!="):
        raise CueError(expression.line, f"`{expression.operator}` takes a number or a text", wrong=True)
    return Bound(expression.operator, value)


def _validator(expression: Expression, said: Conjunct, imports: Imports) -> Validator | None:
    if isinstance(expression, Selector) and packaged(expression, said.frame, imports) == "time.Time":
        return Validator("time.Time", ())
    if not isinstance(expression, FunctionCall) or not expression.arguments:
        return None
    name = packaged(expression.function, said.frame, imports)
    if name not in words.VALIDATORS or len(expression.arguments) != len(words.VALIDATORS[name][1]):
        return None
    values = [constant(each, said.frame, imports) for each in expression.arguments]
    wanted = words.VALIDATORS[name][1]
    for value, kind in zip(values, wanted, strict=True):
        if value is None or scalars.kind_of(value.value) != kind:
            raise CueError(expression.line, f"`{name}` takes {', '.join(wanted)}, given by the text")
        if kind == "int" and value.value < 0:
            raise CueError(expression.line, f"`{name}` takes no negative number")
    return Validator(name, tuple(value.value for value in values if value is not None))


def _is_computed(expression: Expression, said: Conjunct, imports: Imports) -> bool:
    """Whether it is made of the document; what it may be made of is seen where the Rego is written."""
    match expression:
        case Name():
            found = meaning(expression.name, said.frame)
            if found is None or found.let is not None:
                return False
            values = [each.value for each in found.fields if each.mark is Mark.REGULAR]
            return len(values) == len(found.fields) and any(
                isinstance(value, FunctionCall | Interpolation | Binary | IndexOf)
                and _made(value, found.frame, imports)
                for value in values
            )
        case Selector() | IndexOf():
            return not packaged(expression, said.frame, imports)
        case _:
            return _made(expression, said.frame, imports)


def _made(expression: Expression, frame: Frame, imports: Imports) -> bool:
    match expression:
        case Interpolation() | Binary(operator="+") | IndexOf():
            return True
        case FunctionCall():
            name = packaged(expression.function, frame, imports)
            return name in words.FUNCTIONS and len(expression.arguments) == words.FUNCTIONS[name]
    return False
