"""What runs in a cluster, and the policies that it enforces, as commands read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gatekeeper.cli.forecasts import Horizon, PolicySet
from gatekeeper.cli.progress import Progress
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import Resource
from gatekeeper.controller.policies_in_force import PoliciesInForce
from gatekeeper.documents import fields
from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from gatekeeper.waivers import waiver

if TYPE_CHECKING:
    from gatekeeper.cluster.api import KubernetesApi
    from gatekeeper.freshness.inventory.inventory import WorkloadInventory

_GROUP, _, _VERSION = waiver.GROUP_VERSION.partition("/")
_WAIVERS: Final = Resource(_GROUP, _VERSION, "waivers", waiver.KIND, namespaced=False)


def policies(api: KubernetesApi) -> PolicySet:
    """The policies that the cluster's Gatekeeper enforces, with the Waivers that it has.

    Raises:
        ClusterError: the policies cannot be listed.
    """
    reader = PoliciesInForce(api)
    translations = reader.read()
    problems = list(reader.problems)
    data: dict[str, Any] = {}
    if any(Template.of(each.template).reads_waivers for each in translations):
        try:
            found = {fields.name(each): each for page in api.pages(_WAIVERS) for each in page}
            data = {"cluster": {waiver.GROUP_VERSION: {waiver.KIND: found}}}
        except ObjectAbsentError:
            # Nobody can have written one.
            data = {}
        except ClusterError as error:
            problems.append(f"Waivers could not be read, so what they let pass stands here as denied: {error.message}")
    return PolicySet(translations, problems=problems, data=data)


def inventory(  # noqa: PLR0913, PLR0917 - what is read, and how
    api: KubernetesApi, asked: PolicySet, namespace: str, team_label: str, span: Horizon, progress: Progress
) -> WorkloadInventory:
    """What runs in the namespaces that policies look at; what cannot be read is among its problems."""
    reader = WorkloadInventoryReader(api, covered(asked.translations), team_label, namespace, progress.step)
    return reader.read(span.now)
