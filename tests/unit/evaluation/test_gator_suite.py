"""The files of a suite for gator."""

from __future__ import annotations

import dataclasses
from typing import Any

import yaml

from gatekeeper.evaluation import gator_suite
from gatekeeper.evaluation.evaluator import Evaluation, Violation
from gatekeeper.evaluation.program import StubAnswers, Template
from gatekeeper.evaluation.review import Review
from gatekeeper.evaluation.suite import SuiteCase
from gatekeeper.evaluation.suite_run import CaseRun, Trial

NOW = 1_771_200_000_000_000_000
REGO = "package age\n\nanswer := external_data({})\n\nnow := time.now_ns()\n"
TEMPLATE: dict[str, Any] = {"kind": "ConstraintTemplate", "spec": {"targets": [{"rego": REGO}]}}
CONSTRAINT: dict[str, Any] = {
    "kind": "Age",
    "metadata": {"name": "old"},
    "spec": {"match": {"namespaces": ["x"]}, "enforcementAction": "deny", "parameters": {"a": 1}},
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"image": "a:1"}]},
}
CONFIG_MAP: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
OLD = Violation("old", {})
CASE = SuiteCase("old images are denied", (), {}, NOW, "denied", ())


def trial(review: Review, *violations: Violation) -> Trial:
    return Trial(CONSTRAINT, TEMPLATE, Template("Age", REGO, ()), review, violations, (), None)


def files(*trials: Trial, case: SuiteCase = CASE) -> dict[str, Any]:
    answers = StubAnswers({"key-1": {"n": 1}}, {"key-2": "NotFound: none"}, "Timeout: late")
    run = CaseRun(trials, Evaluation(tuple(each.violations for each in trials), answers=answers), ())
    return {name: yaml.safe_load(text) for name, text in gator_suite.files("mine", [(case, run)]).items()}


def test_suite_names_its_files_and_asserts_what_was_found() -> None:
    found = files(trial(Review(POD), OLD, OLD), trial(Review({**POD, "metadata": {}})))
    assert found["suite.yaml"] == {
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "kind": "Suite",
        "metadata": {"name": "mine"},
        "tests": [
            {
                "name": "old images are denied (Age old)",
                "template": "case-0-0-template.yaml",
                "constraint": "case-0-0-constraint.yaml",
                "cases": [
                    {"name": "Pod web", "object": "case-0-0-object.yaml", "assertions": [{"violations": 2}]},
                ],
            },
            {
                "name": "old images are denied (Age old)",
                "template": "case-0-1-template.yaml",
                "constraint": "case-0-1-constraint.yaml",
                "cases": [
                    {"name": "Pod (no name)", "object": "case-0-1-object.yaml", "assertions": [{"violations": "no"}]},
                ],
            },
        ],
    }
    parts = ("template", "constraint", "object")
    assert set(found) == {"suite.yaml", *(f"case-0-{index}-{part}.yaml" for index in (0, 1) for part in parts)}


def test_template_holds_the_answers_and_the_time() -> None:
    target = files(trial(Review(POD)))["case-0-0-template.yaml"]["spec"]["targets"][0]
    assert "stub.external_data({})" in target["rego"]
    (stub,) = target["libs"]
    for text in (f"now := {NOW}", '"key-1"', '"key-2": "NotFound: none"', 'failures := "Timeout: late"'):
        assert text in stub


def test_constraint_has_no_match() -> None:
    found = files(trial(Review(POD)))["case-0-0-constraint.yaml"]
    assert found == {**CONSTRAINT, "spec": {"enforcementAction": "deny", "parameters": {"a": 1}}}


def test_object_is_an_admission_without_what_is_null() -> None:
    found = files(trial(Review(POD)))["case-0-0-object.yaml"]
    assert (found["apiVersion"], found["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert found["request"]["object"] == POD
    assert found["request"]["operation"] == "CREATE"
    assert "oldObject" not in found["request"]


def test_object_that_is_not_judged_has_no_test() -> None:
    found = files(trial(Review(CONFIG_MAP)), trial(Review(POD)))
    assert [each["template"] for each in found["suite.yaml"]["tests"]] == ["case-0-0-template.yaml"]


def test_object_without_a_title_has_a_name() -> None:
    (test,) = files(trial(Review(images=("a:1",))))["suite.yaml"]["tests"]
    assert test["cases"][0]["name"] == "an object"


def test_cases_are_numbered() -> None:
    run = CaseRun((trial(Review(POD)),), Evaluation(((),)), ())
    other = dataclasses.replace(CASE, name="other")
    found = yaml.safe_load(gator_suite.files("mine", [(CASE, run), (other, run)])["suite.yaml"])
    assert [(each["name"], each["template"]) for each in found["tests"]] == [
        ("old images are denied (Age old)", "case-0-0-template.yaml"),
        ("other (Age old)", "case-1-0-template.yaml"),
    ]
