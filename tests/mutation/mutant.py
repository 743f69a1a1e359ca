"""A file with one mistake, whatever its language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import NoReturn


@dataclass(frozen=True, eq=False)
class Mutant:
    """A file with one mistake.

    Attributes:
        file: relative to the root of the tree.
        right: the lines of the file without the mistake.
        operator: kind of the mistake.
        place: first and last line of what is changed, from 1.
    """

    file: str
    right: Sequence[str]
    operator: str
    place: tuple[int, int]

    @property
    def text(self) -> str:
        """The whole file."""
        _of_a_language()

    @property
    def is_valid(self) -> bool:
        """Whether it is a program."""
        _of_a_language()

    @property
    def line(self) -> int:
        """Where the mistake begins."""
        return self.place[0]

    @cached_property
    def change(self) -> tuple[Sequence[str], Sequence[str]]:
        """The lines that went, and those that came instead: one stretch of the file."""
        right, wrong = self.right, self.text.splitlines()
        start = _alike(right, wrong)
        end = _alike(right[start:][::-1], wrong[start:][::-1])
        return right[start : len(right) - end], wrong[start : len(wrong) - end]

    @property
    def before(self) -> str:
        """The first line that went, without its indentation; empty when none did."""
        return self.change[0][0].strip() if self.change[0] else ""

    @property
    def after(self) -> str:
        """The first line that came, the same way."""
        return self.change[1][0].strip() if self.change[1] else ""

    def may_change(self, line: str) -> bool:
        """Whether a line like this, without indentation, stands where the mistake is; much cheaper than to make it."""
        first, last = self.place
        return line in {found.strip() for found in self.right[first - 1 : last]}


def _of_a_language() -> NoReturn:
    raise NotImplementedError


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """How many lines are the same from the start."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))))
