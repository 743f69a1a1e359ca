"""Policies of which nothing can be compared, because what is in force is not their present text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import CLUSTER_IMAGE_POLICIES, POLICY_STATUSES
from gatekeeper.documents import fields
from gatekeeper.reconciliation import status
from gatekeeper.reconciliation.status import IN_FORCE_STATES


def problems(api: KubernetesApi) -> Sequence[str]:
    """A sentence for each policy that is not in force as it is written, and for what could not be read."""
    return list(_problems(api))


def _problems(api: KubernetesApi) -> Iterator[str]:
    try:
        said = {each.name: each for page in api.pages(POLICY_STATUSES) for each in map(status.read, page)}
        policies = [each for page in api.pages(CLUSTER_IMAGE_POLICIES) for each in page]
    except ObjectAbsentError as error:
        yield f"whether each policy is in force is not known: there is no such kind ({error.message})"
        return
    except ClusterError as error:
        yield f"whether each policy is in force is not known: {error.message}"
        return
    for each in policies:
        name, generation = fields.name(each), fields.number(each, "metadata", "generation")
        found = said.get(name)
        if found is None or not found.state:
            yield f"policy {name}: no controller has looked at it"
        elif found.state not in IN_FORCE_STATES:
            yield f"policy {name} is {found.state}: {found.message}"
        elif 0 < found.generation < generation:
            yield f"policy {name}: generation {generation} is not looked at yet"
