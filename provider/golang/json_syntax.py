"""Why Go's JSON scanner refuses a text, in its own words.

A walk through the grammar of RFC 8259 that stops at the first byte which cannot go on, as `encoding/json` does byte by
byte. It is only ever called for texts that have been refused, and nobody waits long for an explanation: the walk ends
after `limits.JSON_EXPLAINED` values or `limits.JSON_EXPLAINED_BYTES`, wherever it is then.
"""

from __future__ import annotations

import re
from typing import Final

from provider import limits

_SPACES: Final = re.compile(rb"[ \t\r\n]*")
# What may stand in a string, escapes included, up to what may not; a piece of it, so that the ways back are few. (A
# group that gives nothing back, `(…)*+`, ends in the middle of a bad escape before Python 3.11.5.)
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+){0,512}')
_DIGITS: Final = re.compile(rb"[0-9]*")
_HEX: Final = b"0123456789abcdefABCDEF"
_LITERALS: Final = {b"t": b"true", b"f": b"false", b"n": b"null"}
_UNEXPLAINED: Final = "invalid JSON, further into the text than is looked at"


class _StopError(Exception):
    """The walk cannot go on."""


def problem(body: bytes) -> str | None:
    """Why the first value of a text is none.

    Returns:
        The message of Go's Decoder; a sentence of our own where the reason stands behind more than
        `limits.JSON_EXPLAINED` values or `limits.JSON_EXPLAINED_BYTES`; None for a text that Go takes.
    """
    try:
        _Walk(body).value_at_top()
    except _StopError as error:
        return str(error)
    return None


class _Walk:
    def __init__(self, body: bytes) -> None:
        self._body = body[: limits.JSON_EXPLAINED_BYTES]
        self._cut = len(self._body) < len(body)
        self._at = 0
        self._open: list[bytes] = []
        self._left = limits.JSON_EXPLAINED

    def value_at_top(self) -> None:
        self._space()
        if self._at == len(self._body):
            raise _StopError(_UNEXPLAINED if self._cut else "EOF")
        self._value()
        while self._open:
            self._next()

    def _next(self) -> None:
        """What may stand after a value within an object or an array."""
        self._space()
        closing, where = (
            (b"}", "after object key:value pair") if self._open[-1] == b"{" else (b"]", "after array element")
        )
        byte = self._peek()
        if byte == closing:
            self._at += 1
            self._open.pop()
        elif byte == b",":
            self._at += 1
            self._space()
            if closing == b"}":
                self._key()
            else:
                self._value()
        else:
            raise self._invalid(where)

    def _value(self) -> None:
        """A value; of an object or array its beginning, up to the end of the first value in it."""
        while True:
            self._left -= 1
            if self._left < 0:
                raise _StopError(_UNEXPLAINED)
            byte = self._peek()
            if byte not in (b"{", b"["):
                return self._scalar(byte)
            self._open.append(byte)
            self._at += 1
            self._space()
            if self._peek() == (b"}" if byte == b"{" else b"]"):
                self._at += 1
                self._open.pop()
                return None
            if byte == b"{":
                self._name()

    def _key(self) -> None:
        self._name()
        self._value()

    def _name(self) -> None:
        if self._peek() != b'"':
            raise self._invalid("looking for beginning of object key string")
        self._string()
        self._space()
        if self._peek() != b":":
            raise self._invalid("after object key")
        self._at += 1
        self._space()

    def _scalar(self, byte: bytes) -> None:
        if byte == b'"':
            self._string()
        elif byte in _LITERALS:
            self._literal(_LITERALS[byte])
        elif byte == b"-" or byte.isdigit():
            self._number()
        else:
            raise self._invalid("looking for beginning of value")

    def _literal(self, word: bytes) -> None:
        for expected in word:
            if self._peek() != bytes([expected]):
                raise self._invalid(f"in literal {word.decode()} (expecting '{chr(expected)}')")
            self._at += 1

    def _number(self) -> None:
        if self._peek() == b"-":
            self._at += 1
            if not self._peek().isdigit():
                raise self._invalid("in numeric literal")
        if self._peek() == b"0":
            self._at += 1
        else:
            self._digits()
        if self._soft_peek() == b".":
            self._at += 1
            self._some_digits("after decimal point in numeric literal")
        if self._soft_peek() in (b"e", b"E"):
            self._at += 1
            if self._peek() in (b"+", b"-"):
                self._at += 1
            self._some_digits("in exponent of numeric literal")

    def _some_digits(self, where: str) -> None:
        if not self._peek().isdigit():
            raise self._invalid(where)
        self._digits()

    def _digits(self) -> None:
        match = _DIGITS.match(self._body, self._at)
        self._at = match.end() if match else self._at

    def _string(self) -> None:
        self._at += 1
        while (match := _PLAIN.match(self._body, self._at)) and match.end() > self._at:
            self._at = match.end()
        byte = self._peek()
        self._at += 1
        if byte == b"\\":
            raise self._bad_escape()
        if byte != b'"':
            self._at -= 1
            raise self._invalid("in string literal")

    def _bad_escape(self) -> _StopError:
        """Why an escape is none, which is known: of good ones nobody comes here."""
        if self._peek() != b"u":
            return self._invalid("in string escape code")
        self._at += 1
        while self._peek() in _HEX:
            self._at += 1
        return self._invalid("in \\u hexadecimal character escape")

    def _space(self) -> None:
        match = _SPACES.match(self._body, self._at)
        self._at = match.end() if match else self._at

    def _soft_peek(self) -> bytes:
        return self._body[self._at : self._at + 1]

    def _peek(self) -> bytes:
        if self._at >= len(self._body):
            raise _StopError(_UNEXPLAINED if self._cut else "unexpected EOF")
        return self._body[self._at : self._at + 1]

    def _invalid(self, where: str) -> _StopError:
        return _StopError(f"invalid character {quoted(self._body[self._at])} {where}")


def quoted(byte: int) -> str:
    """A byte as Go's `strconv.Quote` shows the character of that number."""
    character = chr(byte)
    if character == "'":
        return "'\\''"
    if character == "\\":
        return "'\\\\'"
    named = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    if character in named:
        return f"'{named[character]}'"
    if byte < 0x20 or byte == 0x7F:  # noqa: PLR2004 - control characters
        return f"'\\x{byte:02x}'"
    if not character.isprintable() or byte == 0xAD:  # noqa: PLR2004 - the soft hyphen, which Go does not print
        return f"'\\u{byte:04x}'"
    return f"'{character}'"
