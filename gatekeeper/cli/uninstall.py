"""`bestbefore uninstall`: what the controller wrote goes from a cluster, before the release does."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gatekeeper.cli import clusters, output
from gatekeeper.cli.quotation import visible
from provider.clock import SystemClock

if TYPE_CHECKING:
    from gatekeeper.uninstallation.plan import UninstallationPlan

_NOTHING: Final = "There is nothing to take away."


@click.command()
@click.option(
    "-n", "--namespace", required=True, metavar="NAMESPACE", help="Namespace of the controller: where the release is."
)
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME",
    help="A Secret with a certificate, in that namespace: if the controller wrote it, it goes, too. May be repeated.",
)
@click.option(
    "--config-map",
    "config_maps",
    multiple=True,
    metavar="NAME",
    help="The same of a ConfigMap with trust roots, or with what is kept of a mirror. May be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--hook",
    is_flag=True,
    help="It is the chart's hook: do nothing where neither Helm nor Argo CD installed the controller.",
)
@clusters.options
def command(  # noqa: PLR0913 - the options of the command
    namespace: str,
    secrets: tuple[str, ...],
    config_maps: tuple[str, ...],
    kubeconfig: Path | None,
    context: str,
    *,
    dry_run: bool,
    hook: bool,
) -> None:
    """Take away what the controller wrote into a cluster, so that the release can go.

    `helm uninstall` runs it first, by a hook of the chart. A Constraint whose provider is gone denies everything, so
    this is the order: the controller is scaled to 0 and its Pods end, for it puts back what is deleted; then its
    Constraints go, then its ConstraintTemplates, then the Providers that it wrote, then PolicyStatuses and its Lease.
    Each step waits until the one before is done. ClusterImagePolicies stay.

    Where the Providers lead to an installation in another namespace, policies and Providers are its, and stay.

    What others wrote stays, too, such as objects that somebody applied from what `translate` printed. While one of them
    asks the provider and denies, nothing is done: it is named, and the exit code is 1.

    Whatever stops it, run it again: it goes on from where it was.

    Exit: 0 all is gone; 1 something that others wrote needs the provider; 2 an option or a kubeconfig that cannot be
    used, or a hook that nobody's uninstallation runs; 3 it is not done.
    """
    # Imported here, as in `clusters.connect`: the help should not pay for a client of Kubernetes.
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415
    from gatekeeper.uninstallation.errors import (  # noqa: PLC0415
        NoReleaseError,
        ProviderNeededError,
        UninstallationError,
    )
    from gatekeeper.uninstallation.hook import see_that_hooks_run  # noqa: PLC0415
    from gatekeeper.uninstallation.plan import plan  # noqa: PLC0415
    from gatekeeper.uninstallation.reader import InventoryReader  # noqa: PLC0415
    from gatekeeper.uninstallation.uninstaller import Uninstaller, needed  # noqa: PLC0415

    api = clusters.connect(kubeconfig, context).api
    reader = InventoryReader(api, namespace, secrets, config_maps)
    try:
        if hook:
            see_that_hooks_run(api, namespace)
        planned = plan(reader.read())
        output.notes(_notes(planned, namespace))
        if not dry_run:
            Uninstaller(api, reader, SystemClock(), time.sleep, _say).run(planned)
    except ProviderNeededError as error:
        output.problem(error.message)
        sys.exit(output.Exit.DENIED)
    except NoReleaseError as error:
        output.problem(error.message)
        sys.exit(output.Exit.USAGE)
    except (ClusterError, UninstallationError) as error:
        output.problem(error.message)
        sys.exit(output.Exit.NO_VERDICT)
    if not dry_run:
        click.echo("Done: the release can go.")
        return
    _show(planned)
    if planned.obstacles:
        output.problem(needed([each.title for each in planned.obstacles]))
        sys.exit(output.Exit.DENIED)


def _notes(planned: UninstallationPlan, namespace: str) -> list[str]:
    """What is no problem, and worth knowing."""
    notes = [
        f"{each.title} stays: others wrote it; without the provider it says so of everything, and denies nothing"
        for each in planned.remaining
    ]
    notes += [f"{each.title} stays, because a Constraint that others wrote would go with it" for each in planned.kept]
    if planned.other:
        notes.append(
            f"the Providers lead to the installation in namespace {planned.other}: they stay, as all policies do, for "
            "they need that one and nothing of this; if it is gone, delete the Providers, and try again"
        )
    if not planned.stops:
        notes.append(f"no controller is in namespace {namespace}, so none is stopped")
    return notes


def _show(planned: UninstallationPlan) -> None:
    for each in planned.stops:
        click.echo(f"would be scaled to 0: Deployment {visible(each.name)}")
    objects = (*planned.policies, *planned.records)
    for one in objects:
        click.echo(f"would be deleted: {visible(one.title)}")
    if not objects:
        click.echo(_NOTHING)


def _say(sentence: str) -> None:
    click.echo(visible(sentence))
