"""Says it to everybody: metrics, the log, Events, reports; after each round, and when time alone changes a class."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.announcement.events import WorkloadEvents
from gatekeeper.freshness.announcement.forecast_log import ForecastLog
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from gatekeeper.freshness.announcement.reports.writer import ReportWriter
from gatekeeper.freshness.announcement.round import Round, RoundMemory
from gatekeeper.freshness.outlook import SECOND, Outlook
from provider.clock import Clock


class WorkloadUids:
    """The uids of workloads, as the last round saw them."""

    def __init__(self) -> None:
        self._known: Mapping[WorkloadName, str] = {}

    def know(self, uids: Mapping[WorkloadName, str]) -> None:
        """These, and no others."""
        self._known = uids

    def uid(self, workload: WorkloadName) -> str:
        """Of one; empty where it is not known."""
        return self._known.get(workload, "")


@dataclass(frozen=True)
class Listeners:
    """Who hears of it.

    Attributes:
        metrics: Prometheus.
        log: whoever reads the log.
        events: owners, on their workloads; None where it is switched off.
        reports: tools that read reports; None where it is switched off.
    """

    metrics: FreshnessMetrics
    log: ForecastLog
    events: WorkloadEvents | None = None
    reports: ReportWriter | None = None


class Announcements:
    """Takes rounds from one thread, and announces them in another.

    Args:
        listeners: who hears of it.
        uids: takes those of each round.
        clock: says when.
    """

    def __init__(self, listeners: Listeners, uids: WorkloadUids, clock: Clock) -> None:
        self._listeners = listeners
        self._uids = uids
        self._clock = clock
        self._lock = threading.Lock()
        # One thread at a time announces: a call of an earlier term that hangs may not be over.
        self._telling = threading.Lock()
        self._memory = RoundMemory()
        self._round: Round | None = None
        self._is_new = False
        self._edge: int | None = None
        self._begins, self._others_told = False, False

    def begin(self, *, ours: bool) -> None:
        """Of what an earlier term of this process saw nothing is announced any more: it may be gone.

        Args:
            ours: whether nobody else announced anything since.
        """
        with self._lock:
            self._round, self._is_new, self._begins = None, False, True
            self._others_told = self._others_told or not ours

    def take(self, outlooks: Sequence[Outlook], uids: Mapping[WorkloadName, str]) -> Round:
        """What a whole round found; what is not in it does not run any more."""
        with self._lock:
            self._uids.know(uids)
            self._round = self._memory.round(outlooks, self._now())
            self._is_new = True
            return self._round

    def look(self) -> None:
        """Say what there is to say now: a step of a task."""
        with self._telling:
            self._look()

    def _look(self) -> None:
        now = self._now()
        with self._lock:
            found, is_new, self._is_new = self._round, self._is_new, False
            begins, others_told = self._begins, self._others_told
            self._begins, self._others_told = False, False
        if begins:
            self._forget(others_told=others_told)
        if found is None:
            return
        if is_new or (self._edge is not None and now >= self._edge):
            self._tell(found, now)
        if self._listeners.events is not None:
            self._listeners.events.write()
        if self._listeners.reports is not None:
            self._listeners.reports.write()

    def _forget(self, *, others_told: bool) -> None:
        self._edge = None
        if self._listeners.events is not None and others_told:
            self._listeners.events.forget()
        if self._listeners.reports is not None:
            self._listeners.reports.forget()

    def _tell(self, found: Round, now: int) -> None:
        self._edge = found.next_edge(now)
        self._listeners.metrics.show(found, now)
        self._listeners.log.take(found, now)
        if self._listeners.events is not None:
            self._listeners.events.take(found, now)
        if self._listeners.reports is not None:
            self._listeners.reports.take(found, now)

    def _now(self) -> int:
        return int(self._clock.now() * SECOND)
