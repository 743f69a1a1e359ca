"""Verdicts of templates over reviews: first which questions they ask, then what they say to the answers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.evaluation import program
from gatekeeper.evaluation.opa import Engine, EvaluationError
from gatekeeper.evaluation.program import NOTHING, Recorded, Template


@dataclass(frozen=True)
class Case:
    """One Constraint over one review.

    Attributes:
        template: the template of the Constraint's kind.
        parameters: the Constraint's parameters.
        review: what Gatekeeper hands to a template as `input.review`.
        now: the time, nanoseconds since 1970.
    """

    template: Template
    parameters: Mapping[str, Any]
    review: Mapping[str, Any]
    now: int

    def to_json(self) -> dict[str, Any]:
        """The form that the driver reads."""
        return {
            "template": self.template.package,
            "input": {"review": self.review, "parameters": self.parameters},
            "now": self.now,
        }


@dataclass(frozen=True)
class Violation:
    """What a template has against an object.

    Attributes:
        msg: one line for people.
        details: the same for machines.
    """

    msg: str
    details: Mapping[str, Any]


Answers = Callable[[Sequence[str]], Recorded]


@dataclass(frozen=True)
class Evaluator:
    """Evaluates cases by an engine.

    Attributes:
        engine: the real opa.
        images: the images to judge in place of those of the objects, None for the objects' own.
    """

    engine: Engine
    images: Sequence[Mapping[str, Any]] | None = None

    def questions(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Every key that the cases ask, once, in the order of first use.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, or it did not finish.
        """
        asked = self._values(cases, NOTHING, "questions")
        return tuple(dict.fromkeys(key for index in sorted(asked) for key in asked[index]))

    def violations(self, cases: Sequence[Case], recorded: Recorded) -> tuple[tuple[Violation, ...], ...]:
        """What each case's template says, given what was answered. In the order of the cases.

        A rule that ends in an error (two values for one rule, say) denies, as in Gatekeeper, with OPA's words.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, or it did not finish.
        """
        try:
            found = self._values(cases, recorded, "violations")
        except EvaluationError as error:
            if len(cases) == 1:
                return ((_of_error(cases[0], error),),)
            return tuple(self.violations([case], recorded)[0] for case in cases)
        return tuple(_sorted(found[index]) for index in range(len(cases)))

    def _values(self, cases: Sequence[Case], recorded: Recorded, rule: str) -> dict[int, list[Any]]:
        with tempfile.TemporaryDirectory(prefix="bestbefore-") as name:
            folder = Path(name)
            templates = {case.template.package: case.template for case in cases}
            program.write(folder, templates.values(), [case.to_json() for case in cases], recorded, self.images)
            value = self.engine.evaluate(folder, f"data.bestbefore_driver.{rule}")
        return {int(index): each for index, each in (value or {}).items()}


def _sorted(found: Sequence[Mapping[str, Any]]) -> tuple[Violation, ...]:
    violations = [Violation(str(each["msg"]), each.get("details") or {}) for each in found]
    return tuple(sorted(violations, key=lambda each: (str(each.details.get("path", "")), each.msg)))


def _of_error(case: Case, error: EvaluationError) -> Violation:
    """As Gatekeeper denies with OPA's own text; in the words that policy-controller has for it."""
    policy = case.parameters.get("name", "")
    said = str(error)
    return Violation(
        f"failed policy: {policy}: failed evaluating rego policy for type ClusterImagePolicy: {said}",
        {"policy": policy, "reason": "PolicyFailed", "said": said},
    )
