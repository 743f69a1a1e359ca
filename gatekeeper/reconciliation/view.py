"""The cluster as one round sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from gatekeeper.reconciliation import marks
from gatekeeper.reconciliation.present import PolicyObject, PresentObject
from gatekeeper.translation import names


@dataclass(frozen=True)
class ClusterView:
    """What there is.

    Attributes:
        policies: ClusterImagePolicies, by name.
        templates: ConstraintTemplates of anybody, by name.
        constraints: Constraints of anybody by kind and name, of the kinds that matter to us; None of a kind that the
            cluster does not have (yet).
        pods: names of Gatekeeper's Pods that are ready, webhook and audit.
        unread: kinds whose Constraints could not be read yet.
    """

    policies: Mapping[str, PolicyObject]
    templates: Mapping[str, PresentObject]
    constraints: Mapping[str, Mapping[str, PresentObject] | None]
    pods: frozenset[str]
    unread: frozenset[str] = frozenset()

    def template(self, kind: str) -> PresentObject | None:
        """The template of a kind."""
        return self.templates.get(names.template_name(kind))

    def of_kind(self, kind: str) -> Mapping[str, PresentObject]:
        """The Constraints of a kind; none where the cluster does not have it."""
        return self.constraints.get(kind) or {}

    def constraints_of(self, name: str, uid: str) -> list[PresentObject]:
        """Constraints that were made for a policy, whatever text of it they are of."""
        return self._constraint_index.of(name, uid)

    def templates_of(self, name: str, uid: str) -> list[PresentObject]:
        """Templates that were made for a policy alone."""
        return self._template_index.of(name, uid)

    @cached_property
    def _constraint_index(self) -> _Index:
        return _Index(each for found in self.constraints.values() for each in (found or {}).values())

    @cached_property
    def _template_index(self) -> _Index:
        return _Index(self.templates.values())

    def ends(self) -> Mapping[str, str]:
        """Policies of which something is here although they have no object: their names by uid."""
        living = {each.uid for each in self.policies.values()}
        return {
            each.owner: each.policy
            for each in self._generated()
            if each.owner not in living and each.policy not in self.policies
        }

    def _generated(self) -> Iterator[PresentObject]:
        for found in (self.templates, *(each or {} for each in self.constraints.values())):
            yield from (each for each in found.values() if each.owner not in {"", marks.SHARED})


class _Index:
    """Objects by the policies that they were made for: of 500 policies each looks at its own."""

    def __init__(self, objects: Iterable[PresentObject]) -> None:
        self._by_owner: dict[str, list[PresentObject]] = {}
        self._by_policy: dict[str, list[PresentObject]] = {}
        for each in objects:
            self._by_owner.setdefault(each.owner, []).append(each)
            self._by_policy.setdefault(each.policy, []).append(each)

    def of(self, name: str, uid: str) -> list[PresentObject]:
        """Those of a policy, in their order."""
        found = [*self._by_owner.get(uid, ()), *self._by_policy.get(name, ())]
        distinct = {(each.kind, each.name): each for each in found}
        return [each for each in distinct.values() if each.belongs_to(name, uid)]


def pods_enforcing(objects: Collection[PresentObject], pods: Collection[str]) -> int:
    """In how many Pods all of these objects are in force as they are now."""
    return sum(all(each.in_force(pod) for each in objects) for pod in pods) if objects else 0
