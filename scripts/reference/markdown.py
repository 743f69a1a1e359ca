"""Pieces of Markdown that the pages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def head(title: str, source: str, introduction: str) -> str:
    """Title, where the page comes from, and what it is about."""
    return f"# {title}\n\n<!-- Made by `make generate` from {source}: change it there. -->\n\n{introduction}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; `|` in a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
