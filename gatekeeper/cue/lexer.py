r"""The words of a CUE text.

As in Go, the end of a line is a comma where the line could end there. An interpolation (`"\(name)"`) is one token that
holds tokens; what is none of CUE's words is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Final

from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.string_literals import Quotes, opened, unescaped
from gatekeeper.cue.syntax import Number
from provider.limits import CUE_DEPTH, CUE_DIGITS, CUE_WORDS


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    TEXT = "text"
    MARK = "mark"
    ATTRIBUTE = "ATTRIBUTE"
    COMMA = ","
    END = "EOF"


@dataclass(frozen=True)
class CueToken:
    """A word.

    Attributes:
        kind: what it is.
        text: as written; of a text what it says.
        line: from 1.
        number: of a number.
        parts: of an interpolation, its texts and, between them, the tokens of its expressions.
        octets: it is a text of bytes (`'…'`).
        newline: a comma that was not written.
        plain: of a text, that it may name a field (`"a"`, not a text over lines).
    """

    kind: Kind
    text: str
    line: int
    number: Number | None = None
    parts: tuple[str | tuple[CueToken, ...], ...] = field(default=())
    octets: bool = False
    newline: bool = False
    plain: bool = False


_SPACE: Final = re.compile(r"[ \t\r]+|//[^\n]*")
_NAME: Final = re.compile(r"(?:_?#)?[^\W\d][\w$]*|_?#(?=\W|$)|[$][\w$]*")
_NUMBER: Final = re.compile(
    r"0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*|0b[01](?:_?[01])*|0o[0-7](?:_?[0-7])*"
    r"|(?P<float>(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d+)?|\d(?:_?\d)*\.?[eE][+-]?\d+|\d(?:_?\d)*\.(?!\.))"
    r"|(?P<whole>\d(?:_?\d)*)"
)
_UNIT: Final = re.compile(r"([KMGTP]i?)")
_UNITS: Final = {letter: power for power, letter in enumerate("KMGTP", start=1)}
_MARK: Final = re.compile(r"_\|_|\.\.\.|&&|\|\||==|=~|!=|!~|<=|>=|[|&+\-*/<>!=:;,.?()\[\]{}~]")
_ENDING_MARKS: Final = frozenset({")", "]", "}", "?", "...", "_|_"})
_ATTRIBUTE: Final = re.compile(r"@([^\W\d]\w*)\(")
# Attributes that change what CUE makes of a text, or whether it takes it.
_MEANT: Final = frozenset({"extern", "experiment"})
# Numbers that no unit stands behind: those of another base, 0, and those with an exponent.
_UNITLESS: Final = re.compile(r"0[\d_xob]|0$|.*e", re.IGNORECASE)


def tokens(text: str) -> tuple[CueToken, ...]:
    """The tokens of a text, the last one its end.

    Raises:
        CueError: what is none of CUE's words.
    """
    return tuple(_Lexer(text).run())


class _Lexer:
    """One pass over a text, or over the expression of an interpolation, which ends at its parenthesis."""

    def __init__(self, text: str, at: int = 0, line: int = 1, depth: int = 0) -> None:
        self.text = text
        self.at = at
        self.line = line
        self.depth = depth
        self.last: CueToken | None = None
        self.count = 0
        if depth > CUE_DEPTH:
            raise CueError(line, f"texts within texts are nested deeper than {CUE_DEPTH}")

    def run(self) -> Iterator[CueToken]:
        """The tokens of the whole text."""
        while self.at < len(self.text):
            yield from self._next()
        if self._ends():
            yield CueToken(Kind.COMMA, "\n", self.line, newline=True)
        yield CueToken(Kind.END, "EOF", self.line)

    def within(self) -> tuple[CueToken, ...]:
        """The tokens to the parenthesis that closes an interpolation; that is left behind."""
        found: list[CueToken] = []
        opened_marks = 0
        while self.at < len(self.text):
            for token in self._next():
                opened_marks += (token.kind is Kind.MARK and token.text in "([{") - (
                    token.kind is Kind.MARK and token.text in ")]}"
                )
                if opened_marks < 0:
                    return (*found, CueToken(Kind.END, "EOF", self.line))
                found.append(token)
        raise CueError(self.line, "an interpolation is not closed", wrong=True)

    def _next(self) -> Iterator[CueToken]:
        if space := _SPACE.match(self.text, self.at):
            self.at = space.end()
            return
        if self.text[self.at] == "\n":
            comma = CueToken(Kind.COMMA, "\n", self.line, newline=True)
            if self._ends():
                yield comma
            self.last = None
            self.line += 1
            self.at += 1
            return
        token = self._attribute() if self.text[self.at] == "@" else self._token()
        self.last = token
        self.count += 1
        if self.count > CUE_WORDS:
            raise CueError(self.line, f"a text of more than {CUE_WORDS} words is not taken")
        yield token

    def _ends(self) -> bool:
        """Whether a line may end behind the last token."""
        if self.last is None or self.last.kind in {Kind.COMMA, Kind.END}:
            return False
        return self.last.kind is not Kind.MARK or self.last.text in _ENDING_MARKS

    def _token(self) -> CueToken:
        if (quotes := opened(self.text, self.at)) is not None:
            return self._text(quotes)
        if number := _NUMBER.match(self.text, self.at):
            return self._number(number)
        if mark := _MARK.match(self.text, self.at):
            # `_|_` begins as a name does.
            self.at = mark.end()
            kind = Kind.COMMA if mark.group() == "," else Kind.MARK
            return CueToken(kind, mark.group(), self.line)
        if name := _NAME.match(self.text, self.at):
            if name.group().startswith("__"):
                raise CueError(self.line, f"{name.group()}: names that begin with two low lines are CUE's own")
            self.at = name.end()
            return CueToken(Kind.NAME, name.group(), self.line)
        raise CueError(self.line, f"illegal character {self.text[self.at]!a}", wrong=True)

    def _number(self, match: re.Match[str]) -> CueToken:
        self.at = match.end()
        digits = match.group().replace("_", "")
        unit = _UNIT.match(self.text, self.at)
        if unit and not _UNITLESS.match(match.group()):
            self.at = unit.end()
            digits = _with_unit(digits, unit.group(), self.line)
        if _NAME.match(self.text, self.at):
            raise CueError(self.line, f"illegal number {match.group()}{self.text[self.at]}", wrong=True)
        return CueToken(Kind.NUMBER, match.group(), self.line, number=_number_of(digits, self.line))

    def _text(self, quotes: Quotes) -> CueToken:
        line = self.line
        parts: list[str | tuple[CueToken, ...]] = []
        at = quotes.start
        while True:
            piece = unescaped(self.text, at, quotes, line)
            parts.append(piece.text)
            self.line += self.text.count("\n", at, piece.end)
            if not piece.interpolated:
                break
            inner = _Lexer(self.text, piece.end, self.line, self.depth + 1)
            parts.append(inner.within())
            at, self.line = inner.at, inner.line
        self.at = piece.end
        texts = quotes.stripped([part for part in parts if isinstance(part, str)], line)
        whole = [texts.pop(0) if isinstance(part, str) else part for part in parts]
        interpolated = tuple(whole) if len(whole) > 1 else ()
        said = str(whole[0]) if len(whole) == 1 else ""
        return CueToken(
            Kind.TEXT,
            said,
            line,
            parts=interpolated,
            octets=quotes.octets,
            plain=not quotes.lines and not quotes.octets,
        )

    def _attribute(self) -> CueToken:
        """`@name(anything)` means nothing to an evaluation."""
        head = _ATTRIBUTE.match(self.text, self.at)
        if head is None:
            raise CueError(self.line, "invalid attribute: expected `@name(…)`", wrong=True)
        if head.group(1) in _MEANT:
            raise CueError(self.line, f"the attribute `@{head.group(1)}` is not taken")
        line, at, depth = self.line, head.end(), 1
        while depth:
            if at >= len(self.text):
                raise CueError(self.line, "an attribute is not closed", wrong=True)
            character = self.text[at]
            if character in "\"'#":
                raise CueError(self.line, "attributes with texts in quotes are not taken")
            depth += (character in "([{") - (character in ")]}")
            self.line += character == "\n"
            at += 1
        self.at = at
        return CueToken(Kind.ATTRIBUTE, head.group(), line)


def _with_unit(digits: str, unit: str, line: int) -> str:
    base = 1024 if unit.endswith("i") else 1000
    value = Decimal(digits) * base ** _UNITS[unit[0]]
    if value != value.to_integral_value():
        raise CueError(line, f"the number {digits}{unit} is not whole")
    return str(int(value))


def _number_of(digits: str, line: int) -> Number:
    if digits[:2] in {"0x", "0X", "0b", "0o"}:
        value, whole = Decimal(int(digits, 0)), True
    elif digits.isdigit():
        if len(digits) > 1 and digits.startswith("0"):
            raise CueError(line, f"illegal integer number {digits}", wrong=True)
        value, whole = Decimal(digits), True
    else:
        value, whole = Decimal(digits), False
    significant = len(value.as_tuple().digits)
    exponent = value.adjusted()
    if significant > CUE_DIGITS or abs(exponent) > CUE_DIGITS:
        raise CueError(line, f"numbers of more than {CUE_DIGITS} digits are not taken")
    return Number(value, whole, str(int(value)) if whole else digits)
