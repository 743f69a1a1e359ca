"""What runs in a cluster, as commands read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.cli.forecasts import Horizon, PolicySet
from gatekeeper.cli.progress import Progress
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi
    from gatekeeper.freshness.inventory.inventory import WorkloadInventory


def inventory(  # noqa: PLR0913, PLR0917 - what is read, and how
    api: KubernetesApi, asked: PolicySet, namespace: str, team_label: str, span: Horizon, progress: Progress
) -> WorkloadInventory:
    """What runs in the namespaces that policies look at; what cannot be read is among its problems."""
    reader = WorkloadInventoryReader(api, covered(asked.translations), team_label, namespace, progress.step)
    return reader.read(span.now)
