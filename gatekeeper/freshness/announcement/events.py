"""Events on workloads: one when the class of what runs changes, or the date that was announced.

What changes at once for several policies is one Event for each reason (`NewsKind`): a new cluster with 20 policies
would have several times as many. Where such an Event is refused for what it says, each policy has one of its own: what
one of them says does not silence the others.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ConflictError, ObjectInvalidError
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.freshness.announcement import limits, workload_event
from gatekeeper.freshness.announcement.notice import Notice, NoticeName, PastNotices, SaidNotice, notices
from gatekeeper.freshness.announcement.round import SOON, Round
from gatekeeper.freshness.announcement.workload_news import WorkloadNews, workload_news
from gatekeeper.freshness.outlook import SECOND, Due
from provider.clock import Clock

_VERSION: Final = 1


class WorkloadEvents:
    """Writes them. What was said is kept over a restart (`SavedPart`), so that nothing is said twice.

    Only after a process that was killed within seconds of an Event its policies may be named again, beside what is new.
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
        self._learns = past is not None
        self._said: dict[NoticeName, SaidNotice] = {}
        # The last Events about each, as far as this process wrote or found them, in their order.
        self._words: dict[NoticeName, tuple[str, ...]] = {}
        # When what was refused was tried last; and what has to stand alone, for together with others it was refused.
        self._tried: dict[NoticeName, float] = {}
        self._alone: set[NoticeName] = set()
        self._waiting: list[WorkloadNews] = []

    def forget(self) -> None:
        """Another process may have said something since: what stands in the cluster says what, where it can."""
        self._waiting.clear()
        self._learns = self._past is not None

    def take(self, found: Round, now: int) -> list[WorkloadNews]:
        """What there is to say, of a round or of time that has passed since; `write` says it.

        Args:
            found: the last round.
            now: nanoseconds since 1970.
        """
        self._learn()
        said: dict[NoticeName, SaidNotice] = {}
        unsaid: list[Notice] = []
        for notice in notices(found.outlooks, now):
            before = self._said.get(notice.name)
            if before is not None:
                said[notice.name] = before
            if _is_news(notice, before):
                unsaid.append(notice)
        # Of what does not run any more nobody hears.
        self._said = said
        names = {each.name for each in unsaid}
        self._tried = {name: at for name, at in self._tried.items() if name in names}
        self._alone &= names
        self._waiting = workload_news(unsaid, self._alone)
        return list(self._waiting)

    def write(self) -> None:
        """Say some of it; what cannot be written holds up nothing of other workloads, and is tried again."""
        monotonic, failed = self._clock.monotonic(), False
        due = [each for each in self._waiting if self._is_due(each, monotonic)]
        for news in islice(due, limits.EVENTS):
            if not self._may_write():
                return
            try:
                self._write(news)
            except ClusterUnavailableError as error:
                # All others would wait for the same.
                self._health.failed(SourceName.EVENTS, problem_of(error), error.message)
                return
            except ClusterError as error:
                failed = True
                self._refused(news, error, monotonic)
                self._health.failed(SourceName.EVENTS, problem_of(error), error.message)
            else:
                self._note(news)
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
            self._learns = False
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SnapshotError(f"it cannot be read ({type(error).__name__})") from error

    def _learn(self) -> None:
        """Once, before anything is said; where nobody can say, it is said anew."""
        learns, self._learns = self._learns, False
        if learns and self._past is not None:
            try:
                self._said = dict(self._past.read())
            except ClusterError as error:
                self._health.failed(SourceName.EVENTS, problem_of(error), error.message)

    def _is_due(self, news: WorkloadNews, monotonic: float) -> bool:
        """What is new is not held up by what was refused before it came."""
        tried = min(self._tried.get(each.name, -math.inf) for each in news.notices)
        return monotonic - tried >= limits.EVENT_RETRY_SECONDS

    def _refused(self, news: WorkloadNews, error: ClusterError, monotonic: float) -> None:
        names = {each.name for each in news.notices}
        if isinstance(error, ObjectInvalidError) and len(names) > 1:
            # It may be for what one of them says: the next turn says each by itself.
            self._alone |= names
            self._waiting.remove(news)
            self._waiting += workload_news(news.notices, names)
        else:
            self._tried |= dict.fromkeys(names, monotonic)

    def _write(self, news: WorkloadNews) -> None:
        """An Event that is there already was written by the process before, or since then something else was said.

        Then it is said again: the last word about a workload must not be an older one.
        """
        body = self._event(news)
        name = str(body["metadata"]["name"])
        try:
            self._api.create(EVENTS, body)
        except ConflictError:
            if any(name in self._words.get(each.name, ())[:-1] for each in news.notices):
                with contextlib.suppress(ConflictError):
                    self._api.create(EVENTS, self._event(news, again=True))
        for each in news.notices:
            before = self._words.pop(each.name, ())
            self._words[each.name] = (*(word for word in before if word != name), name)[-limits.EVENT_WORDS :]
        for oldest in list(islice(self._words, max(0, len(self._words) - limits.EVENT_NAMES))):
            del self._words[oldest]

    def _event(self, news: WorkloadNews, *, again: bool = False) -> Object:
        now, uid = int(self._clock.now() * SECOND), self._uid(news.name.workload)
        return workload_event.event(news, now, self._instance, uid, again=again)

    def _note(self, news: WorkloadNews) -> None:
        self._waiting.remove(news)
        for notice in news.notices:
            self._tried.pop(notice.name, None)
            self._alone.discard(notice.name)
            if news.name.is_soon:
                self._said[notice.name] = SaidNotice(notice.due, notice.since)
            else:
                self._said.pop(notice.name, None)


def _is_news(notice: Notice, said: SaidNotice | None) -> bool:
    """Whether the class is another one, or the date; that nobody can look is nothing that owners could change."""
    if notice.due is Due.UNKNOWN:
        return False
    if said is None or notice.due not in SOON:
        return (notice.due in SOON) is not (said is not None)
    if said.due is Due.EXPIRED and notice.is_denied:
        # Of a CronJob a new process does not know the run that failed, and takes the next one for the first.
        return False
    if notice.due is not said.due:
        return True
    return notice.due is not Due.EXPIRED and notice.since != said.since


def _row(row: Any) -> tuple[NoticeName, SaidNotice]:  # noqa: ANN401 - any JSON
    policy, namespace, kind, name, due, since = row
    texts = (policy, namespace, kind, name)
    if not all(isinstance(each, str) for each in texts) or not (since is None or isinstance(since, int)):
        raise TypeError("no notice")
    return NoticeName(policy, WorkloadName(namespace, kind, name)), SaidNotice(Due(due), since)
