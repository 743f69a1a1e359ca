"""Every file in tests/cips: what stands in its first comments is what is said of it. A new case is a new file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.policy import PolicyError, Problem, Severity, load_policies

CIPS = Path(__file__).parents[2] / "cips"
INVALID = sorted((CIPS / "invalid").glob("*.yaml"))
VALID = sorted((CIPS / "valid").glob("*.yaml"))


def announced(path: Path, word: str) -> list[str]:
    prefix = f"# {word}: "
    return [line.removeprefix(prefix) for line in path.read_text().splitlines() if line.startswith(prefix)]


def said(path: Path, problems: tuple[Problem, ...], severity: Severity) -> list[str]:
    return [str(problem).removeprefix(f"{path}: ") for problem in problems if problem.severity is severity]


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_policy_is_refused_with_every_problem_it_announces(path):
    with pytest.raises(PolicyError) as caught:
        load_policies([path])
    assert said(path, caught.value.problems, Severity.ERROR) == announced(path, "expect")
    assert said(path, caught.value.problems, Severity.WARNING) == announced(path, "warn")


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_policy_is_loaded_with_the_warnings_it_announces(path):
    loaded = load_policies([path])
    assert [policy.kind for policy in loaded.policies] == ["ClusterImagePolicy"]
    assert said(path, loaded.warnings, Severity.WARNING) == announced(path, "warn")


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_every_invalid_case_says_what_it_expects(path):
    assert announced(path, "expect")


@pytest.mark.parametrize("path", [*INVALID, *VALID], ids=lambda path: path.stem)
def test_a_problem_knows_its_line_and_stays_on_one(path):
    try:
        problems = load_policies([path]).warnings
    except PolicyError as error:
        problems = error.problems
    for problem in problems:
        assert problem.line is not None
        assert len(str(problem).splitlines()) == 1


def test_a_private_key_is_never_shown():
    path = CIPS / "invalid" / "key-private.yaml"
    body = [
        line.strip() for line in path.read_text().splitlines() if len(line.strip()) == 64 and " " not in line.strip()
    ]
    assert body
    with pytest.raises(PolicyError) as caught:
        load_policies([path])
    shown = str(caught.value) + repr(caught.value.problems)
    assert not [line for line in body if line in shown]
