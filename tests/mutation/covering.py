"""Which test runs which line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.mutation.mutants import PythonMutant

# The lines of a file, each with the tests that run it; "" stands for what runs it outside of any test.
Lines = Mapping[int, Iterable[str]]

# Names of tests, in the order to run them in, with the seconds that each takes.
Tests = Mapping[str, float]


@dataclass(frozen=True)
class Coverage:
    """What was measured while all tests ran.

    Attributes:
        lines: of each file, by its name relative to the root of the tree.
        seconds: that each test took which passed, in the order they ran in.
    """

    lines: Mapping[str, Lines]
    seconds: Tests

    def rounds(self, mutant: PythonMutant) -> list[Tests]:
        """The tests that would meet the mistake: first those in the folder of the same name, which are there for it and
        import little, then the others.

        A statement that runs at import is met by all tests that run a line of its file; where the file holds nothing
        but such statements, by all that run a line of any file measured.
        """
        found = self._tests(mutant)
        near = {name for name in found if _folder(name) in PurePosixPath(mutant.file).parts}
        return [self._ordered(names) for names in (near, found - near) if names]

    @property
    def tests(self) -> Tests:
        """All that run a line of any file measured."""
        return self._ordered(self._everywhere())

    @property
    def longest(self) -> float:
        """Seconds of the test that took longest."""
        return max(self.seconds.values(), default=0)

    def _tests(self, mutant: PythonMutant) -> set[str]:
        lines = self.lines.get(mutant.file, {})
        if mutant.imported:
            return self._known(lines.values()) or self._everywhere()
        first, last = mutant.statement
        return self._known(lines.get(line, ()) for line in range(first, last + 1))

    def _everywhere(self) -> set[str]:
        return self._known(tests for lines in self.lines.values() for tests in lines.values())

    def _known(self, tests: Iterable[Iterable[str]]) -> set[str]:
        return {name for several in tests for name in several if name in self.seconds}

    def _ordered(self, names: set[str]) -> Tests:
        return {name: seconds for name, seconds in self.seconds.items() if name in names}


def _folder(test: str) -> str:
    """`golang` of `tests/unit/golang/test_regexp.py::test_any_text_has_a_verdict`."""
    return PurePosixPath(test.partition("::")[0]).parent.name
