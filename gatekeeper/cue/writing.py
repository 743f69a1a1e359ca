"""Values and types as CUE writes them in its messages."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any, Final

from gatekeeper.cue.syntax import CueField, Expression, ListLiteral, Literal, Mark, Name, Number, StructLiteral, Unary

_PLAIN: Final = re.compile(r"[A-Za-z$][A-Za-z0-9$_]*", re.ASCII)


def label(name: str) -> str:
    """The name of a field; in quotes where it needs them."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def value(given: Any) -> str:  # noqa: ANN401 - a JSON value
    """A value of a text."""
    if isinstance(given, Fraction):
        return str(float(given))
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return json.dumps(given, ensure_ascii=False)


def text(expression: Expression) -> str:  # noqa: PLR0911 - a form a line
    """An expression on one line; empty where what CUE makes of it is not known."""
    match expression:
        case Literal(value=Number() as number):
            return number.text
        case Literal(value=bytes()):
            return ""
        case Literal():
            return value(expression.value)
        case Name():
            return expression.name if expression.name.isalpha() else ""
        case Unary():
            operand = text(expression.operand)
            return f"{expression.operator}{operand}" if operand and expression.operator != "*" else ""
        case StructLiteral():
            return _struct(expression)
        case ListLiteral():
            return _list(expression)
    return ""


def _struct(expression: StructLiteral) -> str:
    found = []
    for each in expression.declarations:
        said = text(each.value) if isinstance(each, CueField) and each.mark is Mark.REGULAR else ""
        if not said or not isinstance(each, CueField):
            return ""
        found.append(f"{label(each.name)}:{said}")
    return "{" + ",".join(found) + "}"


def _list(expression: ListLiteral) -> str:
    found = [text(each) for each in expression.items]
    if expression.rest is not None:
        rest = text(expression.rest.value) if expression.rest.value is not None else ""
        if expression.rest.value is not None and not rest:
            return ""
        found.append("..." + rest)
    return "[" + ",".join(found) + "]" if all(found) else ""
