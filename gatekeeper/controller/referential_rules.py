"""Whether Gatekeeper takes templates that read other objects: without, one is admitted and judges nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import PODS
from gatekeeper.doctor.gatekeeper_pod import GatekeeperPod, is_manager
from gatekeeper.reconciliation.gatekeeper_pods import LABELS

_FLAG: Final = "enable-referential-rules"


class ReferentialRules:
    """Reads it from the flags of Gatekeeper's Pods, and remembers what was last seen.

    Args:
        api: of the cluster.
        namespace: Gatekeeper's.
    """

    def __init__(self, api: KubernetesApi, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._lock = threading.Lock()
        self._on: bool | None = None

    def on(self) -> bool:
        """Whether all Pods have them on; no while nobody knows, for then a template may judge nothing."""
        with self._lock:
            known = self._on
        if known is None:
            try:
                self.look()
            except ClusterError:
                return False
        with self._lock:
            return self._on is True

    def look(self) -> Sequence[Object]:
        """Gatekeeper's Pods as they are now.

        Raises:
            ClusterError: they cannot be read; what was known stays.
        """
        pages = self._api.pages(PODS, self._namespace, labels=LABELS)
        found = [each for page in pages for each in page if is_manager(each)]
        if found:
            on = all(GatekeeperPod.of(each).flags.switch(_FLAG, default=True) for each in found)
            with self._lock:
                self._on = on
        return found
