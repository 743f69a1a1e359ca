"""A cluster with Gatekeeper and the provider's Pods, all of whose news are late as a test wants them.

world = CertificateWorld()
world.start_pod("p-1")          # waits for the Secret
world.round()                   # of the keeper
world.kubelet("p-1")            # its files are those of the Secret now
world.gatekeeper("g-1")         # has the Providers as they are now
assert world.refused() == []
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from gatekeeper.certificates import leaf, marks, pem, providers
from gatekeeper.certificates.keeper import CertificateKeeper, CertificateParts
from gatekeeper.certificates.own_client import OwnClientSecret
from gatekeeper.certificates.providers import ProviderAddress
from gatekeeper.certificates.report import CertificateReport
from gatekeeper.certificates.secret import CertificateSecret
from gatekeeper.certificates.served import ProviderPods
from gatekeeper.certificates.serving import CertManagerSecret, OwnServingSecret
from gatekeeper.cluster.resource import PODS, PROVIDERS, SECRETS
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator

NAMESPACE = "gatekeeper-system"
SECRET, CLIENT_SECRET = "bestbefore-tls", "bestbefore-client-tls"
URL = "https://bestbefore.gatekeeper-system.svc:8443"
HOSTS = leaf.hosts_of("bestbefore.gatekeeper-system.svc")
NAMES = ("bestbefore", "bestbefore-audit", "bestbefore-mutate")
DAY = 86400.0


@dataclass
class ReportsSimulator:
    """Implements `CertificateReports`."""

    taken: list[CertificateReport] = field(default_factory=list)

    def take(self, found: CertificateReport) -> None:
        """See the Protocol."""
        self.taken.append(found)


class CertificateWorld:
    """See the module.

    Args:
        gatekeepers: Gatekeeper's Pods.
        cert_manager: whether cert-manager writes the Secret.
        cluster: an own one, or another keeper's.
        url: of the provider.
        home: the installation.
    """

    def __init__(
        self,
        gatekeepers: tuple[str, ...] = ("g-1",),
        *,
        cert_manager: bool = False,
        cluster: ClusterSimulator | None = None,
        url: str = URL,
        home: str = f"{NAMESPACE}/{SECRET}",
    ) -> None:
        self.cluster = cluster or ClusterSimulator(page=10)
        self.clock = FakeClock()
        self.reports = ReportsSimulator()
        self.shown: dict[str, x509.Certificate] = {}
        self.unreachable: set[str] = set()
        self.trusted: dict[str, dict[str, tuple[x509.Certificate, ...]]] = {each: {} for each in gatekeepers}
        self._address = ProviderAddress(url, home, providers.entrances(2, 10, 1))
        self._cert_manager = cert_manager
        self.restart()

    def restart(self) -> None:
        """Another process, which knows nothing."""
        address, cert_manager = self._address, self._cert_manager
        secret = CertificateSecret(self.cluster, NAMESPACE, SECRET)
        client = None if cert_manager else OwnClientSecret(CertificateSecret(self.cluster, NAMESPACE, CLIENT_SECRET))
        serving = CertManagerSecret(secret) if cert_manager else OwnServingSecret(secret, leaf.hosts_of(address.host))
        parts = CertificateParts(address, serving, ProviderPods(self.cluster, NAMESPACE, self), client)
        self.keeper = CertificateKeeper(self.cluster, parts, self.reports, self.clock)

    def round(self) -> CertificateReport:
        """A round of the keeper, two seconds later."""
        self.clock.advance(2.0)
        self.keeper.round()
        return self.reports.taken[-1]

    def settle(self, rounds: int = 6) -> None:
        """All news arrive, round after round."""
        for _ in range(rounds):
            self.round()
            for each in self.trusted:
                self.gatekeeper(each)
            for each in self.pods:
                self.kubelet(each)

    def start_pod(self, name: str) -> None:
        """A Pod of the provider; it begins to serve when the Secret has what it needs."""
        self.cluster.add(PODS, _pod(name, ""))
        self.kubelet(name)

    @property
    def pods(self) -> list[str]:
        """The provider's Pods."""
        return [each["metadata"]["name"] for each in self.cluster.objects(PODS)]

    def kubelet(self, name: str) -> None:
        """The files of a Pod become those of the Secret, if that has them all; so a Pod that waits begins."""
        data = self.data()
        if "tls.crt" in data:
            self.cluster.add(PODS, _pod(name, name))
            (self.shown[name],) = pem.certificates(data["tls.crt"])

    def gatekeeper(self, name: str) -> None:
        """A Pod of Gatekeeper has taken up the Providers as they are."""
        found = {each["metadata"]["name"]: each for each in self.cluster.objects(PROVIDERS)}
        self.trusted[name] = {each: providers.authorities(body) for each, body in found.items()}
        for body in found.values():
            generation = body["metadata"]["generation"]
            words = [each for each in body.get("status", {}).get("byPod", []) if each["id"] != name]
            word = {"id": name, "active": True, "observedGeneration": generation}
            self.cluster.add(PROVIDERS, {**body, "status": {"byPod": [*words, word]}})

    def refused(self) -> list[str]:
        """Who cannot talk to whom."""
        return [
            f"{gatekeeper} {entrance} {pod}"
            for gatekeeper, trusted in self.trusted.items()
            for entrance in NAMES
            for pod, shown in self.shown.items()
            if leaf.issued_by(shown, trusted.get(entrance, ())) is None
        ]

    def look(self, host: str, port: int) -> x509.Certificate | None:
        """See `PodPort`."""
        assert port == 8443
        return None if host in self.unreachable else self.shown.get(host)

    def data(self, name: str = SECRET) -> dict[str, bytes]:
        """What a Secret holds; nothing where there is none."""
        found = {each["metadata"]["name"]: each for each in self.cluster.objects(SECRETS)}
        written: Mapping[str, str] = found.get(name, {}).get("data", {})
        return {key: base64.b64decode(text) for key, text in written.items()}

    def bundles(self) -> list[tuple[x509.Certificate, ...]]:
        """Whom Gatekeeper is to trust, by Provider."""
        return [providers.authorities(each) for each in self.cluster.objects(PROVIDERS)]

    def authorities(self) -> tuple[x509.Certificate, ...]:
        """Those of the Secret, the present one first."""
        return pem.certificates(self.data().get("ca.crt", b""))

    def write_secret(self, data: Mapping[str, bytes], labels: Mapping[str, str] | None = None) -> None:
        """Somebody writes it."""
        body = {
            "metadata": {
                "name": SECRET,
                "namespace": NAMESPACE,
                "labels": dict(marks.labels() if labels is None else labels),
            },
            "type": "kubernetes.io/tls",
            "data": {name: base64.b64encode(text).decode() for name, text in data.items()},
        }
        self.cluster.add(SECRETS, body)


def provider(name: str, authority: x509.Certificate, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A Provider as the chart renders it in other modes, or as somebody else writes it."""
    bundle = base64.b64encode(pem.text_of([authority])).decode()
    return {
        "metadata": {"name": name, "labels": dict(labels or {}), "generation": 1},
        "spec": {"url": f"{URL}/validate", "timeout": 2, "caBundle": bundle},
    }


def _pod(name: str, address: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/part-of": "bestbefore", "app.kubernetes.io/component": "provider"}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {"containers": [{"name": "provider", "ports": [{"name": "https", "containerPort": 8443}]}]},
        "status": {"phase": "Running" if address else "Pending", "podIP": address},
    }
