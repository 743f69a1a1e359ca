"""Cold questions: about images of one registry that nobody has asked about before."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Final

from tests.bench import process
from tests.bench.bench import Bench, Cost, url
from tests.bench.load import Measured
from tests.bench.questions import FACTS, PROOF, QUESTIONS
from tests.bench.registry import Registry
from tests.e2e.rig.provider import RealProvider

# Images of a question that is asked so that everything is imported and connected; what that costs is not asked here.
_GREETING: Final = 40
# The provider and the yardstick take turns so often, with so many batches each.
_TURNS: Final = 3
_BATCHES: Final = 5


@dataclass(frozen=True)
class Ratio:
    """The provider beside the yardstick.

    Attributes:
        provider: what it takes.
        yardstick: what nobody can do without.
    """

    provider: Cost
    yardstick: Cost

    @property
    def p50(self) -> float:
        """How much longer."""
        return self.provider.p50 / self.yardstick.p50


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

    def ask(self, question: str, images: int, rounds: int, delay_ms: int) -> Measured:
        """So many questions of one kind, each about so many images."""
        kind = QUESTIONS[question]
        keys = kind.keys(self.registry, images * rounds, delay_ms)
        return self.bench.load.cold(url(self.provider), keys, images * len(kind.asks))

    def cost(self, question: str, images: int, rounds: int, delay_ms: int) -> Cost:
        """The same, with what the provider computes for it."""
        assert self.provider.program is not None
        pid = self.provider.program.process.pid
        kind = QUESTIONS[question]
        keys = kind.keys(self.registry, images * rounds, delay_ms)
        before = process.processor_seconds(pid)
        p50 = self.bench.load.cold(url(self.provider), keys, images * len(kind.asks)).p50
        return Cost(p50, (process.processor_seconds(pid) - before) * 1000 / (images * rounds))

    def beside_yardstick(self, images: int, delay_ms: int) -> Ratio:
        """Facts of so many images, in turn with the yardstick: what disturbs one disturbs the other."""
        ours, theirs = [], []
        for _ in range(_TURNS):
            ours.append(self.cost(FACTS, images, _BATCHES, delay_ms))
            theirs.append(self.bench.yardstick(self.registry, images, _BATCHES, delay_ms))
        return Ratio(_middle(ours), _middle(theirs))


def _middle(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(cost.p50 for cost in costs), statistics.median(cost.processor for cost in costs))
