"""Kubernetes Events on policies: `kubectl describe clusterimagepolicy NAME` shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES
from gatekeeper.controller.state_events import StateEvents, StateNews
from gatekeeper.denials.logs.health import SourceHealth, SourceName
from gatekeeper.reconciliation import status
from gatekeeper.reconciliation.report import PolicyReport, PolicyState, RoundReport
from provider.clock import Clock

_ACTION: Final = "Reconcile"


class EventReason(StrEnum):
    """The column REASON of `kubectl get events`."""

    ENFORCED = "PolicyEnforced"
    REJECTED = "PolicyRejected"
    HELD = "PolicyHeld"
    REMOVED = "PolicyRemoved"
    WARNED = "PolicyWarned"


_REASONS: Final = {
    PolicyState.ENFORCED: EventReason.ENFORCED,
    PolicyState.WARN: EventReason.ENFORCED,
    PolicyState.SHADOW: EventReason.ENFORCED,
    PolicyState.PARTIAL: EventReason.REJECTED,
    PolicyState.REJECTED: EventReason.REJECTED,
    PolicyState.HELD: EventReason.HELD,
}
_NORMAL: Final = frozenset({EventReason.ENFORCED, EventReason.REMOVED})


class PolicyEvents:
    """Implements `PolicyReports`.

    Args:
        api: of the cluster.
        health: takes note whether they can be written.
        clock: says when.
        instance: our Pod, which writes.
        may_write: whether this process is still the one that writes.
    """

    def __init__(
        self,
        api: KubernetesApi,
        health: SourceHealth,
        clock: Clock,
        instance: str,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        kind, source = CLUSTER_IMAGE_POLICIES, SourceName.POLICY_STATUSES
        parts = (api, kind, _ACTION, source, health, clock, instance, may_write)
        self._events, self._warnings = StateEvents(*parts), StateEvents(*parts)

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        if not found.known:
            return
        warned = [each for each in found.policies if each.warnings]
        self._events.say([*map(_news, filter(_is_settled, found.policies)), *self._ended(found)])
        self._warnings.say(map(_warning, warned))
        self._events.keep({each.name for each in found.policies})
        self._warnings.keep({each.name for each in warned})

    def _ended(self, found: RoundReport) -> Iterator[StateNews]:
        for name in found.removed:
            before = self._events.said(name)
            if before is not None:
                note = "It ended with its object: nothing of it is in force any more."
                yield StateNews(name, before.uid, EventReason.REMOVED.value, before.word, note, is_warning=False)


def _is_settled(report: PolicyReport) -> bool:
    """Whether there is something to say: nothing while it is on the way."""
    return report.state in _REASONS


def _news(report: PolicyReport) -> StateNews:
    reason = _REASONS[report.state]
    word = f"{report.generation} {report.state.value} {report.reason.value}"
    return StateNews(report.name, report.uid, reason.value, word, report.message, is_warning=reason not in _NORMAL)


def _warning(report: PolicyReport) -> StateNews:
    word = " ".join([str(report.generation), *(each.reason.value for each in report.warnings)])
    note = status.warning_text(report)
    return StateNews(report.name, report.uid, EventReason.WARNED.value, word, note, is_warning=True)
