"""Reads an inventory from a cluster, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import CONTROLLER_REVISIONS, NAMESPACES, WORKLOADS, Resource
from gatekeeper.documents import fields
from gatekeeper.freshness.inventory.builder import InventoryBuilder
from gatekeeper.freshness.inventory.inventory import WorkloadInventory

# What is made comes after what makes it, and Pods last.
_MAKERS: Final = tuple(each for each in WORKLOADS.values() if each.kind != "Pod")
_ORDER: Final = (*reversed(_MAKERS), CONTROLLER_REVISIONS, WORKLOADS["Pod"])

Covers = Callable[[str, Mapping[str, str]], bool]
"""Whether a namespace is wanted, by its name and its labels."""


@dataclass(frozen=True)
class WorkloadInventoryReader:
    """Reads a cluster.

    Attributes:
        api: of the cluster.
        covers: which namespaces are wanted; `coverage.covered(translations)` of the forecast says it.
        team_label: see `WorkloadInventory.team_label`.
        namespace: the only one to read; empty for all.
        step: is called for each page.
    """

    api: KubernetesApi
    covers: Covers
    team_label: str = ""
    namespace: str = ""
    step: Callable[[], None] = lambda: None

    def read(self, now: int) -> WorkloadInventory:
        """What runs now (nanoseconds since 1970); what cannot be read is among the inventory's problems."""
        builder = InventoryBuilder(now, self.team_label)
        try:
            wanted = self._namespaces(builder)
        except ClusterError as error:
            builder.gaps.append(f"nothing was read, for namespaces could not be: {error.message}")
            return builder.inventory()
        if self.namespace and self.namespace not in wanted:
            builder.problems.append(
                f"no policy looks at the namespace {self.namespace}, it is being deleted, or there is none"
            )
        for resource in _ORDER if wanted else ():
            try:
                self._read(resource, wanted, builder)
            except ClusterError as error:
                builder.gaps.append(f"{resource.plural} could not be read to the end: {error.message}")
        return builder.inventory()

    def _namespaces(self, builder: InventoryBuilder) -> set[str]:
        wanted: set[str] = set()
        for page in self.api.pages(NAMESPACES):
            self.step()
            for each in page:
                name = fields.name(each)
                if fields.text(each, "metadata", "deletionTimestamp"):
                    # Nothing can be made in it any more: no Pod that would be denied, no report and no Event.
                    continue
                if self.namespace in ("", name) and self.covers(name, fields.labels(each)):
                    wanted.add(name)
                    builder.add_namespace(each)
        return wanted

    def _read(self, resource: Resource, wanted: set[str], builder: InventoryBuilder) -> None:
        # Of few namespaces each is read by itself: it may be that only these may be read.
        places = [""] if len(wanted) > 1 else sorted(wanted)
        for place in places:
            for page in self.api.pages(resource, place):
                self.step()
                for each in page:
                    if fields.text(each, "metadata", "namespace") in wanted:
                        # Members of a list do not say their kind.
                        builder.add({"apiVersion": resource.api_version, "kind": resource.kind, **each})
