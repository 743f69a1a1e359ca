import json
from dataclasses import dataclass, field, replace

import pytest

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, OpaError
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template
from tests.engine import printout

TEMPLATE = Template("CipX", "package main\n", ())


def case(name):
    return ConstraintReview(TEMPLATE, {"name": name}, {"object": {"name": name}}, 1)


@dataclass
class EngineDouble:
    """Answers from what a test says, by the policy's name in the cases that it is given."""

    said: dict
    asked: dict = field(default_factory=dict)
    folders: list = field(default_factory=list)

    def evaluate(self, folder, query):
        data = json.loads((folder / "data.json").read_text())
        self.folders.append((query, data))
        names = [each["input"]["parameters"]["name"] for each in data["cases"]]
        for name in names:
            if isinstance(self.said.get(name), Exception):
                raise self.said[name]
        said = {index: self.said[name] for index, name in enumerate(names) if name in self.said}
        return printout(said, {index: self.asked.get(name, ()) for index, name in enumerate(names)})

    def check(self, folder):
        return ()


def violation(msg, path=""):
    return {"msg": msg, "details": {"path": path}}


def test_questions_come_once_in_the_order_of_first_use():
    engine = EngineDouble({"a": [], "b": []}, {"a": ["k2", "k1"], "b": ["k1", "k3"]})
    assert Evaluator(engine).questions([case("a"), case("b"), case("a")]) == ("k2", "k1", "k3")


def test_template_that_asks_nothing_has_no_questions():
    assert Evaluator(EngineDouble({"a": []})).questions([case("a")]) == ()


def test_violations_come_by_case_and_in_the_order_of_fields():
    engine = EngineDouble(
        {"a": [violation("y", "spec.b"), violation("z", "spec.a"), violation("x", "spec.a")], "b": []}
    )
    found = Evaluator(engine).violations([case("a"), case("b")], NOTHING)
    assert [[each.msg for each in one] for one in found] == [["x", "z", "y"], []]


def test_answers_reach_the_engine():
    engine = EngineDouble({"a": []})
    Evaluator(engine).violations([case("a")], StubAnswers({"k": {"n": 1}}, {"e": "X: y"}, "{}"))
    (recorded,) = engine.folders[0][1]["books"]
    assert recorded == {"values": {"k": {"n": 1}}, "errors": {"e": "X: y"}, "system_error": "{}"}


def test_case_without_a_result_is_no_admission():
    with pytest.raises(EvaluationError, match="`violation` of the template is undefined"):
        Evaluator(EngineDouble({})).violations([case("a")], NOTHING)


@pytest.mark.parametrize("value", ["old", {"text": "old"}, {"msg": 5}, {"msg": None}, ["old"]])
def test_value_that_gatekeeper_would_drop_is_no_admission(value):
    with pytest.raises(EvaluationError, match="Gatekeeper reads objects with a text `msg`"):
        Evaluator(EngineDouble({"a": [value]})).violations([case("a")], NOTHING)


@pytest.mark.parametrize("details", ["text", None, 5, ["a"]])
def test_details_of_another_template_may_be_anything(details):
    engine = EngineDouble({"a": [{"msg": "old", "details": details}]})
    ((found,),) = Evaluator(engine).violations([case("a")], NOTHING)
    assert (found.msg, found.details) == ("old", {})


def test_error_of_one_case_denies_that_one_alone():
    conflict = EvaluationError((OpaError("eval_conflict_error", "conflict", "lib.policies.x/sigstore.rego", 3),))
    engine = EngineDouble({"a": conflict, "b": [], "c": [violation("old")]})
    found = Evaluator(engine).violations([case("a"), case("b"), case("c")], NOTHING)
    assert [[each.msg for each in one] for one in found] == [
        [
            (
                "failed policy: a: failed evaluating rego policy for type ClusterImagePolicy: "
                "sigstore.rego:3: eval_conflict_error: conflict"
            )
        ],
        [],
        ["old"],
    ]
    assert found[0][0].details["reason"] == "PolicyFailed"


def test_no_verdict_is_not_taken_for_one():
    with pytest.raises(NoVerdictError):
        Evaluator(EngineDouble({"a": NoVerdictError("Timeout", "late")})).violations([case("a")], NOTHING)


@dataclass
class ChainEngine(EngineDouble):
    """Asks the first key that has no answer, and says how many it has."""

    chain: tuple = ("k1", "k2")

    def evaluate(self, folder, query):
        data = json.loads((folder / "data.json").read_text())
        known = [key for key in self.chain if key in data["books"][0]["values"]]
        asked = self.chain[: len(known) + 1]
        return printout({0: [violation(str(len(known)))]}, {0: asked})


def test_template_is_evaluated_until_it_asks_nothing_new():
    batches = []

    def answers(keys):
        batches.append(tuple(keys))
        return StubAnswers({key: {} for key in keys}, {})

    found = Evaluator(ChainEngine({})).evaluate([case("a")], answers)
    assert batches == [("k1",), ("k2",)]
    assert found.violations[0][0].msg == "2"
    assert found.keys == ("k1", "k2")
    assert set(found.answers.values) == {"k1", "k2"}


def test_answers_at_hand_spare_a_round_and_what_else_is_asked_is_asked_for():
    batches = []

    def answers(keys):
        batches.append(tuple(keys))
        return StubAnswers({key: {} for key in keys}, {})

    at_hand = StubAnswers({"k1": {}, "nobody asks": {}}, {})
    found = Evaluator(ChainEngine({})).evaluate([case("a")], answers, at_hand)
    assert batches == [("k2",)]
    assert (found.violations[0][0].msg, found.keys) == ("2", ("k1", "k2"))


def test_template_that_always_asks_for_more_is_no_verdict():
    endless = ChainEngine({}, chain=tuple(map(str, range(100))))
    with pytest.raises(NoVerdictError, match="still asks for more"):
        Evaluator(endless).evaluate([case("a")], lambda keys: StubAnswers({key: {} for key in keys}, {}))


def test_text_that_opa_refuses_is_no_denial():
    refused = EvaluationError((OpaError("rego_type_error", "undefined function", "main.rego", 3),))
    with pytest.raises(EvaluationError):
        Evaluator(EngineDouble({"a": refused})).violations([case("a")], NOTHING)


def test_templates_with_other_texts_for_one_package_are_evaluated_apart():
    engine = EngineDouble({"a": [violation("x")], "b": [violation("y")], "c": []}, {"b": ["k"]})
    texts = ("package lib.x\n", "package lib.x\nb := 1\n", "package lib.x\n")
    templates = [Template("T", "package main\n", (text,)) for text in texts]
    cases = [replace(case(name), template=each) for name, each in zip("abc", templates, strict=True)]
    found = Evaluator(engine).evaluate(cases, lambda _: NOTHING)
    assert [[each.msg for each in one] for one in found.violations] == [["x"], ["y"], []]
    assert [call.keys for call in found.calls[1]] == [("k",)]
    assert [len(data["cases"]) for _, data in engine.folders[:2]] == [2, 1]
