"""Kubernetes Events on TrustRoots: `kubectl describe trustroot NAME` shows them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ConflictError
from gatekeeper.cluster.resource import EVENTS, TRUST_ROOTS
from gatekeeper.cluster.times import micro_time
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.denials.reports.block_event import CONTROLLER
from gatekeeper.trustroots.report import RootReport, RootRoundReport
from provider.clock import Clock
from provider.foreign_text import shown

# Where an Event about an object lies that is in no namespace.
_NAMESPACE: Final = "default"
# What an Event's note may have, bytes, the word about its writer, and of a TrustRoot's name in that of its Event.
_NOTE_BYTES: Final = 1024
_INSTANCE_CHARACTERS: Final = 128
_NAME_CHARACTERS: Final = 220


class RootEventReason(StrEnum):
    """The column REASON of `kubectl get events`."""

    IN_FORCE = "TrustRootInForce"
    LATE = "TrustRootLate"
    FAILED = "TrustRootFailed"


class TrustRootEvents:
    """Implements `RootReports`; each thing is said once while it lasts.

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
        self._api = api
        self._health = health
        self._clock = clock
        self._instance = instance
        self._may_write = may_write
        self._said: dict[str, tuple[str, RootEventReason, str]] = {}

    def take(self, found: RootRoundReport) -> None:
        """See `RootReports`."""
        if not found.known:
            return
        for each in found.roots:
            reason, note = _news(each)
            key = (each.uid, reason, each.newest) if reason else None
            if reason is None or key is None or self._said.get(each.name) == key or not self._may_write():
                continue
            try:
                self._api.create(EVENTS, self._event(each, reason, note))
            except ConflictError:
                # Said by the process before this one.
                pass
            except ClusterError as error:
                self._health.failed(SourceName.TRUST_ROOTS, problem_of(error), error.message)
                return
            self._said[each.name] = key
        names = {each.name for each in found.roots}
        self._said = {name: said for name, said in self._said.items() if name in names}

    def _event(self, root: RootReport, reason: RootEventReason, note: str) -> Object:
        mark = fingerprint(root.uid, reason.value, root.newest, note)
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": f"{root.name[:_NAME_CHARACTERS].rstrip('.-')}.{mark}", "namespace": _NAMESPACE},
            "eventTime": micro_time(self._clock.now()),
            "type": "Normal" if reason is RootEventReason.IN_FORCE else "Warning",
            "reason": reason.value,
            "action": "Refresh",
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:_INSTANCE_CHARACTERS] or "bestbefore",
            "regarding": {
                "apiVersion": TRUST_ROOTS.api_version,
                "kind": TRUST_ROOTS.kind,
                "name": root.name,
                "uid": root.uid,
            },
            "note": shown(note, _NOTE_BYTES).encode()[:_NOTE_BYTES].decode(errors="ignore"),
        }


def _news(root: RootReport) -> tuple[RootEventReason | None, str]:
    """What is to be said of a trust root; nothing while it is on the way."""
    if root.problems:
        return RootEventReason.FAILED, "; ".join(root.problems)
    if root.late:
        return RootEventReason.LATE, root.late
    if root.newest and root.newest == root.in_force:
        return RootEventReason.IN_FORCE, f"Every Pod of the provider has it, and policies ask for it: {root.newest}"
    return None, ""
