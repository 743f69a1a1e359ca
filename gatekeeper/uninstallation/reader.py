"""Reads the inventory of a cluster. What may not be read is an error: nobody may take it for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatekeeper.cluster import resource
from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import Resource
from gatekeeper.doctor.installed_policy import InstalledConstraint, InstalledTemplate
from gatekeeper.documents import fields
from gatekeeper.documents.product import CONTROLLER_LABELS, MANAGED_BY, NAME, PATHS, SYNC_SET
from gatekeeper.reconciliation import marks
from gatekeeper.uninstallation import installations
from gatekeeper.uninstallation.inventory import ControllerDeployment, ControllerObject, Dependent, Inventory


@dataclass(frozen=True)
class InventoryReader:
    """Reads.

    Attributes:
        api: of the cluster.
        namespace: of the controller.
        secrets: names of those there that it may have written.
        config_maps: the same of ConfigMaps.
    """

    api: KubernetesApi
    namespace: str
    secrets: Sequence[str] = ()
    config_maps: Sequence[str] = ()

    def read(self) -> Inventory:
        """What there is now.

        Raises:
            ClusterError: something cannot be read; a kind that does not exist has no objects.
        """
        controllers = self.controllers()
        providers = self._providers()
        if other := installations.other(providers, self.namespace):
            return Inventory(controllers, records=(*self._named_records(), *self._leases(controllers)), other=other)
        constraints: list[ControllerObject] = []
        templates: dict[str, ControllerObject] = {}
        dependents: list[Dependent] = []
        for template, body in self._templates():
            ours = _is_generated(body)
            if ours:
                templates[template.kind] = ControllerObject.of(resource.CONSTRAINT_TEMPLATES, body)
            if not ours and not template.asks:
                continue
            kind = resource.constraints(template.kind)
            for found in self._all(kind):
                if _is_generated(found):
                    constraints.append(ControllerObject.of(kind, found))
                else:
                    dependents.append(Dependent.of_constraint(InstalledConstraint.of(found, template)))
        dependents += self._mutators()
        return Inventory(
            controllers,
            tuple(constraints),
            templates,
            tuple(ControllerObject.of(resource.PROVIDERS, each) for each in self._own(providers)),
            (*self._statuses(), *self._sync_sets(), *self._named_records(), *self._leases(controllers)),
            tuple(dependents),
        )

    def controllers(self) -> tuple[ControllerDeployment, ...]:
        """The Deployments that run the controller.

        Raises:
            ClusterError: they cannot be read.
        """
        found = self._all(resource.DEPLOYMENTS, self.namespace, CONTROLLER_LABELS)
        return tuple(ControllerDeployment.of(each) for each in found)

    def pods(self, controller: ControllerDeployment) -> tuple[str, ...]:
        """The names of a controller's Pods, those that end among them.

        Raises:
            ClusterError: they cannot be read.
        """
        found = self._all(resource.PODS, self.namespace, controller.selector)
        return tuple(fields.name(each) for each in found)

    def _templates(self) -> Iterator[tuple[InstalledTemplate, Object]]:
        """Each with its labels; its text is not kept, for it is large."""
        for found in self._all(resource.CONSTRAINT_TEMPLATES):
            yield InstalledTemplate.of(found), {"metadata": found["metadata"]}

    def _mutators(self) -> Iterator[Dependent]:
        for found in self._all(resource.ASSIGNS):
            if fields.text(found, "spec", "parameters", "assign", "externalData", "provider") in PATHS:
                yield Dependent.of_assign(found)

    def _statuses(self) -> Iterator[ControllerObject]:
        """All of them: whoever made one, the controller says what stands in it, and nobody would any more."""
        for found in self._all(resource.POLICY_STATUSES):
            yield ControllerObject.of(resource.POLICY_STATUSES, found)

    def _named_records(self) -> Iterator[ControllerObject]:
        """By their names: nobody may list Secrets. One that somebody else wrote is left alone."""
        for kind, names in ((resource.SECRETS, self.secrets), (resource.CONFIG_MAPS, self.config_maps)):
            for name in names:
                found = self._named(kind, name)
                if found is not None and _is_written(found):
                    yield ControllerObject.of(kind, found)

    def _sync_sets(self) -> Iterator[ControllerObject]:
        """That by which Gatekeeper keeps copies of Waivers; without templates of ours nobody reads them."""
        found = self._named(resource.SYNC_SETS, SYNC_SET)
        if found is not None and _is_written(found):
            yield ControllerObject.of(resource.SYNC_SETS, found)

    def _leases(self, controllers: tuple[ControllerDeployment, ...]) -> Iterator[ControllerObject]:
        """A controller's Lease has the name of its Deployment."""
        for each in controllers:
            found = self._named(resource.LEASES, each.name)
            if found is not None:
                yield ControllerObject.of(resource.LEASES, found)

    def _named(self, kind: Resource, name: str) -> Object | None:
        try:
            return self.api.get(kind, name, self.namespace if kind.namespaced else "")
        except ObjectAbsentError:
            return None

    def _providers(self) -> Sequence[Object]:
        """Those of our names, whoever wrote them."""
        return [each for each in self._all(resource.PROVIDERS) if fields.name(each) in PATHS]

    def _own(self, providers: Sequence[Object]) -> Iterator[Object]:
        for found in providers:
            if _is_written(found) and installations.namespace_of(found) in {"", self.namespace}:
                yield found

    def _all(self, kind: Resource, namespace: str = "", labels: str = "") -> Iterator[Object]:
        try:
            for page in self.api.pages(kind, namespace, labels=labels):
                yield from page
        except ObjectAbsentError:
            return


def _is_generated(found: Object) -> bool:
    """Whether it was made of a policy."""
    return bool(marks.owner(fields.labels(found)))


def _is_written(found: Object) -> bool:
    """Whether the controller wrote it; what the chart renders has Helm for its manager."""
    return fields.labels(found).get(MANAGED_BY) == NAME
