"""Every limit that is no setting, with its value and what its comment says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

from provider import limits
from scripts.reference import markdown

_INTRODUCTION: Final = """\
What strangers send is never trusted in size, number or time. These limits are not [settings](settings.md): what goes
beyond them is refused with a [reason](reasons.md), as a rule `LimitExceeded`, and never cut.
"""
_UNITS: Final = {"KIB", "MIB"}


def page() -> str:
    """The page, as Markdown."""
    parts = [markdown.head("Limits", "provider/limits.py", _INTRODUCTION)]
    for comment, names in groups(inspect.getsource(limits)):
        rows = [(f"`{name}`", _value(name, getattr(limits, name))) for name in names]
        parts.append(f"\n{comment}\n\n{markdown.table(('Limit', 'Value'), rows)}")
    return "".join(parts)


def groups(source: str) -> Iterator[tuple[str, list[str]]]:
    """Comments, each with the names that stand below it up to the next one."""
    comment: list[str] = []
    names: list[str] = []
    for line in source.splitlines():
        if said := re.match(r"# (.*)", line):
            if names:
                yield " ".join(comment), names
                comment, names = [], []
            comment.append(said[1])
        elif (named := re.match(r"([A-Z_]+): Final", line)) and named[1] not in _UNITS:
            names.append(named[1])
    if names:
        yield " ".join(comment), names


def _value(name: str, value: float) -> str:
    if name.endswith("_BYTES"):
        unit, size = ("MiB", limits.MIB) if value >= limits.MIB else ("KiB", limits.KIB)
        return f"{value / size:g} {unit}"
    shown = f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"
    return f"{shown} s" if name.endswith("_SECONDS") else shown
