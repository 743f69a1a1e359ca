"""Verdicts of templates over reviews: what they ask, and what they say to the answers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
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
class CaseBatch:
    """Cases that are judged by the same facts.

    Attributes:
        cases: the cases.
        answers: answers what their templates ask.
        at_hand: what is known before they ask.
    """

    cases: Sequence[ConstraintReview]
    answers: Answers
    at_hand: StubAnswers = NOTHING


@dataclass(frozen=True)
class CaseOutcome:
    """What the template of one case did.

    Attributes:
        violations: what it has against the object.
        calls: in their order.
        images: the images that the policy covers, as written; None where the template does not say.
    """

    violations: tuple[Violation, ...]
    calls: tuple[ProviderCall, ...] = ()
    images: frozenset[str] | None = None


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
        """What the templates of the cases say, with an answer to all that they ask; see `evaluate_all`.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, it did not finish, or a template always asks for more.
        """
        (found,) = self.evaluate_all([CaseBatch(cases, answers, at_hand)])
        return found

    def evaluate_all(self, batches: Sequence[CaseBatch]) -> tuple[Evaluation, ...]:
        """What the templates say of each batch, with an answer to all that they ask. In the order of the batches.

        Templates are evaluated until they ask nothing new: what one asks may depend on what it was answered. With
        answers to all of it at hand, one run of opa is enough, for most of its time it reads the templates.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, it did not finish, or a template always asks for more.
        """
        answered = [each.at_hand for each in batches]
        known = [frozenset(each.values) | frozenset(each.errors) for each in answered]
        for _ in range(_ROUNDS):
            found = self._evaluations(batches, answered)
            new = [[key for key in one.keys if key not in seen] for one, seen in zip(found, known, strict=True)]
            if not any(new):
                return found
            for number, keys in enumerate(new):
                if keys:
                    known[number] |= frozenset(keys)
                    answered[number] = answered[number].with_more(batches[number].answers(keys))
        raise NoVerdictError("EngineFailed", f"a template still asks for more after {_ROUNDS} calls of external_data")

    def questions(self, cases: Sequence[ConstraintReview]) -> tuple[str, ...]:
        """Every key that the cases ask before anything is answered, once, in the order of first use.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, or it did not finish.
        """
        return _evaluation(self._outcomes(cases, [NOTHING] * len(cases)), NOTHING).keys

    def violations(self, cases: Sequence[ConstraintReview], answers: StubAnswers) -> tuple[tuple[Violation, ...], ...]:
        """What each case's template says, given what was answered. In the order of the cases.

        A rule that ends in an error (two values for one rule, say) denies, as in Gatekeeper, with OPA's words.

        Raises:
            EvaluationError: OPA refused a text.
            NoVerdictError: no engine, or it did not finish.
        """
        return _evaluation(self._outcomes(cases, [answers] * len(cases)), answers).violations

    def _evaluations(self, batches: Sequence[CaseBatch], answered: Sequence[StubAnswers]) -> tuple[Evaluation, ...]:
        cases = [case for batch in batches for case in batch.cases]
        answers = [one for batch, one in zip(batches, answered, strict=True) for _ in batch.cases]
        outcomes = iter(self._outcomes(cases, answers))
        return tuple(
            _evaluation(list(islice(outcomes, len(batch.cases))), one)
            for batch, one in zip(batches, answered, strict=True)
        )

    def _outcomes(self, cases: Sequence[ConstraintReview], answers: Sequence[StubAnswers]) -> list[CaseOutcome]:
        """Of each case, given its answers."""
        found: dict[int, CaseOutcome] = {}
        for group in _groups(cases):
            outcomes = self._together([cases[number] for number in group], [answers[number] for number in group])
            found |= dict(zip(group, outcomes, strict=True))
        return [found[number] for number in range(len(cases))]

    def _together(self, cases: Sequence[ConstraintReview], answers: Sequence[StubAnswers]) -> list[CaseOutcome]:
        """The same of cases whose templates fit into one folder."""
        try:
            printed = self._printout(cases, answers)
        except EvaluationError as error:
            if not error.of_a_rule:
                raise
            if len(cases) == 1:
                return [CaseOutcome((_of_error(cases[0], error),), _calls(error.lines, 1)[0])]
            return [self._together([case], [one])[0] for case, one in zip(cases, answers, strict=True)]
        value = printed.value or {}
        _refuse_odd(cases, value.get("violations"))
        found, covered = _by_case(value.get("violations")), _by_case(value.get("images"))
        return [
            CaseOutcome(_sorted(found[index]), calls, frozenset(covered[index]) if index in covered else None)
            for index, calls in enumerate(_calls(printed.lines, len(cases)))
        ]

    def _printout(self, cases: Sequence[ConstraintReview], answers: Sequence[StubAnswers]) -> Printout:
        with tempfile.TemporaryDirectory(prefix="bestbefore-") as name:
            folder = Path(name)
            templates = {case.template.package: case.template for case in cases}
            books = {id(each): each for each in answers}
            places = {key: number for number, key in enumerate(books)}
            rows = [{**case.to_json(), "book": places[id(one)]} for case, one in zip(cases, answers, strict=True)]
            program.write(folder, templates.values(), rows, list(books.values()), self.images, self.waivers)
            return self.engine.evaluate(folder, program.QUERY)


def _evaluation(outcomes: Sequence[CaseOutcome], answers: StubAnswers) -> Evaluation:
    return Evaluation(
        tuple(each.violations for each in outcomes),
        tuple(each.calls for each in outcomes),
        answers,
        tuple(each.images for each in outcomes),
    )


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
