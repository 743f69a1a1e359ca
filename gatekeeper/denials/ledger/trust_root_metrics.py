"""What Prometheus reads of the cluster's trust roots: at most twice `limits.SHOWN_TRUST_ROOTS` series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge

from gatekeeper.denials import limits


@dataclass(frozen=True)
class ShownRoot:
    """A trust root, as the metrics show it.

    Attributes:
        name: of its object.
        verified: when its source last stood for it, seconds since 1970; 0 for never.
        ends: when it can be used no more if nothing changes, seconds since 1970; 0 for never.
    """

    name: str
    verified: float
    ends: float


class TrustRootMetrics:
    """The metrics of trust roots.

    Args:
        registry: which the metrics are of.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._verified = Gauge(
            "bestbefore_trust_root_verified_timestamp_seconds",
            "When the source of a TrustRoot last stood for it, seconds since 1970; 0 for never",
            ("trust_root",),
            registry=registry,
        )
        self._ends = Gauge(
            "bestbefore_trust_root_expiry_timestamp_seconds",
            "When a TrustRoot can be used no more if nothing changes, seconds since 1970",
            ("trust_root",),
            registry=registry,
        )
        self._shown: set[str] = set()
        self._ending: set[str] = set()

    def show(self, found: Sequence[ShownRoot]) -> None:
        """Have these shown and no others: those first that end soonest, if there are too many."""
        ordered = sorted(found, key=lambda each: (each.ends or float("inf"), each.name))
        shown = {each.name: each for each in ordered[: limits.SHOWN_TRUST_ROOTS]}
        ending = {name: each.ends for name, each in shown.items() if each.ends}
        for name in self._shown - shown.keys():
            self._verified.remove(name)
        for name in self._ending - ending.keys():
            self._ends.remove(name)
        self._shown, self._ending = set(shown), set(ending)
        for name, each in shown.items():
            self._verified.labels(name).set(each.verified)
        for name, ends in ending.items():
            self._ends.labels(name).set(ends)
