"""Verdicts of templates over reviews: what they ask, and what they say to the answers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gatekeeper.evaluation import program
from gatekeeper.evaluation.opa import Engine, EvaluationError, NoVerdictError, OpaError, Printout
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template

# Of a value that is no violation so much is shown.
_SHOWN: Final = 80
# A template asks for facts, and perhaps once more with what it was answered.
_ROUNDS: Final = 5


@dataclass(frozen=True)
class ConstraintReview:
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


@dataclass(frozen=True)
class ProviderCall:
    """A call of `external_data` by a template.

    Attributes:
        provider: the Provider that it names.
        keys: what it asks.
        problem: why the call is undefined in a cluster; empty where it is none.
    """

    provider: str
    keys: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What the templates of some cases did.

    Attributes:
        violations: of each case, in the order of the cases.
        calls: of each case, in the order of the calls.
        answers: all that was answered.
        images: the images that each case's policy covers, as written; None where its template does not say.
    """

    violations: tuple[tuple[Violation, ...], ...]
    calls: tuple[tuple[ProviderCall, ...], ...] = ()
    answers: StubAnswers = NOTHING
    images: tuple[frozenset[str] | None, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that was asked, once, in the order of first use."""
        return tuple(dict.fromkeys(key for calls in self.calls for call in calls for key in call.keys))


Answers = Callable[[Sequence[str]], StubAnswers]


@dataclass(frozen=True)
class Evaluator:
    """Evaluates cases by an engine.

    Attributes:
        engine: the real opa.
        images: the images to judge in place of those of the objects, None for the objects' own.
        waivers: the Waiver objects of the cluster, as `kubectl get -o json` has them; templates that read the cluster's
            Waivers see these, others see none.
    """

    engine: Engine
    images: Sequence[Mapping[str, Any]] | None = None
    waivers: Sequence[Mapping[str, Any]] = ()

    def evaluate(
        self, cases: Sequence[ConstraintReview], answers: Answers, at_hand: StubAnswers = NOTHING
    ) -> Evaluation:
        """What the templates of the cases say, with an answer to all that they ask.

        Templates are evaluated until they ask nothing new: what one asks may depend on what it was answered. With
        answers to all of it at hand, one run of opa is enough.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, it did not finish, or a template always asks for more.
        """
        answered = at_hand
        known = frozenset(at_hand.values) | frozenset(at_hand.errors)
        for _ in range(_ROUNDS):
            found = self._round(cases, answered)
            new = [key for key in found.keys if key not in known]
            if not new:
                return found
            known |= frozenset(new)
            answered = answered.with_more(answers(new))
        raise NoVerdictError("EngineFailed", f"a template still asks for more after {_ROUNDS} calls of external_data")

    def questions(self, cases: Sequence[ConstraintReview]) -> tuple[str, ...]:
        """Every key that the cases ask before anything is answered, once, in the order of first use.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, or it did not finish.
        """
        return self._round(cases, NOTHING).keys

    def violations(self, cases: Sequence[ConstraintReview], answers: StubAnswers) -> tuple[tuple[Violation, ...], ...]:
        """What each case's template says, given what was answered. In the order of the cases.

        A rule that ends in an error (two values for one rule, say) denies, as in Gatekeeper, with OPA's words.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, or it did not finish.
        """
        return self._round(cases, answers).violations

    def _round(self, cases: Sequence[ConstraintReview], answers: StubAnswers) -> Evaluation:
        violations: dict[int, tuple[Violation, ...]] = {}
        calls: dict[int, tuple[ProviderCall, ...]] = {}
        images: dict[int, frozenset[str] | None] = {}
        for group in _groups(cases):
            found = self._group([cases[number] for number in group], answers)
            violations |= dict(zip(group, found.violations, strict=True))
            calls |= dict(zip(group, found.calls, strict=True))
            images |= dict(zip(group, found.images, strict=True))
        order = range(len(cases))
        return Evaluation(
            tuple(map(violations.__getitem__, order)),
            tuple(map(calls.__getitem__, order)),
            answers,
            tuple(map(images.__getitem__, order)),
        )

    def _group(self, cases: Sequence[ConstraintReview], answers: StubAnswers) -> Evaluation:
        try:
            printed = self._printout(cases, answers)
        except EvaluationError as error:
            if not error.of_a_rule:
                raise
            if len(cases) == 1:
                return Evaluation(((_of_error(cases[0], error),),), _calls(error.lines, 1), answers, (None,))
            each = [self._group([case], answers) for case in cases]
            return Evaluation(
                tuple(one.violations[0] for one in each),
                tuple(one.calls[0] for one in each),
                answers,
                tuple(one.images[0] for one in each),
            )
        value = printed.value or {}
        _refuse_odd(cases, value.get("violations"))
        found, covered = _by_case(value.get("violations")), _by_case(value.get("images"))
        return Evaluation(
            tuple(_sorted(found[index]) for index in range(len(cases))),
            _calls(printed.lines, len(cases)),
            answers,
            tuple(frozenset(covered[index]) if index in covered else None for index in range(len(cases))),
        )

    def _printout(self, cases: Sequence[ConstraintReview], answers: StubAnswers) -> Printout:
        with tempfile.TemporaryDirectory(prefix="bestbefore-") as name:
            folder = Path(name)
            templates = {case.template.package: case.template for case in cases}
            rows = [case.to_json() for case in cases]
            program.write(folder, templates.values(), rows, answers, self.images, self.waivers)
            return self.engine.evaluate(folder, program.QUERY)


def _by_case(value: Any) -> dict[int, list[Any]]:  # noqa: ANN401 - any JSON
    return {int(index): each for index, each in (value or {}).items()}


def _groups(cases: Sequence[ConstraintReview]) -> list[list[int]]:
    """The numbers of the cases that can be evaluated together, in one folder.

    In a cluster templates never meet: two of them may have other texts for one package.
    """
    groups: list[tuple[dict[str, str], list[int]]] = []
    for number, case in enumerate(cases):
        modules = case.template.modules
        for texts, members in groups:
            if all(texts.get(package, text) == text for package, text in modules.items()):
                texts.update(modules)
                members.append(number)
                break
        else:
            groups.append((dict(modules), [number]))
    return [members for _, members in groups]


def _calls(lines: Sequence[str], cases: int) -> tuple[tuple[ProviderCall, ...], ...]:
    """The calls of each case; one that is made twice stands there once."""
    found: list[dict[ProviderCall, None]] = [{} for _ in range(cases)]
    for line in lines:
        if line.startswith(program.CALL):
            number, *call = json.loads(line.removeprefix(program.CALL))
            found[number][_call(*call)] = None
    return tuple(map(tuple, found))


def _call(provider: Any, kind: str, keys: Any) -> ProviderCall:  # noqa: ANN401 - any JSON
    if not isinstance(provider, str):
        return ProviderCall(str(provider), (), "`provider` is no text")
    if kind != "array":
        return ProviderCall(provider, (), f"`keys` is a value of type {kind}, not an array")
    if not all(isinstance(key, str) for key in keys):
        return ProviderCall(provider, (), "`keys` holds what is no text")
    return ProviderCall(provider, tuple(keys))


def _refuse_odd(cases: Sequence[ConstraintReview], found: Any) -> None:  # noqa: ANN401 - any JSON
    """Refuse what Gatekeeper reads as no violation: it drops some of them without a word, and admits.

    Raises:
        EvaluationError: a template's `violation` is no set of objects with a text `msg`.
    """
    by_case = _by_case(found)
    for number, case in enumerate(cases):
        package, each = case.template.package, by_case.get(number)
        if number not in by_case:
            raise EvaluationError((_odd(package, "is undefined"),))
        if not isinstance(each, list):
            raise EvaluationError((_odd(package, "is no set"),))
        for one in each:
            if not isinstance(one, dict) or not isinstance(one.get("msg"), str):
                raise EvaluationError((_odd(package, f"holds {json.dumps(one)[:_SHOWN]}"),))


def _odd(package: str, what: str) -> OpaError:
    sentence = f"`violation` of the template {what}; Gatekeeper reads objects with a text `msg`, and drops other values"
    return OpaError("violation_error", sentence, f"{package}.rego", 0)


def _sorted(found: Sequence[Mapping[str, Any]]) -> tuple[Violation, ...]:
    violations = [Violation(each["msg"], _details(each.get("details"))) for each in found]
    return tuple(sorted(violations, key=lambda each: (str(each.details.get("path", "")), each.msg)))


def _details(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    """What there is for machines; a template of somebody else may have put anything there."""
    return value if isinstance(value, Mapping) else {}


def _of_error(case: ConstraintReview, error: EvaluationError) -> Violation:
    """As Gatekeeper denies with OPA's own text; in the words that policy-controller has for it."""
    policy = case.parameters.get("name", "")
    said = str(error)
    return Violation(
        f"failed policy: {policy}: failed evaluating rego policy for type ClusterImagePolicy: {said}",
        {"policy": policy, "reason": "PolicyFailed", "said": said},
    )
