"""Cold questions: about images of one registry that nobody has asked about before."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench import process, yardstick
from tests.bench.bench import Bench, url
from tests.bench.load import LoadReport
from tests.bench.questions import FACTS, PROOF, QUESTIONS
from tests.bench.registry import Registry
from tests.bench.yardstick import Cost
from tests.e2e.rig.provider import RealProvider

# Images of a question that is asked so that everything is imported and connected; what that costs is not asked here.
_GREETING: Final = 40
# The provider and the yardstick take turns so often.
_TURNS: Final = 12


@dataclass(frozen=True)
class Ratio:
    """The provider beside the yardstick, batch by batch."""

    provider: Sequence[Cost]
    yardstick: Sequence[Cost]

    @property
    def p50(self) -> float:
        """How much longer half of the batches took."""
        return _p50(self.provider) / _p50(self.yardstick)

    @property
    def shortest(self) -> float:
        """How much longer the shortest took: the least that others on the machine had to do with."""
        return min(cost.took for cost in self.provider) / min(cost.took for cost in self.yardstick)

    def figures(self) -> list[float]:
        """p50 of both and their ratio, the ratio of the shortest, processor of both and their ratio."""
        computed = [statistics.mean(cost.processor for cost in costs) for costs in (self.provider, self.yardstick)]
        times = [_p50(self.provider), _p50(self.yardstick), self.p50, self.shortest]
        return [*times, *computed, computed[0] / computed[1]]


@dataclass(frozen=True)
class Asker:
    """Who asks one provider about one registry's images."""

    bench: Bench
    provider: RealProvider
    registry: Registry

    def greet(self) -> None:
        """Have the provider import what it needs, and connect."""
        for name in (FACTS, PROOF):
            self.ask(name, _GREETING, 1, 0)

    def ask(self, question: str, images: int, rounds: int, delay_ms: int) -> LoadReport:
        """So many questions of one kind, each about so many images."""
        kind = QUESTIONS[question]
        keys = kind.keys(self.registry, images * rounds, delay_ms)
        return self.bench.load.cold(url(self.provider), keys, images * len(kind.asks))

    def cost(self, question: str, images: int, rounds: int, delay_ms: int) -> Cost:
        """The same: the p50, and what the provider computes for an image."""
        kind = QUESTIONS[question]
        keys = kind.keys(self.registry, images * rounds, delay_ms)
        before = self._processor_seconds()
        p50 = self.bench.load.cold(url(self.provider), keys, images * len(kind.asks)).p50
        return Cost(p50, (self._processor_seconds() - before) * 1000 / (images * rounds))

    def beside_yardstick(self, images: int, delay_ms: int) -> Ratio:
        """Facts of so many images, in turn with the yardstick: what disturbs one disturbs the other."""
        facts = QUESTIONS[FACTS]
        with yardstick.running(self.registry) as rival:
            rival.batch(facts.keys(self.registry, _GREETING, delay_ms))
            turns = [
                (self.cost(FACTS, images, 1, delay_ms), rival.batch(facts.keys(self.registry, images, delay_ms)))
                for _ in range(_TURNS)
            ]
        return Ratio([ours for ours, _ in turns], [its for _, its in turns])

    def _processor_seconds(self) -> float:
        assert self.provider.program is not None
        return process.processor_seconds(self.provider.program.process.pid)


def _p50(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.took for cost in costs)
