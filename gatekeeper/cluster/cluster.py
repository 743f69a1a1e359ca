"""A cluster: its objects and its logs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatekeeper.cluster import access
from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.cluster.pod_logs import ApiPodLogs, PodLogs


@dataclass(frozen=True)
class Cluster:
    """What we read and write of a cluster.

    Attributes:
        api: its objects.
        logs: of its Pods.
        namespace: that of our service account, or of the kubeconfig's context.
    """

    api: KubernetesApi
    logs: PodLogs
    namespace: str = ""


def connect(kubeconfig: Path | None = None, context: str = "") -> Cluster:
    """The cluster that this process is in, or that of a kubeconfig; nothing is asked of it yet.

    Args:
        kubeconfig: the file; without it our service account, then `KUBECONFIG`, then `~/.kube/config`.
        context: which of the kubeconfig's; empty for its current one.

    Raises:
        NoClusterError: there is no way to one.
    """
    found = access.find(kubeconfig, context)
    return Cluster(LightkubeApi(found), ApiPodLogs(found), found.namespace)
