"""What is said of one value, put together: whether anything can fit, as CUE would know it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, Final

from gatekeeper.cue import writing
from gatekeeper.cue.nodes import (
    Bound,
    Check,
    ComputedValue,
    Equals,
    Matches,
    Never,
    Node,
    OfKind,
    ScalarNode,
    Validator,
)
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.words import EVERY_KIND, VALIDATORS

_NUMBERS: Final = frozenset({"int", "float"})
# Expressions that mean the same in Python's `re` and in Go's.
_SIMPLE_PATTERN: Final = re.compile(r"\^?(?:[\w/:@ -]|\\[./-]|\[[\w.]+\](?!\?))*\$?", re.ASCII)
# Between two bounds there are more numbers than one, whatever kind they are of.
_ROOM: Final = 2


def kind_of(value: Any) -> str:  # noqa: ANN401, PLR0911 - a form a line
    """The kind of a value that the text gives."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case Fraction():
            return "float"
        case str():
            return "string"
        case bytes():
            return "bytes"
    return "list"


def kinds_of(check: Check) -> frozenset[str]:  # noqa: PLR0911 - a form a line
    """The kinds of values that may pass."""
    match check:
        case OfKind():
            return check.kinds
        case Equals():
            return frozenset({kind_of(check.value)})
        case Bound(value=None):
            return EVERY_KIND - {"null"}
        case Bound():
            kind = kind_of(check.value)
            return _NUMBERS if kind in _NUMBERS else frozenset({kind})
        case Matches():
            return frozenset({"string"})
        case Validator():
            return frozenset({VALIDATORS[check.name][0]})
    return EVERY_KIND


def joined(checks: Sequence[Check], line: int, *, late: bool) -> Node:
    """What is said of a value that is no struct or list by the text.

    Raises:
        CueError: nobody is sure what CUE makes of it.
    """
    kinds = EVERY_KIND
    for check in checks:
        if not kinds & kinds_of(check):
            first = next((each for each in checks if not kinds_of(each) & kinds_of(check)), None)
            if first is None:
                return Never(f"conflicting values (mismatched types {_listed(kinds)} and {type_of(check)})")
            one, other = (check, first) if late and isinstance(first, OfKind) else (first, check)
            texts, types = f"{text_of(one)} and {text_of(other)}", f"{type_of(one)} and {type_of(other)}"
            return Never(f"conflicting values {texts} (mismatched types {types})")
        kinds &= kinds_of(check)
    given = [check for check in checks if isinstance(check, Equals)]
    for one, other in combinations(given, 2):
        if one.value != other.value:
            first, second = (other, one) if late else (one, other)
            return Never(f"conflicting values {text_of(first)} and {text_of(second)}")
    if given:
        for check in checks:
            if not _holds(check, given[0].value, line):
                return Never(f"invalid value {writing.value(given[0].value)}")
    else:
        _refuse_narrow(checks, line)
    if sum(isinstance(check, ComputedValue) for check in checks) > 1:
        raise CueError(line, "two values that are made of the input for one place are not taken")
    return ScalarNode(tuple(dict.fromkeys(checks)), late)


def text_of(check: Check) -> str:
    """A check as CUE writes it."""
    match check:
        case OfKind():
            return check.name
        case Equals():
            return writing.value(check.value)
        case Bound():
            return f"{check.operator}{writing.value(check.value)}"
        case Matches():
            return f"{check.operator}{writing.value(check.pattern)}"
        case Validator():
            return f"{check.name}({', '.join(writing.value(each) for each in check.arguments)})"
    return "_"


def type_of(check: Check) -> str:
    """The type of values that may pass, as CUE calls it."""
    if isinstance(check, OfKind):
        return check.name
    if isinstance(check, Bound) and kinds_of(check) == _NUMBERS:
        return "number"
    return _listed(kinds_of(check))


def _listed(kinds: frozenset[str]) -> str:
    return "|".join(sorted(kinds))


def _holds(check: Check, value: Any, line: int) -> bool:  # noqa: ANN401
    match check:
        case Bound():
            return _within(check, value)
        case Matches():
            if not _SIMPLE_PATTERN.fullmatch(check.pattern):
                raise CueError(line, "a text and an expression for one place are not taken")
            return (re.search(check.pattern, value) is not None) == (check.operator == "=~")
        case Validator():
            return _valid(check, value, line)
    return True


def _within(check: Bound, value: Any) -> bool:  # noqa: ANN401
    bound = check.value
    match check.operator:
        case "!=":
            return bool(value != bound)
        case "<":
            return bool(_order(value) < _order(bound))
        case "<=":
            return bool(_order(value) <= _order(bound))
        case ">":
            return bool(_order(value) > _order(bound))
    return bool(_order(value) >= _order(bound))


def _order(value: Any) -> Any:  # noqa: ANN401
    """Texts are compared by their bytes."""
    return value.encode() if isinstance(value, str) else value


def _valid(check: Validator, value: Any, line: int) -> bool:  # noqa: ANN401
    argument: Any = next(iter(check.arguments), None)
    match check.name:
        case "strings.MinRunes":
            return bool(len(value) >= argument)
        case "strings.MaxRunes":
            return bool(len(value) <= argument)
        case "strings.HasPrefix":
            return bool(value.startswith(argument))
        case "strings.HasSuffix":
            return bool(value.endswith(argument))
        case "strings.Contains":
            return bool(argument in value)
    raise CueError(line, f"`{check.name}` and a value for one place are not taken")


def _refuse_narrow(checks: Sequence[Check], line: int) -> None:
    """Bounds between which there may be nothing: CUE finds some of that, and not all."""
    lower = [check.value for check in checks if isinstance(check, Bound) and check.operator in {">", ">="}]
    upper = [check.value for check in checks if isinstance(check, Bound) and check.operator in {"<", "<="}]
    for least in lower:
        for most in upper:
            narrow = _order(least) >= _order(most) if isinstance(least, str) else most - least < _ROOM
            if narrow:
                raise CueError(line, f"bounds that leave little or nothing are not taken: {least} and {most}")
