"""What a report says of one image: from an outlook, without any age, so that it is the same text each day."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.freshness.announcement import sentences
from gatekeeper.freshness.announcement.round import SOON
from gatekeeper.freshness.outlook import Due, Outlook, OutlookVerdict, Question

# What is asked of what runs, or may run again, the most urgent first. That an older revision cannot be gone back to
# is true of every workload that has not changed for a while: it would give each one a report.
_QUESTIONS: Final = (Question.RESCHEDULE, Question.APPLY, Question.RUNNING, Question.PULL)
_OF_WHAT_RUNS: Final = frozenset({Question.RUNNING, Question.PULL})
_UNPULLABLE: Final = (
    "The image is gone from its registry: a new node cannot pull it. Push it again, or move to another digest, before "
    "a node is drained."
)
# Kinds that are made anew again and again: what is found of them belongs to what made them, or to nobody.
_PASSING_KINDS: Final = frozenset({"Job", "ReplicaSet"})


class Result(StrEnum):
    """As reports say it."""

    FAIL = "fail"
    WARN = "warn"
    ERROR = "error"
    SKIP = "skip"


class ReportSeverity(StrEnum):
    """As reports say it."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


_SEVERITIES: Final = {
    Due.EXPIRED: ReportSeverity.HIGH,
    Due.IN_1_DAY: ReportSeverity.HIGH,
    Due.IN_3_DAYS: ReportSeverity.MEDIUM,
    Due.IN_7_DAYS: ReportSeverity.MEDIUM,
    Due.IN_14_DAYS: ReportSeverity.LOW,
}
_ORDER: Final = tuple(Result)


@dataclass(frozen=True, slots=True)
class ReportFinding:
    """One result of a report.

    Attributes:
        outlook: what it says.
        result: in one word.
        severity: how bad it is.
        due: how soon.
    """

    outlook: Outlook
    result: Result
    severity: ReportSeverity
    due: Due

    @property
    def mark(self) -> str:
        """The same for the same image of the same workload, whatever becomes of it.

        Of one tag several digests may run: each is a finding of its own.
        """
        each = self.outlook
        workload = each.subject.workload
        where = [workload.namespace, workload.kind, workload.name, each.subject.path, each.subject.image]
        if each.question in _OF_WHAT_RUNS:
            where.append(each.subject.digest)
        return fingerprint(each.policy, each.question.value, *where)

    @property
    def result_id(self) -> str:
        """Another one when the result is another: readers alert on those that they have not seen."""
        return _result_id(self.mark, self.result)

    @property
    def best_before(self) -> int | None:
        """See `Outlook.announced`."""
        return self.outlook.announced

    @property
    def message(self) -> str:
        """For people."""
        each = self.outlook
        if each.question is Question.PULL:
            return _UNPULLABLE
        if self.result is Result.ERROR:
            return f"Nobody could look ({sentences.reason(each)}): whether it is denied is not known."
        said = sentences.when(each)
        return " ".join([said, *sentences.advice(each)] if each.denial is not None else [said])

    @property
    def order(self) -> tuple[object, ...]:
        """The worst first, and always in the same order."""
        each = self.outlook
        place = each.subject
        return (
            _ORDER.index(self.result),
            self.best_before or 0,
            each.policy,
            place.path,
            place.image,
            _QUESTIONS.index(each.question),
            place.digest,
        )


def findings(outlooks: Iterable[Outlook], now: int, failed: Container[str] = ()) -> list[ReportFinding]:
    """What is worth a result, in order; what two questions answer alike stands there once.

    Args:
        outlooks: of some workloads.
        now: nanoseconds since 1970.
        failed: ids of results that are in the cluster: what failed and is denied now has not got better.
    """
    found: dict[object, dict[str, ReportFinding]] = {}
    several = [each for each in outlooks if each.question in _QUESTIONS]
    for each in sorted(several, key=lambda one: _QUESTIONS.index(one.question)):
        for finding in _of(each, now, failed):
            subject = each.subject
            key = (each.policy, subject.workload, subject.path, subject.image, finding.result, finding.best_before)
            alike = found.setdefault((*key, each.question is Question.PULL), {})
            if all(other.outlook.question is each.question for other in alike.values()):
                alike.setdefault(finding.mark, finding)
    return sorted((each for alike in found.values() for each in alike.values()), key=lambda finding: finding.order)


def _of(outlook: Outlook, now: int, failed: Container[str]) -> Iterator[ReportFinding]:
    if outlook.subject.workload.kind in _PASSING_KINDS:
        return
    due = outlook.due(now)
    if outlook.question is Question.PULL:
        if outlook.now.verdict is OutlookVerdict.DENIED:
            yield ReportFinding(outlook, Result.FAIL, ReportSeverity.MEDIUM, due)
    elif due in SOON:
        warning = ReportFinding(outlook, Result.WARN, _severity(outlook, due), due)
        has_failed = outlook.now.verdict is OutlookVerdict.DENIED and _result_id(warning.mark, Result.FAIL) in failed
        if due is Due.EXPIRED or has_failed:
            # A CronJob's next run is not the first one that fails, though a new process knows of none before it.
            yield ReportFinding(outlook, Result.FAIL, _severity(outlook, Due.EXPIRED), Due.EXPIRED)
        else:
            yield warning
    elif due is Due.UNKNOWN:
        yield ReportFinding(outlook, Result.ERROR, ReportSeverity.MEDIUM, due)
    elif outlook.now.verdict is OutlookVerdict.WAIVED:
        yield ReportFinding(outlook, Result.SKIP, ReportSeverity.INFO, due)


def _severity(outlook: Outlook, due: Due) -> ReportSeverity:
    return ReportSeverity.CRITICAL if outlook.critical else _SEVERITIES[due]


def _result_id(mark: str, result: Result) -> str:
    return f"{mark}-{result.value}"
