"""Which trust roots the provider's Pods have loaded, by their plain ports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import urllib3

from gatekeeper.cluster import metrics_page
from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.pod import is_ready, port_address
from gatekeeper.cluster.resource import PODS
from gatekeeper.documents import fields
from gatekeeper.documents.product import PROVIDER_LABELS
from gatekeeper.trustroots import limits
from provider.signatures.trust.root_index import PAGE

_PORT: Final = "metrics"
_DEFAULT_PORT: Final = 8888
_Loaded = Mapping[str, frozenset[str]]


class RootPage(Protocol):
    """Reads what one Pod says."""

    def read(self, host: str, port: int) -> _Loaded | None:
        """The digests that it has loaded, by name; None where it does not say."""


class NetworkRootPage:
    """Implements `RootPage` over plain HTTP."""

    def read(self, host: str, port: int) -> _Loaded | None:
        """See the Protocol."""
        try:
            text = metrics_page.fetch(host, port, PAGE).text
            roots = json.loads(text[: limits.PAGE_BYTES])["roots"]
            return {str(name): frozenset(map(str, digests)) for name, digests in roots.items()}
        except (OSError, urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None


@dataclass(frozen=True)
class PodRoots:
    """What one Pod has loaded.

    Attributes:
        name: the Pod's.
        loaded: digests by name; None where it does not say.
    """

    name: str
    loaded: _Loaded | None

    def has(self, name: str, digest: str) -> bool:
        """Whether it has loaded a trust root."""
        return self.loaded is not None and digest in self.loaded.get(name, frozenset())


class RootPods:
    """Asks each Pod of the provider that is ready.

    Args:
        api: of the cluster.
        namespace: of the Pods.
        page: reads what one says.
    """

    def __init__(self, api: KubernetesApi, namespace: str, page: RootPage) -> None:
        self._api = api
        self._namespace = namespace
        self._page = page

    def loaded(self) -> Sequence[PodRoots]:
        """What each says.

        Raises:
            ClusterError: the Pods cannot be listed, or are more than may be asked.
        """
        pages = self._api.pages(PODS, self._namespace, labels=PROVIDER_LABELS)
        pods = [pod for page in pages for pod in page if is_ready(pod)]
        if len(pods) > limits.PODS:
            raise ClusterError(f"list pods: the provider has more than {limits.PODS} Pods, which are not all asked")
        found = []
        for pod in pods:
            host, port = port_address(pod, _PORT, _DEFAULT_PORT)
            found.append(PodRoots(fields.name(pod), self._page.read(host, port) if host else None))
        return found
