"""Rego of the documentation, evaluated by the real OPA."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.opa import Opa, Printout
from gatekeeper.evaluation.program import StubAnswers, Template
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import translate
from provider.questions import question
from tests import quick_yaml
from tests.programs import ROOT, program
from tests.unit.docs.pages import blocks

pytestmark = pytest.mark.integration

_GUIDE = ROOT / "docs" / "how-to" / "write-your-own-template.md"
_RULE = ROOT / "docs" / "how-to" / "write-a-policy.md"
_BOTH = {"linux/amd64": {}, "linux/arm64": {}}
# 2026-03-01T00:00:00Z in nanoseconds.
_MARCH = 1_772_323_200_000_000_000
_PARAMETERS = {"platforms": ["linux/amd64", "linux/arm64"]}


@pytest.fixture(scope="module")
def engine() -> Opa:
    return Opa(program("opa"))


@pytest.fixture(scope="module")
def template() -> Template:
    """The template of the guide, as a reader would copy it."""
    first = next(block for block in blocks(_GUIDE) if block.language == "yaml" and "requiredplatforms" in block.text)
    return Template.of(quick_yaml.load(first.text))


class SilentEngine(Opa):
    """An engine in which the call of `external_data` is undefined."""

    def evaluate(self, folder: Path, query: str) -> Printout:
        driver = folder / "bestbefore_driver.rego"
        head = "answer(request) := response if {\n"
        assert head in driver.read_text()
        driver.write_text(driver.read_text().replace(head, f"{head}\tfalse\n"))
        return super().evaluate(folder, query)


def refusals(engine: Opa, template: Template, recorded: StubAnswers, *images: str, **parameters: Any) -> list[str]:
    """What the template says to a Pod with these images."""
    pod = {"kind": "Pod", "spec": {"containers": [{"image": image} for image in images]}}
    case = ConstraintReview(template, parameters or _PARAMETERS, {"operation": "CREATE", "object": pod}, 0)
    (found,) = Evaluator(engine).violations([case], recorded)
    return [each.msg for each in found]


def passing(image: str, reason: str, message: str) -> str:
    return json.dumps({question.ref(image): {"reason": reason, "message": message}})


def test_guide_admits_an_image_that_complies(engine: Opa, template: Template) -> None:
    assert refusals(engine, template, StubAnswers({"app:1": {"platforms": _BOTH}}, {}), "app:1") == []


@pytest.mark.parametrize(
    ("recorded", "sentence"),
    [
        (StubAnswers({"app:1": {"platforms": {"linux/amd64": {}}}}, {}), 'Image "app:1": it is for linux/amd64 only.'),
        (StubAnswers({"app:1": {}}, {}), 'Image "app:1": the provider gave no answer.'),
        (StubAnswers({"app:1": "a text"}, {}), 'Image "app:1": the provider gave no answer.'),
        (StubAnswers({"other:1": {"platforms": _BOTH}}, {}), 'Image "app:1": the provider gave no answer.'),
        (StubAnswers({}, {"app:1": "ContentInvalid: no config"}), 'Image "app:1": ContentInvalid: no config.'),
        (
            StubAnswers({"app:1": {"platforms": _BOTH}}, {"app:1": "ContentInvalid: no config"}),
            'Image "app:1": ContentInvalid: no config.',
        ),
        (StubAnswers({}, {}, passing("app:1", "Timeout", "no answer yet")), 'Image "app:1": Timeout: no answer yet.'),
        (StubAnswers({}, {}, "connection refused"), 'Image "app:1": the provider cannot be asked: connection refused.'),
    ],
)
def test_guide_refuses_what_is_not_shown_to_comply(
    engine: Opa, template: Template, recorded: StubAnswers, sentence: str
) -> None:
    assert refusals(engine, template, recorded, "app:1") == [sentence]


def test_guide_names_the_bad_one_of_two_images(engine: Opa, template: Template) -> None:
    recorded = StubAnswers({"good:1": {"platforms": _BOTH}}, {}, passing("bad:1", "NotFound", "not there"))
    assert refusals(engine, template, recorded, "good:1", "bad:1") == ['Image "bad:1": NotFound: not there.']


def test_guide_refuses_when_the_call_is_undefined(template: Template) -> None:
    engine = SilentEngine(program("opa"))
    assert refusals(engine, template, StubAnswers({}, {}), "app:1") == ['Image "app:1": the provider gave no answer.']


def test_guide_refuses_when_its_parameters_are_missing(engine: Opa, template: Template) -> None:
    recorded = StubAnswers({"app:1": {"platforms": _BOTH}}, {})
    assert refusals(engine, template, recorded, "app:1", other=[]) == [
        'Image "app:1": it is for linux/amd64, linux/arm64 only.'
    ]


def test_guide_makes_a_strange_image_name_harmless(engine: Opa, template: Template) -> None:
    assert refusals(engine, template, StubAnswers({}, {}), "a\nb") == ['Image "a\\nb": the provider gave no answer.']


STRANGE = [None, 7, "x", [], {}, [None], [{"kind": 7, "name": {}}], {"username": 7}, {"username": ["ann"]}]


def details(engine: Opa, template: Template, **review: Any) -> dict[str, Any]:
    """Of the one violation of a Pod."""
    pod = {"kind": "Pod", "spec": {"containers": [{"image": "app:1"}]}, "metadata": review.pop("metadata", {})}
    case = ConstraintReview(template, _PARAMETERS, {"operation": "CREATE", "object": pod, **review}, 0)
    ((found,),) = Evaluator(engine).violations([case], StubAnswers({}, {}))
    return dict(found.details)


def test_lines_to_copy_say_who_and_where(engine: Opa, template: Template) -> None:
    owners = [{"kind": "Node", "name": "n1"}, {"kind": "ReplicaSet", "name": "web-1", "controller": True}]
    said = {"uid": "7", "operation": "CREATE", "dryRun": False, "userInfo": {"username": "ann"}}
    assert details(engine, template, metadata={"ownerReferences": owners}, **said) == {
        "image": "app:1",
        "actor": "person",
        "owner": {"kind": "ReplicaSet", "name": "web-1"},
        "request": {"uid": "7", "operation": "CREATE", "dryRun": False},
    }
    account = {"username": "system:serviceaccount:shop:deployer"}
    assert details(engine, template, uid="", userInfo=account) == {
        "image": "app:1",
        "actor": "serviceaccount",
        "request": {"operation": "CREATE"},
    }


@pytest.mark.parametrize("strange", STRANGE, ids=json.dumps)
def test_lines_to_copy_lose_no_violation(engine: Opa, template: Template, strange: Any) -> None:
    assert details(engine, template, metadata={"ownerReferences": strange})["image"] == "app:1"
    assert details(engine, template, userInfo=strange)["actor"] in {"person", "unknown"}
    assert details(engine, template, metadata=strange)["image"] == "app:1"


def policy_of_the_guide(folder: Path) -> Path:
    """The policy with the rule of the guide."""
    policy = quick_yaml.load((ROOT / "policies" / "maximum-image-age" / "cip.yaml").read_text())
    policy["spec"]["policy"]["data"] = next(block.text for block in blocks(_RULE) if block.language == "rego")
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(policy))
    return path


def test_suite_of_the_guide_is_satisfied_by_its_rule(tmp_path: Path) -> None:
    policy_of_the_guide(tmp_path)
    suite = next(block.text for block in blocks(_RULE) if block.language == "yaml" and "cases:" in block.text)
    (tmp_path / "bestbefore-test.yaml").write_text(suite)
    command = [sys.executable, "-m", "gatekeeper.cli", "test", str(tmp_path)]
    environment = {**os.environ, "BESTBEFORE_OPA": str(program("opa"))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "2 as expected, 0 not"


@pytest.mark.parametrize(
    ("created", "good"),
    [
        (("2026-02-20T00:00:00Z", "2026-02-10T00:00:00Z"), True),
        (("2026-02-20T00:00:00Z", "2025-02-10T00:00:00Z"), False),
        (("2026-02-20T00:00:00Z", None), False),
        (("2026-02-20T00:00:00Z", "yesterday"), False),
    ],
)
def test_rule_of_the_guide_wants_every_platform_to_be_young(
    engine: Opa, tmp_path: Path, created: tuple[str, str | None], good: bool
) -> None:
    (made,) = translate(load_policies([str(policy_of_the_guide(tmp_path))]).policies, engine)
    configs = {f"linux/{number}": {"created": each} if each else {} for number, each in enumerate(created)}
    key = question.key_of(question.FactQuestion("app/web:1", config=True))
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"image": "app/web:1"}]},
    }
    review = {
        "operation": "CREATE",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "object": pod,
        "oldObject": None,
    }
    case = ConstraintReview(Template.of(made.template), made.constraints[0]["spec"]["parameters"], review, _MARCH)
    (found,) = Evaluator(engine).violations([case], StubAnswers({key: {"digest": "sha256:0", "config": configs}}, {}))
    assert (not found) is good
