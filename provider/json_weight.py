"""What a JSON text would build, before it is built.

The interpreter's lock is held while a text is parsed: 2 MB of `{}` are half a million objects, 59 ms and 100 MiB. So a
text is weighed first, by counting the characters with which every further value begins.
"""

from __future__ import annotations

from provider import limits


def parts(body: bytes) -> int:
    """How many values a text has at most: one, and one more for each comma and each opening bracket.

    Those within strings are counted too, so a text may be lighter than it looks, never heavier.
    """
    return 1 + body.count(b",") + body.count(b"{") + body.count(b"[")


def too_heavy(body: bytes) -> bool:
    """Whether a text would build more than anybody's document needs."""
    return parts(body) > limits.JSON_PARTS
