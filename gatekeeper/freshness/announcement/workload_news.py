"""What is new about a workload: one Event says it, however many policies it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.announcement.notice import Notice, NoticeName
from gatekeeper.freshness.announcement.round import SOON
from gatekeeper.freshness.outlook import Due, Question


class NewsKind(StrEnum):
    """What happens; the column REASON of `kubectl get events`."""

    EXPIRED = "ImageExpired"
    EXPIRING = "ImageExpiring"
    NOT_EXPIRING = "ImageNotExpiring"

    @classmethod
    def of(cls, due: Due) -> NewsKind:
        """Of a class."""
        if due is Due.EXPIRED:
            return cls.EXPIRED
        return cls.EXPIRING if due in SOON else cls.NOT_EXPIRING


@dataclass(frozen=True, slots=True)
class NewsName:
    """What news is about.

    Attributes:
        workload: whose owners hear of it.
        kind: whether something is denied, will be soon, or was announced and does not come so soon.
    """

    workload: WorkloadName
    kind: NewsKind

    @property
    def is_soon(self) -> bool:
        """Whether something is denied, or soon will be."""
        return self.kind is not NewsKind.NOT_EXPIRING


@dataclass(frozen=True, slots=True)
class WorkloadNews:
    """What one Event says.

    Attributes:
        name: what it is about.
        notices: one of each policy: what controllers do by themselves comes first, and of that the soonest; at least
            one.
    """

    name: NewsName
    notices: Sequence[Notice]

    @property
    def first(self) -> Notice:
        """What the Event says at length."""
        return self.notices[0]

    @property
    def others(self) -> Sequence[Notice]:
        """What it says in short."""
        return self.notices[1:]


def workload_news(notices: Iterable[Notice], alone: Collection[NoticeName] = ()) -> list[WorkloadNews]:
    """Notices by the workload that they are about and by what happens, the soonest first.

    Args:
        notices: what has not been said yet.
        alone: those that have an Event of their own.
    """
    found: dict[tuple[NewsName, NoticeName | None], list[Notice]] = defaultdict(list)
    for each in notices:
        name = NewsName(each.name.workload, NewsKind.of(each.due))
        found[name, each.name if each.name in alone else None].append(each)
    several = [WorkloadNews(name, sorted(its, key=_order)) for (name, _), its in found.items()]
    return sorted(several, key=_urgency)


def _order(notice: Notice) -> tuple[bool, int, str]:
    """What controllers do by themselves comes before what people apply."""
    return notice.first.question is Question.APPLY, notice.since or 0, notice.name.policy


def _urgency(news: WorkloadNews) -> tuple[int, str, str, str, str]:
    workload = news.name.workload
    soonest = min(each.since or 0 for each in news.notices)
    return soonest, workload.namespace, workload.name, workload.kind, news.name.kind
