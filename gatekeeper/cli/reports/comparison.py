"""Forms of what `denials --compare` prints: one page for people, or one JSON object with the same content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import denials as denial_report
from gatekeeper.cli.reports.denials import LogReading
from gatekeeper.comparison.comparison import Comparison
from gatekeeper.comparison.fate import Fate, ShadowDenial
from gatekeeper.comparison.judgements import RunningDenial
from gatekeeper.denials.ledger.reports import moment

_ROWS: Final = 20
_NONE: Final = "-"
_DENIED: Final = ("WHEN", "TIMES", "NAMESPACE", "WHAT", "IMAGE", "POLICY", "WHY WE WOULD DENY", "WHAT BECAME OF IT")
_RUNNING: Final = ("PODS", "NAMESPACE", "WHAT", "IMAGE", "POLICY", "WHY WE WOULD DENY")
_NAMES: Final = {"policy.sigstore.dev": "policy-controller", "validation.gatekeeper.sh": "Gatekeeper"}


def show(found: Comparison, reading: LogReading, form: str) -> None:
    """Print it."""
    if form == "json":
        output.document(document(found, reading))
        return
    _differences(found)
    _section("Counts")
    for line in _counts(found):
        click.echo(f"  {line}")
    _section("Not compared")
    for line in [*found.gaps, *found.notes, *_beyond(found)]:
        click.echo(f"  - {visible(line)}")


def document(found: Comparison, reading: LogReading) -> dict[str, Any]:
    """The same for programs; what is unclear, absent or unseen stands apart."""
    return {
        "differs": found.differs,
        "complete": found.complete,
        "admitted": [_denial(each) for each in found.of(Fate.ADMITTED)],
        "running": [_running(each) for each in found.running.denials],
        "unclear": [_denial(each) for each in found.of(Fate.UNCLEAR)],
        "absent": [_denial(each) for each in found.of(Fate.ABSENT)],
        "unseen": [_denial(each) for each in found.of(Fate.UNSEEN)],
        "wouldWarn": sum(each.entry.count for each in found.denials if each.would == "warn"),
        "counts": {
            "wouldDeny": _would_deny(found),
            "denied": found.denied,
            "podsJudged": found.running.judged,
            "runningWarnings": found.running.warnings,
            "rejections": None
            if found.rejections is None
            else [
                {"webhook": each.webhook, "refused": each.refused, "failed": each.failed} for each in found.rejections
            ],
        },
        "notCompared": [*found.gaps, *found.notes],
        "read": denial_report.read(reading),
    }


def _differences(found: Comparison) -> None:
    admitted, runs, unclear = found.of(Fate.ADMITTED), found.running.denials, found.of(Fate.UNCLEAR)
    _section("Differences", first=True)
    if not found.differs:
        more = "" if found.complete else ", as far as it was compared: see below"
        click.echo(f"  None: we would deny nothing that was admitted or that runs{more}.")
    _table(f"We would deny, and it was admitted: {len(admitted)}", _DENIED, map(_denied_row, admitted))
    _table(f"Runs, and would be denied if it were made anew: {len(runs)}", _RUNNING, map(_running_row, runs))
    title = f"We would deny, and it is not clear whether it was admitted: {len(unclear)}"
    _table(title, _DENIED, map(_denied_row, unclear))


def _counts(found: Comparison) -> Iterator[str]:
    yield (
        f"Ours, in the log that was read: {_would_deny(found)} that we would deny, "
        f"{sum(each.entry.count for each in found.denials if each.would == 'warn')} that we would warn of, "
        f"{found.denied} denied where a policy is enforced"
    )
    yield (
        f"Judged of what runs: {found.running.judged} distinct Pods, tags as they are now; "
        f"{len(found.running.denials)} would be denied, {found.running.warnings} warned of"
    )
    for each in found.rejections or ():
        failed = f", {each.failed} because it could not be asked" if each.failed else ""
        yield f"{_NAMES[each.webhook]} ({each.webhook}): {each.refused} refused since the API server began{failed}"


def _beyond(found: Comparison) -> Iterator[str]:
    """What no reading of ours can tell."""
    for each in found.of(Fate.UNSEEN)[:_ROWS]:
        yield f"{_what(each)} in {_where(each)}: whether it was admitted was not looked at: {each.why}"
    if len(found.of(Fate.UNSEEN)) > _ROWS:
        yield f"{len(found.of(Fate.UNSEEN)) - _ROWS} more like these: --output json has all"
    if absent := found.of(Fate.ABSENT):
        yield (
            f"of {len(absent)} that we would deny nothing is there now: something else, such as policy-controller, "
            "refused them, or they have ended; --output json has them"
        )
    if found.rejections is not None:
        yield (
            "what policy-controller refused and we would admit: its counter does not say which objects; it is of the "
            "one API server that answered, and of another time than the log"
        )


def _would_deny(found: Comparison) -> int:
    return sum(each.entry.count for each in found.denials if each.would != "warn")


def _section(title: str, *, first: bool = False) -> None:
    if not first:
        click.echo()
    click.echo(click.style(title, bold=True))


def _table(title: str, heading: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    every = list(rows)
    if not every:
        return
    click.echo(f"\n{title}")
    output.table([heading, *every[:_ROWS]])
    if len(every) > _ROWS:
        click.echo(f"… and {len(every) - _ROWS} more: --output json has all")


def _denied_row(each: ShadowDenial) -> tuple[str, ...]:
    violation = each.entry.denial.violation
    cells = (
        moment(each.entry.last)[:19].replace("T", " ") + "Z" if each.entry.last else _NONE,
        str(each.entry.count),
        _where(each),
        _what(each),
        violation.image or _NONE,
        violation.policy,
        denial_report.why(each.entry.denial),
        each.why,
    )
    return tuple(map(visible, cells))


def _running_row(each: RunningDenial) -> tuple[str, ...]:
    workload, finding = each.pod.workload, each.finding
    cells = (
        str(each.pod.count),
        workload.namespace or _NONE,
        f"{workload.kind}/{workload.name}",
        finding.image or _NONE,
        finding.policy or _NONE,
        f"{finding.reason}: {finding.sentence}",
    )
    return tuple(map(visible, cells))


def _what(each: ShadowDenial) -> str:
    return f"{each.entry.denial.workload.kind}/{each.entry.denial.workload.name}"


def _where(each: ShadowDenial) -> str:
    return each.entry.denial.workload.namespace or _NONE


def _denial(each: ShadowDenial) -> dict[str, Any]:
    return {**denial_report.entry_document(each.entry), "would": each.would or None, "fate": each.fate, "why": each.why}


def _running(each: RunningDenial) -> dict[str, Any]:
    workload, finding = each.pod.workload, each.finding
    return {
        "namespace": workload.namespace,
        "kind": workload.kind,
        "name": workload.name,
        "pods": each.pod.count,
        "policy": finding.policy,
        "image": finding.image,
        "reason": finding.reason,
        "said": finding.sentence,
    }
