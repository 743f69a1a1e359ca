"""`bestbefore test`: which files it runs, what it prints, how it ends."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, OpaError
from gatekeeper.evaluation.suite import FILE_NAME
from provider import limits
from tests.unit.cli.conftest import POLICY, Run, ScriptedOpa

TOO_OLD = {"msg": "Image exceeds maximum allowed age.", "details": {"reason": "PolicyFailed"}}
SUITE = {
    "policies": ["policy.yaml"],
    "now": "2026-01-31T12:00:00Z",
    "facts": {"app/web:1": {"created": "2026-01-01T00:00:00Z"}},
    "cases": [
        {"name": "it is admitted", "image": "app/web:1", "verdict": "allowed"},
        {"name": "it is still admitted", "image": "app/web:1", "now": "2026-02-01T00:00:00Z", "verdict": "allowed"},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a suite in it."""
    place = tmp_path / "suites" / "age"
    place.mkdir(parents=True)
    (place / "policy.yaml").write_text(POLICY)
    (place / FILE_NAME).write_text(yaml.safe_dump(SUITE))
    return place


def test_suites_of_a_folder_and_of_the_folders_in_it_are_run(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    done = run("test", folder.parent)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"ok   {folder / FILE_NAME}: it is admitted",
        f"ok   {folder / FILE_NAME}: it is still admitted",
        "2 as expected, 0 not",
    ]


def test_file_is_run_whatever_its_name(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    other = folder / "other.yaml"
    (folder / FILE_NAME).rename(other)
    assert run("test", other).exit_code == 0


def test_time_of_a_case_reaches_the_policy(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    run("test", folder)
    assert opa.nows[-1] == 1_769_904_000_000_000_000
    assert len(set(opa.nows)) == 2, "the other case has another"


def test_case_that_is_not_as_expected_ends_with_1_and_says_why(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    opa.violations = [TOO_OLD]
    done = run("test", folder)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[:2] == [
        f"FAIL {folder / FILE_NAME}: it is admitted",
        "     expected allowed, got denied: Image exceeds maximum allowed age.",
    ]
    assert done.stdout.splitlines()[-1] == "0 as expected, 2 not"


def test_junit_holds_every_case_and_nothing_else_is_printed(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    opa.violations = [TOO_OLD]
    done = run("test", folder, "--output", "junit")
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own text
    assert (root.get("tests"), root.get("failures")) == ("2", "2")
    assert [case.get("name") for case in root.iter("testcase")] == ["it is admitted", "it is still admitted"]
    assert done.exit_code == 1


def test_templates_are_tested_as_they_stand_in_files(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    made = run("translate", folder / "policy.yaml")
    (folder / "made.yaml").write_text(made.stdout)
    suite = {name: value for name, value in SUITE.items() if name != "policies"} | {"templates": ["made.yaml"]}
    (folder / FILE_NAME).write_text(yaml.safe_dump(suite))
    assert run("test", folder).exit_code == 0
    opa.violations = [TOO_OLD]
    assert run("test", folder).exit_code == 1


def test_images_that_no_policy_covers_are_judged_if_the_suite_says_so(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    (folder / FILE_NAME).write_text(yaml.safe_dump({**SUITE, "noMatch": "deny"}))
    run("test", folder)
    assert len(opa.nows) == 4, "two cases, and two rules"


@pytest.mark.parametrize("path", ["/nonexistent", "/dev/null/x", "\0", "x" * 5000])
def test_path_that_is_not_there_ends_with_2(run: Run, opa: ScriptedOpa, path: str) -> None:
    done = run("test", path)
    assert done.exit_code == 2
    assert "no such file or directory" in done.stderr


def test_folder_without_a_suite_ends_with_2(run: Run, tmp_path: Path, opa: ScriptedOpa) -> None:
    done = run("test", tmp_path)
    assert done.exit_code == 2
    assert f"no {FILE_NAME} in it" in done.stderr


def test_fault_of_a_suite_ends_with_2_and_its_path(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    (folder / FILE_NAME).write_text(yaml.safe_dump({**SUITE, "cases": [{"name": "a"}]}))
    done = run("test", folder)
    assert done.exit_code == 2
    assert f"error: {folder / FILE_NAME}: cases[0]: nothing to judge" in done.stderr
    assert done.stdout == ""


def test_fault_of_a_policy_ends_with_2_and_its_path(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    (folder / "policy.yaml").write_text(POLICY.replace("action: pass", "action: perhaps"))
    done = run("test", folder)
    assert done.exit_code == 2
    assert f"error: {folder / 'policy.yaml'}: spec.authorities[0].static.action: " in done.stderr


def test_policy_that_is_not_there_ends_with_2(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    (folder / "policy.yaml").unlink()
    done = run("test", folder)
    assert done.exit_code == 2
    assert f"{folder / 'policy.yaml'}: cannot be read" in done.stderr


def test_text_that_opa_refuses_ends_with_2(
    run: Run, folder: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(*_: object) -> None:
        raise EvaluationError((OpaError("rego_type_error", "undefined function x", "age.rego", 2),))

    monkeypatch.setattr(opa, "evaluate", evaluate, raising=False)
    done = run("test", folder)
    assert done.exit_code == 2
    assert "age.rego:2: rego_type_error: undefined function x" in done.stderr


def test_without_opa_there_is_no_verdict(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(*_: object) -> None:
        raise NoVerdictError("EngineMissing", "get opa")

    monkeypatch.setattr("gatekeeper.evaluation.opa.find", find)
    done = run("test", folder)
    assert done.exit_code == 3
    assert "no verdict: get opa" in done.stderr
    done = run("test", folder, "--output", "junit")
    assert done.exit_code == 3
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own text
    assert (root.get("errors"), root.get("failures")) == ("1", "0")


def test_suite_that_cannot_be_used_spoils_no_other(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    other = folder.parent / "bad"
    other.mkdir()
    (other / FILE_NAME).write_text(yaml.safe_dump({**SUITE, "now": "yesterday"}))
    done = run("test", folder.parent)
    assert done.exit_code == 2
    assert f"error: {other / FILE_NAME}: cases[0].now" in done.stderr
    assert f"ok   {folder / FILE_NAME}: it is admitted" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 as expected, 0 not, 1 without a verdict"
    root = ET.fromstring(run("test", folder.parent, "--output", "junit").stdout)  # noqa: S314 - our own text
    assert (root.get("tests"), root.get("errors"), root.get("failures")) == ("3", "1", "0")


def test_case_without_a_verdict_is_an_error_and_no_failure(
    run: Run, folder: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(*_: object) -> None:
        raise NoVerdictError("Timeout", "late")

    monkeypatch.setattr(opa, "evaluate", evaluate, raising=False)
    done = run("test", folder, "--output", "junit")
    assert done.exit_code == 3
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own text
    assert (root.get("errors"), root.get("failures")) == ("2", "0")


def test_files_of_a_folder_that_no_suite_names_are_told(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    (folder / "forgotten.yaml").write_text(POLICY)
    (folder / "README.md").write_text("# It")
    (folder / "samples").mkdir()
    for name in ("a.yaml", "b.json"):
        (folder / "samples" / name).write_text("{}")
    done = run("test", folder)
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        f"note: not judged, for no suite names it: {folder / 'forgotten.yaml'}",
        f"note: not judged, for no suite names it: {folder / 'samples'}/ (2 files)",
    ]
    assert run("test", folder / FILE_NAME).stderr == ""
    root = ET.fromstring(run("test", folder, "--output", "junit").stdout)  # noqa: S314 - our own text
    assert root.get("skipped") == "2"


def test_folder_of_too_many_files_is_not_taken_for_judged(
    run: Run, folder: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DIRECTORY_FILES", 1)
    assert f"note: not judged, for it holds more than 1 files, which is the most that is looked through: {folder}/" in (
        run("test", folder).stderr.splitlines()
    )


def test_link_to_a_folder_is_not_taken_for_judged(run: Run, folder: Path, opa: ScriptedOpa, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    assert f"links to folders are not followed: {folder / 'linked'}" in run("test", folder).stderr


def test_folders_whose_names_begin_with_a_dot_hold_nothing_to_judge(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    (folder / ".venv").mkdir()
    (folder / ".venv" / "other.yaml").write_text("kind: Pod\n")
    assert "not judged" not in run("test", folder).stderr


def test_quiet_shows_what_is_not_as_expected_and_the_summary(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    assert run("test", folder, "--quiet").stdout == "2 as expected, 0 not\n"
    opa.violations = [TOO_OLD]
    assert run("test", folder, "--quiet").stdout.splitlines()[0] == f"FAIL {folder / FILE_NAME}: it is admitted"


def test_what_stands_beside_objects_and_is_none_is_said_of_the_case(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    (folder / "objects").mkdir()
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}
    (folder / "objects" / "pod.yaml").write_text(
        yaml.safe_dump({**pod, "spec": {"containers": [{"name": "web", "image": "app/web:1"}]}})
    )
    (folder / "objects" / "values.yaml").write_text("replicas: 1\n")
    case = {"name": "it is admitted", "resource": "objects", "verdict": "allowed"}
    (folder / FILE_NAME).write_text(yaml.safe_dump({**SUITE, "cases": [case]}))
    sentence = f"not judged: {folder / 'objects' / 'values.yaml'}: it is no Kubernetes object"
    assert run("test", folder).stdout.splitlines() == [
        f"ok   {folder / FILE_NAME}: it is admitted",
        f"     note: {sentence}",
        "1 as expected, 0 not",
    ]
    root = ET.fromstring(run("test", folder, "--output", "junit").stdout)  # noqa: S314 - our own text
    assert [each.text for each in root.iter("system-out")] == [sentence]


def test_text_of_a_policy_does_not_start_a_line_of_the_output(run: Run, folder: Path, opa: ScriptedOpa) -> None:
    opa.violations = [{"msg": "old\n2 as expected, 0 not\x1b[2K", "details": {}}]
    assert "     expected allowed, got denied: old\\n2 as expected, 0 not\\x1b[2K" in run("test", folder).stdout


def test_suite_for_gator_that_cannot_be_written_ends_with_2_and_every_case_is_told_all_the_same(
    run: Run, folder: Path, opa: ScriptedOpa
) -> None:
    place = folder / "policy.yaml" / "gator"
    done = run("test", folder, "--gator", place, "--output", "junit")
    assert done.exit_code == 2
    assert f"error: {place}: Not a directory" in done.stderr
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own text
    assert [case.get("name") for case in root.iter("testcase")] == [
        *("it is admitted", "it is still admitted", "the suite for gator")
    ]
    assert root.get("errors") == "1"
