"""Rounds of the forecast: what runs, what policies will say of it, and then everybody hears of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatekeeper.cluster.errors import ClusterError
from gatekeeper.controller.limits import FORECAST_JITTER_SECONDS, FORECAST_NICE, FORECAST_SECONDS
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem, problem_of
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.freshness.announcement.announcements import Announcements
from gatekeeper.freshness.announcement.round import Round, is_told
from gatekeeper.freshness.outlook import SECOND, Outlook
from provider.clock import Clock
from provider.telemetry.log import Log


@dataclass(frozen=True)
class Sight:
    """What one look at the cluster found.

    Attributes:
        outlooks: of all that runs.
        uids: of the workloads.
        policies: how many policies were asked.
        gaps: what could not be read, a sentence each: what is not among the outlooks may run all the same.
        problems: what was left out, a sentence each.
    """

    outlooks: Sequence[Outlook]
    uids: Mapping[WorkloadName, str]
    policies: int
    gaps: Sequence[str] = ()
    problems: Sequence[str] = ()


class Forecaster(Protocol):
    """Looks at a cluster and its policies."""

    def look(self, now: int) -> Sight:
        """What policies will say from now on; nanoseconds since 1970.

        Raises:
            ClusterError: it cannot be read.
            NoVerdictError: there is no opa, or it did not finish.
        """


class ForecastRounds:
    """Looks again and again.

    Args:
        forecaster: looks.
        announcements: says it.
        health: takes note whether it can be done.
        log: where the end of each round is written.
        clock: says when.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        announcements: Announcements,
        health: SourceHealth,
        log: Log,
        clock: Clock,
    ) -> None:
        self._forecaster = forecaster
        self._announcements = announcements
        self._health = health
        self._log = log
        self._clock = clock
        # One at a time: a round of an earlier term may not be over.
        self._looking = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set, in a thread of its own, which waits for all others of this node."""
        # On Linux a thread has a priority of its own, and the opa that it starts takes it over.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), FORECAST_NICE)
        while not stop.is_set():
            with self._looking:
                if not stop.is_set():
                    self.step()
            stop.wait(FORECAST_SECONDS + secrets.randbelow(FORECAST_JITTER_SECONDS))

    def step(self) -> None:
        """One round; where not all could be read, what was announced before stays as it was."""
        began = self._clock.monotonic()
        try:
            sight = self._forecaster.look(int(self._clock.now() * SECOND))
        except ClusterError as error:
            self._health.failed(SourceName.INVENTORY, problem_of(error), error.message)
            return
        except NoVerdictError as error:
            self._health.failed(SourceName.INVENTORY, SourceProblem.UNAVAILABLE, str(error))
            return
        if sight.gaps:
            self._health.failed(SourceName.INVENTORY, SourceProblem.UNAVAILABLE, sight.gaps[0])
            return
        found = self._announcements.take(sight.outlooks, sight.uids)
        if sight.problems:
            self._health.failed(SourceName.INVENTORY, SourceProblem.INVALID, sight.problems[0])
        else:
            self._health.succeeded(SourceName.INVENTORY)
        self._say(sight, found, self._clock.monotonic() - began)

    def _say(self, sight: Sight, found: Round, seconds: float) -> None:
        containers: Counter[str] = Counter()
        for each in found.outlooks:
            if is_told(each):
                containers[each.due(found.at).value] += each.subject.running
        fields = {
            "outlooks": len(found.outlooks),
            "workloads": len({each.subject.workload for each in found.outlooks}),
            "policies": sight.policies,
            "due": dict(sorted(containers.items())),
            "known_seconds": (found.at - found.known) // SECOND,
            "seconds": round(seconds, 1),
        }
        self._log.info(ControllerEvent.FORECAST_FINISHED, "what runs was looked at", **fields)
