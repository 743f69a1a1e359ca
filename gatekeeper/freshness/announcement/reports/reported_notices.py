"""What reports that stand in the cluster say was announced: so that a process without a memory says nothing anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.documents import fields
from gatekeeper.freshness.announcement import moments
from gatekeeper.freshness.announcement.notice import NoticeName, SaidNotice
from gatekeeper.freshness.announcement.reports import form as forms
from gatekeeper.freshness.announcement.reports.finding import Result
from gatekeeper.freshness.announcement.reports.report import SELECTOR, workload_of
from gatekeeper.freshness.announcement.round import SOON
from gatekeeper.freshness.outlook import Due, Question

# What a notice is about comes from one of these questions, the first that says something; see `notice`.
_QUESTIONS: Final = (Question.RESCHEDULE, Question.APPLY)
_ANNOUNCED: Final = frozenset({Result.FAIL.value, Result.WARN.value})
_LAST: Final = 2**63


@dataclass(frozen=True)
class ReportedNotices:
    """Implements `PastNotices` by reports of ours.

    Attributes:
        api: of the cluster.
    """

    api: KubernetesApi

    def read(self) -> Mapping[NoticeName, SaidNotice]:
        """See `PastNotices`; a report about a whole namespace names no workload, so it says nothing."""
        pages = (page for form in forms.present(self.api) for page in self.api.pages(form.resource, labels=SELECTOR))
        return dict(said for page in pages for report in page for said in _said(report))


def _said(report: Object) -> Iterator[tuple[NoticeName, SaidNotice]]:
    workload = workload_of(report)
    if workload is None:
        return
    by_policy: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in fields.rows(report, "results"):
        by_policy[fields.text(row, "policy")].append(row)
    for policy, rows in by_policy.items():
        if (said := _of(rows)) is not None:
            yield NoticeName(policy, workload), said


def _of(rows: Sequence[Mapping[str, Any]]) -> SaidNotice | None:
    """The most urgent of what one policy says of a workload; None where none of it is soon."""
    for question in _QUESTIONS:
        found = [_notice(row) for row in rows if fields.text(row, "rule") == question.value]
        known = [each for each in found if each is not None]
        if known:
            return min(known, key=_urgency)
    return None


def _notice(row: Mapping[str, Any]) -> SaidNotice | None:
    properties = fields.mapping(row, "properties")
    if fields.text(row, "result") not in _ANNOUNCED:
        return None
    try:
        due = Due(fields.text(properties, "due"))
    except ValueError:
        # Of a release before this one.
        return None
    return SaidNotice(due, moments.read(fields.text(properties, "bestBefore"))) if due in SOON else None


def _urgency(said: SaidNotice) -> int:
    if said.due is Due.EXPIRED:
        return 0
    return said.since if said.since is not None else _LAST
