"""A ledger with a clock, metrics and a witness."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

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
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.metrics.exposition().decode())
            for sample in family.samples
            if sample.name == f"bestbefore_{name}" and labels.items() <= sample.labels.items()
        )
