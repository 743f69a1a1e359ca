"""`bestbefore check`: exit codes, the JSON object, what a person reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.evaluation.opa import NoVerdictError, Problem
from tests.unit.cli.conftest import Run, ToldOpa

TOO_OLD = {"msg": "Image exceeds maximum allowed age.", "details": {"reason": "PolicyFailed"}}
AWAY = {"msg": "Timeout: no answer yet", "details": {"reason": "Timeout"}}


def judged(run: Run, policy: Path, facts: Path, *words: object) -> Any:
    return run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1", "--no-match", "allow", *words)


def test_allowed_image_ends_with_0(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    done = judged(run, policy, facts)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "allowed by 1 policy"
    assert done.stderr == ""


def test_denied_image_ends_with_1_and_the_sentence(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    opa.violations = [TOO_OLD]
    done = judged(run, policy, facts)
    assert done.exit_code == 1
    assert "denied by age: Image exceeds maximum allowed age." in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "denied by 1 policy"


def test_passing_failure_ends_with_3_for_it_is_no_verdict(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    opa.violations = [AWAY]
    done = judged(run, policy, facts, "--output", "json")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["reason"] == "Timeout"


def test_bad_image_is_a_verdict_whatever_else_is_unknown(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    opa.violations = [AWAY, TOO_OLD]
    assert judged(run, policy, facts).exit_code == 1


def test_warning_policy_allows_and_warns(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    policy.write_text(policy.read_text() + "  mode: warn\n")
    opa.violations = [TOO_OLD]
    done = judged(run, policy, facts, "--output", "json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) | {"images": {}} == {
        "allowed": True,
        "errors": [],
        "warnings": ["Image exceeds maximum allowed age."],
        "images": {},
    }


def test_json_holds_what_was_judged_and_nothing_else(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    opa.violations = [TOO_OLD]
    found = json.loads(judged(run, policy, facts, "--output", "json").stdout)
    assert set(found) == {"allowed", "errors", "warnings", "images"}
    assert (found["allowed"], found["errors"]) == (False, ["Image exceeds maximum allowed age."])
    assert found["images"]["app/web:1"]["created"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("form", ["text", "json"])
def test_without_opa_there_is_no_verdict(
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


def test_every_problem_of_every_policy_is_told_and_ends_with_2(
    run: Run, tmp_path: Path, facts: Path, opa: ToldOpa
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


def test_rule_that_opa_refuses_ends_with_2(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    opa.problems = (Problem("rego_type_error", "undefined function x", "sigstore.rego", 2),)
    done = judged(run, policy, facts)
    assert done.exit_code == 2
    assert "undefined function x" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--image", "NOT OK"], "--image NOT OK: could not parse reference"),
        (["--now", "tomorrow"], "--now tomorrow: expected RFC 3339"),
        (["--resource", "/nonexistent.yaml"], "/nonexistent.yaml: cannot be read"),
    ],
)
def test_word_that_makes_no_sense_ends_with_2(
    run: Run, policy: Path, facts: Path, opa: ToldOpa, words: list[str], said: str
) -> None:
    done = judged(run, policy, facts, *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_nothing_to_judge_ends_with_2(run: Run, policy: Path, opa: ToldOpa) -> None:
    done = run("check", "--policy", policy)
    assert done.exit_code == 2
    assert "name an --image or a --resource" in done.stderr


@pytest.mark.parametrize("content", ["", "[]", '{"version": 2, "images": {}}', '{"version": 1}', "\x00\xff"])
def test_recorded_facts_that_cannot_be_used_end_with_2(
    run: Run, policy: Path, facts: Path, opa: ToldOpa, content: str
) -> None:
    facts.write_text(content, encoding="latin-1")
    done = judged(run, policy, facts)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {facts}: ")


def test_time_is_given_in_words_or_in_full(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    judged(run, policy, facts, "--now", "2026-02-01T00:00:00Z")
    assert opa.nows == [1_769_904_000_000_000_000]
    judged(run, policy, facts)
    today = opa.nows[0]
    judged(run, policy, facts, "--now", "+30d")
    day = 24 * 60 * 60 * 1_000_000_000
    assert 30 * day <= opa.nows[0] - today < 31 * day


def test_image_that_no_policy_covers_is_denied_unless_told_otherwise(
    run: Run, policy: Path, facts: Path, opa: ToldOpa
) -> None:
    """The template for it stands beside the policies' own, so there is one case more."""
    run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1")
    assert len(opa.nows) == 2
    judged(run, policy, facts)
    assert len(opa.nows) == 1


def test_objects_are_named_in_what_is_said_of_them(run: Run, policy: Path, facts: Path, opa: ToldOpa) -> None:
    opa.violations = [TOO_OLD]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}
    words = ["check", "--policy", policy, "--facts", facts, "--resource", "-", "--no-match", "allow"]
    assert "denied Pod shop/web by age: Image exceeds" in run(*words, input=json.dumps(pod)).stdout
