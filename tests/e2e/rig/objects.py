"""Pods, workloads and namespaces as people write them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from tests.e2e.rig.kubernetes import Object

INCLUDE: Final = {"policy.sigstore.dev/include": "true"}


def unique(prefix: str) -> str:
    """A name that nobody had before: deleted namespaces and constraint kinds linger here."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def namespace(labels: Mapping[str, str]) -> Object:
    """A new namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unique("ns"), "labels": dict(labels)}}


def pod(space: str, *images: str, **spec: Any) -> Object:
    """A new Pod with one container an image, named c0, c1 …"""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": unique("pod"), "namespace": space},
        "spec": pod_spec(*images, **spec),
    }


def pod_spec(*images: str, **more: Any) -> Object:
    """A Pod's spec with one container an image."""
    return {"containers": containers(*images), **more}


def containers(*images: str, prefix: str = "c") -> list[Object]:
    """A list of containers, one an image."""
    return [{"name": f"{prefix}{number}", "image": image} for number, image in enumerate(images)]


def image_volume(image: str) -> Object:
    """A volume that mounts an image."""
    return {"name": "data", "image": {"reference": image, "pullPolicy": "IfNotPresent"}}


def workload(kind: str, space: str, *images: str) -> Object:
    """A new workload of the kind whose Pods would run the images."""
    api_version, wrap = _WORKLOADS[kind]
    metadata = {"name": unique(kind.lower()), "namespace": space}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": wrap(pod_spec(*images))}


def _selected(**more: Any) -> Any:
    labels = {"app": "rig"}

    def wrap(spec: Object) -> Object:
        return {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}, **more}

    return wrap


def _job(spec: Object) -> Object:
    return {"template": {"spec": {**spec, "restartPolicy": "Never"}}}


def _cron_job(spec: Object) -> Object:
    return {"schedule": "0 4 * * *", "jobTemplate": {"spec": _job(spec)}}


_WORKLOADS: Final[dict[str, tuple[str, Any]]] = {
    "Deployment": ("apps/v1", _selected(replicas=1)),
    "ReplicaSet": ("apps/v1", _selected(replicas=1)),
    "StatefulSet": ("apps/v1", _selected(serviceName="rig")),
    "DaemonSet": ("apps/v1", _selected()),
    "Job": ("batch/v1", _job),
    "CronJob": ("batch/v1", _cron_job),
}
WORKLOAD_FIELDS: Final[dict[str, str]] = {
    "Deployment": "spec.template.spec.containers[0].image",
    "ReplicaSet": "spec.template.spec.containers[0].image",
    "StatefulSet": "spec.template.spec.containers[0].image",
    "DaemonSet": "spec.template.spec.containers[0].image",
    "Job": "spec.template.spec.containers[0].image",
    "CronJob": "spec.jobTemplate.spec.template.spec.containers[0].image",
}
