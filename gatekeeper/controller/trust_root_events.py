"""Kubernetes Events on TrustRoots: `kubectl describe trustroot NAME` shows them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.resource import TRUST_ROOTS
from gatekeeper.controller.state_events import StateEvents, StateNews
from gatekeeper.denials.logs.health import SourceHealth, SourceName
from gatekeeper.trustroots.report import RootReport, RootRoundReport
from provider.clock import Clock

_ACTION: Final = "Refresh"


class RootEventReason(StrEnum):
    """The column REASON of `kubectl get events`."""

    IN_FORCE = "TrustRootInForce"
    LATE = "TrustRootLate"
    FAILED = "TrustRootFailed"


class TrustRootEvents:
    """Implements `RootReports`.

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
        source = SourceName.TRUST_ROOTS
        self._events = StateEvents(api, TRUST_ROOTS, _ACTION, source, health, clock, instance, may_write)

    def take(self, found: RootRoundReport) -> None:
        """See `RootReports`."""
        if not found.known:
            return
        self._events.say(each for each in map(_news, found.roots) if each is not None)
        self._events.keep({each.name for each in found.roots})


def _news(root: RootReport) -> StateNews | None:
    """What is to be said of a trust root; nothing while it is on the way."""

    def news(reason: RootEventReason, note: str) -> StateNews:
        is_warning = reason is not RootEventReason.IN_FORCE
        return StateNews(root.name, root.uid, reason.value, root.newest, note, is_warning)

    if root.problems:
        return news(RootEventReason.FAILED, "; ".join(root.problems))
    if root.late:
        return news(RootEventReason.LATE, root.late)
    if root.newest and root.newest == root.in_force:
        return news(
            RootEventReason.IN_FORCE, f"Every Pod of the provider has it, and policies ask for it: {root.newest}"
        )
    return None
