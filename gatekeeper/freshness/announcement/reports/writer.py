"""Writes reports: what changed and nothing else, slowly, and only where the cluster has a kind for them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ObjectAbsentError
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.announcement.reports import form as forms
from gatekeeper.freshness.announcement.reports.finding import findings
from gatekeeper.freshness.announcement.reports.form import ReportForm
from gatekeeper.freshness.announcement.reports.report import (
    SELECTOR,
    ReportName,
    ReportSighting,
    ReportText,
    content_mark,
    namespace_report,
    sightings,
    workload_report,
)
from gatekeeper.freshness.announcement.round import Round
from gatekeeper.freshness.outlook import SECOND, Outlook
from provider.clock import Clock

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class ReportWrite:
    """One thing to do.

    Attributes:
        form: which kind of report.
        name: which one.
        body: makes what it should be: of a large cluster all at once would be much memory; None where it should go.
    """

    form: ReportForm
    name: ReportName
    body: Callable[[], Object] | None


class ReportWriter:
    """Keeps the cluster's reports as the last round has it.

    Args:
        api: of the cluster.
        uid: of a workload, where it is known; else empty.
        health: takes note whether they can be read and written.
        clock: says when.
        may_write: whether this process is still the one that writes.
    """

    def __init__(
        self,
        api: KubernetesApi,
        uid: Callable[[WorkloadName], str],
        health: SourceHealth,
        clock: Clock,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._api = api
        self._uid = uid
        self._health = health
        self._clock = clock
        self._may_write = may_write
        self._queue: deque[ReportWrite] = deque()
        self._spacing = limits.WRITE_SECONDS
        self._next = 0.0
        self._first_ends: float | None = None
        self._round: Round | None = None
        self._again: float | None = None
        # Whether what this round wants is there, as far as it was tried.
        self._refused = False

    def forget(self) -> None:
        """What was to be written is not any more: the next round says anew what there should be."""
        self._queue.clear()
        self._round, self._again = None, None

    def take(self, found: Round, now: int) -> int:
        """Compare what there should be with what is there; `write` does the rest, in its time.

        Args:
            found: the last round.
            now: nanoseconds since 1970.

        Returns:
            How many writes it takes.
        """
        self._round, self._again, self._refused = found, None, False
        try:
            plan = list(self._plan(found, now))
        except ClusterError as error:
            self._break_off(error)
            return 0
        self._queue = deque(plan)
        self._spacing = self._pace(len(plan))
        self._next = max(self._next, self._clock.monotonic())
        if not plan:
            self._health.succeeded(SourceName.REPORTS)
        return len(plan)

    def _pace(self, writes: int) -> float:
        """How far apart these writes are, seconds: the first ones take their time."""
        now = self._clock.monotonic()
        if self._first_ends is None:
            self._first_ends = now + limits.FIRST_ROUND_SECONDS
        left = max(0.0, self._first_ends - now)
        return max(limits.WRITE_SECONDS, min(limits.FIRST_WRITE_SECONDS, left / writes if writes else 0.0))

    def write(self) -> None:
        """Do what is due by now."""
        monotonic = self._clock.monotonic()
        if self._again is not None and self._again <= monotonic and self._round is not None:
            self.take(self._round, int(self._clock.now() * SECOND))
        self._next = max(self._next, monotonic - limits.WRITE_BURST_SECONDS)
        while self._queue and self._next <= monotonic and self._may_write():
            self._next += self._spacing
            each = self._queue.popleft()
            try:
                self._do(each)
            except ObjectAbsentError as error:
                # Its kind has vanished, or its namespace; or it went with its workload.
                if each.body is not None:
                    self._not_written(each, error)
            except ClusterUnavailableError as error:
                # All others would wait for the same.
                self._break_off(error)
            except ClusterError as error:
                self._refuse(error)
            else:
                self._succeed()

    def _not_written(self, write: ReportWrite, error: ObjectAbsentError) -> None:
        """Without its kind all others would fail alike; a namespace that is gone holds up none of another."""
        try:
            is_kind_there = write.form in forms.present(self._api)
        except ClusterError:
            is_kind_there = False
        if is_kind_there:
            self._refuse(error)
        else:
            self._break_off(error)

    def _refuse(self, error: ClusterError) -> None:
        """One is not as it should be, whatever becomes of the others of this round."""
        self._refused = True
        self._health.failed(SourceName.REPORTS, problem_of(error), error.message)

    def _succeed(self) -> None:
        if not self._refused:
            self._health.succeeded(SourceName.REPORTS)

    def _break_off(self, error: ClusterError) -> None:
        """Begin anew a moment later: right after its definition, for example, a kind cannot be listed for seconds."""
        self._health.failed(SourceName.REPORTS, problem_of(error), error.message)
        self._queue.clear()
        self._again = self._clock.monotonic() + limits.REPORT_RETRY_SECONDS

    def _do(self, write: ReportWrite) -> None:
        if write.body is None:
            self._api.delete(write.form.resource, write.name.name, write.name.namespace)
        else:
            self._api.apply(write.form.resource, write.body())

    def _plan(self, found: Round, now: int) -> Iterator[ReportWrite]:
        present = forms.present(self._api)
        for each in present[1:]:
            # Of two kinds one is enough; ours of the other are of a time when it was alone.
            yield from (ReportWrite(each, name, None) for name, _ in self._reports(each))
        if not present:
            forms.refuse_other_versions(self._api)
            return
        seen: dict[str, ReportSighting] = {}
        there: dict[ReportName, str] = {}
        for name, report in self._reports(present[0]):
            there[name] = content_mark(report)
            seen.update(sightings(report))
        several = any(name == namespace_report(name.namespace) for name in there)
        most = limits.REPORTS - int(several * limits.REPORTS_MARGIN * limits.REPORTS)
        wanted = self._wanted(found, ReportText(present[0], now, seen), most)
        for name, body in wanted.items():
            if there.get(name) != content_mark(body()):
                yield ReportWrite(present[0], name, body)
        for name in there.keys() - wanted.keys():
            yield ReportWrite(present[0], name, None)

    def _reports(self, form: ReportForm) -> Iterator[tuple[ReportName, Object]]:
        """Those that are there, page by page."""
        for page in self._api.pages(form.resource, labels=SELECTOR):
            for each in page:
                yield ReportName(str(each["metadata"].get("namespace", "")), str(each["metadata"]["name"])), each

    def _wanted(self, found: Round, text: ReportText, most: int) -> Mapping[ReportName, Callable[[], Object]]:
        """What makes the body of each report that there should be; of more workloads than that, of their namespaces."""
        by_workload = _grouped(found.outlooks, lambda each: each.subject.workload)
        worst = {
            name: its[0].order for name, each in by_workload.items() if (its := findings(each, text.now, text.seen))
        }
        reported = sorted(worst, key=lambda name: worst[name])
        if len(reported) > most:
            outlooks = (each for name in reported for each in by_workload[name])
            by_namespace = _grouped(outlooks, lambda each: each.subject.workload.namespace)
            return {
                namespace_report(name): partial(_of_namespace, text, name, its) for name, its in by_namespace.items()
            }
        return {
            workload_report(name): partial(_of_workload, text, name, by_workload[name], self._uid(name))
            for name in reported
        }


def _of_workload(text: ReportText, workload: WorkloadName, outlooks: Sequence[Outlook], uid: str) -> Object:
    return text.of_workload(workload, findings(outlooks, text.now, text.seen), uid)


def _of_namespace(text: ReportText, namespace: str, outlooks: Sequence[Outlook]) -> Object:
    return text.of_namespace(namespace, findings(outlooks, text.now, text.seen))


def _grouped(outlooks: Iterable[Outlook], key: Callable[[Outlook], _Key]) -> Mapping[_Key, Sequence[Outlook]]:
    found: dict[_Key, list[Outlook]] = defaultdict(list)
    for each in outlooks:
        found[key(each)].append(each)
    return found
