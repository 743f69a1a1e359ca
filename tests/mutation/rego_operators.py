"""The kinds of mistakes that are made in Rego: a small table, on tokens. What comes out need not compile.

| Name | Mistake |
|---|---|
| comparison | `==` and `!=`, `<` and `<=`, `>` and `>=` for each other |
| not | `not` left out |
| every | `every` holds when there is one |
| constant | `true` and `false` for each other; a number one higher; a text without white space another one |
| line | a line of a body left out, or a condition of a comprehension |
| branch | a branch that follows `else` left out |
| order | two branches with a body in the other order |
| call | what a built-in function takes away or adds stays as it is: its first argument for its result |
| name | a built-in function, or a set operation, for its sister |
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gatekeeper.translation.tokens import Token, TokenKind, tokens

_OPEN: Final = {"{": "}", "[": "]", "(": ")"}
_COMPARISONS: Final = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_WORDS: Final = {
    "true": "false",
    "false": "true",
    "startswith": "endswith",
    "endswith": "startswith",
    "min": "max",
    "max": "min",
    "intersection": "union",
    "floor": "ceil",
    "ceil": "floor",
}
_MARKS: Final = {"+": "-", "-": "+", "*": "/", "/": "*", "&": "|"}
# Their first argument is of the type of their result.
_FILTERS: Final = {
    *("object.filter", "object.remove", "object.union", "array.concat", "array.slice", "sort", "lower", "upper"),
    *("trim", "trim_space", "trim_prefix", "trim_suffix", "trim_left", "trim_right", "replace", "substring"),
}
_BLANK: Final = {TokenKind.NEWLINE}


@dataclass(frozen=True)
class Mistake:
    """A stretch of a text, and what stands there instead.

    Attributes:
        operator: kind of the mistake.
        start: offset of the stretch.
        end: offset just past it.
        text: what stands there instead.
    """

    operator: str
    start: int
    end: int
    text: str


def mistakes(text: str) -> Iterator[Mistake]:
    """Every mistake that the table has for a text."""
    code = _Code(text)
    for operator in (_comparison, _not, _every, _constant, _line, _branch, _order, _call, _name):
        for start, end, instead in operator(code):
            yield Mistake(operator.__name__.strip("_"), start, end, instead)


Edit = tuple[int, int, str]


class _Code:
    """A text as tokens, with the brackets matched; imports and the package line are left out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = _without_heads(list(_joined(tokens(text))))
        self.close: dict[int, int] = {}
        opened: list[int] = []
        for at, token in enumerate(self.tokens):
            if token.kind is TokenKind.MARK and token.text in _OPEN:
                opened.append(at)
            elif token.kind is TokenKind.MARK and token.text in _OPEN.values() and opened:
                self.close[opened.pop()] = at

    def word(self, at: int) -> str:
        """The text of a token; empty beyond the end."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def kind(self, at: int) -> TokenKind | None:
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else None

    def between(self, first: int, last: int) -> str:
        """The text from one token to another, both included."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def elses(self) -> Iterator[int]:
        """Where an `else` is."""
        yield from (at for at, one in enumerate(self.tokens) if (one.kind, one.text) == (TokenKind.WORD, "else"))

    def edit(self, first: int, last: int, instead: str) -> Edit:
        return self.tokens[first].start, self.tokens[last].end, instead

    def statements(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The statements among tokens: first and last token of each."""
        at = start = first
        while at <= last:
            if at in self.close:
                at = self.close[at]
            elif self.kind(at) in _BLANK or self.word(at) == ";":
                if start < at:
                    yield start, at - 1
                start = at + 1
            at += 1
        if start <= last:
            yield start, last

    def bodies(self) -> Iterator[tuple[int, int]]:
        """What has to hold: after `if`, after `every … in …`, and in a comprehension."""
        for at, end in self.close.items():
            if self.word(at) == "{" and (self.word(at - 1) == "if" or self._is_every(at)):
                yield at + 1, end - 1
            elif self.word(at) in {"{", "["} and (bar := self._bar(at, end)) is not None:
                yield bar + 1, end - 1
        for at in range(len(self.tokens)):
            if self.word(at) == "if" and self.word(at + 1) != "{":
                end = next((i for i in range(at, len(self.tokens)) if self.kind(i) in _BLANK), len(self.tokens))
                yield at + 1, end - 1

    def _is_every(self, at: int) -> bool:
        """Whether the bracket opens what has to hold of every member: `every` begins its line."""
        line = itertools.takewhile(lambda i: self.kind(i) not in _BLANK, range(at - 1, -1, -1))
        return any(self.word(i) == "every" for i in line)

    def _bar(self, opened: int, closed: int) -> int | None:
        at = opened + 1
        while at < closed:
            if at in self.close:
                at = self.close[at]
            elif self.word(at) == "|":
                return at
            at += 1
        return None


def _joined(some: Iterator[Token]) -> Iterator[Token]:
    """Marks of two characters as one, and names with their points."""
    waiting: Token | None = None
    for token in some:
        if waiting is not None and waiting.end == token.start and _belongs(waiting.text, token):
            waiting = Token(waiting.kind, waiting.text + token.text, waiting.start, waiting.line)
            continue
        if waiting is not None:
            yield waiting
        waiting = token
    if waiting is not None:
        yield waiting


def _belongs(text: str, token: Token) -> bool:
    if token.text == "=" and text in {"=", "!", "<", ">", ":"}:
        return True
    builtin = {name.partition(".")[0] for name in _FILTERS if "." in name}
    return (token.text == "." and text in builtin) or (text.endswith(".") and text[:-1] in builtin)


def _without_heads(code: list[Token]) -> list[Token]:
    lines = [list(group) for _, group in itertools.groupby(code, key=lambda token: token.line)]
    return [token for line in lines if line[0].text not in {"package", "import"} for token in line]


def _comparison(code: _Code) -> Iterator[Edit]:
    for at, token in enumerate(code.tokens):
        if token.kind is TokenKind.MARK and token.text in _COMPARISONS:
            yield code.edit(at, at, _COMPARISONS[token.text])


def _not(code: _Code) -> Iterator[Edit]:
    for at, token in enumerate(code.tokens):
        if token.kind is TokenKind.WORD and token.text == "not":
            yield token.start, code.tokens[at + 1].start, ""


def _every(code: _Code) -> Iterator[Edit]:
    """`every x in xs { … }` to "there is one": `count([1 | some x in xs; …]) > 0`."""
    for at, token in enumerate(code.tokens):
        if token.text == "every" and token.kind is TokenKind.WORD:
            opened = next(
                i for i in range(at, len(code.tokens)) if code.word(i) == "{" and i in code.close and code._is_every(i)
            )
            closed = code.close[opened]
            head = code.text[code.tokens[at + 1].start : code.tokens[opened].start].rstrip()
            body = code.text[code.tokens[opened].end : code.tokens[closed].start].strip()
            yield code.edit(at, closed, f"count([1 | some {head}; {body}]) > 0")


def _constant(code: _Code) -> Iterator[Edit]:
    for at, token in enumerate(code.tokens):
        if token.kind is TokenKind.NUMBER and token.text.isdigit():
            yield code.edit(at, at, str(int(token.text) + 1))
        elif token.kind is TokenKind.STRING and not any(map(str.isspace, token.text)):
            yield code.edit(at, at, '"another"' if token.text == '""' else f'{token.text[:-1]}x"')
        elif token.kind is TokenKind.WORD and token.text in {"true", "false"} and code.word(at - 1) != ".":
            yield code.edit(at, at, _WORDS[token.text])


def _line(code: _Code) -> Iterator[Edit]:
    for first, last in code.bodies():
        for start, end in code.statements(first, last):
            yield code.edit(start, end, "true")


def _branch(code: _Code) -> Iterator[Edit]:
    for at in code.elses():
        yield code.edit(at, _end_of_branch(code, at), "")


def _order(code: _Code) -> Iterator[Edit]:
    """Branches are `:= value if { … }`, one after the other with `else` between them."""
    for at in code.elses():
        first, last = _start_of_branch(code, at), _end_of_branch(code, at)
        if first is not None and code.word(at + 1) == ":=" and code.word(last) == "}":
            one, other = code.between(first, at - 1), code.between(at + 1, last)
            yield code.edit(first, last, f"{other} else {one}")


def _end_of_branch(code: _Code, at: int) -> int:
    """The last token of the branch that begins with the `else` at a place."""
    at += 1
    while at < len(code.tokens):
        if at in code.close:
            at = code.close[at]
            if code.word(at + 1) == "else":
                return at
        elif code.kind(at) in _BLANK:
            return at - 1
        at += 1
    return len(code.tokens) - 1


def _start_of_branch(code: _Code, at: int) -> int | None:
    """The `:=` of the branch before the `else` at a place; None where it has no value."""
    opened = {closed: opened for opened, closed in code.close.items()}
    at -= 1
    while at >= 0 and code.kind(at) not in _BLANK:
        if at in opened:
            at = opened[at]
        elif code.word(at) == ":=":
            return at
        at -= 1
    return None


def _call(code: _Code) -> Iterator[Edit]:
    for at, token in enumerate(code.tokens):
        if token.text in _FILTERS and (at + 1) in code.close and code.word(at + 1) == "(":
            closed = code.close[at + 1]
            end = _end_of_argument(code, at + 2, closed)
            yield code.edit(at, closed, code.between(at + 2, end))


def _end_of_argument(code: _Code, at: int, closed: int) -> int:
    while at < closed:
        if at in code.close:
            at = code.close[at]
        elif code.word(at) == ",":
            return at - 1
        at += 1
    return closed - 1


def _name(code: _Code) -> Iterator[Edit]:
    sisters: Mapping[str, str] = {word: other for word, other in _WORDS.items() if word not in {"true", "false"}}
    for at, token in enumerate(code.tokens):
        if token.kind is TokenKind.WORD and token.text in sisters and code.word(at + 1) == "(":
            yield code.edit(at, at, sisters[token.text])
        elif token.kind is TokenKind.MARK and token.text in _MARKS and _is_operand(code, at - 1):
            yield code.edit(at, at, _MARKS[token.text])


def _is_operand(code: _Code, at: int) -> bool:
    """Whether what ends there is a value, so that a mark after it is an operation and no sign."""
    return code.kind(at) in {TokenKind.WORD, TokenKind.NUMBER} or code.word(at) in {")", "]", "}"}
