"""What Prometheus reads of the policies of the cluster."""

from __future__ import annotations

from gatekeeper.denials.ledger.policy_metrics import PolicyMetrics, ShownPolicy
from gatekeeper.reconciliation.report import PolicyReport, PolicyState, RoundReport


class PolicyStates:
    """Implements `PolicyReports`.

    Args:
        metrics: show it.
    """

    def __init__(self, metrics: PolicyMetrics) -> None:
        self._metrics = metrics

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`; what was before stays while the policies are not known."""
        if found.known:
            states = tuple(state.value for state in PolicyState)
            policies = [
                ShownPolicy(each.name, each.state.value, each.in_force, _oldest_key(each)) for each in found.policies
            ]
            self._metrics.show(policies, states)


def _oldest_key(report: PolicyReport) -> float:
    return min((each.read_at for each in report.keys if each.read_at), default=0.0)
