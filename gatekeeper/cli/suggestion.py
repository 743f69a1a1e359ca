"""What somebody may have meant who misspelt a word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_AS_MANY = 3


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'Timeout'?`, or nothing where no known word is alike; upper and lower case are alike."""
    by_lower = {name.lower(): str(name) for name in known}
    alike = difflib.get_close_matches(word.lower(), by_lower, n=_AS_MANY)
    if not alike:
        return ""
    return f"; did you mean {' or '.join(repr(by_lower[name]) for name in alike)}?"
