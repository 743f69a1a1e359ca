"""What runs and until when, in a terminal."""

from __future__ import annotations

import click

from gatekeeper.cli import output
from gatekeeper.freshness.outlook import Question
from gatekeeper.freshness.overview import headline, moments
from gatekeeper.freshness.overview.overview import Overview, OverviewRow, RowState
from gatekeeper.freshness.overview.words import ASKED, NOT_ASKED, WORDS

_HEAD = ("STATE", "FROM", "TEAM", "WORKLOAD", "IMAGE", "POLICY", "WHEN", "WHY, AND WHAT TO DO")
_COLOURS = {RowState.DENIED: "red", RowState.DUE: "yellow", RowState.FINE: "green"}


def show(overview: Overview) -> None:
    """The headline, how many there are of each, and the rows that somebody should look at."""
    said = headline.of(overview)
    click.echo(click.style(said.title, bold=True))
    if said.detail:
        click.echo(said.detail)
    if overview.rows:
        click.echo(_counts(overview))
    if overview.attention:
        click.echo()
        output.table([_HEAD, *map(_row, overview.attention)])
    tell_gaps(overview)


def tell_gaps(overview: Overview) -> None:
    """What was not looked at, on standard error: for forms that have no place for it."""
    output.notes([f"not judged: {each}" for each in overview.not_judged])
    output.notes([f"not asked: {NOT_ASKED[each]}" for each in overview.not_asked])


def exit_code(overview: Overview) -> output.Exit:
    """What the command ends with where something was judged."""
    if all(row.state is RowState.UNKNOWN for row in overview.rows):
        return output.Exit.NO_VERDICT
    if overview.attention:
        return output.Exit.DENIED
    return output.Exit.NO_VERDICT if overview.not_judged else output.Exit.ALLOWED


def _counts(overview: Overview) -> str:
    workloads = overview.workloads()
    parts = [
        click.style(f"{workloads[state]:,} {WORDS[state].lower()}", fg=_COLOURS.get(state))
        for state in RowState
        if workloads[state]
    ]
    return f"Workloads: {', '.join(parts)}, as far as {moments.minute(overview.until)}."


def _row(row: OverviewRow) -> tuple[str, ...]:
    name = row.workload
    return (
        WORDS[row.state].lower() + (" (critical)" if row.critical else ""),
        _when(row),
        row.team or "-",
        f"{name.namespace}/{name.kind}/{name.name}",
        row.image,
        row.policy,
        ", ".join(ASKED[Question(each)] for each in row.questions),
        " ".join(_why(row)),
    )


def _when(row: OverviewRow) -> str:
    if row.state in {RowState.DENIED, RowState.UNPULLABLE}:
        return "now"
    return "-" if row.since is None else moments.minute(row.since)


def _why(row: OverviewRow) -> list[str]:
    waived = [f"Waived until {moments.minute(row.waived_until)}."] if row.waived_until is not None else []
    again = [f"Admitted again {moments.minute(row.ends)}."] if row.ends is not None else []
    reason = [f"{row.reason}:"] if row.reason and (row.sentence or row.remedy) else [row.reason] if row.reason else []
    sentence = [_ended(row.sentence)] if row.sentence and row.remedy else [row.sentence] if row.sentence else []
    return [*reason, *sentence, *([row.remedy] if row.remedy else []), *waived, *again, *row.notes]


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
