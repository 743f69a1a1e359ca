"""Policies that have no object any more: when each was first missed, and what becomes of what it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import AccessDeniedError, ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES, CUSTOM_RESOURCE_DEFINITIONS, POLICY_STATUSES
from gatekeeper.reconciliation import marks, removal, status
from gatekeeper.reconciliation.limits import ALL_GONE_SECONDS, LATE_SECONDS
from gatekeeper.reconciliation.removal import Definition, Ends, RemovalDecision
from gatekeeper.reconciliation.report import StateReason
from gatekeeper.reconciliation.view import ClusterView
from provider.clock import Clock

_NAME = f"{CLUSTER_IMAGE_POLICIES.plural}.{CLUSTER_IMAGE_POLICIES.group}"
_HELD = {each.value: each for each in removal.HELD}


@dataclass(frozen=True)
class _End:
    name: str
    since: float


class PolicyEnds:
    """Watches policies end; one thread uses it.

    Args:
        api: of the cluster.
        clock: says when.
    """

    def __init__(self, api: KubernetesApi, clock: Clock) -> None:
        self.error: ClusterError | None = None
        self._api = api
        self._clock = clock
        self._living: Mapping[str, str] = {}
        self._ended: dict[str, _End] = {}
        self._held: Mapping[str, StateReason] = {}
        self._remembered = False

    def decide(self, view: ClusterView, *, defined: bool) -> RemovalDecision:
        """What may be removed now.

        Args:
            view: the cluster; without policies where they are not `defined`.
            defined: whether the cluster has the kind ClusterImagePolicy.
        """
        now = self._clock.monotonic()
        self.error = None
        self._see(view, now)
        gone = view.ends()
        if not gone:
            self._held = {}
            return RemovalDecision()
        accepted = self._accepted()
        definition = self._definition() if defined else Definition.GONE
        ends = Ends(
            {uid: self._ended.setdefault(uid, _End(name, now)).since for uid, name in gone.items()},
            living=len(view.policies),
            definition=definition,
            lately=len({end.name for end in self._ended.values() if now - end.since <= ALL_GONE_SECONDS}),
            accepted=accepted,
        )
        decision = removal.decide(ends, self._held, now)
        if self._remembered:
            self._held = decision.held
        if decision.held:
            wait = LATE_SECONDS if decision.wait is None else decision.wait
            return RemovalDecision(decision.removed, decision.held, wait)
        return decision

    def _see(self, view: ClusterView, now: float) -> None:
        living = {each.uid: each.name for each in view.policies.values()}
        for uid, name in self._living.items():
            if uid not in living:
                self._ended[uid] = _End(name, now)
        left = view.ends()
        # One that was made again under its name did not end.
        self._ended = {
            uid: end
            for uid, end in self._ended.items()
            if end.name not in view.policies and (uid in left or now - end.since <= ALL_GONE_SECONDS)
        }
        self._living = living

    def _definition(self) -> Definition:
        found = self._seen_definition()
        # While it is not known what the process before this one held, all of it may be.
        return found if found is not Definition.THERE or self._remembered else Definition.UNKNOWN

    def _seen_definition(self) -> Definition:
        try:
            found = self._api.get(CUSTOM_RESOURCE_DEFINITIONS, _NAME)
        except ObjectAbsentError:
            return Definition.GONE
        except ClusterError as error:
            self.error = error
            return Definition.FORBIDDEN if isinstance(error, AccessDeniedError) else Definition.UNKNOWN
        return Definition.TERMINATING if found["metadata"].get("deletionTimestamp") else Definition.THERE

    def _accepted(self) -> frozenset[str]:
        """The uids whose end a person accepted; at first also which were held by the process before this one."""
        try:
            statuses = [each for page in self._api.pages(POLICY_STATUSES) for each in page]
        except ObjectAbsentError:
            statuses = []
        except ClusterError as error:
            self.error = error
            return frozenset()
        if not self._remembered:
            self._remembered = True
            before = [each for each in map(status.read, statuses) if each.held]
            self._held = {each.uid: _HELD.get(each.reason, StateReason.POLICIES_GONE) for each in before}
        annotations = ((each["metadata"].get("annotations") or {}).get(marks.ACCEPT_REMOVAL) for each in statuses)
        return frozenset(str(value) for value in annotations if value)
