"""What policies would do that nobody enforces yet: text, JSON, the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click
import yaml

from gatekeeper.cli import output
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.overview import headline, json_form, moments
from gatekeeper.freshness.overview.overview import Overview
from gatekeeper.freshness.simulation.days import DayOfDenials, days
from gatekeeper.freshness.simulation.ramps import TriedRamp

_VERSION: Final = 1
# Workloads that are named in one line.
_NAMED: Final = 5


def show(overview: Overview, tried: Sequence[TriedRamp], form: str) -> None:
    """Print it in a form: `text`, `json` or `html`."""
    if form == "json":
        output.document(document(overview, tried))
    elif form == "html":
        from gatekeeper.freshness.overview.page import page  # noqa: PLC0415 - only this form has templates

        click.echo(page.render(overview))
    else:
        _text(overview, tried)


def document(overview: Overview, tried: Sequence[TriedRamp]) -> dict[str, Any]:
    """One object: the report, the days, the ramps."""
    return {
        "version": _VERSION,
        "report": json_form.document(overview),
        "days": [_day(each) for each in days(overview)],
        "ramps": [_ramp(each) for each in tried],
    }


def _day(each: DayOfDenials) -> dict[str, Any]:
    return {
        "day": moments.date(each.day),
        "already": each.already,
        "workloads": [_workload(name) for name in each.workloads],
    }


def _ramp(each: TriedRamp) -> dict[str, Any]:
    steps = [
        {"from": moments.date(step.start), "maxAge": f"{step.days}d", "workloads": list(map(_workload, step.workloads))}
        for step in each.ramp.steps
    ]
    return {
        "policy": each.ramp.policy,
        "notice": each.ramp.notice,
        "parameters": each.ramp.parameters,
        "steps": steps,
        "early": list(map(_workload, each.early)),
        "undated": list(map(_workload, each.undated)),
    }


def _workload(name: WorkloadName) -> dict[str, str]:
    return {"namespace": name.namespace, "kind": name.kind, "name": name.name}


def _text(overview: Overview, tried: Sequence[TriedRamp]) -> None:
    said = headline.of(overview)
    click.echo(click.style(said.title, bold=True))
    if said.detail:
        click.echo(said.detail)
    found = days(overview)
    if found:
        click.echo()
        output.table([("DAY", "WORKLOADS", "WHICH"), *map(_line, found)])
    for each in tried:
        click.echo()
        _show_ramp(each)
    output.notes([f"not judged: {each}" for each in overview.not_judged])


def _line(each: DayOfDenials) -> tuple[str, ...]:
    return ("now" if each.already else moments.day(each.day), str(len(each.workloads)), _names(each.workloads))


def _show_ramp(each: TriedRamp) -> None:
    ramp = each.ramp
    name = click.style(ramp.policy, bold=True)
    if not ramp.steps:
        click.echo(
            f"{name}: {ramp.days}d denies nothing for its age in the next {ramp.notice} days: no ramp is needed."
        )
    else:
        click.echo(f"{name}: the ramp by which nothing is denied that was not announced for {ramp.notice} days:")
        click.echo()
        click.echo(yaml.safe_dump({"parameters": ramp.parameters}, sort_keys=False).rstrip())
        click.echo()
        rows = [
            (moments.day(step.start), f"{step.days}d", str(len(step.workloads)), _names(step.workloads))
            for step in ramp.steps
        ]
        output.table([("FROM", "MAXAGE", "WORKLOADS", "WHICH"), *rows])
    if each.undated:
        output.notes([f"no ramp helps those without a date; `unknownAge: warn` does: {_names(each.undated)}"])
    if each.early:
        output.warning(f"the ramp still denies within {ramp.notice} days: {_names(each.early)}")


def _names(names: Sequence[WorkloadName]) -> str:
    shown = ", ".join(f"{each.namespace}/{each.name}" for each in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else shown
