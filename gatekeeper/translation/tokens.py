"""Rego text as tokens: just enough to find its package line, its imports and its references.

Not a parser. Strings and comments are distinguished from code, which is what a search by regular expression would get
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    RAW_STRING = "raw"
    NUMBER = "number"
    NEWLINE = "newline"
    MARK = "mark"


@dataclass(frozen=True)
class Token:
    """A piece of code.

    Attributes:
        kind: what it is.
        text: as written.
        start: offset of its first character in the text.
        line: line number, from 1.
    """

    kind: TokenKind
    text: str
    start: int
    line: int

    @property
    def end(self) -> int:
        """Offset just past its last character."""
        return self.start + len(self.text)


_PATTERN = re.compile(
    r"""
    (?P<skip>[ \t\r\f\v]+|\#[^\n]*)
  | (?P<newline>\n)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9](?:[0-9.eE]|(?<=[eE])[+-])*)
  | (?P<string>"(?:[^"\\\n]|\\.)*"?)
  | (?P<raw>`[^`]*`?)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a Rego text in order; blanks and comments are left out."""
    line = 1
    for match in _PATTERN.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        if kind != "skip":
            yield Token(TokenKind(kind), piece, match.start(), line)
        line += piece.count("\n")
