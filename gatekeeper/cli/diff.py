"""`bestbefore diff`: which workloads a change of policies changes the verdict of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from gatekeeper.cli import forecasts, output
from gatekeeper.cli.progress import Progress

if TYPE_CHECKING:
    from gatekeeper.freshness.changes.change import PolicyChange

_NOTHING: Final = "nothing was judged: neither the old nor the new policies cover an image of the inventory"


@click.command()
@click.argument("old", metavar="OLD", type=click.Path(path_type=Path))
@click.argument("new", metavar="NEW", type=click.Path(path_type=Path))
@forecasts.recorded_inventory
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="Form of the output; markdown is fit for a comment on a pull request.",
)
@forecasts.namespaces
@forecasts.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    old: Path,
    new: Path,
    inventory_path: Path,
    form: str,
    namespace: str,
    team: str,
    team_label: str,
    now: str | None,
    until: str,
    **given: Any,  # noqa: ANN401 - the options of `forecasts.options`
) -> None:
    """Say of which workloads the verdict changes from the policies of OLD to those of NEW, now and at the end.

    OLD and NEW are files or directories, as for `check --policy`. Both are asked about the same recorded inventory and
    the same facts. For those that NEW denies and OLD does not there are Waivers to begin with, one for each owner.

    git worktree add /tmp/before origin/main

    bestbefore diff /tmp/before/policies policies --inventory inventory.json > comment.md

    Exit: 0 no verdict changes, 1 some do, 2 a file or an option cannot be used or no policy covers anything, 3 no
    verdict changes as far as could be looked at, or there is no opa.
    """
    from gatekeeper.freshness.changes.change import change  # noqa: PLC0415 - the help should not pay for it

    with forecasts.refusals(), Progress("images asked about, policies judged") as progress:
        span = forecasts.horizon(now, until)
        ways = forecasts.ways(**given)
        sets = [forecasts.policies([str(path)], ways, span.now) for path in (old, new)]
        found = forecasts.inventory_of(inventory_path, span.now, team_label, namespace)
        found = forecasts.of_team(found, team)
        facts = forecasts.facts(sets, ways, progress)
        before, after = (forecasts.foreseen(each, found, facts, ways.opa, span, progress) for each in sets)
    _leave(change(before, after, span.now, span.until, found.problems), form)


def _leave(found: PolicyChange, form: str) -> NoReturn:
    if not found.workloads:
        output.problem(_NOTHING)
        sys.exit(output.Exit.USAGE)
    if form == "json":
        from gatekeeper.freshness.changes import json_form  # noqa: PLC0415 - only this form has it

        output.document(json_form.document(found))
    else:
        from gatekeeper.freshness.changes import markdown  # noqa: PLC0415 - as above

        click.echo(markdown.render(found), nl=False)
    if found.changes:
        sys.exit(output.Exit.DENIED)
    sys.exit(output.Exit.NO_VERDICT if found.unknown or found.not_judged else output.Exit.ALLOWED)
