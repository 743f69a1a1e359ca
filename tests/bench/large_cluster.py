"""A cluster of 10,000 Pods behind the Protocol of the API: its objects are made while they are listed, none is kept.

So what a program remembers of them is what it keeps itself, although the cluster is in the same process.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from gatekeeper.cluster.api import Object, ObjectPage
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import NAMESPACES, WORKLOADS, Resource
from tests.simulators.cluster import ClusterSimulator

NAMESPACES_IN_ALL: Final = 100
DEPLOYMENTS: Final = 1_200
STATEFUL_SETS: Final = 100
DAEMON_SETS: Final = 50
CRON_JOBS: Final = 150
IMAGES: Final = 300
PODS: Final = 10_000
# Every so many Deployments have a revision before the present one.
_ROLLED: Final = 3
# Every so many workloads name their images by digest.
_PINNED: Final = 2
# Pods of a DaemonSet; those of a CronJob are over.
_NODES: Final = 40
_TEAMS: Final = 12
_REPOSITORIES: Final = ("payments", "billing", "platform", "shop", "tools")
_REPORT_GROUPS: Final = frozenset({"openreports.io", "wgpolicyk8s.io"})


def image(number: int) -> str:
    """One of the images, by its tag; a tenth is Docker Hub's."""
    number %= IMAGES
    if number % 10 == 9:
        return f"docker.io/vendor/app{number}:1.{number % 7}"
    return f"registry.example.com/{_REPOSITORIES[number % len(_REPOSITORIES)]}/app{number}:1.{number % 7}"


def digest(number: int) -> str:
    """Of one of the images."""
    return f"sha256:{number % IMAGES + 1:064x}"


def by_digest(number: int) -> str:
    """One of the images as its node reports it."""
    return f"{image(number).rpartition(':')[0]}@{digest(number)}"


def names(number: int) -> Iterator[str]:
    """All names by which one of the images is asked about: Docker Hub's by the name that its tools give it, too."""
    for name in (image(number), by_digest(number)):
        yield name
        if name.startswith("docker.io/"):
            yield f"index.{name}"


@dataclass(frozen=True)
class LargeWorkload:
    """A workload of the cluster.

    Attributes:
        number: of it.
        kind: Deployment, StatefulSet, DaemonSet or CronJob.
        pods: how many run.
    """

    number: int
    kind: str
    pods: int

    @property
    def name(self) -> str:
        """Of the object."""
        return f"app-{self.number}"

    @property
    def namespace(self) -> str:
        """Where it stands."""
        return f"team-{self.number % NAMESPACES_IN_ALL}"

    @property
    def uid(self) -> str:
        """Of the object."""
        return f"uid-{self.kind}-{self.number}"

    def images(self, *, previous: bool = False) -> Sequence[int]:
        """The numbers of its images: its own, and of every third a second one."""
        first = self.number + (1 if previous else 0)
        return (first, first * 7 + 3) if self.number % 3 == 0 else (first,)

    def template(self, *, previous: bool = False) -> dict[str, Any]:
        """Its pod template."""
        labels = {"app.kubernetes.io/name": self.name, "team": f"squad-{self.number % _TEAMS}"}
        return {"metadata": {"labels": labels}, "spec": self.spec(previous=previous)}

    def spec(self, *, previous: bool = False) -> dict[str, Any]:
        """Of its Pods, as large as they are in real clusters."""
        named = by_digest if self.number % _PINNED else image
        containers = [
            {
                "name": f"c{place}",
                "image": named(number),
                "env": [{"name": f"VARIABLE_{each}", "value": f"value {each} of a setting"} for each in range(12)],
                "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
                "livenessProbe": {"httpGet": {"path": "/live", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
                "volumeMounts": [{"name": "settings", "mountPath": "/etc/app", "readOnly": True}],
                "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": False},
                "imagePullPolicy": "IfNotPresent",
            }
            for place, number in enumerate(self.images(previous=previous))
        ]
        return {
            "containers": containers,
            "serviceAccountName": self.name,
            "volumes": [{"name": "settings", "configMap": {"name": self.name}}],
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler",
        }


def workloads() -> Iterator[LargeWorkload]:
    """All of them; the Deployments have what is left of the Pods."""
    daemons, sets = DAEMON_SETS * _NODES, STATEFUL_SETS * 3
    each, more = divmod(PODS - daemons - sets, DEPLOYMENTS)
    several = (
        ("Deployment", DEPLOYMENTS, each),
        ("StatefulSet", STATEFUL_SETS, 3),
        ("DaemonSet", DAEMON_SETS, _NODES),
        ("CronJob", CRON_JOBS, 0),
    )
    number = 0
    for kind, count, pods in several:
        for place in range(count):
            yield LargeWorkload(number, kind, pods + (1 if kind == "Deployment" and place < more else 0))
            number += 1


class LargeCluster(ClusterSimulator):
    """Implements `KubernetesApi`: what runs is made when it is listed; reports are kept, as bytes.

    Args:
        more: workloads beside those of `workloads`.
    """

    def __init__(self, more: Sequence[LargeWorkload] = ()) -> None:
        super().__init__()
        self.more = list(more)
        self.requests: Counter[str] = Counter()
        self._reports: dict[tuple[Resource, str, str], bytes] = {}

    def pages(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> Iterator[ObjectPage]:
        """See `KubernetesApi`: each page is a request."""
        made = self._made(resource)
        if made is None:
            for page in super().pages(resource, namespace, labels=labels, fields=fields):
                self.requests["list"] += 1
                yield page
            return
        while True:
            self.requests["list"] += 1
            page = list(islice(made, resource.page))
            yield ObjectPage(page, "1")
            if len(page) < resource.page:
                return

    def apply(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`."""
        self.requests["write"] += 1
        if resource.group not in _REPORT_GROUPS:
            return super().apply(resource, body)
        key = resource, str(body["metadata"].get("namespace", "")), str(body["metadata"]["name"])
        self._reports[key] = zlib.compress(json.dumps(body).encode())
        return body

    def create(self, resource: Resource, body: Object) -> Object:
        """See `KubernetesApi`: an Event is nothing that anybody asks for again."""
        self.requests["write"] += 1
        return body if resource.plural == "events" else super().create(resource, body)

    def delete(self, resource: Resource, name: str, namespace: str = "", **more: Any) -> None:
        """See `KubernetesApi`."""
        self.requests["write"] += 1
        self._reports.pop((resource, namespace, name), None)

    def _made(self, resource: Resource) -> Iterator[Object] | None:
        """Objects that are made; None of a kind whose objects were added."""
        if resource.group in _REPORT_GROUPS:
            if resource.group != "openreports.io":
                raise ObjectAbsentError(f"list {resource.plural}: 404")
            return (json.loads(zlib.decompress(each)) for key, each in self._reports.items() if key[0] == resource)
        if resource == NAMESPACES:
            return map(_namespace, range(NAMESPACES_IN_ALL))
        if resource == WORKLOADS["Pod"]:
            return (pod for each in self._workloads() for pod in _pods(each))
        if resource == WORKLOADS["ReplicaSet"]:
            return (made for each in self._workloads() if each.kind == "Deployment" for made in _replica_sets(each))
        if resource in WORKLOADS.values():
            return (_workload(each) for each in self._workloads() if each.kind == resource.kind)
        return None

    def _workloads(self) -> Iterator[LargeWorkload]:
        yield from workloads()
        yield from self.more


def _namespace(number: int) -> Object:
    labels = {"policy.sigstore.dev/include": "true", "team": f"squad-{number % _TEAMS}"}
    return {"metadata": {"name": f"team-{number}", "labels": labels}}


def _metadata(name: str, namespace: str, uid: str, **more: Any) -> dict[str, Any]:
    managed = [{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {f"f:{n}": {} for n in range(40)}}}]
    return {"name": name, "namespace": namespace, "uid": uid, "managedFields": managed, **more}


def _owned(kind: str, name: str, uid: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True}]


def _workload(each: LargeWorkload) -> Object:
    metadata = _metadata(each.name, each.namespace, each.uid, generation=1)
    if each.kind == "CronJob":
        spec: dict[str, Any] = {"schedule": f"{each.number % 60} 3 * * *", "jobTemplate": {"spec": {}}}
        spec["jobTemplate"]["spec"] = {"template": each.template()}
        return {"metadata": metadata, "spec": spec}
    return {"metadata": metadata, "spec": {"replicas": each.pods, "template": each.template()}}


def _replica_sets(each: LargeWorkload) -> Iterator[Object]:
    for number in range(2 if each.number % _ROLLED == 0 else 1):
        owner = _owned("Deployment", each.name, each.uid)
        made = _metadata(
            f"{each.name}-{number}",
            each.namespace,
            f"{each.uid}-{number}",
            ownerReferences=owner,
            annotations={"deployment.kubernetes.io/revision": str(2 - number)},
        )
        yield {"metadata": made, "spec": {"replicas": 0, "template": each.template(previous=number > 0)}}


def _pods(each: LargeWorkload) -> Iterator[Object]:
    template = each.template()
    maker = ("ReplicaSet", f"{each.name}-0", f"{each.uid}-0") if each.kind == "Deployment" else None
    owner = _owned(*(maker or (each.kind, each.name, each.uid)))
    statuses = [
        {"name": f"c{place}", "imageID": by_digest(number), "ready": True, "containerID": f"containerd://{number:064x}"}
        for place, number in enumerate(each.images())
    ]
    for number in range(each.pods):
        labels = {**template["metadata"]["labels"], "pod-template-hash": each.name}
        name = f"{each.name}-{number:05}"
        metadata = _metadata(name, each.namespace, f"uid-{name}", ownerReferences=owner, labels=labels)
        conditions: list[Mapping[str, str]] = [{"type": name, "status": "True"} for name in ("Ready", "Initialized")]
        yield {
            "metadata": metadata,
            "spec": {**template["spec"], "nodeName": f"node-{number}"},
            "status": {"phase": "Running", "conditions": conditions, "containerStatuses": statuses},
        }
