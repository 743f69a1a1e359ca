"""The one thing to know, in two sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import DAY, Question
from gatekeeper.freshness.overview import moments
from gatekeeper.freshness.overview.overview import Overview, OverviewRow, RowState

SOON_DAYS: Final = 7
_DATED: Final = frozenset({RowState.DUE, RowState.WAIVED})


@dataclass(frozen=True, slots=True)
class Headline:
    """What stands above everything else.

    Attributes:
        title: the one thing to know.
        detail: the first date, and what makes the title less than certain; empty where there is neither.
    """

    title: str
    detail: str


def of(overview: Overview) -> Headline:
    """What to say of an overview first.

    What a controller does by itself comes before what a person would have to do: a workload is denied on reschedule, or
    else could not be applied again.
    """
    by_itself = [row for row in overview.rows if _asks(row, Question.RESCHEDULE)]
    denied = any(row.state in {RowState.DENIED, *_DATED} and row.since is not None for row in by_itself)
    rows = by_itself if denied else [row for row in overview.rows if _asks(row, Question.APPLY)]
    condition = "" if denied or not _any(rows) else ", if applied again"
    return Headline(f"{_title(overview, rows)}{condition}", _detail(overview, rows))


def _asks(row: OverviewRow, question: Question) -> bool:
    return question in row.questions


def _any(rows: list[OverviewRow]) -> bool:
    return any(row.state in {RowState.DENIED, *_DATED} and row.since is not None for row in rows)


def _title(overview: Overview, rows: list[OverviewRow]) -> str:
    if all(row.state is RowState.UNKNOWN for row in overview.rows):
        return "Nobody could look at any image" if overview.rows else "Nothing was judged"
    present = _denied(rows)
    edge = min(overview.now + SOON_DAYS * DAY, overview.until)
    coming = {row.workload for row in _coming(overview, rows) if _at(row) <= edge} - present
    whole = overview.until - overview.now >= SOON_DAYS * DAY
    soon = f"in the next {SOON_DAYS} days" if whole else f"before {moments.minute(overview.until)}"
    if present:
        more = f", and {len(coming):,} more {soon}" if coming else ""
        return f"{_workloads(len(present))} would be denied now{more}"
    if coming:
        return f"{_workloads(len(coming))} will be denied {soon}"
    later = {row.workload for row in _coming(overview, rows)}
    if later:
        return f"Nothing will be denied {soon}, and {_workloads(len(later))} before {moments.day(overview.until)}"
    return f"Nothing will be denied before {moments.day(overview.until)}"


def _detail(overview: Overview, rows: list[OverviewRow]) -> str:
    first = min(
        _coming(overview, rows), key=lambda row: (_at(row), row.workload.namespace, row.workload.name), default=None
    )
    sentences = []
    if first:
        name = f"{first.workload.namespace}/{first.workload.name}"
        sentences.append(f"The first on {moments.minute(_at(first))}: {name}, by {first.policy}.")
    applied = _denied(row for row in overview.rows if _asks(row, Question.APPLY))
    if not applied <= _denied(rows):
        # Else the title is less than what the rows below it count.
        sentences.append(f"If applied again, {_workloads(len(applied))} would be denied now.")
    unknown = overview.workloads()[RowState.UNKNOWN]
    if unknown:
        sentences.append(f"Of {_workloads(unknown)} not everything could be looked at.")
    if overview.not_judged:
        sentences.append("Not everything was judged.")
    return " ".join(sentences)


def _denied(rows: Iterable[OverviewRow]) -> set[WorkloadName]:
    return {row.workload for row in rows if row.state is RowState.DENIED}


def _coming(overview: Overview, rows: list[OverviewRow]) -> list[OverviewRow]:
    return [row for row in rows if row.state in _DATED and row.since is not None and row.since > overview.now]


def _at(row: OverviewRow) -> int:
    return row.since or 0


def _workloads(count: int) -> str:
    return f"{count:,} workload" + ("s" if count != 1 else "")
