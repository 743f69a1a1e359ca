"""Follows the logs of Gatekeeper's webhook Pods: the source of denials for Gatekeeper 3.23.

It needs `list` of Pods and `get` of `pods/log` in Gatekeeper's namespace, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Final

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.cluster import Cluster
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ObjectAbsentError
from gatekeeper.cluster.pod_logs import ContainerLog
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.denials.logs.pod_follower import FollowedPod, PodFollower, nobody
from gatekeeper.denials.logs.webhook_pods import CONTAINER, LABELS, container_status, webhook_pods
from gatekeeper.denials.source import DenialSink, GapCause, LogGap
from provider.clock import Clock

# How often it is looked which Pods there are, seconds: a new Pod's log is read from its beginning, so none is late.
_LOOK_SECONDS: Final = 5.0
# The same, before all logs have been read to their end.
_BEGINNING_SECONDS: Final = 0.5
# How long all threads together may take to end, seconds.
_STOP_SECONDS: Final = 3.0


class GatekeeperLogs:
    """Implements `gatekeeper.denials.source.DenialSource`.

    Args:
        cluster: whose Pods and logs.
        namespace: Gatekeeper's.
        health: takes note whether all of them can be read.
        clock: for pauses.
        known: uids of the Pods whose logs were read before, by this process or one before it. Without any, what the
            logs have is left alone: it was written before anybody counted.
        unexpected: takes what nobody reckoned with while a log was read; it is tried again all the same.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        cluster: Cluster,
        namespace: str,
        health: SourceHealth,
        clock: Clock,
        known: Collection[str] = (),
        unexpected: Callable[[Exception], None] = nobody,
    ) -> None:
        self._api = cluster.api
        self._logs = cluster.logs
        self._health = health
        self._clock = clock
        self._namespace = namespace
        self._known = frozenset(known)
        self._unexpected = unexpected
        self._followers: dict[str, PodFollower] = {}
        self._looked = False
        self._refused = False
        self._begun = False

    def run(self, sink: DenialSink, stop: threading.Event) -> None:
        """Give lines until `stop` is set."""
        try:
            while not stop.is_set():
                self.look(sink)
                stop.wait(_LOOK_SECONDS if self._all_read() else _BEGINNING_SECONDS)
        finally:
            self._end()

    def caught_up(self) -> bool:
        """Whether all that was written while nobody read has been given, or cannot be read.

        Once it has, a Pod that comes later changes nothing: nobody has seen counts of its lines.
        """
        self._begun = self._begun or self._all_read()
        return self._begun

    def _all_read(self) -> bool:
        return (self._looked or self._refused) and all(
            follower.caught_up.is_set() for follower in list(self._followers.values())
        )

    def look(self, sink: DenialSink) -> None:
        """See which Pods there are, once."""
        try:
            pods = {pod.uid: pod for pod in map(_followed, webhook_pods(self._api, self._namespace))}
        except ClusterError as error:
            # Who waits for us must not wait for a right that nobody gives.
            self._refused = not isinstance(error, ClusterUnavailableError)
            self._failed(error)
            return
        if not self._looked:
            self._report_gone(pods, sink)
        for pod in pods.values():
            self._follow(pod, sink)
        for uid, follower in list(self._followers.items()):
            if uid not in pods:
                follower.pod_is_gone()
            if follower.ended:
                del self._followers[uid]
        self._looked = True
        self._report()

    def _follow(self, pod: FollowedPod, sink: DenialSink) -> None:
        follower = self._followers.get(pod.uid)
        if follower is not None:
            follower.pod = pod
            return
        # A Pod that came while we looked, or while nobody did, has been read by nobody.
        new = self._looked or bool(self._known)
        follower = self._followers[pod.uid] = PodFollower(
            pod, self._logs, sink, self._clock, from_beginning=new, unexpected=self._unexpected
        )
        follower.start()

    def _report_gone(self, pods: Mapping[str, FollowedPod], sink: DenialSink) -> None:
        for uid in sorted(self._known - pods.keys()):
            sink.gap(LogGap(uid, GapCause.POD_DELETED))

    def _report(self) -> None:
        problems = (follower.problem for follower in self._followers.values())
        problem = next((problem for problem in problems if problem is not None), None)
        if problem is not None:
            self._failed(problem)
        elif not self._followers:
            self._failed(ObjectAbsentError(f"there are no Pods {LABELS} in {self._namespace}"))
        elif self._all_read():
            self._health.succeeded(SourceName.DENIAL_LOG)

    def _failed(self, error: ClusterError) -> None:
        self._health.failed(SourceName.DENIAL_LOG, problem_of(error), error.message)

    def _end(self) -> None:
        followers = list(self._followers.values())
        for follower in followers:
            follower.stop()
        ends = self._clock.monotonic() + _STOP_SECONDS
        for follower in followers:
            follower.join(max(0.0, ends - self._clock.monotonic()))


def _followed(pod: Object) -> FollowedPod:
    metadata = pod["metadata"]
    log = ContainerLog(metadata.get("namespace", ""), metadata["name"], CONTAINER)
    running = (container_status(pod).get("state") or {}).get("running") or {}
    return FollowedPod(metadata.get("uid", ""), log, running.get("startedAt") or "")
