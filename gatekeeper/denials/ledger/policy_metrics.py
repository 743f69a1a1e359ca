"""What Prometheus reads of the policies of the cluster: at most `limits.POLICY_SERIES` series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge

from gatekeeper.denials import limits


@dataclass(frozen=True)
class ShownPolicy:
    """A policy of the cluster, as the metrics show it.

    Attributes:
        name: its name.
        state: what it does now.
        in_force: whether some text of it is in force in every Pod of Gatekeeper.
        key_read_at: when the oldest of the keys in services that it uses was read, seconds since 1970; 0 where it uses
            none.
    """

    name: str
    state: str
    in_force: bool
    key_read_at: float = 0.0


class PolicyMetrics:
    """The metrics of policies.

    Args:
        registry: which the metrics are of.
        folded: takes how many policies more there is no room for.
    """

    def __init__(self, registry: CollectorRegistry, folded: Callable[[float], None]) -> None:
        self._state = Gauge(
            "bestbefore_policy_state",
            "1 for what a policy of the cluster does now, 0 for all else",
            ("policy", "state"),
            registry=registry,
        )
        self._in_force = Gauge(
            "bestbefore_policy_in_force",
            "1 while some text of a policy of the cluster is in force in every Pod of Gatekeeper",
            ("policy",),
            registry=registry,
        )
        self._key_read = Gauge(
            "bestbefore_policy_key_read_timestamp_seconds",
            "When the oldest key in a key management service that a policy uses was last read, seconds since 1970",
            ("policy",),
            registry=registry,
        )
        self._folded = folded
        self._shown: set[str] = set()
        self._keyed: set[str] = set()
        self._left = 0

    def show(self, found: Sequence[ShownPolicy], states: Sequence[str]) -> None:
        """Have these policies shown and no others: those first that are not in force, if there are too many.

        Args:
            found: each that there is.
            states: all that one may have.
        """
        ordered = sorted(found, key=lambda each: (each.in_force, each.name))
        shown = {each.name: each for each in ordered[: limits.SHOWN_POLICIES]}
        for name in self._shown - shown.keys():
            self._in_force.remove(name)
            for state in states:
                self._state.remove(name, state)
        keyed = {name: each.key_read_at for name, each in shown.items() if each.key_read_at}
        for name in self._keyed - keyed.keys():
            self._key_read.remove(name)
        self._keyed = set(keyed)
        for name, read_at in keyed.items():
            self._key_read.labels(name).set(read_at)
        left = len(found) - len(shown)
        self._folded(max(0, left - self._left))
        self._shown, self._left = set(shown), left
        for name, each in shown.items():
            self._in_force.labels(name).set(each.in_force)
            for state in states:
                self._state.labels(name, state).set(state == each.state)
