import json
from dataclasses import dataclass, field

import pytest

from gatekeeper.evaluation.evaluator import Case, Evaluator
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Problem
from gatekeeper.evaluation.program import NOTHING, Recorded, Template

TEMPLATE = Template("CipX", "package main\n", ())


def case(name):
    return Case(TEMPLATE, {"name": name}, {"object": {"name": name}}, 1)


@dataclass
class EngineDouble:
    """Answers from what a test says, by the policy's name in the cases that it is given."""

    said: dict
    folders: list = field(default_factory=list)

    def evaluate(self, folder, query):
        data = json.loads((folder / "data.json").read_text())
        self.folders.append((query, data))
        names = [each["input"]["parameters"]["name"] for each in data["cases"]]
        for name in names:
            if isinstance(self.said.get(name), Exception):
                raise self.said[name]
        return {str(index): self.said[name] for index, name in enumerate(names) if name in self.said}

    def check(self, folder):
        return ()


def violation(msg, path=""):
    return {"msg": msg, "details": {"path": path}}


def test_questions_come_once_in_the_order_of_first_use():
    engine = EngineDouble({"a": ["k2", "k1"], "b": ["k1", "k3"]})
    assert Evaluator(engine).questions([case("a"), case("b"), case("a")]) == ("k2", "k1", "k3")
    assert engine.folders[0][0] == "data.bestbefore_driver.questions"


def test_template_that_asks_nothing_has_no_questions():
    assert Evaluator(EngineDouble({})).questions([case("a")]) == ()


def test_violations_come_by_case_and_in_the_order_of_fields():
    engine = EngineDouble(
        {"a": [violation("y", "spec.b"), violation("z", "spec.a"), violation("x", "spec.a")], "b": []}
    )
    found = Evaluator(engine).violations([case("a"), case("b")], NOTHING)
    assert [[each.msg for each in one] for one in found] == [["x", "z", "y"], []]


def test_answers_reach_the_engine():
    engine = EngineDouble({"a": []})
    Evaluator(engine).violations([case("a")], Recorded({"k": {"n": 1}}, {"e": "X: y"}, "{}"))
    assert engine.folders[0][1]["recorded"] == {
        "values": {"k": {"n": 1}},
        "errors": {"e": "X: y"},
        "system_error": "{}",
        "images": [],
    }


def test_case_without_a_result_is_no_admission():
    with pytest.raises(KeyError):
        Evaluator(EngineDouble({})).violations([case("a")], NOTHING)


def test_error_of_one_case_denies_that_one_alone():
    conflict = EvaluationError((Problem("eval_conflict_error", "conflict", "lib.policies.x/sigstore.rego", 3),))
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
