"""SARIF: the shape that code scanning takes."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.cli import sarif
from gatekeeper.evaluation.checker import Finding, Outcome
from gatekeeper.evaluation.evaluator import Violation
from provider.reasons import EXPLANATIONS, Reason
from provider.version import VERSION


def finding(reason: object = Reason.POLICY_FAILED, action: str = "deny", file: str = "", review: str = "") -> Finding:
    details = {"reason": str(reason), "path": "spec.containers[0].image"}
    return Finding("age", action, review, Violation("Image is too old.", details), file)


def run_of(*findings: Finding) -> dict[str, Any]:
    document = sarif.document(Outcome(findings, {}, ()))
    assert (document["version"], document["$schema"].rpartition("/")[2]) == ("2.1.0", "sarif-2.1.0.json")
    (run,) = document["runs"]
    return dict(run)


def test_tool_names_itself_and_its_version() -> None:
    driver = run_of()["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("bestbefore", VERSION)


def test_nothing_found_is_an_empty_list_and_no_rule() -> None:
    run = run_of()
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


@pytest.mark.parametrize(("action", "level"), [("deny", "error"), ("warn", "warning")])
def test_level_is_what_the_policy_does(action: str, level: str) -> None:
    (result,) = run_of(finding(action=action))["results"]
    assert (result["level"], result["message"]) == (level, {"text": "Image is too old."})


def test_rule_of_a_result_is_its_reason_and_says_what_to_do() -> None:
    run = run_of(finding(), finding(Reason.TIMEOUT), finding())
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"PolicyFailed", "Timeout"}
    assert rules["Timeout"]["help"]["text"] == EXPLANATIONS[Reason.TIMEOUT].remedy
    assert [result["ruleId"] for result in run["results"]] == ["PolicyFailed", "Timeout", "PolicyFailed"]


def test_reason_of_somebody_elses_template_is_no_traceback() -> None:
    run = run_of(finding("Odd"), finding(""))
    assert [result["ruleId"] for result in run["results"]] == ["Odd", ""]
    assert run["tool"]["driver"]["rules"] == []


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("deploy/web.yaml", "deploy/web.yaml"),
        ("deploy/my web#1.yaml", "deploy/my%20web%231.yaml"),
        ("/srv/deploy/web 1.yaml", "file:///srv/deploy/web%201.yaml"),
    ],
)
def test_place_is_the_file_as_a_reference_and_the_field_in_the_object(file: str, uri: str) -> None:
    (result,) = run_of(finding(file=file, review="Pod shop/web"))["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert location["logicalLocations"] == [{"fullyQualifiedName": "Pod shop/web spec.containers[0].image"}]


def test_image_without_a_file_has_no_physical_place() -> None:
    (result,) = run_of(finding())["results"]
    assert set(result["locations"][0]) == {"logicalLocations"}
