"""What Prometheus reads of Waivers; nothing of it is there before somebody has looked."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge


class WaiverMetrics:
    """The metrics of Waivers.

    Args:
        registry: which the metrics are of.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._states = Gauge(
            "bestbefore_waivers",
            "Waivers of the cluster by what became of them: in_use, unused (both hold), idle (lets nothing pass), "
            "ended, invalid",
            ("state",),
            registry=registry,
        )
        self._watched = Gauge(
            "bestbefore_waivers_watched",
            "Waivers that hold and that people should look at: they end within 14 days, or are for an emergency",
            ("why",),
            registry=registry,
        )
        self._copies = Gauge(
            "bestbefore_waiver_copies",
            "Pods of Gatekeeper by whether they have as many Waivers as the cluster: same, different, unknown",
            ("result",),
            registry=registry,
        )

    def show(self, states: Mapping[str, int], watched: Mapping[str, int]) -> None:
        """How many there are of each."""
        for state, count in states.items():
            self._states.labels(state).set(count)
        for why, count in watched.items():
            self._watched.labels(why).set(count)

    def show_copies(self, results: Mapping[str, int]) -> None:
        """How many Pods have which result."""
        for result, count in results.items():
            self._copies.labels(result).set(count)
