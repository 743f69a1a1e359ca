"""Gatekeeper's Pods that have to know a policy: those of the webhook and of audit, as its chart labels them."""

from __future__ import annotations

from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.pod import is_ready
from gatekeeper.cluster.resource import PODS
from gatekeeper.documents import fields
from gatekeeper.reconciliation import limits
from provider.clock import Clock

LABELS: Final = "gatekeeper.sh/system=yes"
_OPERATION: Final = "gatekeeper.sh/operation"
_OPERATIONS: Final = frozenset({"webhook", "audit"})


class GatekeeperPods:
    """Reads them now and then; what was read before holds while nobody answers.

    Args:
        api: of the cluster.
        namespace: of Gatekeeper.
        clock: for the next time.
    """

    def __init__(self, api: KubernetesApi, namespace: str, clock: Clock) -> None:
        self.error: ClusterError | None = None
        self._api = api
        self._namespace = namespace
        self._clock = clock
        self._ready: frozenset[str] = frozenset()
        self._due = 0.0

    def ready(self, *, soon: bool) -> frozenset[str]:
        """The names of those that are ready.

        Args:
            soon: whether something waits for them, so that they are looked at more often.
        """
        now = self._clock.monotonic()
        if soon:
            self._due = min(self._due, now + limits.PODS_SOON_SECONDS)
        if self._due <= now:
            self._due = now + limits.PODS_SECONDS
            self._look()
        return self._ready

    def next(self) -> float:
        """When they are read again, monotonic seconds."""
        return self._due

    def _look(self) -> None:
        try:
            pages = self._api.pages(PODS, self._namespace, labels=LABELS)
            self._ready = frozenset(fields.name(pod) for page in pages for pod in page if _counts(pod))
            self.error = None
        except ClusterError as error:
            self.error = error


def _counts(pod: Object) -> bool:
    return is_ready(pod) and fields.labels(pod).get(_OPERATION) in _OPERATIONS
