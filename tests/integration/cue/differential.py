"""Random pairs against the real CUE: `python -m tests.integration.cue.differential COUNT [SEED]`, or `make cue`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.cue_verdicts import CRASHED, REFUSED, Verdict, ours, theirs
from tests.integration.cue.pairs import pairs

# How many pairs one run of each program is asked about.
_BATCH = 500


@dataclass
class Comparison:
    """What became of pairs.

    Attributes:
        counts: by what CUE says and what is said here.
        words: how many denials have the words of CUE.
        wrong: pairs with another verdict.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    words: int = 0
    wrong: list[tuple[str, Any, Verdict, Verdict]] = field(default_factory=list)

    def add(self, asked: Sequence[tuple[str, Any]]) -> None:
        """Judge more pairs by both."""
        for (policy, document), here, there in zip(asked, ours(asked), theirs(asked), strict=True):
            self.counts[there.outcome, here.outcome] += 1
            if REFUSED in here.outcome or there.outcome == CRASHED:
                continue
            self.words += bool(here.text) and here.text == there.text
            if here.outcome != there.outcome:
                self.wrong.append((policy, document, there, here))


def drawn(count: int, number: int) -> list[tuple[str, Any]]:
    """So many random pairs, the same for the same number."""
    found: list[tuple[str, Any]] = []

    @seed(number)
    @settings(
        max_examples=-(-count // 2),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pairs())
    def draw(pair: list[tuple[str, Any]]) -> None:
        found.extend(pair)

    draw()
    return found[:count]


def batches(count: int, number: int) -> Iterator[list[tuple[str, Any]]]:
    """The same in batches."""
    while count > 0:
        yield drawn(min(count, _BATCH), number)
        count, number = count - _BATCH, number + 1


def main() -> int:
    """Compare as many pairs as the command line says, and show what differs."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    comparison = Comparison()
    for batch in batches(count, number):
        comparison.add(batch)
        total = sum(comparison.counts.values())
        print(f"cue: {total} pairs, {len(comparison.wrong)} with another verdict", flush=True)  # noqa: T201
    for policy, document, there, here in comparison.wrong[:20]:
        print(f"{policy!r}\n  {document}\n  CUE: {there}\n  here: {here}")  # noqa: T201
    for (there_is, here_is), found in sorted(comparison.counts.items()):
        print(f"cue: {found:6} {there_is} by CUE, {here_is} here")  # noqa: T201
    print(f"cue: {comparison.words} denials in the words of CUE")  # noqa: T201
    return bool(comparison.wrong)


if __name__ == "__main__":
    sys.exit(main())
