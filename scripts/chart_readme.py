#!/usr/bin/env python3
"""Writes the table of values in the chart's README from the `# --` comments of values.yaml.

usage: scripts/chart_readme.py [--check]
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

CHART: Final = Path(__file__).parents[1] / "helm" / "bestbefore"
BEGIN: Final = "<!-- values: written by scripts/chart_readme.py -->"
END: Final = "<!-- end of values -->"
LONGEST_DEFAULT: Final = 60


@dataclass(frozen=True)
class Value:
    """A row of the table.

    Attributes:
        path: `provider.replicas`.
        default: as values.yaml has it, parsed.
        description: its comment, in one line.
    """

    path: str
    default: object
    description: str

    def row(self) -> str:
        """The row as Markdown."""
        shown = json.dumps(self.default, ensure_ascii=False)
        shown = "see values.yaml" if len(shown) > LONGEST_DEFAULT else f"`{shown}`"
        return f"| `{self.path}` | {shown} | {self.description} |"


def values(text: str) -> list[Value]:
    """Every commented value, in the order of the file.

    Args:
        text: values.yaml.
    """
    defaults = yaml.safe_load(text)
    return [Value(path, look_up(defaults, path), comment) for path, comment in comments(text)]


def comments(text: str) -> Iterator[tuple[str, str]]:
    """Each `# --` comment with the path of the key that it stands above."""
    parents: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        if said := re.match(r"\s*# (-- )?(.*)", line):
            comment = [said[2]] if said[1] else [*comment, said[2]] if comment else []
        elif key := re.match(r"( *)([\w.]+):", line):
            parents = [*(parent for parent in parents if parent[0] < len(key[1])), (len(key[1]), key[2])]
            if comment:
                yield ".".join(name for _, name in parents), " ".join(comment)
            comment = []


def look_up(tree: object, path: str) -> object:
    """The value at a dotted path.

    Raises:
        KeyError: there is none.
    """
    for name in path.split("."):
        if not isinstance(tree, dict):
            raise KeyError(path)
        tree = tree[name]
    return tree


def readme(text: str, rows: list[Value]) -> str:
    """The README with its table replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join(["| Value | Default | Meaning |", "|---|---|---|", *(value.row() for value in rows)])
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the README, or with --check say whether it is as it should be.

    Returns:
        0; 1 if --check found a difference.
    """
    place = CHART / "README.md"
    text = place.read_text(encoding="utf-8")
    wanted = readme(text, values((CHART / "values.yaml").read_text(encoding="utf-8")))
    if "--check" in arguments:
        if text != wanted:
            sys.stderr.write(f"{place} differs from values.yaml: run scripts/chart_readme.py\n")
            return 1
        return 0
    place.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
