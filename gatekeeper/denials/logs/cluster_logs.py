"""The logs of Gatekeeper's webhook Pods as they are now, read once to their end: for people who look at a cluster."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from gatekeeper.cluster.cluster import Cluster
from gatekeeper.cluster.errors import ClusterError, ObjectInvalidError
from gatekeeper.cluster.pod_logs import ContainerLog, LogPart
from gatekeeper.denials.logs.webhook_pods import CONTAINER, webhook_pods
from gatekeeper.denials.source import DenialSink, GapCause, LogGap, LogLine


class ClusterLogs:
    """Implements `gatekeeper.denials.source.DenialSource`.

    Args:
        cluster: whose Pods and logs.
        namespace: Gatekeeper's.
        since: RFC 3339; lines of then and later. Empty for all that the logs have.

    Attributes:
        problems: of Pods whose log could not be read, a sentence each.
    """

    def __init__(self, cluster: Cluster, namespace: str, since: str = "") -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._since = since
        self.problems: list[str] = []

    def pods(self) -> Mapping[str, str]:
        """Names of the Pods by their uids.

        Raises:
            ClusterError: they cannot be listed.
        """
        found = (pod["metadata"] for pod in webhook_pods(self._cluster.api, self._namespace))
        return {str(metadata.get("uid", "")): str(metadata["name"]) for metadata in found}

    def run(self, sink: DenialSink, stop: threading.Event) -> None:
        """Give the lines of each Pod: of the container before this one, and of this one.

        Raises:
            ClusterError: the Pods cannot be listed.
        """
        for uid, name in self.pods().items():
            for previous in (True, False):
                try:
                    self._read(uid, name, LogPart(since=self._since, previous=previous), sink, stop)
                except ObjectInvalidError as error:
                    # Most containers have none before them.
                    if not previous:
                        self.problems.append(error.message)
                except ClusterError as error:
                    self.problems.append(error.message)
                    break

    def _read(self, uid: str, name: str, part: LogPart, sink: DenialSink, stop: threading.Event) -> None:
        stream = self._cluster.logs.open(ContainerLog(self._namespace, name, CONTAINER), part)
        try:
            for line in stream.lines():
                if stop.is_set():
                    return
                if line.whole:
                    sink.line(LogLine(line.text, uid, line.written))
                else:
                    sink.gap(LogGap(uid, GapCause.TOO_LONG))
        finally:
            stream.close()
