"""Gatekeeper's Pods that answer webhooks, as its chart labels them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.resource import PODS

LABELS: Final = "control-plane=controller-manager,gatekeeper.sh/operation=webhook"
CONTAINER: Final = "manager"
# More replicas of Gatekeeper than anybody has; each costs a thread and a connection.
_PODS: Final = 64


def webhook_pods(api: KubernetesApi, namespace: str) -> Iterator[Object]:
    """The Pods.

    Raises:
        ClusterError: they cannot be listed.
    """
    return itertools.islice(itertools.chain.from_iterable(api.pages(PODS, namespace, labels=LABELS)), _PODS)


def container_status(pod: Object) -> dict[str, Any]:
    """What Kubernetes says of the container; empty where it says nothing yet."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((status for status in statuses if status.get("name") == CONTAINER), {})
