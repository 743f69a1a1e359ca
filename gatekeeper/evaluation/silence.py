"""Rules without what they print: Gatekeeper prints none of it, and of thousands of evaluations it would fill memory."""

from __future__ import annotations

from typing import Final

from gatekeeper.translation.tokens import Token, TokenKind, tokens

_PRINT: Final = "print"


def silent(text: str) -> str:
    """A Rego text whose calls of `print` are `true`, as Gatekeeper's compiler makes them; each line stays where it is.

    Args:
        text: of a module.
    """
    if _PRINT not in text:
        return text
    found = list(tokens(text))
    kept, at = [], 0
    for number, each in enumerate(found[:-1]):
        if each.start < at or not _is_call(found, number):
            continue
        end = _end(found[number + 1 :])
        if end is None:
            break
        kept += [text[at : each.start], "true", "\n" * text.count("\n", each.start, end)]
        at = end
    return "".join((*kept, text[at:]))


def _is_call(found: list[Token], number: int) -> bool:
    """Whether a word is the function's name before its arguments, and no field of that name."""
    each, after = found[number], found[number + 1]
    is_field = number > 0 and found[number - 1].text == "." and found[number - 1].kind is TokenKind.MARK
    return (each.kind, each.text, after.text) == (TokenKind.WORD, _PRINT, "(") and not is_field


def _end(found: list[Token]) -> int | None:
    """Where the parenthesis ends that they begin with; None where it does not."""
    depth = 0
    for each in found:
        if each.kind is TokenKind.MARK:
            depth += {"(": 1, ")": -1}.get(each.text, 0)
            if depth == 0:
                return each.end
    return None
