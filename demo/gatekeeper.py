"""Gatekeeper's part, played: which constraints match an object, what they ask the provider, what the user is told.

The templates are evaluated by the real OPA, with the provider's own answers over the wire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.provider import Connection, UnreachableError
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator, Violation
from gatekeeper.evaluation.opa import Opa
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template
from gatekeeper.evaluation.review import Review

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Namespace:
    """Where an object is created.

    Attributes:
        name: its name.
        labels: what namespace selectors look at.
    """

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Admission:
    """What comes of an object.

    Attributes:
        matched: names of the constraints that apply to it.
        denials: `[constraint] message` of those that deny.
        warnings: the same of those that warn.
        violations: all that was found, for machines.
        recorded: what the provider had answered.
    """

    matched: tuple[str, ...]
    denials: tuple[str, ...]
    warnings: tuple[str, ...]
    violations: tuple[Violation, ...]
    recorded: StubAnswers

    @property
    def admitted(self) -> bool:
        """Whether the API server stores the object."""
        return not self.denials

    @property
    def lines(self) -> list[str]:
        """What `kubectl` shows."""
        if not self.admitted:
            return ["Error from server (Forbidden): admission webhook denied the request:", *self.denials]
        return [*(f"Warning: {line}" for line in self.warnings), "created"]


@dataclass
class Gatekeeper:
    """The webhook of a cluster.

    Attributes:
        connection: leads to the provider.
        engine: the real opa.
        templates: what has been applied, by kind.
        constraints: what has been applied.
    """

    connection: Connection
    engine: Opa
    templates: dict[str, Template] = field(default_factory=dict)
    constraints: dict[str, Object] = field(default_factory=dict)

    def apply(self, objects: Sequence[Object]) -> None:
        """`kubectl apply` of templates and constraints."""
        for each in objects:
            if each["kind"] == "ConstraintTemplate":
                template = Template.of(each)
                self.templates[template.kind] = template
            else:
                self.constraints[each["metadata"]["name"]] = each

    def create(self, created: Object, namespace: Namespace, now: int) -> Admission:
        """Judge the creation of an object, at a time in nanoseconds since 1970."""
        matching = [each for each in self.constraints.values() if matches(each, created, namespace)]
        cases = [self.case(each, created, now) for each in matching]
        evaluator = Evaluator(self.engine)
        recorded = self._asked(evaluator.questions(cases)) if cases else NOTHING
        found = evaluator.violations(cases, recorded) if cases else ()
        return _admission(matching, found, recorded)

    def case(self, constraint: Object, created: Object, now: int) -> ConstraintReview:
        """One constraint over one object."""
        review = Review(created).to_json()
        return ConstraintReview(self.templates[constraint["kind"]], constraint["spec"]["parameters"], review, now)

    def _asked(self, keys: Sequence[str]) -> StubAnswers:
        """What `external_data` gives the template: the provider's answer, or why there is none."""
        if not keys:
            return NOTHING
        try:
            response = self.connection.ask(keys)
        except UnreachableError as error:
            return StubAnswers({}, {}, str(error))
        items = response["items"]
        return StubAnswers(
            {item["key"]: item["value"] for item in items if "error" not in item},
            {item["key"]: item["error"] for item in items if "error" in item},
            response["systemError"],
        )


def matches(constraint: Object, created: Object, namespace: Namespace) -> bool:
    """Whether a constraint applies, by the kinds and the labels of the namespace in its `match`.

    Gatekeeper's own matching knows more; the constraints that the translator writes need no more than this.
    """
    match = constraint["spec"]["match"]
    group = str(created["apiVersion"]).rpartition("/")[0]
    kinds = any(group in each["apiGroups"] and created["kind"] in each["kinds"] for each in match["kinds"])
    wanted = match["namespaceSelector"]["matchLabels"]
    return kinds and wanted.items() <= dict(namespace.labels).items()


def _admission(constraints: Sequence[Object], found: Sequence[Sequence[Violation]], recorded: StubAnswers) -> Admission:
    lines: dict[str, list[str]] = {"deny": [], "warn": []}
    for constraint, violations in zip(constraints, found, strict=True):
        action, name = constraint["spec"]["enforcementAction"], constraint["metadata"]["name"]
        lines[action] += [f"[{name}] {each.msg}" for each in violations]
    return Admission(
        tuple(str(each["metadata"]["name"]) for each in constraints),
        tuple(lines["deny"]),
        tuple(lines["warn"]),
        tuple(each for violations in found for each in violations),
        recorded,
    )
