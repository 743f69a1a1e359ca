"""The kinds of reports that a cluster may have; we install none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import CUSTOM_RESOURCE_DEFINITIONS, Resource
from gatekeeper.documents import fields

# Reports of one answer: each has up to 50 results.
_PAGE: Final = 100


@dataclass(frozen=True)
class ReportForm:
    """A form of reports.

    Attributes:
        resource: the kind of its objects.
        definition: the name of its CustomResourceDefinition.
        sourced: whether a report itself has the field `source`, and its results are bounded by `configuration`.
    """

    resource: Resource
    definition: str
    sourced: bool


OPEN_REPORTS: Final = ReportForm(
    Resource("openreports.io", "v1alpha1", "reports", "Report", page=_PAGE), "reports.openreports.io", sourced=True
)
POLICY_REPORTS: Final = ReportForm(
    Resource("wgpolicyk8s.io", "v1alpha2", "policyreports", "PolicyReport", page=_PAGE),
    "policyreports.wgpolicyk8s.io",
    sourced=False,
)
# The better one first.
FORMS: Final = (OPEN_REPORTS, POLICY_REPORTS)


def present(api: KubernetesApi) -> tuple[ReportForm, ...]:
    """Those that the cluster has now, the better one first.

    Raises:
        ClusterError: nobody can say.
    """
    return tuple(form for form in FORMS if _is_served(api, form))


def _is_served(api: KubernetesApi, form: ReportForm) -> bool:
    try:
        definition = api.get(CUSTOM_RESOURCE_DEFINITIONS, form.definition)
    except ObjectAbsentError:
        return False
    if definition["metadata"].get("deletionTimestamp"):
        return False
    versions = fields.rows(fields.mapping(definition, "spec"), "versions")
    return any(each.get("name") == form.resource.version and each.get("served") is True for each in versions)
