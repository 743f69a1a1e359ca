"""The ten-line templates of the guide: what the page shows is what the examples hold, and they fail closed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.opa import Opa
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template
from gatekeeper.translation.own_template import with_library
from provider.questions.question import FactQuestion, key_of
from tests import quick_yaml
from tests.integration.test_docs import SilentEngine
from tests.programs import ROOT, program
from tests.unit.docs.pages import blocks

pytestmark = pytest.mark.integration

_GUIDE = ROOT / "docs" / "how-to" / "write-your-own-template.md"
_EXAMPLES = sorted((ROOT / "docs" / "examples").iterdir())
_KEY = key_of(FactQuestion("reg.io/app:1"))
# 2026-01-31T00:00:00Z
_NOW = 1_769_817_600_000_000_000
_DAY = 24 * 60 * 60 * 1_000_000_000


@pytest.fixture(scope="module")
def engine() -> Opa:
    return Opa(program("opa"))


def template(folder: Path) -> dict[str, Any]:
    return dict(quick_yaml.load((folder / "template.yaml").read_text()))


def said(engine: Opa, answers: StubAnswers, parameters: Any, image: str = "reg.io/app:1") -> list[str]:
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "app", "image": image}]}}
    made = Template.of(with_library(template(ROOT / "docs" / "examples" / "young-images")))
    case = ConstraintReview(made, parameters, {"operation": "CREATE", "object": pod}, _NOW)
    (found,) = Evaluator(engine).violations([case], answers)
    return [each.msg for each in found]


@pytest.mark.parametrize("folder", _EXAMPLES, ids=lambda each: each.name)
def test_page_shows_what_the_example_holds(folder: Path) -> None:
    shown = [block.text.strip() for block in blocks(_GUIDE) if block.language == "rego"]
    assert template(folder)["spec"]["targets"][0]["code"][0]["source"]["rego"].strip() in shown


@pytest.mark.parametrize("folder", _EXAMPLES, ids=lambda each: each.name)
def test_library_is_put_into_the_template(folder: Path) -> None:
    done = CliRunner().invoke(
        cli,
        ["translate", "--library", str(folder / "template.yaml"), str(folder / "constraint.yaml")],
        env={"BESTBEFORE_OPA": str(program("opa"))},
    )
    assert done.exit_code == 0, done.output
    made, constraint = quick_yaml.load_all(done.stdout)
    assert any(
        "package lib.bestbefore.images" in text for text in made["spec"]["targets"][0]["code"][0]["source"]["libs"]
    )
    assert constraint == quick_yaml.load((folder / "constraint.yaml").read_text())


def test_young_image_is_admitted(engine: Opa) -> None:
    assert said(engine, StubAnswers({_KEY: {"createdNs": str(_NOW - 30 * _DAY)}}, {}), {"days": 30}) == []


@pytest.mark.parametrize(
    "answers",
    [
        StubAnswers({_KEY: {"createdNs": str(_NOW - 31 * _DAY)}}, {}),
        StubAnswers({_KEY: {"createdNs": str(_NOW + 1)}}, {}),
        StubAnswers({_KEY: {"createdNs": None}}, {}),
        StubAnswers({_KEY: {}}, {}),
        StubAnswers({_KEY: "a text"}, {}),
        StubAnswers({}, {_KEY: "ContentInvalid: no config"}),
        StubAnswers({_KEY: {"createdNs": str(_NOW)}}, {_KEY: "ContentInvalid: no config"}),
        StubAnswers({}, {}, "connection refused"),
        NOTHING,
    ],
)
def test_whatever_is_not_shown_to_be_young_is_denied_with_one_message(engine: Opa, answers: StubAnswers) -> None:
    assert len(said(engine, answers, {"days": 30})) == 1


def test_undefined_call_and_missing_parameters_deny(engine: Opa) -> None:
    assert len(said(SilentEngine(program("opa")), NOTHING, {"days": 30})) == 1
    assert len(said(engine, StubAnswers({_KEY: {"createdNs": str(_NOW)}}, {}), {})) == 1


def test_suite_runs_in_gator_too(tmp_path: Path) -> None:
    folder = ROOT / "docs" / "examples" / "young-images"
    done = CliRunner().invoke(
        cli, ["test", str(folder), "--gator", str(tmp_path / "suite")], env={"BESTBEFORE_OPA": str(program("opa"))}
    )
    assert done.exit_code == 0, done.output
    suite = quick_yaml.load((tmp_path / "suite" / "suite.yaml").read_text())
    asserted = [each["cases"][0]["assertions"][0]["violations"] for each in suite["tests"]]
    assert asserted == ["no", 1, 1, 1, 1, 1]
    judged = subprocess.run(
        [program("gator"), "verify", str(tmp_path / "suite")], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
