"""Commands in this process, with a policy, recorded facts, and an opa that says what a test tells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import trust_roots
from gatekeeper.cli.main import cli
from gatekeeper.evaluation.opa import VERSION, EvaluationError, OpaError, Printout
from gatekeeper.trust.sources import TrustSources
from tests.engine import printout
from tests.simulators import trust_mirror

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
class ScriptedOpa:
    """An engine that answers as it is told.

    Attributes:
        violations: what each case's template says.
        problems: what it finds wrong with a rule.
        nows: the times that it was asked for.
        images: what each policy covers.
        runs: how often it was run.
    """

    violations: Sequence[Mapping[str, Any]] = ()
    problems: tuple[OpaError, ...] = ()
    nows: list[int] = field(default_factory=list)
    images: Sequence[str] = ("app/web:1",)
    runs: int = 0

    def evaluate(self, folder: Path, query: str) -> Printout:
        self.runs += 1
        if self.problems:
            raise EvaluationError(self.problems)
        cases = json.loads((folder / "data.json").read_text())["cases"]
        self.nows = [case["now"] for case in cases]
        asked = '{"config":true,"image":"app/web:1","v":1}'
        numbers = range(len(cases))
        asks = {number: [asked] for number in numbers}
        return printout(dict.fromkeys(numbers, self.violations), asks, dict.fromkeys(numbers, self.images))

    def check(self, folder: Path) -> tuple[OpaError, ...]:
        self.runs += 1
        return self.problems

    def parse(self, text: str) -> None:
        """Nothing is known of any rule, so all of a configuration is asked for."""

    def version(self) -> str:
        return VERSION


def _each(cases: Sequence[Any], said: Sequence[Any]) -> dict[str, Any]:
    return {str(index): said for index in range(len(cases))}


Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs a command."""

    def run(*words: object, **options: Any) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words], prog_name="bestbefore", **options)

    return run


@pytest.fixture(autouse=True)
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrustSources:
    """How mirrors of trust roots are looked at: all are away."""
    looks = TrustSources(tmp_path / "state", trust_mirror.nobody)
    monkeypatch.setattr(trust_roots, "sources", lambda: looks)
    return looks


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
def opa(monkeypatch: pytest.MonkeyPatch) -> ScriptedOpa:
    """The engine that `check` finds."""
    engine = ScriptedOpa()
    monkeypatch.setattr("gatekeeper.evaluation.opa.find", lambda *_: engine)
    return engine
