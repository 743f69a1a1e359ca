"""What the owners of a workload hear about one policy: one notice, however many of its images it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import Due, Outlook, OutlookVerdict, Question

# What controllers do by themselves comes first; what people apply is worth a notice where the other is never denied.
_QUESTIONS: Final = (Question.RESCHEDULE, Question.APPLY)


@dataclass(frozen=True, slots=True)
class NoticeName:
    """What a notice is about."""

    policy: str
    workload: WorkloadName


@dataclass(frozen=True, slots=True)
class Notice:
    """When the next Pod of a workload is denied by a policy.

    Attributes:
        name: what it is about.
        due: how soon.
        first: the image that is denied first; of several at one moment, the first by its path.
        images: how many images are in the same class.
    """

    name: NoticeName
    due: Due
    first: Outlook
    images: int

    @property
    def since(self) -> int | None:
        """When it is denied, or that felt, first: as reports have it, `Outlook.announced`."""
        return self.first.announced

    @property
    def is_denied(self) -> bool:
        """Whether it is denied now, felt or not."""
        return self.first.now.verdict is OutlookVerdict.DENIED


@dataclass(frozen=True, slots=True)
class SaidNotice:
    """What was said last: the class, and the date, nanoseconds since 1970; None where it was denied at first sight."""

    due: Due
    since: int | None


class PastNotices(Protocol):
    """Knows what was said before this process began."""

    def read(self) -> Mapping[NoticeName, SaidNotice]:
        """What was said last of each workload and policy.

        Raises:
            ClusterError: nobody can say.
        """


def notices(outlooks: Iterable[Outlook], now: int) -> Iterator[Notice]:
    """What there is to say of each workload and policy; that something is not known, only where nothing else is.

    Args:
        outlooks: of all that runs.
        now: nanoseconds since 1970.
    """
    workloads: dict[WorkloadName, list[Outlook]] = defaultdict(list)
    for each in outlooks:
        if each.question in _QUESTIONS:
            workloads[each.subject.workload].append(each)
    for workload, its in workloads.items():
        policies: dict[str, list[Outlook]] = defaultdict(list)
        for each in its:
            policies[each.policy].append(each)
        for policy, several in policies.items():
            yield _notice(NoticeName(policy, workload), several, now)


def _notice(name: NoticeName, outlooks: list[Outlook], now: int) -> Notice:
    known = [each for each in outlooks if each.question is Question.RESCHEDULE]
    if all(each.best_before is None for each in known):
        # Where nobody could look at what runs, that is what there is to say, whatever is known of what people apply.
        known = [each for each in known if each.due(now) is Due.UNKNOWN] or outlooks
    first = min(known, key=lambda each: (_urgency(each, now), each.subject.path))
    due = first.due(now)
    outlooks = [each for each in outlooks if each.question is first.question]
    return Notice(name, due, first, len({each.subject.image for each in outlooks if each.due(now) is due}))


def _urgency(outlook: Outlook, now: int) -> tuple[int, int]:
    if outlook.best_before is not None:
        return 0, max(outlook.best_before, now)
    return (1, 0) if outlook.due(now) is Due.UNKNOWN else (2, 0)
