"""The Constraints that were generated of the cluster's policies, and what each does, or would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES
from gatekeeper.cluster.resource import constraints as resource_of
from gatekeeper.comparison.limits import KINDS
from gatekeeper.denials.lines.violation import ConstraintName
from gatekeeper.documents import fields
from gatekeeper.reconciliation import marks
from gatekeeper.translation.marks import POLICY, SHADOW_OF
from gatekeeper.translation.translate import Translation


@dataclass(frozen=True)
class GeneratedConstraint:
    """A Constraint of ours.

    Attributes:
        name: its kind and name.
        policy: that it is of; empty of the one for images that no policy covers.
        would: what it does, or, in the shadow, would do: `deny` or `warn`.
        shadow: whether it is in the shadow.
        body: the object.
        template: of its kind.
    """

    name: ConstraintName
    policy: str
    would: str
    shadow: bool
    body: Object
    template: Object

    def translation(self) -> Translation:
        """The same as `check` takes it, out of the shadow."""
        spec = {**self.body["spec"], "enforcementAction": self.would}
        return Translation(self.policy, self.template, ({**self.body, "spec": spec},))


@dataclass(frozen=True)
class GeneratedConstraints:
    """All of them.

    Attributes:
        found: those that could be read.
        problems: why others could not, a sentence each.
    """

    found: Sequence[GeneratedConstraint] = ()
    problems: Sequence[str] = ()

    def of(self, name: ConstraintName) -> GeneratedConstraint | None:
        """One of them."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[ConstraintName, GeneratedConstraint]:
        return {each.name: each for each in self.found}


def read(api: KubernetesApi, step: Callable[[], None]) -> GeneratedConstraints:
    """What the cluster has of ours; `step` is called for each kind."""
    problems: list[str] = []
    found: list[GeneratedConstraint] = []
    try:
        templates = [each for page in api.pages(CONSTRAINT_TEMPLATES, labels=marks.SELECTOR) for each in page]
    except ObjectAbsentError:
        return GeneratedConstraints((), ["the cluster has no ConstraintTemplates: Gatekeeper is not installed"])
    except ClusterError as error:
        return GeneratedConstraints((), [error.message])
    if len(templates) > KINDS:
        problems.append(f"{len(templates) - KINDS} kinds of Constraints were not read: {KINDS} are at most")
    for template in templates[:KINDS]:
        kind = fields.text(template, "spec", "crd", "spec", "names", "kind")
        try:
            found += _of_kind(api, kind, template)
        except ObjectAbsentError:
            problems.append(f"the kind {kind} is not there yet")
        except ClusterError as error:
            problems.append(error.message)
        step()
    return GeneratedConstraints(found, problems)


def _of_kind(api: KubernetesApi, kind: str, template: Object) -> Iterator[GeneratedConstraint]:
    for page in api.pages(resource_of(kind), labels=marks.SELECTOR):
        for body in page:
            yield _constraint(kind, body, template)


def _constraint(kind: str, body: Object, template: Object) -> GeneratedConstraint:
    annotations: Mapping[str, Any] = fields.mapping(body, "metadata", "annotations")
    would = fields.text(annotations, SHADOW_OF)
    action = fields.text(body, "spec", "enforcementAction") or "deny"
    name = ConstraintName(kind, fields.name(body))
    return GeneratedConstraint(name, fields.text(annotations, POLICY), would or action, bool(would), body, template)
