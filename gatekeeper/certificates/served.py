"""What the provider's Pods show to whoever connects: seen by a handshake, and nothing is asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Final, Protocol

from cryptography import x509

from gatekeeper.certificates import limits, pem
from gatekeeper.certificates.rotation import ServedCertificates
from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.pod import is_over, port_address
from gatekeeper.cluster.resource import PODS
from gatekeeper.documents.product import PROVIDER_LABELS

_PORT: Final = "https"
_DEFAULT_PORT: Final = 8443


class PodPort(Protocol):
    """Looks at what is served over TLS."""

    def look(self, host: str, port: int) -> x509.Certificate | None:
        """The certificate that is shown at an address; None where none was seen."""


class NetworkPodPort:
    """Implements `PodPort` by a socket."""

    def look(self, host: str, port: int) -> x509.Certificate | None:
        """One handshake; see the Protocol."""
        with contextlib.suppress(OSError, ValueError, OverflowError):
            return _certificate(host, port)
        return None


class ProviderPods:
    """Looks at each Pod of the provider.

    Args:
        api: of the cluster.
        namespace: of the Pods.
        port: looks at one.
    """

    def __init__(self, api: KubernetesApi, namespace: str, port: PodPort) -> None:
        self._api = api
        self._namespace = namespace
        self._port = port
        self.error: ClusterError | None = None

    def served(self) -> ServedCertificates:
        """What they show; whoever has no address yet has no files yet either, and will have the newest."""
        try:
            pods = [pod for page in self._api.pages(PODS, self._namespace, labels=PROVIDER_LABELS) for pod in page]
            self.error = None
        except ClusterError as error:
            self.error = error
            return ServedCertificates(unknown=True)
        found: dict[x509.Certificate, None] = {}
        for place in _addresses(pods[: limits.PODS]):
            seen = self._port.look(*place)
            if seen is None:
                # One is enough to wait for.
                return ServedCertificates(tuple(found), unknown=True)
            found[seen] = None
        return ServedCertificates(tuple(found), unknown=len(pods) > limits.PODS)


def _addresses(pods: list[Object]) -> Iterator[tuple[str, int]]:
    for pod in pods:
        host, port = port_address(pod, _PORT, _DEFAULT_PORT)
        if host and not is_over(pod):
            yield host, port


def _certificate(host: str, port: int) -> x509.Certificate | None:
    # Whose it is, is the question: nothing is believed, and nothing sent.
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=limits.LOOK_SECONDS) as plain,
        blind.wrap_socket(plain) as connection,
    ):
        body = connection.getpeercert(binary_form=True) or b""
    found = pem.certificates(ssl.DER_cert_to_PEM_cert(body).encode())
    return found[0] if found else None
