"""`bestbefore translate --diff` and `--check`: is what is there what would be generated?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.conftest import Run, ScriptedOpa


@pytest.fixture
def committed(run: Run, policy: Path, opa: ScriptedOpa, tmp_path: Path) -> Path:
    """A folder with the translation of the policy."""
    folder = tmp_path / "committed"
    assert run("translate", policy, "--output-dir", folder).exit_code == 0
    return folder


@pytest.mark.parametrize("option", ["--diff", "--check"])
def test_what_is_as_it_would_be_ends_with_0_and_no_output(run: Run, policy: Path, committed: Path, option: str) -> None:
    done = run("translate", policy, option, committed)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "nothing would change\n")


def test_edited_policy_ends_with_1_and_the_lines_that_differ(run: Run, policy: Path, committed: Path) -> None:
    policy.write_text(policy.read_text().replace('glob: "**"', "glob: registry.test/**"))
    done = run("translate", policy, "--diff", committed)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("--- present/")
    assert any(line.startswith("-") and "glob: '**'" in line for line in lines)
    assert any(line.startswith("+") and "glob: registry.test/**" in line for line in lines)


def test_check_names_objects_and_shows_no_lines(run: Run, policy: Path, committed: Path) -> None:
    policy.write_text(policy.read_text().replace('glob: "**"', "glob: registry.test/**"))
    done = run("translate", policy, "--check", committed)
    assert done.exit_code == 1
    (template, constraint) = done.stdout.splitlines()
    assert template.startswith("changed: ConstraintTemplate cipage")
    assert constraint.endswith(" age")


def test_policy_that_is_new_and_one_that_is_gone_are_told(run: Run, policy: Path, committed: Path) -> None:
    policy.write_text(policy.read_text().replace("name: age", "name: fresh"))
    done = run("translate", policy, "--check", committed)
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["added", "added", "removed", "removed"]


def test_state_of_a_cluster_comes_by_standard_input(run: Run, policy: Path, committed: Path) -> None:
    items = [yaml.safe_load(path.read_text()) for path in sorted(committed.iterdir())]
    for item in items:
        item["metadata"] |= {"uid": "1", "managedFields": []}
        item["status"] = {"byPod": []}
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    assert run("translate", policy, "--check", "-", input=listed).exit_code == 0


@pytest.mark.parametrize("content", ["a: [", "text", "[1]"])
def test_state_that_cannot_be_read_ends_with_2(run: Run, policy: Path, opa: ScriptedOpa, content: str) -> None:
    done = run("translate", policy, "--diff", "-", input=content)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: -: ")


def test_ways_of_output_exclude_each_other(run: Run, policy: Path, opa: ScriptedOpa, tmp_path: Path) -> None:
    done = run("translate", policy, "--diff", tmp_path, "--check", tmp_path)
    assert done.exit_code == 2
    assert "exclude each other" in done.stderr
