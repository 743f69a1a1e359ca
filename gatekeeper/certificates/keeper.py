"""Rounds: what is there, what should be, and the steps between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from gatekeeper.certificates import limits, providers
from gatekeeper.certificates.own_client import OwnClientSecret
from gatekeeper.certificates.providers import ProviderAddress
from gatekeeper.certificates.report import CertificateName, CertificateReport, CertificateReports, Issue
from gatekeeper.certificates.rotation import Trust
from gatekeeper.certificates.served import ProviderPods
from gatekeeper.certificates.serving import ServingSecret, ServingState
from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ConflictError, ObjectAbsentError
from gatekeeper.cluster.resource import PROVIDERS
from gatekeeper.documents import fields
from provider.clock import Clock


@dataclass(frozen=True)
class CertificateParts:
    """What the keeper looks after.

    Attributes:
        address: where the provider is, and the Providers that lead there.
        serving: the Secret with what it serves.
        pods: show it.
        client: the Secret with the certificate of `helm test`; None where we make none.
    """

    address: ProviderAddress
    serving: ServingSecret
    pods: ProviderPods
    client: OwnClientSecret | None = None


@dataclass
class _Round:
    """What is noted in one."""

    faults: list[ClusterError] = field(default_factory=list)
    issued: list[Issue] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    expiries: dict[CertificateName, float] = field(default_factory=dict)
    trusted: int = 0
    soon: bool = False

    def report(self) -> CertificateReport:
        return CertificateReport(
            tuple(self.faults), tuple(self.issued), tuple(self.repaired), dict(self.expiries), self.trusted
        )


class CertificateKeeper:
    """Keeps Secrets and Providers as they should be; each round begins anew with what the cluster has.

    Args:
        api: of the cluster.
        parts: see there.
        reports: take what each round found.
        clock: says when.
        may_write: whether this process is still the one that writes.
    """

    def __init__(
        self,
        api: KubernetesApi,
        parts: CertificateParts,
        reports: CertificateReports,
        clock: Clock,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._api = api
        self._parts = parts
        self._reports = reports
        self._clock = clock
        self._may_write = may_write
        self._wrote: dict[str, Object] = {}
        self._last_bundles: tuple[list[str], float] = ([], clock.monotonic())

    def round(self) -> float:
        """One round; after how many seconds the next one is due."""
        done = _Round()
        if self._may_write():
            self._look(done)
            self._reports.take(done.report())
        return limits.SOON_SECONDS if done.soon else self._parts.serving.rest_seconds

    def _look(self, done: _Round) -> None:
        self._keep_client(done)
        try:
            found = self._providers(done)
            trust = _trust(found, self._parts.address, self._unchanged(found))
            state = self._parts.serving.look(trust, self._parts.pods.served, self._now())
        except ConflictError:
            # Somebody was quicker: the next round sees what there is.
            done.soon = True
            return
        except ClusterError as error:
            done.faults.append(error)
            return
        if self._parts.pods.error is not None:
            done.faults.append(self._parts.pods.error)
        _note(state, done)
        if found is None:
            return
        for body in self._desired(state.authorities):
            self._keep_provider(found, body, done)

    def _now(self) -> float:
        return self._clock.now()

    def _keep_client(self, done: _Round) -> None:
        """First of all: a Pod that waits for the other Secret then starts with both."""
        if self._parts.client is None:
            return
        try:
            state = self._parts.client.look(self._now())
        except ConflictError:
            done.soon = True
        except ClusterError as error:
            done.faults.append(error)
        else:
            done.expiries[CertificateName.OWN_CLIENT_CA] = state.ends
            done.issued += [state.issued] if state.issued else []

    def _providers(self, done: _Round) -> Mapping[str, Object] | None:
        """The Providers that are there, by name; None where there is no such kind, so that none can be written."""
        try:
            pages = self._api.pages(PROVIDERS)
            return {fields.name(each): each for page in pages for each in page}
        except ObjectAbsentError as error:
            done.faults.append(error)
            return None

    def _unchanged(self, found: Mapping[str, Object] | None) -> float:
        """For how many seconds the Providers have been the same."""
        said = [fields.text((found or {}).get(each.name), "spec", "caBundle") for each in self._parts.address.entrances]
        now = self._clock.monotonic()
        if self._last_bundles[0] != said:
            self._last_bundles = (said, now)
        return now - self._last_bundles[1]

    def _desired(self, authorities: Sequence[x509.Certificate]) -> list[dict[str, Any]]:
        address = self._parts.address
        return [providers.desired(address, each, authorities) for each in address.entrances]

    def _keep_provider(self, found: Mapping[str, Object], body: Object, done: _Round) -> None:
        name = body["metadata"]["name"]
        present = found.get(name)
        try:
            if present is not None:
                providers.check_owner(present, self._parts.address)
            if present is not None and providers.is_as(present, body):
                self._wrote[name] = body
                return
            if not self._may_write():
                return
            self._api.apply(PROVIDERS, body)
        except ClusterError as error:
            done.faults.append(error)
            return
        wrote = self._wrote.get(name)
        if wrote is not None and (present is None or not providers.is_as(present, wrote)):
            done.repaired.append(f"Provider {name}")
        self._wrote[name] = body
        done.soon = True


def _trust(found: Mapping[str, Object] | None, address: ProviderAddress, seconds: float) -> Trust:
    if found is None:
        return Trust(asks=False)
    ours = [found.get(each.name) for each in address.entrances]
    bundles = [providers.authorities(each) if each is not None else () for each in ours]
    named = tuple(dict.fromkeys(each for bundle in bundles for each in bundle))
    behind = [providers.pods_behind(each) if each is not None else None for each in ours]
    return Trust(
        named,
        frozenset(named).intersection(*bundles),
        arrived=all(each is False for each in behind),
        late=True in behind,
        seconds=seconds,
    )


def _note(state: ServingState, done: _Round) -> None:
    done.issued += state.issued
    done.soon |= state.waiting or bool(state.issued)
    done.trusted = len(state.authorities)
    if state.authorities:
        done.expiries[CertificateName.AUTHORITY] = state.authorities[0].not_valid_after_utc.timestamp()
    if state.material.leaf is not None:
        done.expiries[CertificateName.SERVER] = state.material.leaf.ends
