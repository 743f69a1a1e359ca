"""Whether each source can be read, as metrics and the log say it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from gatekeeper.controller.limits import REPEAT_SECONDS
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from provider.clock import Clock
from provider.telemetry.log import Log


class SourceReports:
    """Implements `SourceHealth`: each failure is counted, each episode of failures has its lines in the log.

    Args:
        metrics: counts.
        log: where it is written.
        clock: says when.
        max_ages: how old what each source says may be, seconds: the sources that are switched on.
    """

    def __init__(self, metrics: DenialMetrics, log: Log, clock: Clock, max_ages: Mapping[SourceName, float]) -> None:
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: dict[SourceName, tuple[SourceProblem, float]] = {}
        for source, seconds in max_ages.items():
            metrics.source_age.labels(source).set(seconds)
            # Never read is older than any age.
            metrics.source_success.labels(source).set(0)
            for problem in SourceProblem:
                metrics.source_errors.labels(source, problem)

    def succeeded(self, source: SourceName) -> None:
        """See `SourceHealth`."""
        self._metrics.source_success.labels(source).set(self._clock.now())
        with self._lock:
            recovered = self._failing.pop(source, None) is not None
        if recovered:
            self._log.info(ControllerEvent.SOURCE_RECOVERED, "a source can be read again", source=source.value)

    def failed(self, source: SourceName, problem: SourceProblem, said: str) -> None:
        """See `SourceHealth`."""
        self._metrics.source_errors.labels(source, problem).inc()
        now = self._clock.monotonic()
        with self._lock:
            before = self._failing.get(source)
            if before is not None and before[0] is problem and now - before[1] < REPEAT_SECONDS:
                return
            self._failing[source] = problem, now
        fields = {"source": source.value, "reason": problem.value, "problem": said}
        self._log.warning(ControllerEvent.SOURCE_FAILED, "a source cannot be read", **fields)
