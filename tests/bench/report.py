"""What was measured: tables for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Value = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows of figures.

    Attributes:
        title: what they are of, with the unit.
        columns: what each figure of a row is.
        rows: by their names.
        note: how to read it.
    """

    title: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[Value]]
    note: str = ""

    def lines(self) -> list[str]:
        """For a person."""
        texts = [["", *self.columns], *([name, *map(_text, values)] for name, values in self.rows.items())]
        widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
        lines = ["  ".join(_placed(row, widths)).rstrip() for row in texts]
        return [self.title, *(f"  {line}" for line in lines), *([f"  {self.note}"] if self.note else []), ""]

    def to_json(self) -> dict[str, object]:
        """For machines: a figure by row and column."""
        figures = {name: dict(zip(self.columns, values, strict=True)) for name, values in self.rows.items()}
        return {"title": self.title, "note": self.note, "figures": figures}


@dataclass
class Report:
    """All tables of a run, by section; written anew after each, so that a run that is broken off leaves something."""

    path: Path
    machine: Mapping[str, Value]
    sections: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def add(self, section: str, tables: Sequence[Table]) -> None:
        """Print a section and write it down."""
        for table in tables:
            say("\n".join(table.lines()))
        self.sections[section] = [table.to_json() for table in tables]
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps({"machine": self.machine, "sections": self.sections}, indent=2) + "\n")


def say(text: str) -> None:
    """Print for whoever waits, at once."""
    print(text, flush=True)  # noqa: T201 - that is what it is for


def _text(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return str(value)


def _placed(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The name to the left, figures to the right."""
    return [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))]
