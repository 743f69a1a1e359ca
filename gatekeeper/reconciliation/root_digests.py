"""The trust roots that policies name: which one of each name the Constraints ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Protocol

from gatekeeper.reconciliation import present
from gatekeeper.reconciliation.desired import DesiredObject, DesiredPolicy
from gatekeeper.reconciliation.report import PolicyReport
from gatekeeper.reconciliation.view import ClusterView
from gatekeeper.translation import trust_roots

UNKNOWN: Final = "the trust roots that it names are not known yet"
"""Why a policy waits."""


class RootDigests(Protocol):
    """Knows which trust root each name means; it is asked by one thread, and changed by another."""

    def digests(self) -> Mapping[str, str] | None:
        """By name, those that every Pod of the provider has; None while nothing is known."""

    def waiting(self, name: str, /) -> str:
        """What keeps a newer one of this name from being asked for, a sentence; empty where nothing does."""

    def named(self, found: frozenset[tuple[str, str]]) -> None:
        """Names and digests that the cluster's Constraints ask for."""


class NoRootDigests:
    """Implements `RootDigests` where nobody reads TrustRoot objects: a name means what the provider's settings say."""

    def digests(self) -> Mapping[str, str] | None:
        """See the Protocol."""
        return {}

    def waiting(self, _name: str) -> str:
        """See the Protocol."""
        return ""

    def named(self, found: frozenset[tuple[str, str]]) -> None:
        """See the Protocol."""


class RootedPolicies:
    """Policies with the digests of the trust roots that they name; for one thread.

    Args:
        roots: know the digests.
    """

    def __init__(self, roots: RootDigests) -> None:
        self._roots = roots
        self._names: dict[str, tuple[DesiredPolicy, frozenset[str]]] = {}

    def of(self, policy: DesiredPolicy) -> DesiredPolicy | None:
        """The policy as it should be; None while the trust roots that it names are not known."""
        names = self._named(policy)
        digests = self._roots.digests()
        if not names:
            return policy
        if digests is None:
            return None
        return dataclasses.replace(policy, constraints=tuple(_with(each, digests) for each in policy.constraints))

    def shown(self, report: PolicyReport) -> PolicyReport:
        """The report with what keeps a newer trust root of the policy waiting."""
        _, names = self._names.get(report.uid, (None, frozenset[str]()))
        waiting = [said for name in sorted(names) if (said := self._roots.waiting(name))]
        return dataclasses.replace(report, message="; ".join([report.message, *waiting])) if waiting else report

    def look(self, view: ClusterView) -> None:
        """Say which trust roots the cluster's Constraints ask for, where all of them could be read."""
        if view.unread:
            return
        every = (each for found in view.constraints.values() for each in (found or {}).values())
        self._roots.named(frozenset(root for each in every for root in each.trust_roots))

    def forget(self, living: frozenset[str]) -> None:
        """Forget policies that are gone."""
        self._names = {uid: kept for uid, kept in self._names.items() if uid in living}

    def _named(self, policy: DesiredPolicy) -> frozenset[str]:
        before, names = self._names.get(policy.uid, (None, frozenset[str]()))
        if before is not policy:
            bodies = (each.body for each in policy.constraints)
            names = frozenset(name for body in bodies for name, _ in trust_roots.named(body))
            self._names[policy.uid] = policy, names
        return names


def _with(found: DesiredObject, digests: Mapping[str, str]) -> DesiredObject:
    body = trust_roots.with_digests(found.body, digests)
    return dataclasses.replace(found, body=body, digest=present.digest(body))
