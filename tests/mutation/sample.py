"""Which mutants are tried: as many as there is time for, always the same ones, from all over the code."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from tests.mutation.mutant import Mutant

SIZE: Final = 200
_SEED: Final = 20


def sample(mutants: Sequence[Mutant]) -> list[Mutant]:
    """At most `SIZE` valid mutants, in the order of the code."""
    chosen: list[Mutant] = []
    for mutant in _shuffled(mutants):
        if len(chosen) == SIZE:
            break
        if mutant.is_valid:
            chosen.append(mutant)
    return sorted(chosen, key=mutants.index)


def _shuffled(mutants: Sequence[Mutant]) -> Iterator[Mutant]:
    """In random order, but no operator has its second turn on a line before each had its first on every line: a call
    has two mutants for each argument, and is worth no more than the guard above it."""
    chance = random.Random(_SEED)
    turns: dict[tuple[str, int, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        turns[mutant.file, mutant.line, mutant.operator].append(mutant)
    waiting = list(turns.values())
    for several in waiting:
        chance.shuffle(several)
    while waiting:
        chance.shuffle(waiting)
        yield from [several.pop() for several in waiting]
        waiting = [several for several in waiting if several]
