"""Mutants that behave as the right code does, so that no test can tell them apart: each with its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutant import Mutant

PATH = Path(__file__).with_name("equivalents.toml")


@dataclass(frozen=True)
class Equivalent:
    """An entry of the list.

    Attributes:
        file: relative to the root of the tree.
        operator: kind of the mistake.
        before: the first line that the mistake changes, without its indentation.
        after: the first line that stands there instead; empty when none does.
        reason: why nobody can notice.
    """

    file: str
    operator: str
    before: str
    after: str
    reason: str

    def matches(self, mutant: Mutant) -> bool:
        """Whether it speaks of this mutant."""
        return (
            (self.file, self.operator) == (mutant.file, mutant.operator)
            and mutant.may_change(self.before)
            and (self.before, self.after) == (mutant.before, mutant.after)
        )

    def __str__(self) -> str:
        return f"{self.file}: {self.before!r} to {self.after!r} ({self.operator})"


def load(path: Path = PATH) -> list[Equivalent]:
    """All entries.

    Raises:
        TypeError: one has a field too many or too few.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
    return [Equivalent(**entry) for entry in entries]


def outdated(equivalents: Iterable[Equivalent], mutants: Iterable[Mutant]) -> list[Equivalent]:
    """Those that match no mutant: the code has moved on, and the entry has to go."""
    by_file: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file, []).append(mutant)
    return [one for one in equivalents if not any(map(one.matches, by_file.get(one.file, [])))]
