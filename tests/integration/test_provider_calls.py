"""Calls of `external_data` as the real OPA meets them, beside what Gatekeeper does with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluation, Evaluator
from gatekeeper.evaluation.program import StubAnswers, Template
from tests.engine import engine

pytestmark = pytest.mark.integration

_MAIN = """package own

import future.keywords

violation contains {"msg": json.marshal(said)} if said := %s
"""


def evaluated(expression: str, known: Mapping[str, Any] | None = None, **review: Any) -> Evaluation:
    """What a template does that says the value of an expression."""
    case = ConstraintReview(Template("Own", _MAIN % expression, ()), {}, review, 0)
    answers = StubAnswers(known or {}, {"bad": "ContentInvalid: no config"})
    return Evaluator(engine()).evaluate([case], lambda _: answers)


def said(found: Evaluation) -> Any:
    return [json.loads(violation.msg) for violation in found.violations[0]]


def test_any_call_is_answered_and_heard() -> None:
    found = evaluated(
        'external_data({"provider": "bestbefore", "keys": [input.review.image, "bad"]})', {"a:1": 7}, image="a:1"
    )
    (answer,) = said(found)
    assert answer == {
        "responses": [["a:1", 7]],
        "errors": [["bad", "ContentInvalid: no config"]],
        "status_code": 200,
        "system_error": "",
    }
    assert found.keys == ("a:1", "bad")


def test_second_call_may_depend_on_the_first() -> None:
    first = 'external_data({"provider": "bestbefore", "keys": ["a:1"]}).responses[0][1].digest'
    known = {"a:1": {"digest": "sha256:0"}, "a@sha256:0": "signed"}
    found = evaluated(
        f'external_data({{"provider": "bestbefore", "keys": [concat("@", ["a", {first}])]}}).responses', known
    )
    assert said(found) == [[["a@sha256:0", "signed"]]]


def test_other_provider_is_not_there_as_in_a_cluster() -> None:
    found = evaluated('external_data({"provider": "other", "keys": ["a:1"]})', {"a:1": 7})
    (answer,) = said(found)
    assert (answer["responses"], answer["errors"], answer["status_code"]) == (None, None, 400)
    assert answer["system_error"]
    assert found.calls[0][0].provider == "other"


@pytest.mark.parametrize(
    ("keys", "fault"),
    [('{"a:1"}', "a value of type set"), ('"a:1"', "a value of type string"), ("[1]", "holds what is no text")],
)
def test_keys_that_gatekeeper_cannot_read_make_the_call_undefined(keys: str, fault: str) -> None:
    found = evaluated(f'external_data({{"provider": "bestbefore", "keys": {keys}}})', {"a:1": 7})
    assert said(found) == []
    assert fault in found.calls[0][0].problem


def test_calls_of_two_cases_are_not_confused() -> None:
    main = _MAIN % 'external_data({"provider": "bestbefore", "keys": [input.review.image]}).responses'
    cases = [ConstraintReview(Template("Own", main, ()), {}, {"image": image}, 0) for image in ("a:1", "b:1")]
    found = Evaluator(engine()).evaluate(cases, lambda keys: StubAnswers(dict.fromkeys(keys, 1), {}))
    assert [[call.keys for call in calls] for calls in found.calls] == [[("a:1",)], [("b:1",)]]


def test_template_in_rego_v1_needs_no_imports() -> None:
    main = 'package own\n\nviolation contains {"msg": "no"} if input.review.image == "a:1"\n'
    case = ConstraintReview(Template("Own", main, (), v1=True), {}, {"image": "a:1"}, 0)
    assert len(Evaluator(engine()).evaluate([case], lambda _: StubAnswers({}, {})).violations[0]) == 1
