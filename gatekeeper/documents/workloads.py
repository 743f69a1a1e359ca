"""The kinds of objects that bring Pods: the one list of them, and where each keeps the Pod's spec.

`gatekeeper/rego/kinds.rego` is made of it (`make generate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_TEMPLATE: Final = ("spec", "template", "spec")


@dataclass(frozen=True)
class Workload:
    """A kind that brings Pods; a Pod is one too.

    Attributes:
        kind: `Deployment`.
        group: its API group; empty for the core group.
        resource: the plural name, `deployments`.
        pod_spec: the fields that lead to the Pod's spec.
        matchable: whether `spec.match` of a ClusterImagePolicy may name it. policy-controller does not look at
            ReplicationControllers.
        maker: whether a built-in controller makes other objects of it.
        controller: the service account of the built-in controller that makes Pods of it; empty where none does.
        numbered: whether these Pods are numbered; else their names end with letters that are made up.
        changing: whether its pod template may change while Pods of an earlier one stay its own.
    """

    kind: str
    group: str
    resource: str
    pod_spec: tuple[str, ...] = _TEMPLATE
    matchable: bool = True
    maker: bool = True
    controller: str = ""
    numbered: bool = False
    changing: bool = False


KINDS: Final = (
    Workload("Pod", "", "pods", ("spec",), maker=False),
    Workload(
        "ReplicationController",
        "",
        "replicationcontrollers",
        matchable=False,
        controller="replication-controller",
        changing=True,
    ),
    Workload("ReplicaSet", "apps", "replicasets", controller="replicaset-controller"),
    Workload("Deployment", "apps", "deployments"),
    Workload("StatefulSet", "apps", "statefulsets", controller="statefulset-controller", numbered=True, changing=True),
    Workload("DaemonSet", "apps", "daemonsets", controller="daemon-set-controller", changing=True),
    Workload("Job", "batch", "jobs", controller="job-controller"),
    Workload("CronJob", "batch", "cronjobs", ("spec", "jobTemplate", *_TEMPLATE)),
)

BY_KIND: Final = {each.kind: each for each in KINDS}

# The kind that owns the Pods of files on a node.
NODE: Final = "Node"

_GROUPS: Final = {NODE: "", **{each.kind: each.group for each in KINDS}}
# Where Kubernetes had its own kinds once: references to owners keep it.
_FORMER_GROUP: Final = "extensions"

# Those of which built-in controllers make Pods, Jobs or ReplicaSets.
MAKERS: Final = frozenset(each.kind for each in KINDS if each.maker)

# Those whose pod template may change, and what they made before stays theirs.
CHANGING: Final = frozenset(each.kind for each in KINDS if each.changing)

# Where kinds that nobody knows beforehand keep their pod template: a Rollout, a Knative Service, a PodTemplate.
TEMPLATES: Final = (("spec", "template"), ("spec", "jobTemplate", "spec", "template"), ("template",))

# The lists of a Pod's spec that hold containers, in the order in which they are judged.
CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")

# What an update can change in the specs of Kubernetes' own kinds beside images and the pod template.
UPDATED_FIELDS: Final = (
    "activeDeadlineSeconds",
    "affinity",
    "backoffLimit",
    "backoffLimitPerIndex",
    "completions",
    "concurrencyPolicy",
    "failedJobsHistoryLimit",
    "managedBy",
    "maxFailedIndexes",
    "minReadySeconds",
    "nodeSelector",
    "ordinals",
    "parallelism",
    "paused",
    "persistentVolumeClaimRetentionPolicy",
    "podReplacementPolicy",
    "progressDeadlineSeconds",
    "replicas",
    "resources",
    "revisionHistoryLimit",
    "schedule",
    "schedulingGates",
    "selector",
    "startingDeadlineSeconds",
    "strategy",
    "successfulJobsHistoryLimit",
    "suspend",
    "terminationGracePeriodSeconds",
    "timeZone",
    "tolerations",
    "ttlSecondsAfterFinished",
    "updateStrategy",
    "volumeClaimTemplates",
)


def kind_of(kind: str, api_version: str) -> str:
    """The kind; where somebody else calls theirs as Kubernetes calls one of its own, with its group.

    No built-in controller makes Pods of a `Job.batch.volcano.sh`.

    Args:
        kind: `Job`.
        api_version: `batch.volcano.sh/v1alpha1`; empty where it is not known.
    """
    group = api_version.rpartition("/")[0]
    own = _GROUPS.get(kind, group)
    return f"{kind}.{group}" if group not in {"", own, _FORMER_GROUP} else kind
