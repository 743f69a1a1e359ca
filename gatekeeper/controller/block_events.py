"""Events about blocks: one each, in the workload's namespace, renewed while it lasts because an Event lives an hour."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ConflictError, ObjectAbsentError
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.blocks import BlockName, WorkloadBlock
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.denials.reports import block_event
from provider.clock import Clock
from provider.telemetry.log import Log
from provider.telemetry.repeats import Repeats

# How long after it was written an Event is written again, seconds: soon enough where there are new denials, and in any
# case before it is forgotten.
_NEWS_SECONDS: Final = 300.0
_RENEWAL_SECONDS: Final = 1500.0
# How long after a failure the same one is tried again, seconds.
_RETRY_SECONDS: Final = 300.0
# Calls of one turn: a turn is every 5 seconds, and the API server has other things to do.
_CALLS: Final = 20


class EventOutcome(StrEnum):
    """What became of an Event, as metrics say it."""

    WRITTEN = "written"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class _EventRecord:
    """What is known of a block's Event: as the cluster has it, None where it could not be written; when; how often."""

    event: Mapping[str, Any] | None
    at: float
    denials: int


class BlockEvents:
    """Writes them.

    Args:
        api: of the cluster.
        blocks: says which are open.
        uid: of a workload, where it is known.
        instance: our Pod, which writes.
        reports: where it is said what became of it.
    """

    def __init__(
        self,
        api: KubernetesApi,
        blocks: Callable[[], tuple[WorkloadBlock, ...]],
        uid: Callable[[WorkloadName], str],
        instance: str,
        reports: EventReports,
    ) -> None:
        self._api = api
        self._blocks = blocks
        self._uid = uid
        self._instance = instance
        self._reports = reports
        self._records: dict[BlockName, _EventRecord] = {}

    def look(self) -> None:
        """Write what is due, once; what cannot be written holds up nothing else."""
        blocks = {block.name: block for block in self._blocks()}
        self._forget(blocks)
        failed = False
        for block in itertools.islice(self._due(blocks), _CALLS):
            try:
                self._records[block.name] = self._record(block, self._write(block))
                self._reports.written()
            except ClusterUnavailableError as error:
                # All others would wait for the same.
                self._reports.failed(block, error)
                return
            except ClusterError as error:
                failed = True
                self._records[block.name] = self._record(block, None)
                self._reports.failed(block, error)
        if not failed:
            self._reports.succeeded()

    def _due(self, blocks: Mapping[BlockName, WorkloadBlock]) -> Iterator[WorkloadBlock]:
        """Those of one namespace after the other, so that many in one of them keep nobody else waiting."""
        due: dict[str, list[WorkloadBlock]] = defaultdict(list)
        for block in blocks.values():
            record = self._records.get(block.name)
            if record is None or self._is_due(block, record):
                due[block.name.workload.namespace].append(block)
        turns = itertools.chain.from_iterable(itertools.zip_longest(*due.values()))
        return (block for block in turns if block is not None)

    def _is_due(self, block: WorkloadBlock, record: _EventRecord) -> bool:
        age = self._reports.now() - record.at
        if record.event is None:
            return age >= _RETRY_SECONDS
        return age >= _RENEWAL_SECONDS or (age >= _NEWS_SECONDS and block.denials > record.denials)

    def _forget(self, blocks: Mapping[BlockName, WorkloadBlock]) -> None:
        """What is known of blocks that are over; their Events end by themselves."""
        over = self._records.keys() - blocks.keys()
        for name in over:
            if self._records.pop(name).event is None:
                self._reports.skipped()

    def _write(self, block: WorkloadBlock) -> Mapping[str, Any]:
        record = self._records.get(block.name)
        if record is not None and record.event is not None:
            try:
                return self._api.replace(EVENTS, block_event.renewed_event(record.event, block))
            except (ConflictError, ObjectAbsentError):
                # Forgotten meanwhile, or another one's: begin again.
                pass
        new = block_event.new_event(block, self._instance, self._uid(block.name.workload))
        try:
            return self._api.create(EVENTS, new)
        except ConflictError:
            # It is that of the process before this one.
            there = self._api.get(EVENTS, new["metadata"]["name"], new["metadata"]["namespace"])
            return self._api.replace(EVENTS, block_event.renewed_event(there, block))

    def _record(self, block: WorkloadBlock, event: Mapping[str, Any] | None) -> _EventRecord:
        return _EventRecord(event, self._reports.now(), block.denials)


class EventReports:
    """Says what became of Events.

    Args:
        metrics: counts.
        health: takes note whether they can be written.
        log: where failures are written, now and then.
        clock: says when.
    """

    def __init__(self, metrics: DenialMetrics, health: SourceHealth, log: Log, clock: Clock) -> None:
        self._metrics = metrics
        self._health = health
        self._log = log
        self._clock = clock
        self._repeats = Repeats(clock)
        for outcome in EventOutcome:
            metrics.workload_events.labels(outcome)

    def now(self) -> float:
        """By the clock that never goes back."""
        return self._clock.monotonic()

    def written(self) -> None:
        """One is in the cluster."""
        self._metrics.workload_events.labels(EventOutcome.WRITTEN).inc()

    def skipped(self) -> None:
        """A block was over before its Event could be written."""
        self._metrics.workload_events.labels(EventOutcome.SKIPPED).inc()

    def succeeded(self) -> None:
        """All that were due are in the cluster."""
        self._health.succeeded(SourceName.EVENTS)

    def failed(self, block: WorkloadBlock, error: ClusterError) -> None:
        """One could not be written."""
        self._metrics.workload_events.labels(EventOutcome.FAILED).inc()
        self._health.failed(SourceName.EVENTS, problem_of(error), error.message)
        count = self._repeats.let_through("event")
        if count:
            workload = block.name.workload
            self._log.warning(
                ControllerEvent.EVENT_FAILED,
                "an Event about a block could not be written",
                resource_namespace=workload.namespace,
                owner_kind=workload.kind,
                owner_name=workload.name,
                problem=error.message,
                count=count,
            )
