"""`bestbefore translate`: one stream or files, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gatekeeper.evaluation.opa import VERSION, NoVerdictError, OpaError
from gatekeeper.own.maximum_image_age import MaximumImageAge
from tests import quick_yaml
from tests.unit.cli.conftest import POLICY, Run, ScriptedOpa
from tests.unit.waivers.texts import document


def test_stream_has_templates_before_constraints(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    done = run("translate", policy)
    assert (done.exit_code, done.stderr) == (0, "")
    first, second = quick_yaml.load_all(done.stdout)
    assert first["kind"] == "ConstraintTemplate"
    assert second["kind"] == first["spec"]["crd"]["spec"]["names"]["kind"]


def test_same_policy_gives_the_same_bytes(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    assert run("translate", policy).stdout == run("translate", "-", input=POLICY).stdout


def test_files_hold_what_the_stream_does(run: Run, policy: Path, opa: ScriptedOpa, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    done = run("translate", policy, "--output-dir", folder)
    assert done.exit_code == 0
    written = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name.partition("-")[0] for path in written] == ["template", "constraint"]
    stream = run("translate", policy).stdout
    assert [quick_yaml.load(path.read_text()) for path in written] == list(quick_yaml.load_all(stream))


def test_folder_that_cannot_be_written_ends_with_2(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    done = run("translate", policy, "--output-dir", "/proc/nowhere")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: /proc/nowhere: ")


def test_images_that_no_policy_covers_get_a_template_if_asked(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    kinds = [each["kind"] for each in quick_yaml.load_all(run("translate", policy, "--no-match", "deny").stdout)]
    assert kinds.count("ConstraintTemplate") == 2
    assert "ClusterImagePolicyCoverage" in kinds


def test_page_of_reasons_reaches_every_constraint(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    page = "https://docs.example.com/reasons"
    done = run("translate", policy, "--no-match", "deny", "--reasons-url", page)
    constraints = [each for each in quick_yaml.load_all(done.stdout) if each["kind"] != "ConstraintTemplate"]
    assert [each["spec"]["parameters"]["reasonsUrl"] for each in constraints] == [page, page]
    assert "reasonsUrl" not in yaml.safe_dump(
        [each for each in quick_yaml.load_all(run("translate", policy).stdout) if each["kind"] != "ConstraintTemplate"]
    )


@pytest.mark.parametrize("address", ["docs", "javascript:alert(1)", "https://a b", "https://" + "a" * 201])
def test_page_of_reasons_that_is_no_address_ends_with_2(run: Run, policy: Path, opa: ScriptedOpa, address: str) -> None:
    done = run("translate", policy, "--reasons-url", address)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "expected an http or https address" in done.stderr


def test_every_problem_is_told_as_file_path_problem_and_nothing_is_written(
    run: Run, policy: Path, opa: ScriptedOpa, tmp_path: Path
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


def test_rule_that_opa_refuses_is_told_once_with_its_line_in_the_file(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    policy.write_text(POLICY.replace("package sigstore\n", "package sigstore\n      import rego.v1\n"))
    rule = next(iter(quick_yaml.load_all(run("translate", policy).stdout)))["spec"]["crd"]["spec"]["names"]["kind"]
    opa.problems = (OpaError("rego_parse_error", "unexpected eof", f"{rule}/sigstore.rego", 3),)
    done = run("translate", policy)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {policy}: spec.policy.data: ")
    assert "sigstore.rego:3: rego_parse_error: unexpected eof" in line
    number = int(line.rpartition("(line ")[2].removesuffix(" of the file)"))
    assert policy.read_text().splitlines()[number - 1].strip() == "isCompliant = true"


def test_lines_of_a_text_that_is_folded_are_not_those_of_the_file(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    policy.write_text(POLICY.replace("data: |", "data: >"))
    opa.problems = (OpaError("rego_parse_error", "unexpected eof", "x/sigstore.rego", 1),)
    assert "of the file" not in run("translate", policy).stderr


@pytest.mark.parametrize("text", [POLICY, POLICY.partition("  policy:")[0]], ids=["with a rule", "without one"])
def test_without_opa_policies_are_translated_only_if_asked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    def find(*_: object) -> None:
        raise NoVerdictError("EngineMissing", "get opa")

    monkeypatch.setattr("gatekeeper.evaluation.opa.find", find)
    (tmp_path / "policy.yaml").write_text(text)
    done = run("translate", tmp_path / "policy.yaml")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == (
        "error: the rules could not be compiled: get opa; with --uncompiled they are translated all the same\n"
    )
    done = run("translate", tmp_path / "policy.yaml", "--uncompiled")
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("program", ["true", "false", "cat", "echo"])
@pytest.mark.parametrize("text", [POLICY, POLICY.partition("  policy:")[0]], ids=["with a rule", "without one"])
def test_program_that_is_no_opa_is_not_taken_for_one_that_found_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, program: str
) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    monkeypatch.setenv("BESTBEFORE_OPA", f"/bin/{program}")
    done = run("translate", tmp_path / "policy.yaml")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith(f"error: the rules could not be compiled: /bin/{program} does not answer as opa ")


def test_opa_of_another_version_is_used_with_a_warning(
    run: Run, policy: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opa, "version", lambda: "1.4.2", raising=False)
    done = run("translate", policy)
    assert done.exit_code == 0
    assert done.stderr == f"warning: this is opa 1.4.2; Gatekeeper has {VERSION}, and may judge otherwise\n"


def test_what_happens_to_images_that_no_policy_covers_is_said_unless_somebody_has_said_it(
    run: Run, policy: Path
) -> None:
    assert run("translate", "--uncompiled", policy).stderr == ""
    policy.write_text(policy.read_text().replace('"**"', '"ghcr.io/acme/**"'))
    (line,) = run("translate", "--uncompiled", policy).stderr.splitlines()
    assert line.startswith("note: images that none of these policies covers are admitted in the cluster")
    assert "--no-match deny" in line
    for said in ("allow", "deny", "warn"):
        assert run("translate", "--uncompiled", policy, "--no-match", said).stderr == ""
    policy.write_text(
        policy.read_text().replace('"ghcr.io/acme/**"', '"**"') + "  match: [{resource: pods, version: v1}]\n"
    )
    assert "images that none of these policies covers" in run("translate", "--uncompiled", policy).stderr


def test_pair_of_constraints_beside_policies_is_checked(run: Run, tmp_path: Path, opa: ScriptedOpa) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    pair = MaximumImageAge().constraints()
    (tmp_path / "age.yaml").write_text(yaml.safe_dump_all(pair))
    done = run("translate", tmp_path)
    assert done.exit_code == 0
    assert f"{tmp_path / 'age.yaml'}: passed over" in done.stderr
    pair[1]["spec"]["parameters"]["unknownAge"] = "warn"
    (tmp_path / "age.yaml").write_text(yaml.safe_dump_all(pair))
    done = run("translate", tmp_path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "spec.parameters.unknownAge: is not what maximum-image-age has" in done.stderr


def test_constraints_alone_are_no_policies(run: Run, tmp_path: Path, opa: ScriptedOpa) -> None:
    (tmp_path / "age.yaml").write_text(yaml.safe_dump_all(MaximumImageAge().constraints()))
    done = run("translate", tmp_path / "age.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "MaximumImageAge is no ClusterImagePolicy" in done.stderr


def test_waiver_for_a_constraint_of_ones_own_is_said_to_be_written_there(
    run: Run, policy: Path, opa: ScriptedOpa, tmp_path: Path
) -> None:
    waiver = tmp_path / "waiver.yaml"
    waiver.write_text(yaml.safe_dump(document()))
    done = run("translate", policy, "--waiver", waiver)
    assert done.exit_code == 0
    assert (
        "warning: the Waiver late: no ClusterImagePolicy here is called maximum-image-age, so it is written nowhere; "
        "if that is a Constraint of your own (MaximumImageAge, SignedImages), write it there yourself, into "
        "`spec.parameters.waivers.entries`"
    ) in done.stderr.splitlines()
