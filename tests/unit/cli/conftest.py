"""Commands in this process, with a policy, recorded facts, and an opa that says what a test tells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from gatekeeper.evaluation.opa import Problem

POLICY = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: age
spec:
  images:
    - glob: "**"
  authorities:
    - static:
        action: pass
  policy:
    fetchConfigFile: true
    type: rego
    data: |
      package sigstore
      isCompliant = true
"""


@dataclass
class ToldOpa:
    """An engine that answers as it is told.

    Attributes:
        violations: what each case's template says.
        problems: what it finds wrong with a rule.
        nows: the times that it was asked for.
    """

    violations: Sequence[Mapping[str, Any]] = ()
    problems: tuple[Problem, ...] = ()
    nows: list[int] = field(default_factory=list)

    def evaluate(self, folder: Path, query: str) -> Any:
        cases = json.loads((folder / "data.json").read_text())["cases"]
        self.nows = [case["now"] for case in cases]
        asked = '{"config":true,"image":"app/web:1","v":1}'
        said: Sequence[Any] = [asked] if query.endswith("questions") else self.violations
        return {str(index): said for index in range(len(cases))}

    def check(self, folder: Path) -> tuple[Problem, ...]:
        return self.problems


Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs a command."""

    def run(*words: object, **options: Any) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words], prog_name="bestbefore", **options)

    return run


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A file that says one thing about one image."""
    path = tmp_path / "facts.json"
    fact = {"digest": "sha256:0", "created": "2026-01-01T00:00:00Z", "createdNs": "1767225600000000000", "config": {}}
    path.write_text(json.dumps({"version": 1, "images": {"app/web:1": fact}}))
    return path


@pytest.fixture
def opa(monkeypatch: pytest.MonkeyPatch) -> ToldOpa:
    """The engine that `check` finds."""
    engine = ToldOpa()
    monkeypatch.setattr("gatekeeper.evaluation.opa.find", lambda *_: engine)
    return engine
