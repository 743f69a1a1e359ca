"""Texts of others on a terminal: nothing in them is invisible, starts a line, or steers the terminal."""

from __future__ import annotations

import json
import unicodedata


def quoted(text: str) -> str:
    """A text in quotes; white space other than a plain space, and what has no width, is written as an escape."""
    return visible(json.dumps(text, ensure_ascii=False))


def visible(text: str) -> str:
    """A text on one line: white space other than a plain space, and what has no width, is written as an escape.

    A manifest may come from a stranger, and an image with a line break in it would fake a verdict.
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    # `\xa0`, `\u200b`, `\U000e0001`, as in Python.
    return ascii(character)[1:-1]
