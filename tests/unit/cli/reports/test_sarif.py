"""SARIF: the shape that code hosts take, which want a file and a line for each result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatekeeper.cli.reports import sarif
from gatekeeper.cli.reports.sarif import SourceLine
from gatekeeper.documents.document import Document
from gatekeeper.evaluation.check_result import CheckResult, Judgement, Omission
from gatekeeper.evaluation.evaluator import Violation
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.evaluation.review import Review
from provider.reasons import EXPLANATIONS, Reason
from provider.version import VERSION

PATH = "spec.containers[0].image"
POLICIES = {"other": SourceLine("policies/other.yaml", 9), "age": SourceLine("policies/age.yaml", 4)}


def pod(file: str = "deploy/web.yaml", line: int = 7) -> Review:
    value = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"image": "app:1"}]},
    }
    return Review(value, None, file, Document(file, value, line=1, lines={PATH: line}))


def finding(reason: object = Reason.POLICY_FAILED, action: str = "deny", review: Review | None = None) -> Finding:
    details = {"reason": str(reason), "path": PATH, "image": "app:1"}
    return Finding("age", action, review or pod(), Violation("Image is too old.", details))


def run_of(*findings: Finding, unjudged: tuple[Omission, ...] = ()) -> dict[str, Any]:
    result = CheckResult((Judgement("age", pod(), None, findings),), {}, unjudged)
    document = sarif.document(result, POLICIES)
    assert (document["version"], document["$schema"].rpartition("/")[2]) == ("2.1.0", "sarif-2.1.0.json")
    (run,) = document["runs"]
    return dict(run)


def place_of(*findings: Finding) -> dict[str, Any]:
    (result,) = run_of(*findings)["results"]
    (location,) = result["locations"]
    return dict(location)


def test_tool_names_itself_and_its_version() -> None:
    driver = run_of()["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("bestbefore", VERSION)


def test_nothing_found_is_an_empty_list_and_no_rule() -> None:
    run = run_of()
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]


@pytest.mark.parametrize(("action", "level"), [("deny", "error"), ("warn", "warning"), ("dryrun", "note")])
def test_level_is_what_the_policy_does(action: str, level: str) -> None:
    (result,) = run_of(finding(action=action))["results"]
    assert (result["level"], result["message"]) == (level, {"text": "Image is too old."})


def test_rule_of_a_result_is_its_reason_and_says_what_to_do_and_where_to_read() -> None:
    run = run_of(finding(), finding(Reason.TIMEOUT), finding())
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"PolicyFailed", "Timeout"}
    assert rules["Timeout"]["help"]["text"] == EXPLANATIONS[Reason.TIMEOUT].remedy
    assert rules["Timeout"]["helpUri"].endswith("#timeout")
    assert [result["ruleId"] for result in run["results"]] == ["PolicyFailed", "Timeout", "PolicyFailed"]


def test_reason_of_somebody_elses_template_is_a_rule_too() -> None:
    run = run_of(finding("Odd"), finding(""))
    assert [result["ruleId"] for result in run["results"]] == ["Odd", "PolicyFailed"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["Odd", "PolicyFailed"]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("deploy/web.yaml", "deploy/web.yaml"),
        ("deploy/my web#1.yaml", "deploy/my%20web%231.yaml"),
        ("/srv/deploy/web 1.yaml", "file:///srv/deploy/web%201.yaml"),
        (str(Path.cwd() / "deploy" / "web.yaml"), "deploy/web.yaml"),
    ],
)
def test_place_is_the_file_as_a_reference_its_line_and_the_field_in_the_object(file: str, uri: str) -> None:
    place = place_of(finding(review=pod(file)))
    assert place["physicalLocation"] == {"artifactLocation": {"uri": uri}, "region": {"startLine": 7}}
    assert place["logicalLocations"] == [{"fullyQualifiedName": f"Pod shop/web {PATH}"}]


def test_image_without_a_file_is_shown_at_the_policy() -> None:
    place = place_of(finding(review=Review(images=("app:1",))))
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "policies/age.yaml"},
        "region": {"startLine": 4},
    }


def test_fingerprint_stays_when_only_the_line_and_the_age_change() -> None:
    def fingerprint(line: int, reason: Reason = Reason.POLICY_FAILED) -> str:
        (result,) = run_of(finding(reason, review=pod(line=line)))["results"]
        return str(result["partialFingerprints"]["bestbefore/v1"])

    assert fingerprint(7) == fingerprint(9) != fingerprint(7, Reason.TIMEOUT)


def test_what_was_not_judged_is_a_notification() -> None:
    run = run_of(unjudged=(Omission("object", "ConfigMap a", "it brings no Pod", file="a b.yaml"),))
    ((note,),) = [each["toolExecutionNotifications"] for each in run["invocations"]]
    assert note["message"]["text"] == "not judged: object ConfigMap a: it brings no Pod"
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.yaml"


def test_without_a_verdict_the_run_did_not_succeed() -> None:
    assert run_of(finding(Reason.TIMEOUT))["invocations"] == [{"executionSuccessful": False}]
    (run,) = sarif.without_verdict(NoVerdictError("EngineMissing", "get opa"))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "get opa"
