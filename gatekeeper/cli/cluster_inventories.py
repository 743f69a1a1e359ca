"""What runs in a cluster, and the policies that it enforces, as commands read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.cli import cluster_waivers
from gatekeeper.cli.forecasts import Horizon, PolicySet
from gatekeeper.cli.progress import Progress
from gatekeeper.controller.policies_in_force import PoliciesInForce
from gatekeeper.documents import fields
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from gatekeeper.waivers import waiver

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi
    from gatekeeper.freshness.inventory.inventory import WorkloadInventory


def policies(api: KubernetesApi) -> PolicySet:
    """The policies that the cluster's Gatekeeper enforces, with the Waivers that it has.

    Raises:
        ClusterError: the policies cannot be listed.
    """
    reader = PoliciesInForce(api)
    translations = reader.read()
    problems = list(reader.problems)
    waivers = cluster_waivers.read(api, [each.template for each in translations])
    problems += filter(None, [waivers.problem])
    by_name = {fields.name(each): each for each in waivers.objects}
    data = {"cluster": {waiver.GROUP_VERSION: {waiver.KIND: by_name}}} if by_name else {}
    return PolicySet(translations, problems=problems, data=data)


def inventory(  # noqa: PLR0913, PLR0917 - what is read, and how
    api: KubernetesApi, asked: PolicySet, namespace: str, team_label: str, span: Horizon, progress: Progress
) -> WorkloadInventory:
    """What runs in the namespaces that policies look at; what cannot be read is among its problems."""
    reader = WorkloadInventoryReader(api, covered(asked.translations), team_label, namespace, progress.step)
    return reader.read(span.now)
