"""What doctor found: as text, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from gatekeeper.cli.quotation import visible
from gatekeeper.doctor.diagnosis import Diagnosis
from gatekeeper.doctor.finding import DoctorFinding, FindingSeverity

_COLOURS: Final = {FindingSeverity.ERROR: "red", FindingSeverity.WARNING: "yellow", FindingSeverity.INFO: None}
_INDENT: Final = " " * 9


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """The diagnosis as one JSON object."""
    return {
        "healthy": diagnosis.healthy,
        "versions": dict(diagnosis.versions),
        "findings": [_row(each) for each in diagnosis.findings],
    }


def show(diagnosis: Diagnosis) -> None:
    """Print the diagnosis for a person, the worst first; what could not be seen for one reason stands in one place."""
    click.echo(", ".join(f"{name} {visible(version)}" for name, version in diagnosis.versions.items()))
    for alike in _groups(diagnosis.findings):
        _finding(alike)
    click.echo()
    click.echo(_sum(diagnosis))


def _finding(alike: Sequence[DoctorFinding]) -> None:
    first = alike[0]
    word = click.style(f"{first.severity:7}", fg=_COLOURS[first.severity], bold=True)
    click.echo()
    click.echo(f"{word}  {', '.join(each.check for each in alike)}: {visible(first.subject)}")
    click.echo(f"{_INDENT}{visible(first.message)}")
    click.echo(f"{_INDENT}to do: {visible(first.advice)}")
    click.echo(f"{_INDENT}see {first.page if len(alike) == 1 else first.page.partition('#')[0]}")


def _groups(findings: Sequence[DoctorFinding]) -> Iterator[list[DoctorFinding]]:
    """Findings one by one; those that could not be judged for the same reason together."""
    groups: dict[object, list[DoctorFinding]] = {}
    for each in findings:
        key = each if each.judged else (each.severity, each.subject, each.message, each.remedy)
        groups.setdefault(key, []).append(each)
    yield from groups.values()


def _sum(diagnosis: Diagnosis) -> str:
    counts = dict.fromkeys(FindingSeverity, 0)
    for each in diagnosis.findings:
        counts[each.severity] += each.judged
    unseen = sum(not each.judged for each in diagnosis.findings)
    parts = [_counted(count, severity) for severity, count in counts.items() if count and severity != "info"]
    parts += [f"{unseen} not judged"] if unseen else []
    if diagnosis.healthy:
        return ", ".join([click.style("nothing to fix", fg="green", bold=True), *parts])
    return ", ".join(parts)


def _counted(count: int, severity: FindingSeverity) -> str:
    return f"{count} {severity}{'s' if count > 1 else ''}"


def _row(finding: DoctorFinding) -> dict[str, Any]:
    return {
        "check": str(finding.check),
        "severity": str(finding.severity),
        "judged": finding.judged,
        "subject": finding.subject,
        "message": finding.message,
        "remedy": finding.advice,
        "page": finding.page,
    }
