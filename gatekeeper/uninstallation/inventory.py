"""What is in a cluster of what the controller wrote, what runs it, and what of others needs the provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.resource import Resource
from gatekeeper.doctor.installed_policy import InstalledConstraint
from gatekeeper.documents import fields

# Constraints of these actions admit what they cannot judge.
_ADMITTING: Final = frozenset({"warn", "dryrun"})


@dataclass(frozen=True)
class ControllerObject:
    """An object that the controller wrote.

    Attributes:
        resource: its kind.
        name: its name.
        uid: of this object; another one of the same name has another.
        namespace: where it lies; empty for what lies in none.
    """

    resource: Resource
    name: str
    uid: str
    namespace: str = ""

    @classmethod
    def of(cls, resource: Resource, found: Object) -> ControllerObject:
        """From the object."""
        metadata = found["metadata"]
        namespace = str(metadata.get("namespace", "")) if resource.namespaced else ""
        return cls(resource, str(metadata["name"]), str(metadata.get("uid", "")), namespace)

    @property
    def title(self) -> str:
        """`KIND NAME`."""
        return f"{self.resource.kind} {self.name}"


@dataclass(frozen=True)
class ControllerDeployment:
    """A Deployment that runs the controller.

    Attributes:
        name: its name.
        replicas: how many Pods it is to have.
        selector: its Pods' labels, as a list takes them.
    """

    name: str
    replicas: int
    selector: str

    @classmethod
    def of(cls, found: Object) -> ControllerDeployment:
        """From the object; where nothing is said of replicas there is one."""
        said = fields.value(found, "spec", "replicas")
        labels = fields.mapping(found, "spec", "selector", "matchLabels")
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        return cls(fields.name(found), said if isinstance(said, int) else 1, selector)


@dataclass(frozen=True)
class Dependent:
    """An object that the controller did not write and that asks the provider.

    Attributes:
        title: `KIND NAME`.
        kind: of its template; of a mutator its own.
        denies: whether it denies where the provider gives no answer.
    """

    title: str
    kind: str
    denies: bool

    @classmethod
    def of_constraint(cls, found: InstalledConstraint) -> Dependent:
        """From a Constraint whose template asks the provider."""
        return cls(found.title, found.kind, found.action not in _ADMITTING)

    @classmethod
    def of_assign(cls, found: Mapping[str, Any]) -> Dependent:
        """From an Assign that asks the provider: it denies what it cannot change, unless it is to ignore that."""
        policy = fields.text(found, "spec", "parameters", "assign", "externalData", "failurePolicy")
        return cls(f"Assign {fields.name(found)}", "Assign", policy != "Ignore")


@dataclass(frozen=True)
class Inventory:
    """What is in the cluster.

    Attributes:
        controllers: Deployments that run the controller, in the namespace that was looked into.
        constraints: that the controller wrote.
        templates: that the controller wrote, by the kind of their Constraints.
        providers: that the controller wrote; those of the release go with it.
        records: what else the controller wrote: PolicyStatuses, the SyncSet of Waivers, Secrets with certificates,
            ConfigMaps with trust roots, its Lease.
        dependents: what others wrote and asks the provider.
        other: the namespace of another installation, to which all Providers lead, so that the policies are its, and
            none of them is among the rest here; empty where there is none.
    """

    controllers: tuple[ControllerDeployment, ...] = ()
    constraints: tuple[ControllerObject, ...] = ()
    templates: Mapping[str, ControllerObject] = field(default_factory=dict)
    providers: tuple[ControllerObject, ...] = ()
    records: tuple[ControllerObject, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    other: str = ""
