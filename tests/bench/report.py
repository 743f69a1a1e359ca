"""What was measured: tables for people, JSON for machines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.programs import ROOT

Value = str | int | float
# Where the last run is.
REPORT: Final = ROOT / ".build" / "bench.json"


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
        texts = [["", *self.columns], *([name, *map(text, values)] for name, values in self.rows.items())]
        widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
        lines = ["  ".join(_placed(row, widths)).rstrip() for row in texts]
        return [self.title, *(f"  {line}" for line in lines), *([f"  {self.note}"] if self.note else []), ""]

    def to_json(self) -> dict[str, object]:
        """For machines: a figure by row and column."""
        rows = {name: [_finite(value) for value in values] for name, values in self.rows.items()}
        figures = {name: dict(zip(self.columns, values, strict=True)) for name, values in rows.items()}
        return {"title": self.title, "note": self.note, "figures": figures}


@dataclass(frozen=True)
class Section:
    """What a section of the bench measured.

    Attributes:
        tables: all of it.
        figures: those among it that there is an aim for, by its name.
    """

    tables: Sequence[Table]
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Report:
    """All tables of a run, by section; written anew after each, so that a run that is broken off leaves something."""

    path: Path
    machine: Mapping[str, Value]
    sections: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, section: str, tables: Sequence[Table], seconds: float = 0) -> None:
        """Print a section and write it down, with how long it took to measure it."""
        self.seconds[section] = round(seconds, 1)
        for table in tables:
            say("\n".join(table.lines()))
        self.sections[section] = [table.to_json() for table in tables]
        self.path.parent.mkdir(exist_ok=True)
        document = {"machine": self.machine, "seconds": self.seconds, "sections": self.sections}
        self.path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")


def say(line: str) -> None:
    """Print for whoever waits, at once."""
    print(line, flush=True)  # noqa: T201 - that is what it is for


def text(value: Value) -> str:
    """A figure with as many digits as mean something."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _finite(value: Value) -> Value:
    """JSON knows no infinity."""
    return "inf" if isinstance(value, float) and math.isinf(value) else value


def _placed(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The name to the left, figures to the right."""
    return [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))]
