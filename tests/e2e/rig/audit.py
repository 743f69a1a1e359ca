"""What audit finds, and what a kubelet would report for it to look at."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from tests.e2e.rig.kubernetes import Answer, KubernetesClient, Object
from tests.e2e.rig.policies import until

_AUDITED_SECONDS = 30.0


class Audit:
    """Violations that the Constraint which denies lists, of the documents of one policy."""

    def __init__(self, client: KubernetesClient, documents: Iterable[Object]) -> None:
        self._client = client
        (self._constraint,) = (found for found in documents if found.get("spec", {}).get("enforcementAction") == "deny")

    def violation(self, pod: Object) -> dict[str, Any]:
        """The violation of a Pod, waited for."""
        answer = until(self._read, lambda answer: bool(_of(answer, pod)), "violation", _AUDITED_SECONDS)
        return _of(answer, pod)[0]

    def violations(self, pod: Object) -> list[dict[str, Any]]:
        """What is listed of a Pod now."""
        return _of(self._read(), pod)

    def _read(self) -> Answer:
        return self._client.get(self._constraint)


def _of(answer: Answer, pod: Object) -> list[dict[str, Any]]:
    violations = answer.body.get("status", {}).get("violations", [])
    return [found for found in violations if found["name"] == pod["metadata"]["name"]]


def report(client: KubernetesClient, pod: Object, image_id: str, containers: str = "containers") -> None:
    """Write what a kubelet would report of the one container in a list of the Pod's; nothing for an empty id."""
    if image_id:
        _write(client, pod, containers, imageID=image_id)


def report_mounted(client: KubernetesClient, pod: Object, volume: str, image_ref: str) -> None:
    """Write what a kubelet would report of a volume that is an image and that the Pod's one container mounts."""
    (container,) = pod["spec"]["containers"]
    (path,) = (mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == volume)
    mounted = {"name": volume, "mountPath": path, "volumeStatus": {"image": {"imageRef": image_ref}}}
    _write(client, pod, "containers", imageID="", volumeMounts=[mounted])


def _write(client: KubernetesClient, pod: Object, containers: str, **told: Any) -> None:
    (container,) = pod["spec"][containers]
    status = {"name": container["name"], "image": container["image"], "ready": True, "restartCount": 0, **told}
    change = {"status": {"phase": "Running", f"{containers.removesuffix('s')}Statuses": [status]}}
    answer = client.patch(pod, change, "status")
    assert answer.status == HTTPStatus.OK, answer.message
