"""Kubernetes Events on policies: `kubectl describe clusterimagepolicy NAME` shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ConflictError
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES, EVENTS
from gatekeeper.cluster.times import micro_time
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.denials.reports.block_event import CONTROLLER
from gatekeeper.reconciliation import status
from gatekeeper.reconciliation.report import PolicyReport, PolicyState, RoundReport
from provider.clock import Clock
from provider.foreign_text import shown

# Where an Event about an object lies that is in no namespace.
_NAMESPACE: Final = "default"
# What an Event's note may have, bytes, and the word about its writer, characters.
_NOTE_BYTES: Final = 1024
_INSTANCE_CHARACTERS: Final = 128
# Of a policy's name in that of its Event: such a name has at most 253 characters, with a mark behind it.
_NAME_CHARACTERS: Final = 220


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


@dataclass(frozen=True)
class _News:
    """What is to be said of a policy: once for one uid, generation, and word."""

    name: str
    uid: str
    generation: int
    reason: EventReason
    word: str
    note: str


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
        self._api = api
        self._health = health
        self._clock = clock
        self._instance = instance
        self._may_write = may_write
        self._said: dict[str, _News] = {}
        self._warned: dict[str, _News] = {}

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        if not found.known:
            return
        for news in list(self._news(found)):
            if not self._may_write():
                return
            try:
                self._api.create(EVENTS, self._event(news))
            except ConflictError:
                # Said by the process before this one, or before something else was so for a while.
                pass
            except ClusterError as error:
                self._health.failed(SourceName.POLICY_STATUSES, problem_of(error), error.message)
                if isinstance(error, ClusterUnavailableError):
                    # All others would wait for the same.
                    return
                continue
            self._book(news)[news.name] = news
        names = {each.name for each in found.policies}
        self._said = {name: news for name, news in self._said.items() if name in names}
        warned = {each.name for each in found.policies if each.warnings}
        self._warned = {name: news for name, news in self._warned.items() if name in warned}

    def _book(self, news: _News) -> dict[str, _News]:
        """What was said last of each policy: of its state, or of its warnings."""
        return self._warned if news.reason is EventReason.WARNED else self._said

    def _news(self, found: RoundReport) -> Iterator[_News]:
        for each in found.policies:
            for news in (_of(each), _warning_of(each)):
                before = self._book(news).get(each.name) if news is not None else None
                if news is not None and (before is None or _key(before) != _key(news)):
                    yield news
        for name in found.removed:
            before = self._said.get(name)
            if before is not None and before.reason is not EventReason.REMOVED:
                note = "It ended with its object: nothing of it is in force any more."
                yield _News(name, before.uid, before.generation, EventReason.REMOVED, "", note)

    def _event(self, news: _News) -> Object:
        regarding = {
            "apiVersion": CLUSTER_IMAGE_POLICIES.api_version,
            "kind": CLUSTER_IMAGE_POLICIES.kind,
            "name": news.name,
            "uid": news.uid,
        }
        mark = fingerprint(news.uid, str(news.generation), news.reason.value, news.word)
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": f"{news.name[:_NAME_CHARACTERS].rstrip('.-')}.{mark}", "namespace": _NAMESPACE},
            "eventTime": micro_time(self._clock.now()),
            "type": "Normal" if news.reason in _NORMAL else "Warning",
            "reason": news.reason.value,
            "action": "Reconcile",
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:_INSTANCE_CHARACTERS] or "bestbefore",
            "regarding": regarding,
            "note": shown(news.note, _NOTE_BYTES).encode()[:_NOTE_BYTES].decode(errors="ignore"),
        }


def _of(report: PolicyReport) -> _News | None:
    """What is said of a policy; nothing while it is on the way."""
    reason = _REASONS.get(report.state)
    if reason is None:
        return None
    word = f"{report.state.value} {report.reason.value}"
    return _News(report.name, report.uid, report.generation, reason, word, report.message)


def _warning_of(report: PolicyReport) -> _News | None:
    if not report.warnings:
        return None
    word = " ".join(each.reason.value for each in report.warnings)
    note = status.warning_text(report)
    return _News(report.name, report.uid, report.generation, EventReason.WARNED, word, note)


def _key(news: _News) -> tuple[str, int, EventReason, str]:
    return news.uid, news.generation, news.reason, news.word
