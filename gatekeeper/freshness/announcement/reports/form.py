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
    return tuple(form for form in FORMS if form.resource.version in _versions(api, form))


def refuse_other_versions(api: KubernetesApi) -> None:
    """Where none is present, tell whether one is there in other versions: that is no cluster without reports.

    Raises:
        ObjectAbsentError: so it is; which one, and which versions.
        ClusterError: nobody can say.
    """
    for form in FORMS:
        if versions := _versions(api, form):
            raise ObjectAbsentError(
                f"no report is written: {form.definition} serves {', '.join(versions)}, and reports are written in "
                f"{form.resource.version}"
            )


def _versions(api: KubernetesApi, form: ReportForm) -> list[str]:
    """The versions in which a kind is served; none where it is not there, or on its way out."""
    try:
        definition = api.get(CUSTOM_RESOURCE_DEFINITIONS, form.definition)
    except ObjectAbsentError:
        return []
    if definition["metadata"].get("deletionTimestamp"):
        return []
    versions = fields.rows(fields.mapping(definition, "spec"), "versions")
    return [str(each.get("name")) for each in versions if each.get("served") is True]
