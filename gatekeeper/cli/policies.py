"""`bestbefore policies`: what each policy of a cluster does, and why one is not in force."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from gatekeeper.cli import clusters, output
from gatekeeper.cli.quotation import visible
from gatekeeper.cli.reports import policies as report
from gatekeeper.cli.reports.policies import PolicyLine
from gatekeeper.reconciliation import marks, status
from gatekeeper.reconciliation.status import PolicyStatus

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi
    from gatekeeper.cluster.resource import Resource

# How often an annotation is tried, which somebody else may write at the same moment.
_ATTEMPTS: Final = 3


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--cluster", "_cluster", is_flag=True, help="Read them from a cluster, as also without this option.")
@click.option(
    "--accept-removal", is_flag=True, help="Say of policies that are held that their end is meant: it comes then."
)
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the output.")
@clusters.options
def command(
    names: tuple[str, ...],
    form: str,
    kubeconfig: Path | None,
    context: str,
    *,
    _cluster: bool,
    accept_removal: bool,
) -> None:
    """Show what each ClusterImagePolicy of a cluster does: whether it is in force, where, and why not.

    With NAMEs only these. It needs the right to list ClusterImagePolicies and PolicyStatuses.

    A policy is held when its object is gone in a way that looks like a fault: what is in force stays. With
    --accept-removal a person says that it was meant, of all policies that are held, or of the NAMEs; the controller
    ends them then. It needs the right to get and update PolicyStatuses.

    Exit: 0 each is in force as it is written, or what was asked for is done; 1 one is not; 2 an option, a name or a
    kubeconfig that cannot be used; 3 nothing could be read or written.
    """
    api = clusters.connect(kubeconfig, context).api
    lines = _lines(api, names)
    if accept_removal:
        if names:
            output.notes([f"{each.name} is not held: nothing of it is accepted" for each in lines if not each.held])
        _accept(api, lines, form)
    report.show(lines, form)
    sys.exit(output.Exit.ALLOWED if all(each.as_written for each in lines) else output.Exit.DENIED)


def _lines(api: KubernetesApi, names: Sequence[str]) -> list[PolicyLine]:
    """What is known of each policy; without a PolicyStatus it is known that there is one."""
    from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES, POLICY_STATUSES  # noqa: PLC0415

    try:
        statuses = {each.name: each for each in map(status.read, _all(api, POLICY_STATUSES))}
    except ObjectAbsentError:
        _leave("the cluster has no PolicyStatuses: the chart brings their definition")
    except ClusterError as error:
        _leave(error.message)
    generations: dict[str, int] = {}
    try:
        found = _all(api, CLUSTER_IMAGE_POLICIES)
        generations = {each["metadata"]["name"]: int(each["metadata"].get("generation", 0)) for each in found}
    except ObjectAbsentError:
        output.warning("the cluster has no ClusterImagePolicies: their definition is not there")
    except ClusterError as error:
        output.warning(f"{error.message}; what is shown is what the controller said")
    every = sorted(statuses.keys() | generations.keys())
    if missing := [name for name in names if name not in every]:
        output.refuse(f"there is no policy {visible(name)}" for name in missing)
    return [
        PolicyLine(name, statuses.get(name), generations.get(name, 0)) for name in every if name in names or not names
    ]


def _all(api: KubernetesApi, resource: Resource) -> list[Mapping[str, Any]]:
    return [each for page in api.pages(resource) for each in page]


def _accept(api: KubernetesApi, lines: Sequence[PolicyLine], form: str) -> NoReturn:
    """Say of those that are held that their end is meant."""
    from gatekeeper.cluster.errors import ClusterError  # noqa: PLC0415 - as in `clusters.connect`

    held = [each.status for each in lines if each.status is not None and each.held]
    accepted = []
    for each in held:
        try:
            _annotate(api, each)
        except ClusterError as error:
            _leave(error.message)
        accepted.append(each.name)
    report.show_accepted(accepted, form)
    sys.exit(output.Exit.ALLOWED)


def _annotate(api: KubernetesApi, held: PolicyStatus) -> None:
    from gatekeeper.cluster.errors import ConflictError  # noqa: PLC0415 - as in `clusters.connect`
    from gatekeeper.cluster.resource import POLICY_STATUSES  # noqa: PLC0415

    for attempt in range(_ATTEMPTS):
        there = api.get(POLICY_STATUSES, held.name)
        metadata = there["metadata"]
        annotations = {**(metadata.get("annotations") or {}), marks.ACCEPT_REMOVAL: held.uid}
        try:
            api.replace(POLICY_STATUSES, {**there, "metadata": {**metadata, "annotations": annotations}})
        except ConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _leave(sentence: str) -> NoReturn:
    output.problem(sentence)
    sys.exit(output.Exit.NO_VERDICT)
