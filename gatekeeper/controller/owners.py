"""Looks at the workloads that are blocked, where they may be read: a block ends when its workload can start.

What is not there is taken as deleted only if it was seen before: a denied Deployment was never there, and the name of a
Deployment may be a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Protocol

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ObjectAbsentError
from gatekeeper.cluster.resource import CRON_JOBS, JOBS, PODS, WORKLOADS
from gatekeeper.controller import workload_state
from gatekeeper.denials.ledger.blocks import BlockEnd, WorkloadBlock
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of

# Calls of one turn; with more workloads each has its turn later. So many of them are for those that can wait.
_CALLS: Final = 60
_PATIENT_CALLS: Final = 10


class OpenBlocks(Protocol):
    """Has the blocks, and ends them: the ledger."""

    def blocks(self) -> tuple[WorkloadBlock, ...]:
        """Those that are open."""

    def end(self, blocked: WorkloadName, why: BlockEnd) -> None:
        """All blocks of a workload are over."""


class _Rotation:
    """Whose turn it is, of names that come and go."""

    def __init__(self) -> None:
        self._last: WorkloadName | None = None

    def take(self, names: Sequence[WorkloadName], count: int) -> Sequence[WorkloadName]:
        """So many of them at most, beginning behind the last one that was taken."""
        first = names.index(self._last) + 1 if self._last in names else 0
        taken = [*names[first:], *names[:first]][:count]
        self._last = taken[-1] if taken else self._last
        return taken


class BlockedOwners:
    """Reads them in turn.

    Args:
        api: of the cluster.
        ledger: has the blocks.
        health: takes note whether workloads can be read.
    """

    def __init__(self, api: KubernetesApi, ledger: OpenBlocks, health: SourceHealth) -> None:
        self._api = api
        self._ledger = ledger
        self._health = health
        self._uids: dict[WorkloadName, str] = {}
        self._images: dict[WorkloadName, frozenset[str]] = {}
        self._absent: set[WorkloadName] = set()
        self._eager, self._patient = _Rotation(), _Rotation()

    def uid(self, workload: WorkloadName) -> str:
        """Of a workload, looked up where it was not seen; empty where it is not there, or may not be read."""
        if workload not in self._uids and workload.kind in WORKLOADS:
            try:
                found = self._api.get(WORKLOADS[workload.kind], workload.name, workload.namespace)
            except ClusterError:
                return ""
            return str(found["metadata"].get("uid", ""))
        return self._uids.get(workload, "")

    def look(self) -> None:
        """Look at some of them, once."""
        blocks: dict[WorkloadName, list[WorkloadBlock]] = defaultdict(list)
        for block in self._ledger.blocks():
            if block.name.workload.kind in WORKLOADS:
                blocks[block.name.workload].append(block)
        self._uids = {workload: uid for workload, uid in self._uids.items() if workload in blocks}
        self._images = {workload: images for workload, images in self._images.items() if workload in blocks}
        self._absent &= blocks.keys()
        failed = False
        for workload in self._in_turn(list(blocks)):
            try:
                self._look_at(workload, blocks[workload])
            except ClusterError as error:
                failed = True
                self._health.failed(SourceName.OWNERS, problem_of(error), error.message)
                if isinstance(error, ClusterUnavailableError):
                    # All others would wait for the same.
                    break
        if not failed:
            self._health.succeeded(SourceName.OWNERS)

    def _in_turn(self, workloads: Sequence[WorkloadName]) -> Sequence[WorkloadName]:
        """Those that may go on at any moment first; Pods that somebody made by hand, and what was not there, can wait.

        Example: a pipeline has 400 single Pods denied, and a Deployment beside them is seen to go on all the same.
        """
        patient = [each for each in workloads if each.kind == PODS.kind or each in self._absent]
        waiting = set(patient)
        eager = [each for each in workloads if each not in waiting]
        first = self._eager.take(eager, _CALLS - min(len(patient), _PATIENT_CALLS))
        return [*first, *self._patient.take(patient, _CALLS - len(first))]

    def _look_at(self, name: WorkloadName, blocks: Sequence[WorkloadBlock]) -> None:
        try:
            workload = self._api.get(WORKLOADS[name.kind], name.name, name.namespace)
        except ObjectAbsentError:
            self._absent.add(name)
            if self._uids.pop(name, ""):
                self._ledger.end(name, BlockEnd.DELETED)
            return
        self._absent.discard(name)
        had = self._images.get(name, frozenset())
        self._images[name] = had | workload_state.images(workload)
        why = workload_state.end_of(workload, blocks, had, self._job_of(workload))
        if why is None:
            self._uids[name] = str(workload["metadata"].get("uid", ""))
        else:
            self._ledger.end(name, why)

    def _job_of(self, workload: Object) -> Object | None:
        """Of a CronJob the newest Job that is at work."""
        name = workload_state.newest_job(workload) if workload.get("kind") == CRON_JOBS.kind else ""
        if not name:
            return None
        try:
            return self._api.get(JOBS, name, workload["metadata"].get("namespace", ""))
        except ObjectAbsentError:
            return None
