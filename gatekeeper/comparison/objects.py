"""The objects that denials in the shadow are about: read, one call each, within a limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import WORKLOADS, Resource
from gatekeeper.comparison import limits
from gatekeeper.comparison.running import RunningPods
from gatekeeper.comparison.sighting import ObjectSighting, StoredObject
from gatekeeper.denials.lines.violation import AdmissionViolation, ObjectName
from gatekeeper.denials.reports.summary import DenialEntry

_POD: Final = "Pod"


class ObjectReader:
    """Looks at what denials are about.

    Args:
        api: of the cluster.
        running: Pods that were read already.
        step: is called for each object.
    """

    def __init__(self, api: KubernetesApi, running: RunningPods, step: Callable[[], None]) -> None:
        self._api = api
        self._running = running
        self._step = step
        self._left = limits.OBJECTS

    def sightings(self, entries: Sequence[DenialEntry]) -> list[ObjectSighting]:
        """What is there of each, in their order; the newest are looked at first."""
        newest = [self._sighting(each.denial.violation) for each in reversed(entries)]
        return newest[::-1]

    def _sighting(self, violation: AdmissionViolation) -> ObjectSighting:
        resource = violation.resource
        known = WORKLOADS.get(resource.kind)
        if known is None or known.group != resource.group:
            return ObjectSighting(problem=f"{resource.kind} is of no kind whose objects are known here")
        if not resource.name:
            return ObjectSighting(problem="its name is not known")
        if self._left == 0:
            return ObjectSighting(problem=f"more than {limits.OBJECTS} objects would have to be read")
        self._left -= 1
        self._step()
        try:
            found = self._read(known, resource)
        except ClusterError as error:
            return ObjectSighting(problem=error.message)
        return self._with_pods(found, violation)

    def _read(self, kind: Resource, name: ObjectName) -> StoredObject | None:
        try:
            return StoredObject.of(self._api.get(kind, name.name, name.namespace))
        except ObjectAbsentError:
            return None

    def _with_pods(self, found: StoredObject | None, violation: AdmissionViolation) -> ObjectSighting:
        """Pods come and go: what the owner of one has now says more than its name."""
        owner = violation.owner if violation.resource.kind == _POD else None
        if owner is None:
            return ObjectSighting(found)
        namespace = violation.resource.namespace
        if found is None and namespace not in self._running.read:
            return ObjectSighting(problem=f"it is not there, and the Pods of {namespace} were not read")
        return ObjectSighting(found, self._running.of(namespace, owner.kind, owner.name))
