"""`bestbefore simulate`: whom policies would deny that nobody enforces yet, day by day."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click

from gatekeeper.cli import forecasts, output
from gatekeeper.cli.forecasts import Horizon, PolicySet
from gatekeeper.cli.progress import Progress
from gatekeeper.cli.reports import overview as overview_form
from gatekeeper.cli.reports import simulation as report

_NOTHING: Final = "nothing was judged: no policy covers an image of the inventory"
_NOTICE_DAYS: Final = 14


@click.command()
@click.option(
    "--policy",
    "paths",
    multiple=True,
    required=True,
    metavar="FILE|DIR",
    help="The policies to try, as for `check`. May be repeated.",
)
@forecasts.recorded_inventory
@click.option(
    "--notice",
    type=click.IntRange(1, 366),
    default=_NOTICE_DAYS,
    show_default=True,
    metavar="DAYS",
    help="For how long a denial has to be announced before it comes, for the ramp.",
)
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json", "html"]), default="text", help="Form of the output."
)
@forecasts.namespaces
@forecasts.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    paths: tuple[str, ...],
    inventory_path: Path,
    notice: int,
    form: str,
    namespace: str,
    team: str,
    team_label: str,
    now: str | None,
    until: str,
    **given: Any,  # noqa: ANN401 - the options of `forecasts.options`
) -> None:
    """Say whom policies would deny that nobody enforces yet, of what runs in a recorded inventory: who, when, by day.

    For each MaximumImageAge with a limit and no schedule it shows the ramp that would hurt nobody: the schedule by
    which nothing is denied that was not announced for --notice days. The ramp is tried by the very template before it
    is shown.

    bestbefore report --save-inventory inventory.json > /dev/null

    bestbefore simulate --policy candidate.yaml --inventory inventory.json --until +90d

    Exit: 0 nothing is denied as far as it looks, 1 something is, 2 a file or an option cannot be used or no policy
    covers anything, 3 no image can be looked at, there is no opa, or nothing was found and not everything was judged.
    """
    from gatekeeper.freshness.overview import rows  # noqa: PLC0415 - the help should not pay for it
    from gatekeeper.freshness.simulation.ramps import ramps  # noqa: PLC0415 - as above

    with forecasts.refusals(), Progress("images asked about, policies judged") as progress:
        span = forecasts.horizon(now, until)
        ways = forecasts.ways(**given)
        policies = forecasts.policies(paths, ways, span.now)
        found = forecasts.inventory_of(inventory_path, span.now, team_label, namespace)
        found = forecasts.of_team(found, team)
        facts = forecasts.facts([policies], ways, progress)
        outlooks = forecasts.foreseen(policies, found, facts, ways.opa, span, progress)
        tried = list(
            ramps(
                policies.translations,
                lambda several, end: forecasts.foreseen(
                    PolicySet(several), found, facts, ways.opa, Horizon(span.now, end), progress
                ),
                span.now,
                span.until,
                notice,
            )
        )
    overview = rows.overview(outlooks, span.now, span.until, inventory_path.name, found.problems)
    report.show(overview, tried, form)
    if not overview.rows:
        output.problem(_NOTHING)
        sys.exit(output.Exit.USAGE)
    sys.exit(overview_form.exit_code(overview))
