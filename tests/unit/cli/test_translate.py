"""`bestbefore translate`: one stream or files, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gatekeeper.evaluation.opa import NoVerdictError, Problem
from tests.unit.cli.conftest import POLICY, Run, ToldOpa


def test_stream_has_templates_before_constraints(run: Run, policy: Path, opa: ToldOpa) -> None:
    done = run("translate", policy)
    assert (done.exit_code, done.stderr) == (0, "")
    first, second = yaml.safe_load_all(done.stdout)
    assert first["kind"] == "ConstraintTemplate"
    assert second["kind"] == first["spec"]["crd"]["spec"]["names"]["kind"]


def test_same_policy_gives_the_same_bytes(run: Run, policy: Path, opa: ToldOpa) -> None:
    assert run("translate", policy).stdout == run("translate", "-", input=POLICY).stdout


def test_files_hold_what_the_stream_does(run: Run, policy: Path, opa: ToldOpa, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    done = run("translate", policy, "--output-dir", folder)
    assert done.exit_code == 0
    written = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name.partition("-")[0] for path in written] == ["template", "constraint"]
    stream = run("translate", policy).stdout
    assert [yaml.safe_load(path.read_text()) for path in written] == list(yaml.safe_load_all(stream))


def test_folder_that_cannot_be_written_ends_with_2(run: Run, policy: Path, opa: ToldOpa) -> None:
    done = run("translate", policy, "--output-dir", "/proc/nowhere")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: /proc/nowhere: ")


def test_images_that_no_policy_covers_get_a_template_if_asked(run: Run, policy: Path, opa: ToldOpa) -> None:
    kinds = [each["kind"] for each in yaml.safe_load_all(run("translate", policy, "--no-match", "deny").stdout)]
    assert kinds.count("ConstraintTemplate") == 2
    assert "ClusterImagePolicyCoverage" in kinds


def test_every_problem_is_told_as_file_path_problem_and_nothing_is_written(
    run: Run, policy: Path, opa: ToldOpa, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(POLICY.replace("action: pass", "action: perhaps").replace("type: rego", "type: cue"))
    done = run("translate", policy, bad, "/nonexistent.yaml", "--output-dir", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (2, "")
    assert not (tmp_path / "out").exists()
    lines = done.stderr.splitlines()
    assert all(line.startswith("error: ") for line in lines)
    assert any(line.startswith(f"error: {bad}: spec.authorities[0].static.action: ") for line in lines)
    assert any(line.startswith("error: /nonexistent.yaml: ") for line in lines)


def test_rule_that_opa_refuses_is_told_with_its_place(run: Run, policy: Path, opa: ToldOpa) -> None:
    opa.problems = (Problem("rego_parse_error", "unexpected eof", "sigstore.rego", 2),)
    done = run("translate", policy)
    assert done.exit_code == 2
    assert f"{policy}: " in done.stderr
    assert "spec.policy.data" in done.stderr
    assert "unexpected eof" in done.stderr


def test_without_opa_policies_are_translated_all_the_same(
    run: Run, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(*_: object) -> None:
        raise NoVerdictError("EngineMissing", "get opa")

    monkeypatch.setattr("gatekeeper.evaluation.opa.find", find)
    assert run("translate", policy).exit_code == 0


@pytest.mark.parametrize("option", [(), ("--no-match", "deny")], ids=["rules", "coverage"])
def test_program_that_is_no_opa_is_not_taken_for_one_that_found_nothing(
    run: Run, policy: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BESTBEFORE_OPA", "/bin/true")
    done = run("translate", policy, *option)
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("error: the rules could not be compiled: /bin/true printed no JSON")
