"""Gatekeeper in a cluster without one: takes up templates and Constraints as its Pods do, when a test says so.

cluster = ClusterSimulator()
gatekeeper = GatekeeperCluster(cluster)
gatekeeper.settle()                      # each Pod has taken up all that is there
gatekeeper.refuses = lambda template: "undefined function x"      # an error, `code`, for such a template
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, PODS, Resource, constraints
from tests.simulators.cluster import ClusterSimulator

NAMESPACE = "gatekeeper-system"
PODS_OF_GATEKEEPER = {"gatekeeper-0": "webhook", "gatekeeper-1": "webhook", "gatekeeper-audit": "audit"}


class GatekeeperCluster:
    """Gatekeeper's side of the objects.

    Args:
        cluster: where they are.
    """

    def __init__(self, cluster: ClusterSimulator) -> None:
        self._cluster = cluster
        self.refuses: Callable[[Object], str] = lambda _template: ""
        self.code = "ingest_error"
        cluster.missing = self._missing
        for name, operation in PODS_OF_GATEKEEPER.items():
            self.pod(name, operation)

    def pod(self, name: str, operation: str = "webhook", *, ready: bool = True) -> None:
        """A Pod of Gatekeeper."""
        labels = {"gatekeeper.sh/system": "yes", "gatekeeper.sh/operation": operation}
        status = {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
        metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
        self._cluster.add(PODS, {"metadata": metadata, "status": status})

    def settle(self, pods: Sequence[str] | None = None) -> None:
        """These Pods, or all, take up what is there."""
        chosen = [each["metadata"]["name"] for each in self._cluster.objects(PODS)] if pods is None else pods
        for template in self._cluster.objects(CONSTRAINT_TEMPLATES):
            refusal = self.refuses(template)
            errors = [{"code": self.code, "message": refusal}] if refusal else []
            said = _said(template, "templateUID", chosen, {"errors": errors} if errors else {})
            if not errors:
                said["status"]["created"] = True
            self._take_up(CONSTRAINT_TEMPLATES, template, said)
            resource = constraints(_kind(template))
            for each in self._cluster.objects(resource):
                self._take_up(resource, each, _said(each, "constraintUID", chosen, {"enforced": True}))

    def _take_up(self, resource: Resource, before: dict[str, Any], now: dict[str, Any]) -> None:
        if before != now:
            self._cluster.add(resource, now)

    def _missing(self, resource: Resource) -> bool:
        """A kind of Constraints is there once a Pod has taken up its template."""
        if resource.group != "constraints.gatekeeper.sh":
            return False
        return not self._cluster.has(
            CONSTRAINT_TEMPLATES,
            lambda each: _kind(each) == resource.kind and bool((each.get("status") or {}).get("created")),
        )


def _said(found: dict[str, Any], uid: str, pods: Sequence[str], more: dict[str, Any]) -> dict[str, Any]:
    metadata = found["metadata"]
    before = (found.get("status") or {}).get("byPod") or []
    said = [each for each in before if each["id"] not in pods]
    said += [{"id": pod, "observedGeneration": metadata["generation"], uid: metadata["uid"], **more} for pod in pods]
    return {**found, "status": {**(found.get("status") or {}), "byPod": said}}


def _kind(template: Object) -> str:
    return str(template["spec"]["crd"]["spec"]["names"]["kind"])
