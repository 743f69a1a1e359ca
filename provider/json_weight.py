"""What a JSON text would build, before it is built.

The interpreter's lock is held while a text is parsed: 2 MB of `{}` are half a million objects, 59 ms and 100 MiB. So a
text is weighed first, by counting the characters with which every further value begins, and how deep it is nested is
measured: what is nested without end ends in the interpreter's own limit, wherever it then is.
"""

from __future__ import annotations

from typing import Final

from provider import limits

_BEGINNINGS: Final = b",{["
_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')


class WeightError(ValueError):
    """A text that would build more than anybody's document needs; the message is a sentence about "it"."""


def parts(body: bytes) -> int:
    """How many values a text has at most: one, and one more for each comma and each opening bracket.

    Those within strings are counted too, so a text may be lighter than it looks, never heavier.
    """
    return 1 + len(body) - len(body.translate(None, _BEGINNINGS))


def too_heavy(body: bytes, most: int = limits.JSON_PARTS) -> bool:
    """Whether a text would build more than anybody's document needs."""
    return len(body) >= most and parts(body) > most


def too_deep(body: bytes) -> bool:
    """Whether a text is nested deeper than anybody's document; of a text that is no JSON, anything may be said."""
    if body.count(b"[") + body.count(b"{") <= limits.JSON_DEPTH:
        return False
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    # Of a text there are two quotes left, one beside the other, unless there is a bracket in it.
    brackets = plain.translate(_BRACKETS, _OTHERS).replace(b'""', b"")
    if b'"' in brackets:
        # Every other piece between quotes is outside of texts.
        brackets = b"".join(plain.split(b'"')[::2]).translate(_BRACKETS, _OTHERS)
    for _ in range(limits.JSON_DEPTH):
        inner = brackets.replace(b"[]", b"")
        if len(inner) == len(brackets):
            break
        brackets = inner
    # What is left was never closed, or lies around all that has been taken away.
    return brackets.count(b"[") > limits.JSON_DEPTH or b"[]" in brackets


def check(body: bytes, most: int = limits.JSON_PARTS) -> None:
    """Refuse a text before it is parsed.

    Args:
        body: the text.
        most: how many values it may have.

    Raises:
        WeightError: it has more, or is nested deeper than `limits.JSON_DEPTH`.
    """
    if too_heavy(body, most):
        raise WeightError(f"it has more than {most} values")
    if too_deep(body):
        raise WeightError(f"it is nested deeper than {limits.JSON_DEPTH} levels")
