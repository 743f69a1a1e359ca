"""What should be in the cluster for a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.reconciliation import marks, present
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.translation import constraint, names
from gatekeeper.translation.translate import Translation, coverage_of


@dataclass(frozen=True)
class DesiredObject:
    """A template or Constraint as it should be.

    Attributes:
        kind: of a template that of its Constraints, of a Constraint its own.
        name: its name.
        body: what is applied.
        digest: of what is compared with what is there.
    """

    kind: str
    name: str
    body: Mapping[str, Any] = field(repr=False)
    digest: str = ""

    @classmethod
    def of(cls, kind: str, body: Mapping[str, Any], owner: str) -> DesiredObject:
        """A generated object, with the labels by which it is known."""
        metadata = {**body["metadata"], "labels": marks.labels(owner)}
        labelled = {**body, "metadata": metadata}
        return cls(kind, str(metadata["name"]), labelled, present.digest(labelled))


@dataclass(frozen=True)
class DesiredPolicy:
    """All that one policy needs.

    Attributes:
        name: of the policy.
        uid: of its object.
        generation: of its object.
        template: its own, or the one that several share.
        constraints: one, or two; in the shadow perhaps as many more that enforce in some namespaces, these first.
    """

    name: str
    uid: str
    generation: int
    template: DesiredObject
    constraints: tuple[DesiredObject, ...]

    @classmethod
    def of(cls, translation: Translation, uid: str, generation: int, shadow: Shadow | None) -> DesiredPolicy:
        """From a translation, in the shadow or, None, not."""
        kind = str(translation.template["spec"]["crd"]["spec"]["names"]["kind"])
        owner = marks.SHARED if kind == names.SHARED_KIND else uid
        made = shadow.of(translation.constraints) if shadow else translation.constraints
        return cls(
            translation.policy,
            uid,
            generation,
            DesiredObject.of(kind, translation.template, owner),
            tuple(DesiredObject.of(kind, each, uid) for each in made),
        )


def coverage(entries: Sequence[Mapping[str, Any]], action: str, shadow: Shadow | None) -> DesiredPolicy:
    """What denies (`deny`) or warns of (`warn`) images that no policy covers."""
    translation = coverage_of(entries, action)
    kind = constraint.COVERAGE_KIND
    made = shadow.of(translation.constraints) if shadow else translation.constraints
    return DesiredPolicy(
        "",
        marks.SHARED,
        0,
        DesiredObject.of(kind, translation.template, marks.SHARED),
        tuple(DesiredObject.of(kind, each, marks.SHARED) for each in made),
    )
