"""From what there is to what goes, in an order in which nothing denies for want of an answer: pure."""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.uninstallation.inventory import ControllerDeployment, ControllerObject, Dependent, Inventory


@dataclass(frozen=True)
class UninstallationPlan:
    """What is to be done.

    Attributes:
        obstacles: objects of others that would deny everything without the provider: with one, nothing is done.
        remaining: objects of others that ask the provider and admit what it does not answer: they stay.
        stops: Deployments that are scaled to 0 first.
        stages: what goes; each stage waits until the one before is gone.
        providers: the last of the stages; empty where the release has them.
        records: what goes last; nothing denies because of it.
        kept: templates of ours that stay, because a Constraint of somebody else would go with them.
        other: the namespace of another installation, whose policies and Providers stay; empty where there is none.
    """

    obstacles: tuple[Dependent, ...]
    remaining: tuple[Dependent, ...]
    stops: tuple[ControllerDeployment, ...]
    stages: tuple[tuple[ControllerObject, ...], ...]
    providers: tuple[ControllerObject, ...]
    records: tuple[ControllerObject, ...]
    kept: tuple[ControllerObject, ...]
    other: str = ""

    @property
    def policies(self) -> tuple[ControllerObject, ...]:
        """All that goes but the records."""
        return tuple(each for stage in self.stages for each in stage)


def plan(found: Inventory) -> UninstallationPlan:
    """What is to be done about what there is."""
    used = {each.kind for each in found.dependents}
    unused = tuple(each for kind, each in found.templates.items() if kind not in used)
    return UninstallationPlan(
        tuple(each for each in found.dependents if each.denies),
        tuple(each for each in found.dependents if not each.denies),
        found.controllers,
        tuple(stage for stage in (found.constraints, unused, found.providers) if stage),
        found.providers,
        found.records,
        tuple(each for kind, each in found.templates.items() if kind in used),
        found.other,
    )
