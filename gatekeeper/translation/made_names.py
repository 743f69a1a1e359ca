"""Whether a rule takes a field by a name that it makes while it runs: `spec[concat("", ["repl", "icas"])]`.

Such a name stands nowhere in the text. Followed are functions that make texts, written as the key itself or given a
name first (`field := lower("REPLICAS")`); not what is handed on to a function of the rule's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.translation.tokens import Token, TokenKind

# OPA's functions that make a text of others. Only their last words: `strings.reverse`, `base64.decode`.
_MAKERS: Final = frozenset(
    {
        *("concat", "sprintf", "replace", "replace_n", "reverse", "lower", "upper", "substring", "decode", "unmarshal"),
        *("trim", "trim_left", "trim_prefix", "trim_right", "trim_space", "trim_suffix", "render_template", "split"),
    }
)
# Takes its second argument as a key, or as keys.
_GETTER: Final = "get"


def are_taken(code: Sequence[Token]) -> bool:
    """Whether a field is taken by a made name somewhere in a rule, its line ends left out."""
    made: set[str] = set()
    known = -1
    while len(made) != known:
        known = len(made)
        made |= {name for name, value in _assignments(code) if _is_made(value, made)}
    return any(_is_made(key, made) for base, key in _keys(code) if base not in made)


def _is_made(code: Sequence[Token], made: set[str]) -> bool:
    """Whether a text that is made stands in an expression. How many there are (`count(parts) - 1`) is no text."""
    for at, token in enumerate(code):
        if token.kind is not TokenKind.WORD or (at > 1 and code[at - 1].text == "(" and code[at - 2].text == "count"):
            continue
        if token.text in made or (token.text in _MAKERS and _text(code, at + 1) == "("):
            return True
    return False


def _assignments(code: Sequence[Token]) -> Iterator[tuple[str, Sequence[Token]]]:
    """Each `NAME := expression` and `NAME = expression`."""
    for at, token in enumerate(code):
        back = at - (2 if _text(code, at - 1) == ":" else 1)
        if token.text == "=" and back >= 0 and code[back].kind is TokenKind.WORD:
            yield code[back].text, _statement(code, at + 1)


def _statement(code: Sequence[Token], start: int) -> Sequence[Token]:
    end = start
    while end < len(code) and code[end].line == code[start].line and code[end].text not in {";", "}", "{"}:
        end += 1
    return code[start:end]


def _keys(code: Sequence[Token]) -> Iterator[tuple[str, Sequence[Token]]]:
    """Each `BASE[key]` and `object.get(BASE, key, …)`: the last word of the base, and the key's expression."""
    for at, token in enumerate(code):
        if token.text == "[" and at and code[at - 1].end == token.start and not _is_head(code, at):
            yield code[at - 1].text, _bracketed(code, at)
        if token.text == _GETTER and _text(code, at + 1) == "(":
            yield "", _bracketed(code, at + 1)


def _is_head(code: Sequence[Token], at: int) -> bool:
    """Whether it is the head of a rule, `isCompliant[response] {`: outside of all braces, first on its line."""
    depth = sum((token.text == "{") - (token.text == "}") for token in code[:at])
    return depth == 0 and (at == 1 or code[at - 2].line < code[at - 1].line)


def _bracketed(code: Sequence[Token], start: int) -> Sequence[Token]:
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at].text in "([{") - (code[at].text in ")]}")
        if depth == 0:
            return code[start + 1 : at]
    return code[start + 1 :]


def _text(code: Sequence[Token], at: int) -> str:
    return code[at].text if 0 <= at < len(code) else ""
