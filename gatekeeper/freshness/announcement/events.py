"""Events on workloads: one when the class of what runs changes, or the date that was announced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ConflictError
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.freshness.announcement import limits, workload_event
from gatekeeper.freshness.announcement.notice import Notice, NoticeName, PastNotices, SaidNotice, notices
from gatekeeper.freshness.announcement.round import SOON, Round
from gatekeeper.freshness.outlook import SECOND, Due
from provider.clock import Clock

_VERSION: Final = 1


class WorkloadEvents:
    """Writes them. What was said is kept over a restart (`SavedPart`), so that nothing is said twice.

    Where nothing was kept, as of a new Pod, what stands in the cluster says it.

    Args:
        api: of the cluster.
        uid: of a workload, where it is known; else empty.
        instance: our Pod, which writes.
        health: takes note whether they can be written.
        clock: says when.
        may_write: whether this process is still the one that writes.
        past: says what was said before, where nothing was kept; None where nobody knows.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts
        self,
        api: KubernetesApi,
        uid: Callable[[WorkloadName], str],
        instance: str,
        health: SourceHealth,
        clock: Clock,
        may_write: Callable[[], bool] = lambda: True,
        past: PastNotices | None = None,
    ) -> None:
        self._api = api
        self._uid = uid
        self._instance = instance
        self._health = health
        self._clock = clock
        self._may_write = may_write
        self._past = past
        self._said: dict[NoticeName, SaidNotice] = {}
        self._tried: dict[NoticeName, float] = {}
        self._waiting: list[Notice] = []

    def take(self, found: Round, now: int) -> list[Notice]:
        """What there is to say, of a round or of time that has passed since; `write` says it.

        Args:
            found: the last round.
            now: nanoseconds since 1970.
        """
        self._learn()
        there = notices(found.outlooks, now)
        # Of what does not run any more nobody hears.
        self._said = {name: said for name, said in self._said.items() if name in there}
        self._waiting = list(self._news(there))
        self._tried = {each.name: self._tried[each.name] for each in self._waiting if each.name in self._tried}
        return list(self._waiting)

    def write(self) -> None:
        """Say some of it; what cannot be written holds up nothing else, and is tried again."""
        monotonic, failed = self._clock.monotonic(), False
        due = [each for each in self._waiting if self._is_due(each, monotonic)]
        for notice in islice(due, limits.EVENTS):
            if not self._may_write():
                return
            try:
                self._write(notice)
            except ClusterUnavailableError as error:
                # All others would wait for the same.
                self._health.failed(SourceName.EVENTS, problem_of(error), error.message)
                return
            except ClusterError as error:
                failed = True
                self._tried[notice.name] = monotonic
                self._health.failed(SourceName.EVENTS, problem_of(error), error.message)
            else:
                self._note(notice)
        if due and not failed:
            self._health.succeeded(SourceName.EVENTS)

    def snapshot(self) -> str:
        """See `SavedPart`."""
        said = [
            [name.policy, name.workload.namespace, name.workload.kind, name.workload.name, each.due.value, each.since]
            for name, each in list(self._said.items())
        ]
        return json.dumps({"version": _VERSION, "said": said}, separators=(",", ":"))

    def restore(self, text: str) -> None:
        """See `SavedPart`.

        Raises:
            SnapshotError: it cannot be used, and nothing of it was.
        """
        try:
            found = json.loads(text)
            if found["version"] != _VERSION:
                raise SnapshotError("it is of another version")
            self._said = dict(map(_row, found["said"]))
            self._past = None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SnapshotError(f"it cannot be read ({type(error).__name__})") from error

    def _learn(self) -> None:
        """Once, before anything is said; where nobody can say, it is said anew."""
        past, self._past = self._past, None
        if past is not None:
            try:
                self._said = dict(past.read())
            except ClusterError as error:
                self._health.failed(SourceName.EVENTS, problem_of(error), error.message)

    def _news(self, there: Mapping[NoticeName, Notice]) -> Iterator[Notice]:
        for name, notice in sorted(there.items(), key=lambda item: _urgency(item[1])):
            if _is_news(notice, self._said.get(name)):
                yield notice

    def _is_due(self, notice: Notice, monotonic: float) -> bool:
        tried = self._tried.get(notice.name)
        return tried is None or monotonic - tried >= limits.EVENT_RETRY_SECONDS

    def _write(self, notice: Notice) -> None:
        now = int(self._clock.now() * SECOND)
        body = workload_event.event(notice, now, self._instance, self._uid(notice.name.workload))
        try:
            self._api.create(EVENTS, body)
        except ConflictError:
            # The process before this one said it.
            return

    def _note(self, notice: Notice) -> None:
        self._waiting.remove(notice)
        self._tried.pop(notice.name, None)
        if notice.due in SOON:
            self._said[notice.name] = SaidNotice(notice.due, notice.since)
        else:
            self._said.pop(notice.name, None)


def _is_news(notice: Notice, said: SaidNotice | None) -> bool:
    """Whether the class is another one, or the date; that nobody can look is nothing that owners could change."""
    if notice.due is Due.UNKNOWN:
        return False
    if said is None or notice.due not in SOON:
        return (notice.due in SOON) is not (said is not None)
    if notice.due is not said.due:
        return True
    return notice.due is not Due.EXPIRED and notice.since != said.since


def _urgency(notice: Notice) -> tuple[int, str, str, str]:
    workload = notice.name.workload
    return notice.since or 0, workload.namespace, workload.name, notice.name.policy


def _row(row: Any) -> tuple[NoticeName, SaidNotice]:  # noqa: ANN401 - any JSON
    policy, namespace, kind, name, due, since = row
    texts = (policy, namespace, kind, name)
    if not all(isinstance(each, str) for each in texts) or not (since is None or isinstance(since, int)):
        raise TypeError("no notice")
    return NoticeName(policy, WorkloadName(namespace, kind, name)), SaidNotice(Due(due), since)
