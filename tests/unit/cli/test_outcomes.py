"""The forms in which `check` tells its outcome."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from provider.reasons import EXPLANATIONS, Reason
from tests.unit.cli.conftest import Run, ScriptedOpa

TOO_OLD = {
    "msg": "Image exceeds maximum allowed age.",
    "details": {"reason": "PolicyFailed", "path": "spec.containers[0].image"},
}
AWAY = {"msg": "Timeout: no answer yet", "details": {"reason": "Timeout"}}


@pytest.fixture
def pods(tmp_path: Path) -> Path:
    """A file with two Pods."""
    file = tmp_path / "pods.yaml"
    spec = {"containers": [{"name": "c", "image": "app/web:1"}]}
    made = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec} for name in ("a", "b")]
    file.write_text(yaml.safe_dump_all(made))
    return file


def checked(run: Run, policy: Path, facts: Path, *words: object) -> Any:
    return run("check", "--policy", policy, "--facts", facts, "--no-match", "allow", *words)


def test_junit_has_a_case_for_each_policy_and_object(
    run: Run, policy: Path, facts: Path, pods: Path, opa: ScriptedOpa
) -> None:
    done = checked(run, policy, facts, "--resource", pods, "--output", "junit")
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own text
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert (done.exit_code, cases) == (0, [("age", "Pod a"), ("age", "Pod b")])
    assert root.get("failures") == "0"


def test_denials_are_failures_in_junit_and_warnings_are_none(
    run: Run, policy: Path, facts: Path, pods: Path, opa: ScriptedOpa
) -> None:
    opa.violations = [TOO_OLD]
    done = checked(run, policy, facts, "--resource", pods, "--output", "junit")
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own text
    assert (done.exit_code, root.get("failures")) == (1, "2")
    assert [failure.text for failure in root.iter("failure")] == [TOO_OLD["msg"]] * 2
    policy.write_text(policy.read_text() + "  mode: warn\n")
    done = checked(run, policy, facts, "--resource", pods, "--output", "junit")
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own text
    assert (done.exit_code, root.get("failures")) == (0, "0")


def test_sarif_names_the_file_of_each_finding(
    run: Run, policy: Path, facts: Path, pods: Path, opa: ScriptedOpa
) -> None:
    opa.violations = [TOO_OLD]
    done = checked(run, policy, facts, "--resource", pods, "--output", "sarif")
    (report,) = json.loads(done.stdout)["runs"]
    assert done.exit_code == 1
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in report["results"]]
    assert places == [pods.as_uri()] * 2
    assert [rule["id"] for rule in report["tool"]["driver"]["rules"]] == ["PolicyFailed"]


@pytest.mark.parametrize("form", ["junit", "sarif"])
def test_without_a_verdict_machines_see_a_failure_and_exit_code_3(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, form: str
) -> None:
    opa.violations = [AWAY]
    done = checked(run, policy, facts, "--image", "app/web:1", "--output", form)
    assert done.exit_code == 3
    assert "no answer yet" in done.stdout


def test_people_see_the_image_its_facts_and_what_was_said(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    opa.violations = [TOO_OLD]
    done = checked(run, policy, facts, "--image", "app/web:1", "--now", "2026-01-11T00:00:00Z")
    lines = done.stdout.splitlines()
    assert lines[0] == "app/web:1"
    assert lines[1] == "  built 2026-01-01T00:00:00Z (10 days ago)"
    assert lines[-3:] == [
        "denied by age: Image exceeds maximum allowed age.",
        f"  what to do: {EXPLANATIONS[Reason.POLICY_FAILED].remedy}",
        "denied by 1 policy",
    ]


def test_people_see_which_policies_allow(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    opa.violations = []
    lines = checked(run, policy, facts, "--image", "app/web:1").stdout.splitlines()
    assert lines[-2:] == ["allowed by age", "allowed by 1 policy"]


def test_people_see_why_there_is_no_verdict(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    opa.violations = [AWAY]
    done = checked(run, policy, facts, "--image", "app/web:1")
    assert done.stdout.splitlines()[-1] == "no verdict (Timeout) by 1 policy"
