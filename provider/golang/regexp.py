"""Go's regular expressions (RE2 syntax): whether a text is one, and if not, what Go says.

Identities are matched in Rego by Go's engine, so its syntax decides, not Python's: no look-around, no back
references, counts up to 1000. One pass over the text, left to right, as Go parses, so that the first fault is the
same one. What is not checked: the size that an expression compiles to (Go's "expression too large").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from provider.golang.unicode_classes import is_class

_REPEATS: Final = 1000
_HEIGHT: Final = 1000
_HUGE: Final = 10**8
_MAX_RUNE: Final = 0x10FFFF
_COUNT: Final = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_OCTAL: Final = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_POSIX: Final = frozenset(
    [
        "alnum",
        "alpha",
        "ascii",
        "blank",
        "cntrl",
        "digit",
        "graph",
        "lower",
        "print",
        "punct",
        "space",
        "upper",
        "word",
        "xdigit",
    ],
)
_PERL: Final = frozenset("dDsSwW")
_ASSERTIONS: Final = frozenset("AbBz")
_CONTROLS: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_FLAGS: Final = frozenset("imsU")
_ASCII_END: Final = "\x80"

_BAD_CLASS: Final = "invalid character class range"
_BAD_COUNT: Final = "invalid repeat count"
_BAD_ESCAPE: Final = "invalid escape sequence"
_BAD_NAME: Final = "invalid named capture"
_BAD_NESTING: Final = "invalid nested repetition operator"
_BAD_PERL: Final = "invalid or unsupported Perl syntax"
_NO_ARGUMENT: Final = "missing argument to repetition operator"
_NO_BRACKET: Final = "missing closing ]"
_NO_PAREN: Final = "missing closing )"
_STRAY_PAREN: Final = "unexpected )"
_TOO_DEEP: Final = "expression nests too deeply"
_TRAILING: Final = "trailing backslash at end of expression"


class RegexpError(ValueError):
    """Go refuses the expression; the message is Go's."""

    def __init__(self, problem: str, part: str) -> None:
        super().__init__(f"error parsing regexp: {problem}: `{part}`")


def problem(text: str) -> str:
    """Why Go would refuse the expression, in its words; empty when it would not."""
    try:
        _Parser(text).parse()
    except RegexpError as error:
        return str(error)
    return ""


@dataclass
class _Node:
    """What a part of the expression costs: how often it repeats its parts at most, and how deep it is."""

    repeats: int = 1
    height: int = 1


@dataclass
class _Group:
    """An open parenthesis, or the whole expression.

    Attributes:
        last: what a repetition operator would apply to; None right after `(` and `|`.
        done: all of the group before that.
        captures: whether the group is a node of its own.
    """

    captures: bool
    last: _Node | None = None
    done: list[_Node] = field(default_factory=list)

    def add(self, node: _Node) -> None:
        if self.last is not None:
            self.done.append(self.last)
        self.last = node

    def close(self) -> _Node:
        if self.last is not None:
            self.done.append(self.last)
        repeats = max((node.repeats for node in self.done), default=1)
        height = max((node.height for node in self.done), default=1)
        return _Node(repeats, height + (len(self.done) > 1) + self.captures)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._groups = [_Group(captures=False)]
        # Where the repetition operator right before this point started, -1 when there is none.
        self._repeated = -1

    def parse(self) -> None:
        while self._at < len(self._text):
            start = self._at
            self._repeated = start if self._step(self._text[start]) else -1
        if len(self._groups) > 1:
            raise RegexpError(_NO_PAREN, self._text)

    def _step(self, character: str) -> bool:
        """Take one element; True when it was a repetition operator."""
        if character in "*+?":
            return self._operator(self._at + 1, 1)
        if character == "{" and (match := _COUNT.match(self._text, self._at)):
            return self._operator(match.end(), self._count(match))
        if character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            self._bar()
        elif character == "[":
            self._class()
        elif character == "\\":
            self._escape()
        else:
            self._atom(self._at + 1)
        return False

    def _atom(self, end: int) -> None:
        self._groups[-1].add(_Node())
        self._at = end

    # --- repetition

    def _count(self, match: re.Match[str]) -> int:
        least = int(match.group(1)) if len(match.group(1)) <= len(str(_HUGE)) else _HUGE
        most = self._most(match, least)
        if least > _REPEATS or (most is not None and (most > _REPEATS or least > most)):
            raise RegexpError(_BAD_COUNT, match.group())
        return least if most is None else most or -1

    @staticmethod
    def _most(match: re.Match[str], least: int) -> int | None:
        if match.group(2) is None:
            return least
        digits = match.group(3)
        if digits is None:
            return None
        return int(digits) if len(digits) <= len(str(_HUGE)) else _HUGE

    def _operator(self, end: int, count: int) -> bool:
        """Apply a repetition of at most `count` (-1: of none at all, so that what it repeats costs nothing)."""
        start = self._at
        if self._text[end : end + 1] == "?":
            end += 1
        if self._repeated >= 0:
            raise RegexpError(_BAD_NESTING, self._text[self._repeated : end])
        group = self._groups[-1]
        if group.last is None:
            raise RegexpError(_NO_ARGUMENT, self._text[start:end])
        repeats = 1 if count < 0 else group.last.repeats * max(count, 1)
        if repeats > _REPEATS:
            raise RegexpError(_BAD_COUNT, self._text[start:end])
        group.last = _Node(repeats, group.last.height + 1)
        self._check_height(group.last)
        self._at = end
        return True

    # --- groups

    def _bar(self) -> None:
        group = self._groups[-1]
        if group.last is not None:
            group.done.append(group.last)
        group.last = None
        self._at += 1

    def _open(self) -> None:
        if self._text.startswith("(?", self._at):
            self._perl()
        else:
            self._groups.append(_Group(captures=True))
            self._at += 1

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise RegexpError(_STRAY_PAREN, self._text)
        node = self._groups.pop().close()
        self._check_height(node)
        self._groups[-1].add(node)
        self._at += 1

    def _perl(self) -> None:
        """A named group, a group without capture, or flags."""
        start = self._at
        for opening in ("(?P<", "(?<"):
            if self._text.startswith(opening, start) and len(self._text) > start + len(opening):
                self._named(start, start + len(opening))
                return
        position, negative, seen = start + 2, False, False
        while position < len(self._text):
            character = self._text[position]
            position += 1
            if character in _FLAGS:
                seen = True
            elif character == "-" and not negative:
                negative, seen = True, False
            elif character in ":)" and (seen or not negative):
                if character == ":":
                    self._groups.append(_Group(captures=False))
                self._at = position
                return
            else:
                break
        raise RegexpError(_BAD_PERL, self._text[start:position])

    def _named(self, start: int, name: int) -> None:
        end = self._text.find(">", start)
        if end < 0:
            raise RegexpError(_BAD_NAME, self._text[start:])
        if not _NAME.fullmatch(self._text, name, end):
            raise RegexpError(_BAD_NAME, self._text[start : end + 1])
        self._groups.append(_Group(captures=True))
        self._at = end + 1

    def _check_height(self, node: _Node) -> None:
        if node.height > _HEIGHT:
            raise RegexpError(_TOO_DEEP, self._text)

    # --- escapes

    def _escape(self) -> None:
        start, character = self._at, self._text[self._at + 1 : self._at + 2]
        if character and character in _ASSERTIONS:
            self._atom(start + 2)
        elif character == "C":
            raise RegexpError(_BAD_ESCAPE, self._text[start : start + 2])
        elif character == "Q":
            self._literal(start + 2)
        else:
            end = self._class_escape(start)
            self._atom(end or self._character_escape(start)[1])

    def _literal(self, start: int) -> None:
        r"""Text between \Q and \E, or the end."""
        end = self._text.find(r"\E", start)
        stop = len(self._text) if end < 0 else end
        for _ in range(start, stop):
            self._groups[-1].add(_Node())
        self._at = stop if end < 0 else end + 2

    def _class_escape(self, start: int) -> int:
        r"""The end of a class such as \d or \p{Greek}; 0 when there is none."""
        kind = self._text[start + 1 : start + 2]
        if kind and kind in _PERL:
            return start + 2
        return self._unicode_class(start) if kind in {"p", "P"} else 0

    def _unicode_class(self, start: int) -> int:
        if self._text[start + 2 : start + 3] != "{":
            end = start + 3
            name = self._text[start + 2 : end]
        else:
            close = self._text.find("}", start)
            if close < 0:
                raise RegexpError(_BAD_CLASS, self._text[start:])
            end = close + 1
            name = self._text[start + 3 : close]
        if not is_class(name.removeprefix("^")):
            raise RegexpError(_BAD_CLASS, self._text[start:end])
        return end

    def _character_escape(self, start: int) -> tuple[int, int]:
        """The code point of an escaped character, and where the escape ends."""
        character = self._text[start + 1 : start + 2]
        if not character:
            raise RegexpError(_TRAILING, "")
        if match := _OCTAL.match(self._text, start + 1):
            return int(match.group(), 8), match.end()
        if character == "x":
            return self._hex_escape(start)
        if character in _CONTROLS:
            return _CONTROLS[character], start + 2
        if character < _ASCII_END and not character.isalnum():
            return ord(character), start + 2
        raise RegexpError(_BAD_ESCAPE, self._text[start : start + 2])

    def _hex_escape(self, start: int) -> tuple[int, int]:
        if self._text[start + 2 : start + 3] == "{":
            return self._braced_escape(start)
        digits = self._text[start + 2 : start + 4]
        if len(digits) != 2 or not _HEX.issuperset(digits):  # noqa: PLR2004 (two digits)
            raise RegexpError(_BAD_ESCAPE, self._text[start : start + 2 + len(digits)])
        return int(digits, 16), start + 4

    def _braced_escape(self, start: int) -> tuple[int, int]:
        value, position = 0, start + 3
        while position < len(self._text):
            character = self._text[position]
            position += 1
            if character == "}" and position > start + 4:
                return value, position
            if character not in _HEX:
                break
            value = value * 16 + int(character, 16)
            if value > _MAX_RUNE:
                break
        raise RegexpError(_BAD_ESCAPE, self._text[start:position])

    # --- classes

    def _class(self) -> None:
        start = self._at
        position = start + 1
        if self._text.startswith("^", position):
            position += 1
        first = True
        while first or self._text[position : position + 1] != "]":
            first = False
            position = self._class_member(start, position)
        self._atom(position + 1)

    def _class_member(self, start: int, position: int) -> int:
        """The end of a class within the class, of a range or of a character."""
        if self._text.startswith("[:", position):
            end = self._text.find(":]", position + 2)
            if end >= 0:
                self._check_posix(position, end)
                return end + 2
        if self._text.startswith("\\", position) and (end := self._class_escape(position)):
            return end
        low, end = self._class_character(start, position)
        if self._text.startswith("-", end) and self._text[end + 1 : end + 2] not in {"", "]"}:
            high, end = self._class_character(start, end + 1)
            if high < low:
                raise RegexpError(_BAD_CLASS, self._text[position:end])
        return end

    def _check_posix(self, start: int, end: int) -> None:
        if self._text[start + 2 : end].removeprefix("^") not in _POSIX:
            raise RegexpError(_BAD_CLASS, self._text[start : end + 2])

    def _class_character(self, start: int, position: int) -> tuple[int, int]:
        character = self._text[position : position + 1]
        if not character:
            raise RegexpError(_NO_BRACKET, self._text[start:])
        if character == "\\":
            return self._character_escape(position)
        return ord(character), position + 1
