"""Texts as CUE writes them: with two or one quotes, over lines (three of them), and raw (`#` before them)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gatekeeper.cue.refusal import CueError

_OPENING: Final = re.compile(r"""(#*)(\"\"\"|'''|"|')""")
_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "/": "/",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
_HEX: Final = re.compile(r"u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")
_SURROGATES: Final = range(0xD800, 0xE000)
_LAST: Final = 0x10FFFF


@dataclass(frozen=True)
class Quotes:
    """How a text is quoted.

    Attributes:
        start: where it begins in the whole text, behind its quotes.
        fence: the signs before the first quote, which stand behind each backslash too.
        mark: the quotes.
        octets: it is one of bytes.
        lines: it goes over lines.
    """

    start: int
    fence: str
    mark: str

    @property
    def octets(self) -> bool:
        """Whether it is one of bytes."""
        return self.mark[0] == "'"

    @property
    def lines(self) -> bool:
        """Whether it goes over lines."""
        return len(self.mark) > 1

    def stripped(self, texts: list[str], line: int) -> list[str]:
        """The pieces of a text over lines without what the last line is indented by, and without first and last end.

        Raises:
            CueError: a line is indented by less.
        """
        if not self.lines:
            return list(texts)
        indent = texts[-1].rpartition("\n")[2]
        if not texts[0].startswith("\n") or indent.strip(" \t") or "\n" not in texts[-1]:
            raise CueError(line, "expected new line after multiline quote", wrong=True)
        found = []
        for number, text in enumerate(texts):
            first, *rest = text.split("\n")
            lines = [first]
            for each in rest:
                if each and not each.startswith(indent):
                    raise CueError(line, "a line is indented by less than the closing quotes", wrong=True)
                lines.append(each[len(indent) :])
            if number == 0:
                lines = lines[1:]
            found.append(lines)
        if len(found[-1]) > (0 if len(texts) == 1 else 1):
            found[-1] = found[-1][:-1]
        return ["\n".join(lines).replace(_NEWLINE, "\n") for lines in found]


# A line end that an escape made, so that it is not taken for one that was written; no text may hold it.
_NEWLINE: Final = "\ufdd0"


@dataclass(frozen=True)
class Piece:
    """A piece of a text, up to its end or to an interpolation."""

    text: str
    end: int
    interpolated: bool


def opened(text: str, at: int) -> Quotes | None:
    """The quotes that begin there."""
    match = _OPENING.match(text, at)
    return Quotes(match.end(), match.group(1), match.group(2)) if match else None


def unescaped(text: str, at: int, quotes: Quotes, line: int) -> Piece:
    """The piece that begins there, escapes resolved.

    Raises:
        CueError: it is not closed, or an escape is none.
    """
    found: list[str] = []
    closing, escape = quotes.mark + quotes.fence, "\\" + quotes.fence
    while at < len(text):
        if text.startswith(closing, at):
            return Piece("".join(found), at + len(closing), interpolated=False)
        if text.startswith(escape + "(", at):
            return Piece("".join(found), at + len(escape) + 1, interpolated=True)
        if text.startswith(escape, at):
            character, at = _escape(text, at + len(escape), quotes, line)
            found.append(character)
            continue
        if text[at] == "\n" and not quotes.lines:
            break
        if text[at] in {_NEWLINE, "\x00", "\r", "\ufeff"}:
            raise CueError(line, f"the character {text[at]!a} in a text is not taken")
        found.append(text[at])
        at += 1
    raise CueError(line, "string literal not terminated", wrong=True)


def _escape(text: str, at: int, quotes: Quotes, line: int) -> tuple[str, int]:
    character = text[at : at + 1]
    if character in _SIMPLE and character:
        if (character == "'") != quotes.octets and character in "'\"":
            raise CueError(line, f"unknown escape sequence \\{character}", wrong=True)
        said = _SIMPLE[character]
        return (_NEWLINE if said == "\n" and quotes.lines else said), at + 1
    match = _HEX.match(text, at)
    if match is None or quotes.octets:
        raise CueError(line, f"the escape sequence \\{character} is none, or is not taken")
    code = int(match.group(1) or match.group(2), 16)
    if code in _SURROGATES or code > _LAST or code == 0:
        raise CueError(line, f"the escape sequence \\{match.group()} is no character")
    said = chr(code)
    return (_NEWLINE if said == "\n" and quotes.lines else said), match.end()
