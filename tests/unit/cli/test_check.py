"""`bestbefore check`: exit codes, the JSON object, what a person reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.evaluation.opa import NoVerdictError, OpaError
from gatekeeper.own.maximum_image_age import MaximumImageAge
from tests.unit.cli.conftest import Run, ScriptedOpa

TOO_OLD = {"msg": "Image exceeds maximum allowed age.", "details": {"reason": "PolicyFailed"}}
AWAY = {"msg": "Timeout: no answer yet", "details": {"reason": "Timeout"}}


def judged(run: Run, policy: Path, facts: Path, *words: object) -> Any:
    return run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1", "--no-match", "allow", *words)


def test_allowed_image_ends_with_0(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    done = judged(run, policy, facts)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "allowed by 1 policy"
    assert done.stderr == ""


def test_recorded_facts_are_judged_in_one_run_of_opa(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    assert judged(run, policy, facts).exit_code == 0
    assert opa.runs == 1


def test_rule_in_rego_v1_is_compiled_as_its_author_wrote_it(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    policy.write_text(policy.read_text().replace("package sigstore\n", "package sigstore\n      import rego.v1\n"))
    assert judged(run, policy, facts).exit_code == 0
    assert opa.runs == 3


def test_denied_image_ends_with_1_and_the_sentence(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    opa.violations = [TOO_OLD]
    done = judged(run, policy, facts)
    assert done.exit_code == 1
    assert "denied by age: Image exceeds maximum allowed age." in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "denied by 1 policy"


def test_passing_failure_ends_with_3_for_it_is_no_verdict(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    opa.violations = [AWAY]
    done = judged(run, policy, facts, "--output", "json")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["reason"] == "Timeout"


def test_bad_image_is_a_verdict_whatever_else_is_unknown(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    opa.violations = [AWAY, TOO_OLD]
    assert judged(run, policy, facts).exit_code == 1


def test_warning_policy_allows_and_warns(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    policy.write_text(policy.read_text() + "  mode: warn\n")
    opa.violations = [TOO_OLD]
    done = judged(run, policy, facts, "--output", "json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["allowed"], found["errors"], found["warnings"]) == (True, [], ["Image exceeds maximum allowed age."])
    assert [each["action"] for each in found["findings"]] == ["warn"]


def test_json_holds_what_was_judged_and_nothing_else(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    opa.violations = [TOO_OLD]
    found = json.loads(judged(run, policy, facts, "--output", "json").stdout)
    assert set(found) == {"allowed", "errors", "warnings", "images", "findings", "notJudged", "notes"}
    assert (found["allowed"], found["errors"]) == (False, ["Image exceeds maximum allowed age."])
    assert found["images"]["app/web:1"]["created"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("form", ["text", "json", "junit", "sarif"])
def test_without_opa_there_is_no_verdict_and_machines_get_a_document(
    run: Run, policy: Path, facts: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(*_: object) -> None:
        raise NoVerdictError("EngineMissing", "get opa")

    monkeypatch.setattr("gatekeeper.evaluation.opa.find", find)
    done = judged(run, policy, facts, "--output", form)
    assert done.exit_code == 3
    assert "no verdict: get opa" in done.stderr
    if form == "json":
        assert json.loads(done.stdout)["reason"] == "EngineMissing"
    if form == "junit":
        assert '<error message="get opa">' in done.stdout
    if form == "sarif":
        (run_of_sarif,) = json.loads(done.stdout)["runs"]
        assert run_of_sarif["results"] == []
        (note,) = run_of_sarif["invocations"][0]["toolExecutionNotifications"]
        assert (note["message"]["text"], note["descriptor"]["id"]) == ("get opa", "EngineMissing")


def test_every_problem_of_every_policy_is_told_and_ends_with_2(
    run: Run, tmp_path: Path, facts: Path, opa: ScriptedOpa
) -> None:
    (tmp_path / "one.yaml").write_text("kind: ClusterImagePolicy\napiVersion: v9\n")
    (tmp_path / "two.yaml").write_text("a: [")
    done = run("check", "--policy", tmp_path / "one.yaml", "--policy", tmp_path / "two.yaml", "--image", "app/web:1")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert {line.partition(": ")[2].partition(":")[0] for line in done.stderr.splitlines()} == {
        str(tmp_path / "one.yaml"),
        str(tmp_path / "two.yaml"),
    }


def test_rule_that_opa_refuses_ends_with_2(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    opa.problems = (OpaError("rego_type_error", "undefined function x", "sigstore.rego", 2),)
    done = judged(run, policy, facts)
    assert done.exit_code == 2
    assert "undefined function x" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--image", "NOT OK"], "--image NOT OK: could not parse reference"),
        (["--image", f"app@sha512:{0:0128}"], "no ClusterImagePolicy can judge it"),
        (["--now", "tomorrow"], "--now tomorrow: expected RFC 3339"),
        (["--resource", "/nonexistent.yaml"], "/nonexistent.yaml: cannot be read"),
    ],
)
def test_word_that_makes_no_sense_ends_with_2(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, words: list[str], said: str
) -> None:
    done = judged(run, policy, facts, *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_nothing_to_judge_ends_with_2(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    done = run("check", "--policy", policy)
    assert done.exit_code == 2
    assert "name an --image or a --resource" in done.stderr


@pytest.mark.parametrize("content", ["", "[]", '{"version": 2, "images": {}}', '{"version": 1}', "\x00\xff"])
def test_recorded_facts_that_cannot_be_used_end_with_2(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, content: str
) -> None:
    facts.write_text(content, encoding="latin-1")
    done = judged(run, policy, facts)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {facts}: ")


def test_time_is_given_in_words_or_in_full(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    judged(run, policy, facts, "--now", "2026-02-01T00:00:00Z")
    assert opa.nows == [1_769_904_000_000_000_000]
    judged(run, policy, facts)
    today = opa.nows[0]
    judged(run, policy, facts, "--now", "+30d")
    day = 24 * 60 * 60 * 1_000_000_000
    assert 30 * day <= opa.nows[0] - today < 31 * day


def test_image_that_no_policy_covers_is_denied_unless_told_otherwise(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    """The template for it stands beside the policies' own, so there is one case more."""
    run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1")
    assert len(opa.nows) == 2
    judged(run, policy, facts)
    assert len(opa.nows) == 1


def test_objects_are_named_in_what_is_said_of_them(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    opa.violations = [TOO_OLD]
    spec = {"containers": [{"name": "c", "image": "app/web:1"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}
    words = ["check", "--policy", policy, "--facts", facts, "--resource", "-", "--no-match", "allow"]
    assert "denied Pod shop/web by age: Image exceeds" in run(*words, input=json.dumps(pod)).stdout


SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
ROLLOUT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {"name": "web"},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "app/web:1"}]}}},
}


def of_objects(run: Run, policy: Path, facts: Path, *objects: object, words: Sequence[str] = ()) -> Any:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    command = ["check", "--policy", policy, "--facts", facts, "--resource", "-", "--no-match", "allow", *words]
    return run(*command, input=given)


def test_nothing_judged_ends_with_2_in_every_form(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    for form in ("text", "json", "junit", "sarif"):
        done = of_objects(run, policy, facts, SETTINGS, words=["--output", form])
        assert done.exit_code == 2
        assert "nothing was judged" in done.stderr
        assert "ConfigMap settings" in done.stdout
        assert "it brings no Pod that policies know" in done.stdout
        if form == "json":
            found = json.loads(done.stdout)
            assert (found["allowed"], found["reason"]) == (False, "NothingJudged")
            assert found["notJudged"] == [
                {"object": "ConfigMap settings", "reason": "it brings no Pod that policies know"}
            ]


def test_what_is_not_judged_is_said_beside_what_is(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    done = of_objects(run, policy, facts, SETTINGS, ROLLOUT)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "note: Rollout web: judged as the Pod that it will make" in lines
    assert "not judged: ConfigMap settings: it brings no Pod that policies know" in lines
    assert lines[-2:] == ["2 objects: 1 allowed, 1 not judged", "allowed by 1 policy"]


def test_quiet_check_shows_the_summary_and_what_is_denied(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    done = of_objects(run, policy, facts, SETTINGS, ROLLOUT, words=["--quiet"])
    assert done.stdout.splitlines() == ["2 objects: 1 allowed, 1 not judged", "allowed by 1 policy"]
    opa.violations = [TOO_OLD]
    done = of_objects(run, policy, facts, SETTINGS, ROLLOUT, ROLLOUT, words=["-q"])
    denials = [line for line in done.stdout.splitlines() if line.startswith("denied Rollout web by age")]
    advice = [line for line in done.stdout.splitlines() if "what to do" in line]
    assert (len(denials), len(advice)) == (2, 1)
    assert done.stdout.splitlines()[-2:] == ["3 objects: 2 denied, 1 not judged", "denied by 1 policy"]


def test_policy_that_covers_no_image_is_not_said_to_allow_it(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    opa.images = ()
    done = judged(run, policy, facts)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-3:] == [
        "not covered by age",
        "not covered: image app/web:1: no policy covers it",
        "allowed: no policy covers it",
    ]
    done = of_objects(run, policy, facts, ROLLOUT, ROLLOUT)
    assert "not used: age: it covers none of these images" in done.stdout.splitlines()


def test_policies_of_a_verdict_are_those_that_gave_it(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, tmp_path: Path
) -> None:
    (tmp_path / "other.yaml").write_text(policy.read_text().replace("name: age", "name: other") + "  mode: warn\n")
    opa.violations = [TOO_OLD]
    done = judged(run, policy, facts, "--policy", tmp_path / "other.yaml")
    assert done.stdout.splitlines()[-1] == "denied by 1 policy"
    opa.violations = []
    assert judged(run, policy, facts, "--policy", tmp_path / "other.yaml").stdout.splitlines()[-1] == (
        "allowed by 2 policies"
    )


def test_difference_to_the_cluster_is_said_where_no_policy_covers_an_image(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    opa.violations = [{"msg": "No policy covers this image.", "details": {"reason": "NoMatchingPolicy"}}]
    done = run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1")
    assert done.exit_code == 1
    assert "In a cluster they are admitted, unless the policies were translated with" in done.stdout


def test_yaml_beside_policies_is_passed_over_with_a_word(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    (policy.parent / "sub").mkdir()
    (policy.parent / "sub" / "kustomization.yaml").write_text("kind: Kustomization\n")
    (policy.parent / "sub" / "patch.yaml").write_text("- op: add\n")
    for name in ("a", "b", "c"):
        (policy.parent / "sub" / f"{name}.yaml").write_text("kind: ConfigMap\napiVersion: v1\n")
    done = run("check", "--policy", policy.parent, "--facts", facts, "--image", "app/web:1")
    assert done.exit_code == 0
    first = f"{policy.parent}/sub/a.yaml"
    assert f"note: passed over: ConfigMap is no ClusterImagePolicy: 3 files, {first} the first" in (
        done.stderr.splitlines()
    )
    assert f"note: {policy.parent}/sub/kustomization.yaml: passed over: Kustomization is no ClusterImagePolicy" in (
        done.stderr.splitlines()
    )
    # The recorded facts lie there, too.
    assert f"note: passed over: it is no Kubernetes object: 2 files, {facts} the first" in done.stderr.splitlines()


@pytest.mark.parametrize("form", ["json", "junit", "sarif"])
def test_files_that_are_passed_over_are_named_to_machines(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, form: str
) -> None:
    folders = policy.parent / "policies", policy.parent / "objects"
    for folder in folders:
        folder.mkdir()
    policy.rename(folders[0] / "policy.yaml")
    (folders[0] / "kustomization.yaml").write_text("kind: Kustomization\n")
    place = {"name": "unused", "namespace": "cosign-system"}
    (folders[0] / "secret.yaml").write_text(json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": place}))
    (folders[1] / "rollout.yaml").write_text(json.dumps(ROLLOUT))
    (folders[1] / "values.yaml").write_text("replicas: 1\n")
    words = ["--facts", facts, "--no-match", "allow", "--output", form]
    done = run("check", "--policy", folders[0], "--resource", folders[1], *words)
    assert done.exit_code == 0, done.output
    expected = {
        f"{folders[0]}/kustomization.yaml": "passed over: Kustomization is no ClusterImagePolicy",
        f"{folders[0]}/secret.yaml": "passed over: no policy refers to the Secret unused",
        f"{folders[1]}/values.yaml": "it is no Kubernetes object",
    }
    for file, reason in expected.items():
        assert f"{file}: {reason}" in done.stderr
        assert file in done.stdout
        assert reason in done.stdout
    if form == "json":
        found = json.loads(done.stdout)["notJudged"]
        assert found == [{"file": file, "reason": reason} for file, reason in expected.items()]


def test_object_beside_policies_that_is_judged_is_not_among_what_is_not(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    folder = policy.parent / "both"
    folder.mkdir()
    policy.rename(folder / "policy.yaml")
    (folder / "rollout.yaml").write_text(json.dumps(ROLLOUT))
    words = ["--policy", folder, "--resource", folder, "--facts", facts, "--no-match", "allow", "--output", "json"]
    found = json.loads(run("check", *words).stdout)
    assert [each["file"] for each in found["notJudged"]] == [str(folder / "policy.yaml")]


def test_misspelt_policy_in_a_directory_is_refused(run: Run, policy: Path, facts: Path, opa: ScriptedOpa) -> None:
    (policy.parent / "other.yaml").write_text(policy.read_text().replace("ClusterImagePolicy", "ClusterImagePolcy"))
    done = run("check", "--policy", policy.parent, "--facts", facts, "--image", "app/web:1")
    assert done.exit_code == 2
    assert "unknown type policy.sigstore.dev/v1beta1/ClusterImagePolcy" in done.stderr


def test_image_that_the_recorded_facts_do_not_have_is_no_verdict(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    details = {"reason": "NotFound", "image": "app/web:1", "stage": "authorities"}
    opa.violations = [{"msg": "NotFound: authority key does not vouch", "details": details}]
    facts.write_text('{"version": 1, "images": {}}')
    done = judged(run, policy, facts, "--output", "junit")
    assert done.exit_code == 3
    assert '<error message="NotFound: authority key does not vouch">' in done.stdout
    found = json.loads(judged(run, policy, facts, "--output", "json").stdout)
    assert found["reason"] == "FactsMissing"


def test_signer_in_recorded_facts_whom_no_policy_names_is_told(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    known = json.loads(facts.read_text())
    known["images"]["app/web:1"]["signed"] = [{"by": "relase"}]
    known["images"]["app/other:1"] = {"digest": "sha256:0", "signed": [{"by": "somebody"}]}
    facts.write_text(json.dumps(known))
    said = "note: facts of app/web:1: signed by relase, but no policy has such an authority or signer"
    assert judged(run, policy, facts).stderr.splitlines() == [said]


def test_opa_of_another_version_is_used_with_a_warning(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opa, "version", lambda: "1.4.2", raising=False)
    done = run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1")
    assert "warning: this is opa 1.4.2; Gatekeeper has" in done.stderr


@pytest.mark.usefixtures("opa")
def test_recorded_date_without_a_platform_is_refused_by_its_path_where_dates_are_judged(
    run: Run, facts: Path, tmp_path: Path
) -> None:
    constraints = [tmp_path / f"{number}.yaml" for number in range(2)]
    for path, made in zip(constraints, MaximumImageAge().constraints(), strict=True):
        path.write_text(json.dumps(made))
    given = [word for path in constraints for word in ("--policy", path)]
    done = run("check", *given, "--facts", facts, "--image", "app/web:1")
    assert done.exit_code == 2
    assert f"error: {facts}: images.app/web:1.platforms: missing, but each platform's date is judged" in done.stderr
