"""Forms of what `denials` prints: a table, one JSON object, or one for each denial; and what has to be said beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from gatekeeper.denials.ledger.reports import Denial, denial_fields, moment
from gatekeeper.denials.logs.sampling import KEPT
from gatekeeper.denials.reports.summary import DenialEntry, DenialSummary

_HEADING: Final = ("WHEN", "TIMES", "NAMESPACE", "WHAT", "IMAGE", "WHO", "WHAT FOLLOWED", "WHY")
_NONE: Final = "-"
NO_LINES: Final = (
    "There is no deny line in what was read. Either nothing was denied, or Gatekeeper does not write it: it needs "
    "`logDenies: true` (--log-denies) and the log level INFO or DEBUG, and only the Pods of its webhook write denials, "
    "not those of audit."
)


@dataclass(frozen=True)
class LogReading:
    """What came of a log.

    Attributes:
        summary: the denials.
        outcomes: how many lines were what: violation, repeated, foreign, unreadable.
        gaps: how many times lines may be missing, by cause.
        problems: what could not be read at all, a sentence each.
    """

    summary: DenialSummary
    outcomes: Mapping[str, int]
    gaps: Mapping[str, int]
    problems: Sequence[str]

    @property
    def lines(self) -> int:
        """How many there were."""
        return sum(self.outcomes.values())

    @property
    def denials(self) -> int:
        """Deny lines that could be read, those of other times and namespaces among them."""
        return self.outcomes["violation"] + self.outcomes["repeated"]

    @property
    def empty(self) -> bool:
        """Whether it is not even known that nothing was denied."""
        return self.lines == 0 or (self.denials == 0 and self.outcomes["unreadable"] > 0)


def show(reading: LogReading, form: str) -> None:
    """Print the denials."""
    entries = reading.summary.entries()
    if form == "json":
        output.document({"denials": [entry_document(entry) for entry in entries], "read": read(reading)})
    elif entries:
        output.table([_HEADING, *map(_row, entries)])


def document(denial: Denial) -> dict[str, Any]:
    """One denial for programs: the fields of the log's `denial.observed`, and the message."""
    return {**denial_fields(denial), "message": denial.violation.message}


def line(denial: Denial) -> str:
    """One denial for people."""
    return "  ".join(_cells(denial, denial.violation.time, 1))


def notes(reading: LogReading) -> Sequence[str]:
    """What has to be said, so that silence is not taken for peace."""
    return list(_notes(reading))


def _notes(reading: LogReading) -> Iterator[str]:
    unreadable, missing = reading.outcomes["unreadable"], reading.summary.no_verdicts
    if reading.lines == 0:
        yield "There was no line at all to read."
    elif reading.denials == 0 and not unreadable:
        yield NO_LINES
    elif reading.denials and not reading.summary.entries() and not missing:
        yield f"{_of(reading.denials, 'deny line')} were read, all of other times or namespaces."
    yield from reading.problems
    for cause, count in reading.gaps.items():
        yield f"{_of(count, 'time')} lines of the log may be missing ({cause})."
    if unreadable:
        yield f"{_of(unreadable, 'deny line')} could not be read, and what was denied there is not shown."
    if missing:
        yield (
            f"{_of(missing, 'time')} a template came to no verdict in time. Under failure policy Ignore the object was "
            "admitted unchecked, under Fail refused; it is no denial."
        )
    if len(reading.summary.sampled):
        yield (
            f"In {_of(len(reading.summary.sampled), 'second')} one text had {KEPT} lines or more. Of such a text "
            "Gatekeeper's logger drops lines without a word, so there may have been more denials."
        )
    if reading.summary.left_out:
        yield f"{_of(reading.summary.left_out, 'denial')} of further workloads and images are not shown."


def read(reading: LogReading) -> dict[str, Any]:
    """What was read, for programs."""
    return {
        "lines": reading.lines,
        "denyLines": reading.denials,
        "unreadable": reading.outcomes["unreadable"],
        "gaps": dict(reading.gaps),
        "problems": list(reading.problems),
        "noVerdict": reading.summary.no_verdicts,
        "sampledSeconds": len(reading.summary.sampled),
        "leftOut": reading.summary.left_out,
    }


def entry_document(entry: DenialEntry) -> dict[str, Any]:
    """Denials of one workload for programs."""
    return {"count": entry.count, "first": moment(entry.first), "last": moment(entry.last), **document(entry.denial)}


def _row(entry: DenialEntry) -> tuple[str, ...]:
    return _cells(entry.denial, entry.last, entry.count)


def _cells(denial: Denial, time: float, count: int) -> tuple[str, ...]:
    violation, workload = denial.violation, denial.workload
    followed = f"{violation.action} (dry run)" if denial.dry_run else str(violation.action)
    cells = (
        moment(time)[:19].replace("T", " ") + "Z" if time else _NONE,
        str(count),
        workload.namespace or _NONE,
        f"{workload.kind}/{workload.name}",
        violation.image or _NONE,
        f"{violation.username or _NONE} ({denial.actor})",
        followed,
        why(denial),
    )
    return tuple(map(visible, cells))


def why(denial: Denial) -> str:
    """Why, and what to do, for people."""
    violation = denial.violation
    judgement = violation.judgement
    if judgement is None:
        return f"{violation.policy}: {violation.message}"
    parts = [f"{judgement.reason}:", judgement.said or violation.message, judgement.remedy]
    return " ".join([*(part for part in parts if part), f"(policy {violation.policy}, ref {judgement.ref or _NONE})"])


def _of(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
