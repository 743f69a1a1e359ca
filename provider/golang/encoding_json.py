"""JSON as Go's `encoding/json` reads it: which texts it takes, what it makes of them.

The fast way is Python's own scanner, told to keep what Go's decoder needs: the order of keys, double keys, numbers as
they were written. Where it refuses a text, Go's state machine is walked to say why in Go's words.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from provider.golang.json_syntax import problem, quoted

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_ENDS: Final = frozenset({"EOF", "unexpected EOF"})
_END: Final = "unexpected end of JSON input"
_KELVIN, _LONG_S = "\u212a", "\u017f"


class SyntaxProblemError(ValueError):
    """A text that is no JSON; the message is Go's."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object: its keys in order, double ones included."""

    __slots__ = ()


def scan(body: bytes) -> Any:  # noqa: ANN401 - JSON is of any type
    """The first JSON value in a text; what follows it is not looked at, as Go's Decoder does not.

    Returns:
        `Pairs`, list, str, `Number`, bool or None.

    Raises:
        SyntaxProblemError: in Go's words.
    """
    return _first(body)[0]


def scan_whole(body: bytes) -> Any:  # noqa: ANN401 - JSON is of any type
    """The only JSON value of a text, as Go's Unmarshal reads it.

    Returns:
        As `scan`.

    Raises:
        SyntaxProblemError: in Go's words.
    """
    try:
        value, rest = _first(body)
    except SyntaxProblemError as error:
        raise SyntaxProblemError(_END if str(error) in _ENDS else str(error)) from error
    if rest:
        raise SyntaxProblemError(f"invalid character {quoted(rest.encode()[0])} after top-level value")
    return value


def _first(body: bytes) -> tuple[Any, str]:
    """The first value, and what follows it."""
    # Invalid UTF-8 becomes U+FFFD in Go as well, byte by byte.
    text = body.decode("utf-8", "replace")
    start = _SPACE.match(text)
    try:
        value, end = _DECODER.raw_decode(text, start.end() if start else 0)
    except (ValueError, RecursionError) as error:
        raise SyntaxProblemError(problem(body) or "exceeded max depth") from error
    if isinstance(value, Number) and (words := problem(body)):
        # Python takes the 0 of `0E`; Go wants the exponent.
        raise SyntaxProblemError(words)
    return (_whole(value) if "\\u" in text else value), text[end:].lstrip(" \t\r\n")


def folded(key: str) -> str:
    """A key as Go compares it with field names when none is spelt exactly so: simple case folding."""
    return key.replace(_KELVIN, "k").replace(_LONG_S, "s").lower()


def _whole(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    """Half a surrogate pair is no character: U+FFFD, as in Go."""
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, Pairs):
        return Pairs((_whole(key), _whole(item)) for key, item in value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def _refused(_: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError("no JSON number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=_refused
)
