"""What became of the attacks: lines for whoever waits, a page for readers, JSON for machines."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.attack.attack import Scene
from tests.attack.trial import Trial
from tests.programs import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "attacks-on-the-provider.md"
BEGIN: Final = "<!-- Written by `make attack` from here on. -->"
_JSON: Final = ROOT / ".build" / "attack.json"
_WIDTH: Final = 108
_COLUMNS: Final = ("What is done", "Expected", "Measured", "Held")
_BETWEEN: Final = re.compile(r" (?<!\\)\| ")


@dataclass
class Report:
    """Trials of a run, by scene, in the order in which they came.

    Attributes:
        machine: what it ran on.
        trials: so far.
    """

    machine: str
    trials: dict[str, list[Trial]] = field(default_factory=dict)

    def add(self, scene: Scene, trial: Trial) -> None:
        """Print one and keep it."""
        self.trials.setdefault(scene.name, []).append(trial)
        say("\n".join(lines(trial)))

    @property
    def failed(self) -> int:
        """How many have not held."""
        return self._count(held=False)

    def summary(self) -> str:
        """In a sentence."""
        left = self._count(held=None)
        return f"{self._count(held=True)} held, {self.failed} did not" + (f", {left} were left out" if left else "")

    def write_json(self) -> None:
        """For machines: `.build/attack.json`."""
        scenes = {name: [_fields(trial) for trial in found] for name, found in self.trials.items()}
        _JSON.parent.mkdir(exist_ok=True)
        _JSON.write_text(json.dumps({"machine": self.machine, "scenes": scenes}, indent=2) + "\n")

    def write_page(self, scenes: Sequence[Scene]) -> None:
        """Into the page, in place of the last run's."""
        head = PAGE.read_text("utf-8").partition(BEGIN)[0]
        text = f"{self.machine}: {self.summary()}.\n\n{tables(scenes, self.trials)}"
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}", "utf-8")

    def _count(self, *, held: bool | None) -> int:
        return sum(trial.outcome.held is held for found in self.trials.values() for trial in found)


def lines(trial: Trial) -> list[str]:
    """One trial for a person."""
    word = {True: "held", False: "NOT HELD", None: "left out"}[trial.outcome.held]
    measured = trial.outcome.measured.replace("**", "")
    texts = [trial.attack.done, f"expected: {trial.attack.expected}", f"measured: {measured}"]
    first, *rest = [line for text in texts for line in textwrap.wrap(text, _WIDTH)]
    return [f"{word:<10}  {first}", *(f"{'':<12}{line}" for line in rest), ""]


def tables(scenes: Sequence[Scene], trials: Mapping[str, Sequence[Trial]]) -> str:
    """A heading and a table for each scene, Markdown."""
    return "\n".join(_table(scene, trials.get(scene.name, ())) for scene in scenes)


def _table(scene: Scene, trials: Sequence[Trial]) -> str:
    held = {True: "yes", False: "**no**", None: "left out"}
    rows = [
        (trial.attack.done, trial.attack.expected, trial.outcome.measured, held[trial.outcome.held]) for trial in trials
    ]
    written = [f"| {' | '.join(map(_cell, row))} |" for row in (_COLUMNS, ("---",) * len(_COLUMNS), *rows)]
    return "\n".join([f"## `{scene.name}`: {scene.title}", "", *written, ""])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def rows(page: str) -> list[tuple[str, str]]:
    """What a page says is done and expected, in its order."""
    written = [line[2:] for line in page.partition(BEGIN)[2].splitlines() if line.startswith("| ")]
    cells = [[cell.replace("\\|", "|") for cell in _BETWEEN.split(line)[:2]] for line in written]
    return [(done, expected) for done, expected in cells if done not in {_COLUMNS[0], "---"}]


def _fields(trial: Trial) -> dict[str, object]:
    return {
        "done": trial.attack.done,
        "expected": trial.attack.expected,
        "measured": trial.outcome.measured,
        "held": trial.outcome.held,
        "seconds": round(trial.seconds, 1),
    }


def say(text: str) -> None:
    """Print for whoever waits, at once."""
    print(text, flush=True)  # noqa: T201 - that is what it is for
