"""What became of the attacks: lines for whoever waits, a page for readers, JSON for machines."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.attack.attack import Attack, Outcome, Scene
from tests.programs import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "attacks-on-the-provider.md"
BEGIN: Final = "<!-- Written by `make attack` from here on. -->"
_JSON: Final = ROOT / ".build" / "attack.json"
_WIDTH: Final = 120
_COLUMNS: Final = ("What is done", "Expected", "Measured", "Held")
_BETWEEN: Final = re.compile(r" (?<!\\)\| ")
_HELD: Final = {True: "yes", False: "**no**", None: "left out"}


@dataclass
class Report:
    """Outcomes of a run, by scene, in the order in which they came."""

    machine: str
    outcomes: dict[str, list[tuple[Attack, Outcome]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, scene: Scene, attack: Attack, outcome: Outcome, seconds: float) -> None:
        """Print one, which took some seconds, and keep it."""
        self.seconds[attack.done] = round(seconds, 1)
        self.outcomes.setdefault(scene.name, []).append((attack, outcome))
        say("\n".join(lines(attack, outcome)))

    @property
    def failed(self) -> int:
        """How many have not held."""
        return sum(outcome.held is False for _, outcome in self._all())

    def summary(self) -> str:
        """In a sentence."""
        held = sum(outcome.held is True for _, outcome in self._all())
        left = sum(outcome.held is None for _, outcome in self._all())
        return f"{held} held, {self.failed} did not" + (f", {left} were left out" if left else "")

    def write_json(self) -> None:
        """For machines: `.build/attack.json`."""
        rows = {
            name: [
                {
                    "done": attack.done,
                    "expected": attack.expected,
                    "measured": outcome.measured,
                    "held": outcome.held,
                    "seconds": self.seconds[attack.done],
                }
                for attack, outcome in found
            ]
            for name, found in self.outcomes.items()
        }
        _JSON.parent.mkdir(exist_ok=True)
        _JSON.write_text(json.dumps({"machine": self.machine, "scenes": rows}, indent=2) + "\n")

    def write_page(self, scenes: Sequence[Scene]) -> None:
        """Into the page, in place of the last run's."""
        head, _, _ = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(
            f"{head}{BEGIN}\n\n{self.machine}: {self.summary()}.\n\n{tables(scenes, self.outcomes)}", "utf-8"
        )

    def _all(self) -> Sequence[tuple[Attack, Outcome]]:
        return [pair for found in self.outcomes.values() for pair in found]


def lines(attack: Attack, outcome: Outcome) -> list[str]:
    """One attack for a person."""
    word = {True: "held", False: "NOT HELD", None: "left out"}[outcome.held]
    texts = [attack.done, f"expected: {attack.expected}", f"measured: {outcome.measured.replace('**', '')}"]
    first, *rest = [line for text in texts for line in textwrap.wrap(text, _WIDTH - 12)]
    return [f"{word:<10}  {first}", *(f"{'':<12}{line}" for line in rest), ""]


def tables(scenes: Sequence[Scene], outcomes: Mapping[str, Sequence[tuple[Attack, Outcome]]]) -> str:
    """A heading and a table for each scene, Markdown."""
    parts = []
    for scene in scenes:
        lines = [f"| {' | '.join(_COLUMNS)} |", "| --- | --- | --- | --- |"]
        for attack, outcome in outcomes.get(scene.name, ()):
            cells = (attack.done, attack.expected, outcome.measured, _HELD[outcome.held])
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
        parts.append("\n".join([f"## `{scene.name}`: {scene.title}", "", *lines, ""]))
    return "\n".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def rows(page: str) -> list[tuple[str, str]]:
    """What a page says is done and expected, in its order."""
    written = [line[2:] for line in page.partition(BEGIN)[2].splitlines() if line.startswith("| ")]
    cells = [tuple(cell.replace("\\|", "|") for cell in _BETWEEN.split(line)[:2]) for line in written]
    return [(done, expected) for done, expected in cells if (done, expected) not in {_COLUMNS[:2], ("---", "---")}]


def say(text: str) -> None:
    """Print for whoever waits, at once."""
    print(text, flush=True)  # noqa: T201 - that is what it is for
