"""What became of the attacks: lines for whoever waits, a page for readers, JSON for machines."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.attack.attack import Attack, Outcome, Scene
from tests.programs import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "attacks-on-the-provider.md"
BEGIN: Final = "<!-- Written by `make attack` from here on. -->"
_JSON: Final = ROOT / ".build" / "attack.json"
_WIDTH: Final = 120
_HELD: Final = {True: "held", False: "**not held**", None: "left out"}


@dataclass
class Report:
    """Outcomes of a run, by scene, in the order in which they came."""

    machine: str
    outcomes: dict[str, list[tuple[Attack, Outcome]]] = field(default_factory=dict)

    def add(self, scene: Scene, attack: Attack, outcome: Outcome) -> None:
        """Print one and keep it."""
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
                {"done": attack.done, "expected": attack.expected, "measured": outcome.measured, "held": outcome.held}
                for attack, outcome in found
            ]
            for name, found in self.outcomes.items()
        }
        _JSON.parent.mkdir(exist_ok=True)
        _JSON.write_text(json.dumps({"machine": self.machine, "scenes": rows}, indent=2) + "\n")

    def write_page(self, scenes: Sequence[Scene]) -> None:
        """Into the page, in place of the last run's."""
        head, _, _ = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n\n{self.machine}: {self.summary()}.\n\n{tables(scenes, self.outcomes)}", "utf-8")

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
        rows = ["| What is done | Expected | Measured | |", "| --- | --- | --- | --- |"]
        for attack, outcome in outcomes.get(scene.name, ()):
            cells = (attack.done, attack.expected, outcome.measured, _HELD[outcome.held])
            rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        parts.append("\n".join([f"## `{scene.name}`: {scene.title}", "", *rows, ""]))
    return "\n".join(parts)


def rows(page: str) -> list[tuple[str, str]]:
    """What a page says is done and expected, in its order."""
    found = re.findall(r"^\| (.*?) (?<!\\)\| (.*?) (?<!\\)\| .*\|$", page, re.MULTILINE)
    return [(done.replace("\\|", "|"), expected.replace("\\|", "|")) for done, expected in found if done[:4] != "What" and done[:3] != "---"]


def say(text: str) -> None:
    """Print for whoever waits, at once."""
    print(text, flush=True)  # noqa: T201 - that is what it is for
