"""How late the provider's event loop was, as its own histogram tells it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

METRIC: Final = "bestbefore_loop_lag_seconds"
_P99: Final = 0.99


@dataclass(frozen=True)
class Lag:
    """What a histogram knows of it: the ends of buckets, so the truth is no more than this.

    Attributes:
        turns: how often the loop was looked at.
        p99: milliseconds that all but one of a hundred turns were late at most.
        longest: milliseconds that none exceeded; infinite beyond the last bucket.
    """

    turns: int
    p99: float
    longest: float


def read(metrics: str) -> Lag | None:
    """The lag in Prometheus' text format; None where it tells nothing of a loop."""
    buckets = sorted(
        (float(sample.labels["le"]), int(sample.value))
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == f"{METRIC}_bucket"
    )
    if not buckets or not buckets[-1][1]:
        return None
    turns = buckets[-1][1]

    def within(part: float) -> float:
        return next(end for end, count in buckets if count >= math.ceil(turns * part)) * 1000

    return Lag(turns, within(_P99), within(1))
