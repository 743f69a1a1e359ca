"""`bestbefore report`: what will be denied, when, whose it is, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from gatekeeper.cli import clusters, forecasts, output
from gatekeeper.cli.forecasts import PolicySet
from gatekeeper.cli.progress import Progress
from gatekeeper.cli.reports import overview as form_of_terminal

if TYPE_CHECKING:
    from gatekeeper.freshness.inventory.inventory import WorkloadInventory
    from gatekeeper.freshness.overview.overview import Overview

_NOTHING: Final = "nothing was judged: no policy covers an image of the inventory"


@click.command()
@click.option(
    "--policy",
    "paths",
    multiple=True,
    metavar="FILE|DIR",
    help="Policies, as for `check`. Default: those that the cluster's Gatekeeper enforces, if they are ours. May be "
    "repeated.",
)
@click.option(
    "--inventory",
    "inventory_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What runs: a file of --save-inventory, or what `kubectl get … -A -o yaml` prints (`-` is standard input). "
    "Default: a cluster is read.",
)
@click.option(
    "--save-inventory",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write what runs to a file, for `report`, `simulate` and `diff`.",
)
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["table", "json", "csv", "html"]),
    default="table",
    show_default=True,
    help="Form of the output; html is one page in one file.",
)
@forecasts.namespaces
@forecasts.options
@clusters.options
def command(  # noqa: PLR0913, PLR0917 - the options of the command
    paths: tuple[str, ...],
    inventory_path: Path | None,
    save_inventory: Path | None,
    form: str,
    namespace: str,
    team: str,
    team_label: str,
    now: str | None,
    until: str,
    kubeconfig: Path | None,
    context: str,
    **given: Any,  # noqa: ANN401 - the options of `forecasts.options`
) -> None:
    """Say of what runs in a cluster which images will be denied, when, whose they are, and what to do.

    The very templates that Gatekeeper has are evaluated at later clocks, as for `check --until`. Each image of each
    workload is judged for what may happen to it: the object is applied again, a controller makes the next Pod of it
    (on reschedule), it just runs, somebody rolls it back, a node has to pull it.

    A cluster is read with your own kubeconfig: it needs the right to list namespaces, Pods and workloads, and where
    --policy is not given ConstraintTemplates, Constraints and Waivers. Nothing is written there, and nothing is served.

    Times are absolute and in UTC. What was not judged is said.

    bestbefore report --output html > report.html

    Exit: 0 nothing is denied as far as it looks, 1 there is something to look at, 2 a file or an option cannot be
    used or no policy covers anything, 3 the cluster, all images or opa are out of reach, or nothing was found and not
    everything was judged.
    """
    with forecasts.refusals(), Progress("pages read, images asked about, policies judged") as progress:
        if inventory_path and (kubeconfig or context):
            raise click.UsageError("either --inventory, or a cluster by --kubeconfig or --context: not both")
        if inventory_path and not paths:
            raise click.UsageError("--inventory has no policies: name some with --policy")
        if given["given_waivers"] and not paths:
            raise click.UsageError("--waiver goes with --policy: by the policies of a cluster its own Waivers count")
        span = forecasts.horizon(now, until)
        ways = forecasts.ways(**given)
        policies = forecasts.policies(paths, ways, span.now) if paths else PolicySet(())
        if inventory_path:
            found = forecasts.inventory_of(inventory_path, span.now, team_label, namespace)
        else:
            from gatekeeper.cli import cluster_inventories as running  # noqa: PLC0415 - as in `clusters.connect`

            api = clusters.connect(kubeconfig, context).api
            policies = policies if paths else running.policies(api)
            found = running.inventory(api, policies, namespace, team_label, span, progress)
        if save_inventory:
            _save(found, save_inventory)
        found = forecasts.of_team(found, team)
        facts = forecasts.facts([policies], ways, progress)
        outlooks = forecasts.foreseen(policies, found, facts, ways.opa, span, progress)
    from gatekeeper.freshness.overview import rows  # noqa: PLC0415 - the help should not pay for it

    where = inventory_path.name if inventory_path else context
    not_judged = [*policies.problems, *found.problems]
    _leave(rows.overview(outlooks, span.now, span.until, where, not_judged), form)


def _leave(overview: Overview, form: str) -> NoReturn:
    _show(overview, form)
    if not overview.rows:
        output.problem(_NOTHING)
        sys.exit(output.Exit.USAGE)
    sys.exit(form_of_terminal.exit_code(overview))


def _show(overview: Overview, form: str) -> None:
    if form == "html":
        from gatekeeper.freshness.overview.page import page  # noqa: PLC0415 - only this form has templates

        click.echo(page.render(overview))
    elif form == "csv":
        from gatekeeper.freshness.overview import csv_form  # noqa: PLC0415 - as above

        click.echo(csv_form.render(overview), nl=False)
        form_of_terminal.tell_gaps(overview)
    elif form == "json":
        from gatekeeper.freshness.overview import json_form  # noqa: PLC0415 - as above

        output.document(json_form.document(overview))
    else:
        form_of_terminal.show(overview)


def _save(inventory: WorkloadInventory, path: Path) -> None:
    from gatekeeper.freshness.inventory import inventory_file  # noqa: PLC0415 - as above

    try:
        inventory_file.write(inventory, path)
    except OSError as error:
        raise click.UsageError(f"--save-inventory {path}: {error.strerror}") from error
