"""The kinds of objects that we read or write in a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gatekeeper.cluster.limits import PAGE_OBJECTS, PAGE_TEMPLATES
from gatekeeper.documents import workloads


@dataclass(frozen=True)
class Resource:
    """A kind of objects, as the API's paths name it.

    Attributes:
        group: empty for the core group.
        version: of the group.
        plural: in paths (`pods`).
        kind: in objects (`Pod`).
        namespaced: whether its objects lie in namespaces.
        page: how many of them one answer holds: fewer where each is large.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    page: int = PAGE_OBJECTS

    @property
    def api_version(self) -> str:
        """As objects have it: `apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


NAMESPACES: Final = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease")
EVENTS: Final = Resource("events.k8s.io", "v1", "events", "Event")
# The kinds that bring Pods, by their kind.
WORKLOADS: Final = {each.kind: Resource(each.group, "v1", each.resource, each.kind) for each in workloads.KINDS}
PODS: Final = WORKLOADS["Pod"]
DEPLOYMENTS: Final = WORKLOADS["Deployment"]
JOBS: Final = WORKLOADS["Job"]
CRON_JOBS: Final = WORKLOADS["CronJob"]
CONTROLLER_REVISIONS: Final = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
VALIDATING_WEBHOOKS: Final = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
MUTATING_WEBHOOKS: Final = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
)
CONSTRAINT_TEMPLATES: Final = Resource(
    "templates.gatekeeper.sh", "v1", "constrainttemplates", "ConstraintTemplate", namespaced=False, page=PAGE_TEMPLATES
)
# By its full name: OpenShift has a kind of the same name. As v1alpha1, which is stored: any other version goes through
# the conversion webhook of policy-controller, and without it there is no answer.
CLUSTER_IMAGE_POLICIES: Final = Resource(
    "policy.sigstore.dev", "v1alpha1", "clusterimagepolicies", "ClusterImagePolicy", namespaced=False
)
# Of this kind there is one version only.
TRUST_ROOTS: Final = Resource("policy.sigstore.dev", "v1alpha1", "trustroots", "TrustRoot", namespaced=False)
POLICY_STATUSES: Final = Resource("bestbefore.dev", "v1alpha1", "policystatuses", "PolicyStatus", namespaced=False)
WAIVERS: Final = Resource("bestbefore.dev", "v1alpha1", "waivers", "Waiver", namespaced=False)
SYNC_SETS: Final = Resource("syncset.gatekeeper.sh", "v1alpha1", "syncsets", "SyncSet", namespaced=False)
CUSTOM_RESOURCE_DEFINITIONS: Final = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False, page=25
)
SECRETS: Final = Resource("", "v1", "secrets", "Secret")
CONFIG_MAPS: Final = Resource("", "v1", "configmaps", "ConfigMap")
PROVIDERS: Final = Resource("externaldata.gatekeeper.sh", "v1beta1", "providers", "Provider", namespaced=False)
ASSIGNS: Final = Resource("mutations.gatekeeper.sh", "v1", "assign", "Assign", namespaced=False)
CONFIGS: Final = Resource("config.gatekeeper.sh", "v1alpha1", "configs", "Config")


def constraints(kind: str) -> Resource:
    """The Constraints of a template's kind; Gatekeeper's CRDs spell the plural like the kind, in small letters."""
    return Resource("constraints.gatekeeper.sh", "v1beta1", kind.lower(), kind, namespaced=False)
