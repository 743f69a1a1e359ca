"""`bestbefore test` with templates of one's own, by the real OPA: none is green without having looked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from gatekeeper.evaluation.suite import FILE_NAME
from tests.engine import engine

pytestmark = pytest.mark.integration

# As people write it first: it looks for what is wrong, and admits whatever it did not think of.
NAIVE = """package young

violation[{"msg": msg}] {
  image := input.review.object.spec.containers[_].image
  said := external_data({"provider": "bestbefore", "keys": [image]})
  age := time.now_ns() - to_number(said.responses[_][1].createdNs)
  age > input.parameters.days * 24 * 60 * 60 * 1000000000
  msg := sprintf("%v is too old", [image])
}
"""
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "app/web:old"}]}}},
}


def tried(folder: Path, rego: str = NAIVE, parameters: Any = None, **case: Any) -> Result:
    """One case of a suite about a template."""
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
    crd = {"spec": {"names": {"kind": "Young"}, "validation": {"openAPIV3Schema": schema}}}
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "young"},
        "spec": {"crd": crd, "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}]},
    }
    constraint = {"kind": "Young", "metadata": {"name": "young"}, "spec": {"parameters": parameters or {"days": 30}}}
    suite = {
        "templates": ["objects.yaml"],
        "now": "2026-01-31T12:00:00Z",
        "facts": {
            "app/web:new": {"created": "2026-01-20T00:00:00Z"},
            "app/web:old": {"created": "2025-01-20T00:00:00Z"},
            "app/web:gone": {"reason": "NotFound"},
            "app/model:new": {"created": "2026-01-20T00:00:00Z", "createdFrom": "annotation"},
            "app/model:old": {"created": "2025-01-20T00:00:00Z", "createdFrom": "annotation"},
        },
        "cases": [{"name": "a case", **case}],
    }
    (folder / "objects.yaml").write_text(yaml.safe_dump_all([template, constraint]))
    (folder / FILE_NAME).write_text(yaml.safe_dump(suite))
    return CliRunner().invoke(cli, ["test", str(folder)], env={"BESTBEFORE_OPA": str(engine().path)})


@pytest.mark.parametrize(("image", "verdict"), [("app/web:new", "allowed"), ("app/web:old", "denied")])
def test_template_that_compares_ages_gets_its_answers(tmp_path: Path, image: str, verdict: str) -> None:
    done = tried(tmp_path, image=image, verdict=verdict)
    assert done.exit_code == 0, done.output


def test_template_that_admits_what_has_no_answer_is_caught(tmp_path: Path) -> None:
    done = tried(tmp_path, image="app/web:gone", verdict="denied")
    assert done.exit_code == 1
    assert "expected denied, got allowed" in done.output


def test_template_that_does_not_look_at_workloads_is_caught(tmp_path: Path) -> None:
    done = tried(tmp_path, resource=DEPLOYMENT, verdict="allowed")
    assert done.exit_code == 1
    assert "nothing was asked about app/web:old" in done.output


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[image]})", "{image}})", "`keys` is a value of type set, not an array"),
        ('"bestbefore"', '"another"', "names the Provider 'another'"),
        ("external_data", "http.send", "undefined function http.send"),
    ],
)
def test_call_that_a_cluster_does_not_answer_is_told(tmp_path: Path, before: str, after: str, said: str) -> None:
    done = tried(tmp_path, NAIVE.replace(before, after), image="app/web:new", verdict="allowed")
    assert done.exit_code in {1, 2}
    assert said in done.output


def test_misspelt_parameter_is_refused(tmp_path: Path) -> None:
    done = tried(tmp_path, parameters={"day": 30}, image="app/web:new", verdict="allowed")
    assert done.exit_code == 2
    assert "spec.parameters.day: the template's schema has no such field" in done.output


def test_case_of_a_template_that_reads_other_objects_says_that_it_saw_none(tmp_path: Path) -> None:
    rego = NAIVE.replace("  age >", "  not data.inventory.cluster.v1.Namespace.exempt\n  age >")
    done = tried(tmp_path, rego, image="app/web:old", verdict="denied")
    assert done.exit_code == 0, done.output
    assert "note: Young young: it reads data.inventory: the objects of a cluster are not known here" in done.stdout
    assert "data.inventory" not in tried(tmp_path, image="app/web:old", verdict="denied").stdout


DATED = """package young

import future.keywords

import data.lib.bestbefore.images

wanted := {"dates": ["annotation"]}

violation contains images.violation(image, "The image is too old.") if {
  some image in images.of(input.review, wanted)
  not young(image)
}

violation contains images.unreadable(input) if not images.of(input.review, wanted)

young(image) if {
  age := time.now_ns() - to_number(image.facts.createdNs)
  age >= 0
  age <= input.parameters.days * 24 * 60 * 60 * 1000000000
}
"""


@pytest.mark.parametrize(
    ("image", "asked", "verdict"),
    [
        ("app/model:new", True, "allowed"),
        ("app/model:old", True, "denied"),
        ("app/model:new", False, "denied"),
        ("app/web:new", True, "allowed"),
    ],
)
def test_date_of_an_annotation_is_there_for_who_asks_for_it(
    tmp_path: Path, image: str, *, asked: bool, verdict: str
) -> None:
    rego = DATED if asked else DATED.replace('{"dates": ["annotation"]}', "{}")
    done = tried(tmp_path, rego, image=image, verdict=verdict)
    assert done.exit_code == 0, done.output
