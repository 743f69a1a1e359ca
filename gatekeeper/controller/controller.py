"""The controller: holds the Lease or waits for it, counts while it holds it, and shows what it counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import generate_latest

from gatekeeper.cluster import limits as cluster_limits
from gatekeeper.cluster.lease import Election
from gatekeeper.controller import cursors
from gatekeeper.controller.gap_log import GapLog
from gatekeeper.controller.limits import STATE_SECONDS, STUCK_SECONDS, TICK_SECONDS
from gatekeeper.controller.saved_state import SavedState
from gatekeeper.controller.term import LastingTask, LiveSource, PeriodicTask, Term
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from provider.clock import Clock
from provider.telemetry.log import Log

# What a process that does not count shows: itself.
_OWN = (
    "bestbefore_leader",
    "bestbefore_build_info",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
)


class CounterPlaces(Protocol):
    """Knows how far counters were read."""

    def counts(self) -> Mapping[str, float | None]:
        """What each said, by Pods' uids."""

    def go_on(self, counts: Mapping[str, float | None]) -> None:
        """Go on where another process was."""


@dataclass(frozen=True)
class Parts:
    """What the controller is made of.

    Attributes:
        election: for the Lease.
        ledger: counts.
        metrics: what it counts.
        health: takes note of what can be read.
        log: where events are written.
        clock: says when.
        state: what is kept over a restart.
        source: makes what gives denials, of the uids of Pods that were read before; None where they are not read.
        tasks: what else is done while we count.
        lasting: what else goes on while we count.
        counters: how far Gatekeeper's counters were read; None where they are not.
        beginning: is called when a term begins that is not the first: whether nobody else held the Lease since.
    """

    election: Election
    ledger: Ledger
    metrics: DenialMetrics
    health: SourceHealth
    log: Log
    clock: Clock
    state: SavedState
    source: Callable[[frozenset[str]], LiveSource] | None
    tasks: Sequence[PeriodicTask] = ()
    lasting: Sequence[LastingTask] = ()
    counters: CounterPlaces | None = None
    beginning: Callable[[bool], None] = lambda _ours: None


class Controller:
    """Runs in one process; of several, one counts.

    Args:
        parts: see there.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._term: Term | None = None
        self._stepped = parts.clock.monotonic()
        self._tried = False
        self._stopping = False
        self._kept = False
        self._terms = 0

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        self._parts.state.restore()
        while not stop.is_set():
            self._try_step()
            stop.wait(cluster_limits.LEASE_RENEWAL_SECONDS)
        self._stopping = True
        self._end_term()
        self._parts.election.release(self._places())

    def _try_step(self) -> None:
        try:
            self.step()
        except Exception as error:  # noqa: BLE001 - what is unexpected about the Lease must not end the process
            _report(self._parts.log, error)

    def step(self) -> None:
        """Take, renew or miss the Lease, once."""
        election = self._parts.election
        held = election.step(self._places() if self._term else {})
        self._stepped = self._parts.clock.monotonic()
        if election.error is not None:
            self._parts.health.failed(SourceName.LEASE, problem_of(election.error), election.error.message)
        else:
            self._parts.health.succeeded(SourceName.LEASE)
        self._tried = True
        if held and self._term is None:
            self._begin_term()
        elif not held and self._term is not None:
            self._end_term()
            self._parts.log.warning(
                ControllerEvent.LEASE_LOST, "another process counts, or nobody can know", **self._lease
            )

    def exposition(self) -> bytes:
        """The metrics: all of them while we count, and have counted what was denied before."""
        metrics, counting = self._parts.metrics, self._counting()
        metrics.leader.set(float(self._parts.election.held))
        if not counting:
            own = metrics.registry.restricted_registry(list(_OWN))
            return generate_latest(own)
        self._parts.ledger.tick()
        return metrics.exposition()

    def unhealthy(self) -> str:
        """Why this process should be replaced; empty when it should not."""
        stuck = self._parts.clock.monotonic() - self._stepped > STUCK_SECONDS
        return "stuck: the Lease is neither renewed nor tried" if stuck else ""

    def unready(self) -> str:
        """Why it is not ready; empty when it is: it counts, or waits for its turn."""
        if self._stopping:
            return "stopping"
        if not self._tried:
            return "trying to get the Lease"
        if self._parts.election.held:
            return "" if self._counting() else "reading what was denied before"
        error = self._parts.election.error
        return f"the Lease cannot be read: {error.message}" if error else ""

    @property
    def _lease(self) -> dict[str, object]:
        name = self._parts.election.name
        return {"lease": f"{name.namespace}/{name.name}", "holder": name.holder}

    def _counting(self) -> bool:
        term = self._term
        if not self._parts.election.held or term is None or not term.caught_up():
            return False
        if not self._kept:
            # Before anybody hears that we count: a process after us that finds no place in a log begins at its end.
            self._parts.state.save()
            self._kept = True
        return True

    def _places(self) -> dict[str, str]:
        """What the next one goes on with."""
        counters = self._parts.counters
        counts = cursors.written_counts(counters.counts()) if counters else {}
        return {**cursors.written(self._parts.ledger.cursors()), **counts}

    def _go_on(self, found: Mapping[str, str]) -> None:
        """Begin where the one before us ended, not where we ended before it."""
        self._parts.ledger.go_on(cursors.read(found))
        if self._parts.counters:
            self._parts.counters.go_on(cursors.read_counts(found))

    def _begin_term(self) -> None:
        parts, ledger = self._parts, self._parts.ledger
        if not parts.election.found_ours or not ledger.cursors():
            self._go_on(parts.election.found)
        if self._terms:
            parts.beginning(parts.election.found_ours)
        self._terms += 1
        parts.log.info(ControllerEvent.LEASE_ACQUIRED, "this process counts", **self._lease)
        source = parts.source(frozenset(ledger.cursors())) if parts.source else None
        tasks = [
            PeriodicTask("tick", TICK_SECONDS, ledger.tick),
            PeriodicTask("state", STATE_SECONDS, parts.state.save),
            *parts.tasks,
        ]
        sink = GapLog(ledger, parts.log, parts.clock)
        self._term = Term(source, sink, tasks, parts.log, parts.clock, parts.lasting)
        self._term.begin()

    def _end_term(self) -> None:
        if self._term is None:
            return
        self._term.end()
        self._term = None
        self._parts.state.save()


def _report(log: Log, error: Exception) -> None:
    log.error(ControllerEvent.TASK_FAILED, "something unexpected", task="lease", exc_info=error)
