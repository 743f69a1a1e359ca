"""How many denials there were, by Gatekeeper's own counters: what was seen in the log is compared with it.

A counter belongs to a process: it begins at 0 when a container begins. So what counts is by how much each grew; one
that shrank has begun anew. What a process denied between our last look and its end is not in it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.controller.cursors import is_count
from gatekeeper.controller.gatekeeper_metrics import CounterError, DenialCounter
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem, problem_of
from gatekeeper.denials.logs.webhook_pods import webhook_pods


class Coverage:
    """Reads the counters of all of Gatekeeper's webhook Pods.

    Args:
        api: lists the Pods.
        namespace: Gatekeeper's.
        counter: reads one.
        health: takes note whether all can be read.
        grown: takes how many denials there were more.
    """

    def __init__(
        self,
        api: KubernetesApi,
        namespace: str,
        counter: DenialCounter,
        health: SourceHealth,
        grown: Callable[[float], None],
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._counter = counter
        self._health = health
        self._grown = grown
        self._known: dict[str, float | None] | None = None
        self._lock = threading.Lock()

    def look(self) -> None:
        """Read them all, once."""
        try:
            pods = [pod for pod in webhook_pods(self._api, self._namespace) if _address(pod)]
        except ClusterError as error:
            self._health.failed(SourceName.GATEKEEPER_METRICS, problem_of(error), error.message)
            return
        known, problem = self._known, ""
        counts: dict[str, float | None] = {}
        for pod in pods:
            uid = str(pod["metadata"].get("uid", ""))
            try:
                counts[uid] = self._counter.denied(_address(pod))
            except CounterError as error:
                problem = str(error)
                if known is None or uid in known:
                    # Of one that was there before us, the first count that we read is where we begin.
                    counts[uid] = known[uid] if known else None
        self._take(known, counts)
        self._report(len(pods), problem)

    def counts(self) -> Mapping[str, float | None]:
        """What each counter said, by the Pods' uids."""
        return self._known or {}

    def go_on(self, counts: Mapping[str, float | None]) -> None:
        """Go on where another process was: what grew until then it has counted. Without any, from the next look on."""
        with self._lock:
            self._known = dict(counts) or None

    def snapshot(self) -> str:
        """What a new process goes on with."""
        return json.dumps(self._known)

    def restore(self, text: str) -> None:
        """Go on where another process was.

        Raises:
            SnapshotError: it cannot be used, and nothing of it was.
        """
        try:
            known = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SnapshotError("it is cut off, or no snapshot") from error
        if known is None:
            return
        if not isinstance(known, dict) or not all(map(_is_kept, known.values())):
            raise SnapshotError("it is no snapshot of counters")
        self._known = known

    def _take(self, known: dict[str, float | None] | None, counts: dict[str, float | None]) -> None:
        with self._lock:
            if self._known is not known:
                # A look that hung, while another process counted.
                return
            self._known = counts
        if known is not None:
            self._grown(sum(_growth(known.get(uid, 0.0), count) for uid, count in counts.items()))

    def _report(self, pods: int, problem: str) -> None:
        if problem or not pods:
            said = problem or f"there are no Pods of Gatekeeper's webhook with an address in {self._namespace}"
            reason = SourceProblem.UNAVAILABLE if problem else SourceProblem.ABSENT
            self._health.failed(SourceName.GATEKEEPER_METRICS, reason, said)
        else:
            self._health.succeeded(SourceName.GATEKEEPER_METRICS)


def _growth(before: float | None, now: float | None) -> float:
    if before is None or now is None:
        return 0.0
    return now - before if now >= before else now


def _address(pod: Object) -> str:
    return str((pod.get("status") or {}).get("podIP") or "")


def _is_kept(value: object) -> bool:
    return value is None or is_count(value)
