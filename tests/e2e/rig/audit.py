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
    """Write what a kubelet would report of the Pod's one container of a list; nothing for an empty id."""
    if not image_id:
        return
    (container,) = pod["spec"][containers]
    status = {
        "name": container["name"],
        "image": container["image"],
        "imageID": image_id,
        "ready": True,
        "restartCount": 0,
    }
    field = f"{containers.removesuffix('s')}Statuses"
    change = {"status": {"phase": "Running", field: [status]}}
    answer = client.patch(pod, change, "status")
    assert answer.status == HTTPStatus.OK, answer.message
