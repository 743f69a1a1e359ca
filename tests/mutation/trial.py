"""A mutant before its tests."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum

from tests.mutation import suite
from tests.mutation.covering import Covering
from tests.mutation.equivalents import Equivalent
from tests.mutation.mutants import Mutant
from tests.mutation.tree import Tree


class Verdict(StrEnum):
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
    verdict: Verdict
    equivalent: Equivalent | None

    @property
    def outcome(self) -> Verdict:
        """What it counts as."""
        return Verdict.EQUIVALENT if self.equivalent and not self.is_noticed else self.verdict

    @property
    def is_noticed(self) -> bool:
        """Whether the tests tell it from the right code; not ending is no way to pass."""
        return self.verdict in {Verdict.KILLED, Verdict.TIMEOUT}


@dataclass(frozen=True)
class Court:
    """Tries mutants, each in one of several copies of the tree.

    Attributes:
        trees: as many as are tried at a time.
        covering: which tests to ask.
        equivalents: all that are listed.
    """

    trees: Sequence[Tree]
    covering: Covering
    equivalents: Sequence[Equivalent]

    def trials(self, mutants: Sequence[Mutant]) -> Iterator[Trial]:
        """As they end."""
        free: queue.SimpleQueue[Tree] = queue.SimpleQueue()
        for tree in self.trees:
            free.put(tree)

        def tried(mutant: Mutant) -> Trial:
            tree = free.get()
            try:
                return Trial(mutant, self._verdict(tree, mutant), self._equivalent(mutant))
            finally:
                free.put(tree)

        with ThreadPoolExecutor(len(self.trees)) as pool:
            for future in as_completed([pool.submit(tried, mutant) for mutant in mutants]):
                yield future.result()

    def _verdict(self, tree: Tree, mutant: Mutant) -> Verdict:
        rounds = self.covering.rounds(mutant)
        if not rounds:
            return Verdict.NO_TEST
        with tree.wrong(mutant):
            try:
                passed = all(suite.passes(tree, tests, self.covering.longest) for tests in rounds)
            except TimeoutError:
                return Verdict.TIMEOUT
        return Verdict.SURVIVED if passed else Verdict.KILLED

    def _equivalent(self, mutant: Mutant) -> Equivalent | None:
        return next((one for one in self.equivalents if one.matches(mutant)), None)
