"""JSON as Go's `encoding/json` reads it: which texts it takes, what it makes of them.

The fast way is Python's own scanner, set to keep what Go's decoder needs: the order of keys, double keys, numbers as
they were written. Where it refuses a text, Go's state machine is walked to say why in Go's words.

A scanned value is made of

| JSON | Python |
|---|---|
| object | tuple of pairs, in their order, double keys included |
| array | list |
| string | str |
| number | bytes, as it was written |
| true, false, null | True, False, None |

All of them are made by the interpreter itself: a class of our own for each number costs ten times as much.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from provider import limits
from provider.golang.json_syntax import problem, quoted
from provider.json_weight import WeightError, check

__all__ = ["SyntaxProblemError", "WeightError", "folded", "scan", "scan_whole"]

_REPLACEMENT: Final = "\ufffd"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_ENDS: Final = frozenset({"EOF", "unexpected EOF"})
_END: Final = "unexpected end of JSON input"
_KELVIN, _LONG_S = "\u212a", "\u017f"


class SyntaxProblemError(ValueError):
    """A text that is no JSON; the message is Go's."""


def scan(body: bytes) -> Any:  # noqa: ANN401 - JSON is of any type
    """The first JSON value in a text; what follows it is not looked at, as Go's Decoder does not.

    Raises:
        SyntaxProblemError: in Go's words.
        WeightError: it holds too much, or is nested too deep.
    """
    return _first(body)[0]


def scan_whole(body: bytes) -> Any:  # noqa: ANN401 - JSON is of any type
    """The only JSON value of a text, as Go's Unmarshal reads it.

    Raises:
        SyntaxProblemError: in Go's words.
        WeightError: it holds too much, or is nested too deep.
    """
    try:
        value, rest = _first(body)
    except SyntaxProblemError as error:
        if str(error) not in _ENDS:
            raise
        # At the end Go's Unmarshal takes a blank to see whether the text could end there: `tru` is a bad literal.
        words = problem(body + b" ")
        raise SyntaxProblemError(_END if not words or words in _ENDS else words) from error
    if rest:
        last = body.decode(errors="surrogateescape")[-len(rest) :].encode(errors="surrogateescape")
        raise SyntaxProblemError(f"invalid character {quoted(last[0])} after top-level value")
    return value


def _first(body: bytes) -> tuple[Any, str]:
    """The first value, and what follows it."""
    check(body)
    text = _decoded(body)
    start = _SPACE.match(text)
    try:
        value, end = _DECODER.raw_decode(text, start.end() if start else 0)
    except ValueError as error:
        raise SyntaxProblemError(problem(body) or "invalid JSON") from error
    if isinstance(value, bytes) and (words := problem(body)):
        # Python takes the 0 of `0E`; Go wants the exponent.
        raise SyntaxProblemError(words)
    return (_whole(value) if _may_be_halved(text) else value), text[end:].lstrip(" \t\r\n")


def folded(key: str) -> str:
    """A key as Go compares it with field names when none is spelt exactly so: simple case folding."""
    return key.lower() if key.isascii() else key.replace(_KELVIN, "k").replace(_LONG_S, "s").lower()


def _decoded(body: bytes) -> str:
    """The text; each byte that is no UTF-8 becomes U+FFFD, as in Go.

    Raises:
        WeightError: there are too many of them.
    """
    try:
        return body.decode()
    except UnicodeDecodeError:
        if len(body) - len(body.decode(errors="ignore").encode()) > limits.JSON_PARTS:
            raise WeightError(f"more than {limits.JSON_PARTS} of its bytes are no UTF-8") from None
        return _SURROGATE.sub(_REPLACEMENT, body.decode(errors="surrogateescape"))


def _may_be_halved(text: str) -> bool:
    """Whether half a surrogate pair could be in a text.

    Raises:
        WeightError: there are too many of them.
    """
    if "\\u" not in text or not _SURROGATE_ESCAPE.search(text):
        return False
    if text.count("\\ud") + text.count("\\uD") > limits.JSON_PARTS:
        raise WeightError(f"it has more than {limits.JSON_PARTS} escapes of surrogates")
    return True


def _whole(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    """Half a surrogate pair is no character: U+FFFD, as in Go. The value is not nested too deep for recursion."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub(_REPLACEMENT, value)
    if isinstance(value, tuple):
        return tuple((_whole(key), _whole(item)) for key, item in value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def _refused(_: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError("no JSON number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str.encode, parse_float=str.encode, parse_constant=_refused
)
