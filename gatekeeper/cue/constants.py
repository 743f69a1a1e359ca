"""Values that a text gives by itself, without a document: literals, `let`s, fields with one value, `time.Parse`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from gatekeeper.cue.refusal import CircleError, CueError
from gatekeeper.cue.scopes import Frame, meaning
from gatekeeper.cue.syntax import (
    Binary,
    Expression,
    FunctionCall,
    Interpolation,
    ListLiteral,
    Literal,
    Mark,
    Name,
    Number,
    Selector,
    Unary,
)
from gatekeeper.cue.words import FUNCTIONS, TIMES, VALIDATORS
from provider.limits import CUE_DEPTH, CUE_PARTS

_UNKNOWN: Final = object()
# What `time.Parse` reads and writes again as it is; it would turn others to UTC.
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d{0,8}[1-9])?Z", re.ASCII)


@dataclass(frozen=True)
class Constant:
    """A value: None, a bool, a text, bytes, an int, a Fraction (a number that is not whole), a tuple of values."""

    value: Any


def constant(expression: Expression, frame: Frame, imports: Mapping[str, str], depth: int = 0) -> Constant | None:
    """What an expression is worth whatever the document says; None where the document decides.

    Raises:
        CueError: it is worth nothing.
    """
    value = _Constants(imports).value(expression, frame, depth)
    return None if value is _UNKNOWN else Constant(value)


def packaged(expression: Expression, frame: Frame, imports: Mapping[str, str]) -> str:
    """`list.Contains` where it means a function of an import; empty where it does not."""
    if isinstance(expression, Selector) and isinstance(expression.of, Name):
        name = expression.of.name
        if meaning(name, frame) is None and name in imports:
            return f"{imports[name]}.{expression.name}"
    return ""


class _Constants:
    def __init__(self, imports: Mapping[str, str]) -> None:
        self.imports = imports
        self.steps = 0

    def value(self, expression: Expression, frame: Frame, depth: int) -> Any:  # noqa: ANN401, C901, PLR0911 - a form a line
        self.steps += 1
        if self.steps > CUE_PARTS:
            raise CueError(expression.line, f"a value that comes of more than {CUE_PARTS} parts is not taken")
        if depth > CUE_DEPTH:
            raise CircleError(expression.line, "names refer to each other in a circle, or too deep")
        match expression:
            case Literal(value=Number() as number):
                return number_value(number)
            case Literal():
                return expression.value
            case Name():
                return self._named(expression, frame, depth + 1)
            case ListLiteral(rest=None):
                return self._all(expression.items, frame, depth + 1)
            case Interpolation():
                parts = [
                    part if isinstance(part, str) else self.value(part, frame, depth + 1) for part in expression.parts
                ]
                return self._joined(parts, expression.line)
            case Binary(operator="+"):
                sides = self._all((expression.left, expression.right), frame, depth + 1)
                return _UNKNOWN if sides is _UNKNOWN else self._sum(sides, expression.line)
            case Unary(operator="-" | "+"):
                return self._signed(expression, frame, depth + 1)
            case FunctionCall():
                return self._call(expression, frame, depth + 1)
            case Selector():
                return TIMES.get(packaged(expression, frame, self.imports), _UNKNOWN)
        return _UNKNOWN

    def _all(self, expressions: Sequence[Expression], frame: Frame, depth: int) -> Any:  # noqa: ANN401
        values = tuple(self.value(each, frame, depth) for each in expressions)
        return _UNKNOWN if any(each is _UNKNOWN for each in values) else values

    def _named(self, expression: Name, frame: Frame, depth: int) -> Any:  # noqa: ANN401
        found = meaning(expression.name, frame)
        if found is None:
            return _UNKNOWN
        if found.let is not None:
            return self.value(found.let.value, found.frame, depth)
        for each in found.fields:
            itself = each.value is expression
            if each.mark is Mark.REGULAR and not itself:
                value = self.value(each.value, found.frame, depth)
                if value is not _UNKNOWN:
                    return value
        return _UNKNOWN

    def _joined(self, parts: Sequence[Any], line: int) -> Any:  # noqa: ANN401
        if any(part is _UNKNOWN for part in parts):
            return _UNKNOWN
        if not all(isinstance(part, str) or _is_int(part) for part in parts):
            raise CueError(line, "an interpolation of anything but texts and whole numbers is not taken")
        return "".join(str(part) for part in parts)

    def _sum(self, sides: Sequence[Any], line: int) -> Any:  # noqa: ANN401
        if all(isinstance(side, str) for side in sides):
            return "".join(sides)
        raise CueError(line, "`+` of anything but texts is not taken")

    def _signed(self, expression: Unary, frame: Frame, depth: int) -> Any:  # noqa: ANN401
        value = self.value(expression.operand, frame, depth)
        if value is _UNKNOWN:
            return value
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise CueError(expression.line, "a sign before anything but a number is not taken")
        return -value if expression.operator == "-" else value

    def _call(self, call: FunctionCall, frame: Frame, depth: int) -> Any:  # noqa: ANN401
        name = packaged(call.function, frame, self.imports)
        arguments = self._all(call.arguments, frame, depth)
        if arguments is _UNKNOWN or not name:
            return _UNKNOWN
        if name == "time.Parse":
            return self._time(arguments, call.line)
        if name == "strings.Join" and len(arguments) == FUNCTIONS[name]:
            parts, separator = arguments
            if isinstance(separator, str) and isinstance(parts, tuple) and all(isinstance(x, str) for x in parts):
                return separator.join(parts)
            raise CueError(call.line, "`strings.Join` takes a list of texts, and a text")
        if name not in FUNCTIONS and name not in VALIDATORS:
            raise CueError(call.line, f"the function `{name}` is not taken")
        return _UNKNOWN

    def _time(self, arguments: Sequence[Any], line: int) -> str:
        if len(arguments) != 2 or arguments[0] not in {TIMES["time.RFC3339"], TIMES["time.RFC3339Nano"]}:  # noqa: PLR2004
            raise CueError(line, "`time.Parse` is taken with `time.RFC3339` and `time.RFC3339Nano` only")
        text = arguments[1]
        read = _TIME.fullmatch(text) if isinstance(text, str) else None
        try:
            datetime.strptime(read.group(1), "%Y-%m-%dT%H:%M:%S") if read else None  # noqa: DTZ007
        except ValueError:
            read = None
        if read is None:
            raise CueError(line, f"`time.Parse` of {text!a} is not taken: a time in UTC, as in 2026-01-31T12:00:00Z")
        return str(text)


def number_value(number: Number) -> int | Fraction:
    """A number as a value: a whole one is an int."""
    return int(number.value) if number.whole else Fraction(number.value)


def _is_int(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int) and not isinstance(value, bool)
