"""Go's regular expressions (RE2): whether a text is one, and if not, what Go says."""

from __future__ import annotations


def fault(text: str) -> str:
    """Why Go would refuse the expression, in its words; empty when it would not."""
    return ""
