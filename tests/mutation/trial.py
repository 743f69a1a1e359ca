"""A mutant before its tests."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tests.mutation import suite
from tests.mutation.covering import Coverage
from tests.mutation.equivalents import Equivalent
from tests.mutation.mutant import Mutant
from tests.mutation.mutants import PythonMutant
from tests.mutation.tree import Tree


class TrialVerdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    EQUIVALENT = "equivalent"
    NO_TEST = "no test"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Trial:
    """A mutant and what became of it.

    Attributes:
        mutant: what was tried.
        verdict: of the tests, whatever the list of equivalents says.
        equivalent: its entry in that list.
    """

    mutant: Mutant
    verdict: TrialVerdict
    equivalent: Equivalent | None

    @property
    def outcome(self) -> TrialVerdict:
        """What it counts as."""
        return TrialVerdict.EQUIVALENT if self.equivalent and not self.is_noticed else self.verdict

    @property
    def is_noticed(self) -> bool:
        """Whether the tests tell it from the right code; not ending is no way to pass."""
        return self.verdict in {TrialVerdict.KILLED, TrialVerdict.TIMEOUT}


class Judge(Protocol):
    """What looks at a mutant."""

    def verdict(self, tree: Tree, mutant: Mutant) -> TrialVerdict:
        """Put the mistake into the tree, run tests, and take it back."""
        ...


@dataclass(frozen=True)
class UnitTests:
    """The unit tests, those that run the wrong statement.

    Attributes:
        covering: which they are.
    """

    covering: Coverage

    def verdict(self, tree: Tree, mutant: PythonMutant) -> TrialVerdict:
        """As the first test that fails says, or that does not end."""
        rounds = self.covering.rounds(mutant)
        if not rounds:
            return TrialVerdict.NO_TEST
        with tree.wrong(mutant):
            try:
                passed = all(suite.passes(tree, tests, self.covering.longest) for tests in rounds)
            except TimeoutError:
                return TrialVerdict.TIMEOUT
        return TrialVerdict.SURVIVED if passed else TrialVerdict.KILLED


@dataclass(frozen=True)
class Court:
    """Tries mutants, each in one of several copies of the tree.

    Attributes:
        trees: as many as are tried at a time.
        judge: says what becomes of each.
        equivalents: all that are listed.
    """

    trees: Sequence[Tree]
    judge: Judge
    equivalents: Sequence[Equivalent]

    def trials(self, mutants: Sequence[Mutant]) -> Iterator[Trial]:
        """As they end."""
        free: queue.SimpleQueue[Tree] = queue.SimpleQueue()
        for tree in self.trees:
            free.put(tree)

        def tried(mutant: Mutant) -> Trial:
            tree = free.get()
            try:
                return Trial(mutant, self.judge.verdict(tree, mutant), self._equivalent(mutant))
            finally:
                free.put(tree)

        with ThreadPoolExecutor(len(self.trees)) as pool:
            for future in as_completed([pool.submit(tried, mutant) for mutant in mutants]):
                yield future.result()

    def _equivalent(self, mutant: Mutant) -> Equivalent | None:
        return next((one for one in self.equivalents if one.matches(mutant)), None)
