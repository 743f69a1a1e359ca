"""A ledger with a clock, metrics and a witness."""

from __future__ import annotations

from typing import Any

from gatekeeper.denials.ledger.ledger import Ledger, Surroundings
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.source import LogLine
from tests.simulators.clock import FakeClock
from tests.simulators.denials import Witness


class Desk:
    """A ledger with a clock, metrics and a witness."""

    def __init__(self, clock: FakeClock | None = None, **surroundings: Any) -> None:
        self.clock = clock or FakeClock()
        self.metrics = DenialMetrics("test")
        self.witness = Witness()
        self.ledger = Ledger(self.clock, self.metrics, self.witness, Surroundings(**surroundings))

    def read(self, *lines: str, pod: str = "pod-1", written: str = "") -> None:
        for line in lines:
            self.ledger.line(LogLine(line, pod, written))

    def settle(self) -> None:
        """Let what waits for a line with a uid wait no longer."""
        self.clock.advance(1)
        self.ledger.tick()

    def value(self, name: str, **labels: str) -> float:
        """The sum over the series that have these labels."""
        # Not by the text of all metrics: tests ask hundreds of times, and test_metrics reads the text.
        found = self.metrics.registry.restricted_registry([f"bestbefore_{name}"])
        return sum(
            sample.value
            for family in found.collect()
            for sample in family.samples
            if labels.items() <= sample.labels.items()
        )
