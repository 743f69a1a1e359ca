"""The ledger: each denial counted once, however often its line comes, and what is blocked because of it.

Lines come at least once: from several threads, again after a reconnect, again from another Pod. A violation is its
request's uid, its Constraint and the path of its image; without a uid it is Constraint, object, user and second, and
that is a guess. Nothing here reads or writes: lines, answers and time are given, reports go to who wants them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from gatekeeper.denials import limits
from gatekeeper.denials.ledger import snapshot, workload
from gatekeeper.denials.ledger.block_register import BlockRegister
from gatekeeper.denials.ledger.blocks import BlockEnd, WorkloadBlock
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import Denial, DenialReports
from gatekeeper.denials.ledger.requests import Certainty, DeniedRequest, DeniedRequests, Line, WaitingLines
from gatekeeper.denials.ledger.seen_keys import SeenKeys, fingerprint
from gatekeeper.denials.ledger.snapshot import Snapshot
from gatekeeper.denials.ledger.workload import Owners, OwnersByName, WorkloadName
from gatekeeper.denials.lines import actor as actors
from gatekeeper.denials.lines import deny_line
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.violation import Action, AdmissionViolation, NoVerdict, Unreadable
from gatekeeper.denials.source import LogGap, LogLine
from provider.clock import Clock

_Report = Callable[[], None]


@dataclass(frozen=True)
class Surroundings:
    """What the ledger has to know of the cluster.

    Attributes:
        gitops: users' names of tools that apply what lies in Git.
        fails_closed: whether what Gatekeeper's webhook does not answer in time is refused (failure policy Fail); None
            while nobody has read it.
    """

    gitops: Collection[str] = frozenset()
    fails_closed: bool | None = None


class Ledger:
    """Implements `DenialSink`; several threads may call it.

    Args:
        clock: for delays, and for how long something is remembered.
        metrics: what is counted.
        reports: who wants to know of each denial and block.
        surroundings: see there; `tell` changes them.
        owners: knows what made an object.
    """

    def __init__(
        self,
        clock: Clock,
        metrics: DenialMetrics,
        reports: DenialReports,
        surroundings: Surroundings | None = None,
        owners: Owners | None = None,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._reports = reports
        self._surroundings = surroundings or Surroundings()
        self._owners = owners or OwnersByName()
        self._lock = threading.Lock()
        self._seen = SeenKeys(limits.REMEMBERED, limits.REMEMBERED_SECONDS)
        self._requests = DeniedRequests(limits.REQUEST_SECONDS, limits.WAITING_REQUESTS)
        self._blocks = BlockRegister(clock, metrics)
        # Without a verdict, while nobody knows what that means: a log may be read sooner than the webhook's settings.
        self._undecided: deque[NoVerdict] = deque(maxlen=limits.UNDECIDED)
        self._cursors: OrderedDict[str, str] = OrderedDict()

    def line(self, line: LogLine) -> None:
        """See `DenialSink`."""
        reading = deny_line.read(line)
        with self._lock:
            reports = [*self._take(line, reading), *self._wait_no_longer()]
            self._remember_place(line)
        _send(reports)

    def gap(self, gap: LogGap) -> None:
        """See `DenialSink`."""
        with self._lock:
            self._metrics.gaps.labels(gap.cause).inc()

    def cursor(self, pod: str) -> str:
        """See `DenialSink`."""
        with self._lock:
            return self._cursors.get(pod, "")

    def cursors(self) -> Mapping[str, str]:
        """`written` of the last line that was taken, by the Pods' uids."""
        with self._lock:
            return dict(self._cursors)

    def go_on(self, cursors: Mapping[str, str]) -> None:
        """Go on in the logs where another process was, if that is further; before any line."""
        with self._lock:
            for pod, written in cursors.items():
                self._cursors[pod] = max(written, self._cursors.get(pod, ""))

    def tick(self) -> None:
        """Let time pass: once a second or so, and before somebody reads metrics or a snapshot."""
        with self._lock:
            reports = list(self._wait_no_longer())
            ended = self._blocks.end_silent()
        _send(reports)
        _send(partial(self._reports.block_ended, one) for one in ended)

    def finish(self) -> None:
        """There are no more lines: what waits for another line of its request waits no longer."""
        with self._lock:
            reports = list(self._settle(self._requests.all()))
        _send(reports)

    def tell(self, surroundings: Surroundings) -> None:
        """What is known of the cluster now."""
        with self._lock:
            self._surroundings = surroundings
            reports = list(self._decide())
        _send(reports)

    def cover(self, namespaces: Collection[str]) -> None:
        """Have the counters of these namespaces exist; between two lines, for series may go."""
        with self._lock:
            self._metrics.cover(namespaces)

    def end(self, blocked: WorkloadName, why: BlockEnd) -> None:
        """A workload can start, or is gone: its blocks are over."""
        with self._lock:
            ended = self._blocks.end(blocked, why)
        _send(partial(self._reports.block_ended, one) for one in ended)

    def blocks(self) -> tuple[WorkloadBlock, ...]:
        """Those that are open."""
        with self._lock:
            return tuple(self._blocks)

    def snapshot(self) -> str:
        """What a new process goes on with, as a JSON document of at most `limits.SNAPSHOT_BYTES`."""
        with self._lock:
            reports = list(self._settle(self._requests.all()))
            kept = Snapshot(
                saved=self._clock.now(),
                counts=self._metrics.lasting(),
                seen=self._seen.recall(),
                cursors=dict(self._cursors),
                blocks=list(self._blocks.ages()),
            )
        _send(reports)
        return kept.text()

    def restore(self, text: str) -> None:
        """Go on with what another process left; before any line.

        Raises:
            SnapshotError: it cannot be used, and nothing of it was.
        """
        kept = snapshot.read(text)
        away = max(0.0, self._clock.now() - kept.saved)
        with self._lock:
            self._metrics.go_on(kept.counts)
            self._seen.put_back(kept.seen, self._clock.monotonic())
            self._cursors.update(kept.cursors)
            self._blocks.put_back((block, age + away) for block, age in kept.blocks)

    def _take(self, line: LogLine, reading: deny_line.Reading) -> Iterator[_Report]:
        lines = self._metrics.line_counters
        if reading is None:
            lines.foreign.inc()
        elif isinstance(reading, Unreadable):
            (lines.unreadable if self._first_line(line) else lines.repeated).inc()
        elif not self._seen.first(_fingerprint(reading), self._clock.monotonic()):
            lines.repeated.inc()
            yield from self._recall(reading)
        else:
            lines.violation.inc()
            self._observe_delay(reading)
            yield from self._count(reading)

    def _recall(self, line: Line) -> Iterator[_Report]:
        """A line that was counted, perhaps by a process before this one: what comes beside it is of its request."""
        if Action.DENY not in line.actions or isinstance(line, NoVerdict):
            return
        if line.uid:
            yield from self._settle(self._requests.exact(line))
        else:
            self._requests.recall(line)

    def _first_line(self, line: LogLine) -> bool:
        """A stream has no time, so two lines alike are two."""
        if not line.written:
            return True
        return self._seen.first(fingerprint("line", line.pod, line.written, line.text), self._clock.monotonic())

    def _count(self, line: Line) -> Iterator[_Report]:
        if isinstance(line, NoVerdict):
            self._metrics.timeouts.of(line.constraint.kind).inc()
            yield partial(self._reports.no_verdict, line)
        if Action.DENY not in line.actions:
            if isinstance(line, AdmissionViolation):
                yield from self._count_violation(line, _certainty(line), dry_run=line.dry_run)
            else:
                yield from self._refuse(line)
        elif isinstance(line, AdmissionViolation) and line.uid:
            yield from self._count_exact(line)
        else:
            yield from self._settle(self._requests.guessed(line, self._clock.monotonic()))

    def _count_exact(self, line: AdmissionViolation) -> Iterator[_Report]:
        first = self._seen.first(fingerprint("request", line.uid), self._clock.monotonic())
        if first and not self._requests.was_guessed(line):
            self._count_request(line, Certainty.EXACT, dry_run=line.dry_run)
        yield from self._count_violation(line, Certainty.EXACT, dry_run=line.dry_run)
        yield from self._settle(self._requests.exact(line))

    def _settle(self, requests: Iterable[WaitingLines]) -> Iterator[_Report]:
        """Count lines that have no uid, now that it is known whether their request was counted already."""
        for request in requests:
            if not request.counted:
                verdict = any(isinstance(line, AdmissionViolation) for line in request.lines)
                self._count_request(request.lines[0], Certainty.GUESSED, dry_run=False, verdict=verdict)
            for line in request.lines:
                if isinstance(line, AdmissionViolation):
                    yield from self._count_violation(line, request.certainty, dry_run=request.dry_run)
                elif not request.dry_run:
                    yield from self._refuse(line)

    def _count_request(self, line: Line, certainty: Certainty, *, dry_run: bool, verdict: bool = True) -> None:
        namespace = line.resource.namespace
        self._metrics.count_request(DeniedRequest(certainty, namespace, self._actor(line), dry_run, verdict))

    def _count_violation(self, line: AdmissionViolation, certainty: Certainty, *, dry_run: bool) -> Iterator[_Report]:
        if not dry_run:
            self._metrics.count_violation(line)
        denial = Denial(line, self._actor(line), certainty, workload.of(line, self._owners), dry_run)
        yield partial(self._reports.denial, denial)
        if line.action is Action.DENY and not dry_run:
            yield from self._block(line, denial.actor, denial.workload)

    def _refuse(self, line: NoVerdict) -> Iterator[_Report]:
        """The failure policy decides, whatever the Constraint would have done."""
        if self._surroundings.fails_closed is None:
            self._undecided.append(line)
        elif self._surroundings.fails_closed:
            yield from self._block(line, self._actor(line), workload.of(line, self._owners))

    def _decide(self) -> Iterator[_Report]:
        """What waited for the failure policy, once it is known."""
        if self._surroundings.fails_closed is None:
            return
        while self._undecided:
            yield from self._refuse(self._undecided.popleft())

    def _block(self, line: Line, actor: Actor, blocked: WorkloadName) -> Iterator[_Report]:
        opened = self._blocks.deny(line, actor, blocked)
        if opened:
            yield partial(self._reports.block_opened, opened)

    def _wait_no_longer(self) -> Iterator[_Report]:
        yield from self._settle(self._requests.due(self._clock.monotonic()))

    def _observe_delay(self, line: Line) -> None:
        if line.time:
            self._metrics.delay.observe(max(0.0, self._clock.now() - line.time))

    def _actor(self, line: Line) -> Actor:
        return actors.of(line, self._surroundings.gitops)

    def _remember_place(self, line: LogLine) -> None:
        if not (line.pod and line.written):
            return
        self._cursors[line.pod] = line.written
        self._cursors.move_to_end(line.pod)
        if len(self._cursors) > limits.CURSORS:
            self._cursors.popitem(last=False)


def _fingerprint(line: Line) -> str:
    constraint, resource = line.constraint, line.resource
    # Of one Constraint and request there may be several: one for each image, else one for each sentence.
    path = (line.judgement.path if isinstance(line, AdmissionViolation) and line.judgement else "") or line.message
    if isinstance(line, AdmissionViolation) and line.uid:
        return fingerprint(line.uid, constraint.kind, constraint.name, path)
    return fingerprint(
        "guessed",
        type(line).__name__,
        *(constraint.kind, constraint.name, path),
        *(resource.group, resource.kind, resource.namespace, resource.name),
        *(line.username, str(int(line.time))),
    )


def _certainty(line: AdmissionViolation) -> Certainty:
    return Certainty.EXACT if line.uid else Certainty.GUESSED


def _send(reports: Iterable[_Report]) -> None:
    for report in reports:
        report()
