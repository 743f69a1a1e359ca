"""How commands reach a cluster: the same options for all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatekeeper.cli import output

if TYPE_CHECKING:
    from gatekeeper.cluster.cluster import Cluster
    from gatekeeper.cluster.server_metrics import ServerMetrics


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--kubeconfig` and `--context`."""
    for option in (
        click.option(
            "--context", default="", metavar="NAME", help="Context of the kubeconfig. Default: its current one."
        ),
        click.option(
            "--kubeconfig",
            type=click.Path(path_type=Path),
            help="How to reach the cluster. Default: the service account of the Pod, KUBECONFIG, ~/.kube/config.",
        ),
    ):
        command = option(command)
    return command


def connect(kubeconfig: Path | None, context: str) -> Cluster:
    """The cluster, of which nothing is asked yet; without a way to one the command ends with the code for usage."""
    # Imported here: the help should not pay for a client of Kubernetes.
    from gatekeeper.cluster import cluster  # noqa: PLC0415
    from gatekeeper.cluster.errors import NoClusterError  # noqa: PLC0415

    try:
        return cluster.connect(kubeconfig, context)
    except NoClusterError as error:
        output.refuse([f"{kubeconfig or 'kubeconfig'}: {error.message}"])


def server_metrics(kubeconfig: Path | None, context: str) -> ServerMetrics:
    """The metrics of the API server, of which nothing is asked yet; as for `connect`."""
    from gatekeeper.cluster import access  # noqa: PLC0415 - as above
    from gatekeeper.cluster.errors import NoClusterError  # noqa: PLC0415
    from gatekeeper.cluster.server_metrics import ApiServerMetrics  # noqa: PLC0415

    try:
        return ApiServerMetrics(access.find(kubeconfig, context))
    except NoClusterError as error:
        output.refuse([f"{kubeconfig or 'kubeconfig'}: {error.message}"])
