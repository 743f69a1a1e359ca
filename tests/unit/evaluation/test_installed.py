"""Templates and Constraints from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.documents.document import read_documents
from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation.installed import templates_with_library, translations_of
from gatekeeper.evaluation.opa import OpaError

SOURCE = {"rego": "package age\n\nviolation[x] { false }\n", "libs": ["package lib.x\n"]}


@dataclass
class EngineDouble:
    """Finds what a test tells it."""

    problems: tuple[OpaError, ...] = ()

    def evaluate(self, folder: Path, query: str) -> Any:
        raise AssertionError

    def check(self, folder: Path) -> tuple[OpaError, ...]:
        return self.problems

    def version(self) -> str:
        raise AssertionError


SCHEMA = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer"}, "mode": {"type": "string", "default": "strict"}},
}


def template(kind: str = "Age", **source: Any) -> dict[str, Any]:
    return {
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}, "validation": {"openAPIV3Schema": SCHEMA}}},
            "targets": [{"code": [{"source": {**SOURCE, **source}}]}],
        },
    }


def constraint(kind: str = "Age", name: str = "age", **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": {"parameters": {"a": 1}, **spec}}


def read(folder: Path, *documents: Any) -> Any:
    file = folder / "objects.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    return translations_of([file], EngineDouble())


def refused(folder: Path, *documents: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        read(folder, *documents)
    return "\n".join(map(str, caught.value.problems))


def test_each_constraint_comes_with_its_template(tmp_path: Path) -> None:
    documents = [constraint("B", "one"), template("A"), template("B"), constraint("A", "two"), constraint("B", "three")]
    found = read(tmp_path, *documents)
    assert [(each.policy, each.template["metadata"]["name"]) for each in found] == [
        ("one", "b"),
        ("two", "a"),
        ("three", "b"),
    ]


def test_action_and_parameters_that_are_left_out_are_gatekeepers(tmp_path: Path) -> None:
    (found,) = read(tmp_path, template(), constraint(match={}))
    parameters = {"a": 1, "mode": "strict"}
    assert found.constraints[0]["spec"] == {"enforcementAction": "deny", "parameters": parameters, "match": {}}
    (found,) = read(tmp_path, template(), constraint(enforcementAction="warn", parameters={"a": 2, "mode": "lax"}))
    assert found.constraints[0]["spec"] == {"enforcementAction": "warn", "parameters": {"a": 2, "mode": "lax"}}


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([constraint()], "kind: no ConstraintTemplate for Age"),
        ([{"metadata": {}}], "kind: no ConstraintTemplate for an object without a kind"),
        ([{"kind": "ConstraintTemplate"}], "spec: is no template with Rego"),
        ([{"kind": "ConstraintTemplate", "spec": []}], "spec: is no template with Rego"),
        ([{"kind": "ConstraintTemplate", "spec": {"targets": [], "crd": None}}], "spec: is no template with Rego"),
        ([template(rego=1)], "spec: is no template with Rego"),
        ([template(rego="x = 1")], "spec: is no template with Rego"),
        ([template(libs=["x = 1"])], "spec: is no template with Rego"),
        ([template(), {"kind": "Age"}], "spec: expected a Constraint with its parameters"),
        ([template(), constraint(parameters=[])], "spec: expected a Constraint with its parameters"),
        ([template(), constraint(enforcementAction="refuse")], "enforcementAction: expected one of deny, warn, dryrun"),
        ([template(), constraint(enforcmentAction="warn")], "spec.enforcmentAction: there is no such field"),
        ([template(), constraint(parameters={"A": 1})], "spec.parameters.A: the template's schema has no such field"),
        ([template()], "metadata.name: there is no Constraint of kind Age, so this template judges nothing"),
        ([template(rego="package age\n\ndeny[x] { false }\n"), constraint()], "its Rego has no rule `violation`"),
        ([template(), constraint(), constraint(match={})], "metadata.name: there is another Age age (in "),
        (
            [template(), constraint(enforcementAction="scoped")],
            "spec.scopedEnforcementActions: scopedEnforcementActions is",
        ),
        ([template(), constraint(scopedEnforcementActions={})], "spec.scopedEnforcementActions: expected a list of"),
        ([template(), constraint(scopedEnforcementActions=[{"action": "deny"}])], "expected a list of `{action: TEXT"),
        (
            [template(), constraint(scopedEnforcementActions=[{"action": "stop", "enforcementPoints": []}])],
            "spec.scopedEnforcementActions: expected actions of deny, warn, dryrun",
        ),
        (
            [template(), template(another="text"), constraint()],
            "metadata.name: there is another ConstraintTemplate of Age",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, documents: Any, said: str) -> None:
    assert said in refused(tmp_path, *documents)


def test_one_template_in_two_files_is_one(tmp_path: Path) -> None:
    assert len(read(tmp_path, template(), template(), constraint())) == 1


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    assert len(refused(tmp_path, constraint("A"), template("B", rego=1), constraint("C")).splitlines()) == 3


def test_key_in_parameters_that_the_provider_refuses_for_good_is_told(tmp_path: Path) -> None:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    made = template()
    made["spec"]["crd"]["spec"]["validation"]["openAPIV3Schema"] = free
    signers = [{"name": "ci", "verify": {"key": {"data": "none"}}}, {"name": "other", "verify": {"kye": 1}}]
    said = refused(tmp_path, made, constraint(parameters={"rules": [{"signers": signers}]}))
    assert (
        "spec.parameters.rules[0].signers[0].verify: the provider does not take it: the key must be exactly one" in said
    )
    assert "spec.parameters.rules[0].signers[1].verify: the provider does not take it: " in said


def test_rego_that_the_engine_refuses_is_told_with_its_line_in_the_file(tmp_path: Path) -> None:
    text = """\
kind: ConstraintTemplate
spec:
  crd: {spec: {names: {kind: Age}}}
  targets:
    - rego: |
        package age

        violation[x] { nothing }
---
kind: Age
spec: {}
"""
    (tmp_path / "age.yaml").write_text(text)
    problem = OpaError("rego_unsafe_var_error", "var nothing is unsafe", "age.rego", 3)
    with pytest.raises(PolicyError) as caught:
        translations_of([tmp_path / "age.yaml"], EngineDouble((problem, problem)))
    (told,) = map(str, caught.value.problems)
    assert "document 1: spec.targets[0].rego: age.rego:3: rego_unsafe_var_error: var nothing is unsafe" in told
    assert told.endswith("(line 8 of the file)")


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        translations_of([tmp_path / "nowhere.yaml"], EngineDouble())


def completed(folder: Path, *documents: Any, problems: tuple[OpaError, ...] = ()) -> list[Any]:
    file = folder / "objects.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    return templates_with_library(read_documents([file]), EngineDouble(problems))


def test_template_gets_the_library_that_it_imports_and_other_objects_stay(tmp_path: Path) -> None:
    api = {"apiVersion": "templates.gatekeeper.sh/v1"}
    importing = {
        **api,
        **template(rego="package age\n\nimport data.lib.bestbefore.workload\n\nviolation[x] { false }\n"),
    }
    made, other = completed(tmp_path, importing, {**constraint(), "apiVersion": "constraints.gatekeeper.sh/v1beta1"})
    libs = made["spec"]["targets"][0]["code"][0]["source"]["libs"]
    assert any(
        text.startswith("package lib.bestbefore.workload") or "\npackage lib.bestbefore.workload" in text
        for text in libs
    )
    assert "package lib.x\n" in libs
    assert other["kind"] == "Age"


def test_object_of_another_group_gets_no_library_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="expected a ConstraintTemplate or a Constraint, got Pod"):
        completed(tmp_path, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}})


def test_template_that_the_engine_refuses_gets_no_library(tmp_path: Path) -> None:
    api = {"apiVersion": "templates.gatekeeper.sh/v1"}
    refused_by = (OpaError("rego_type_error", "undefined function", "age.rego", 3),)
    with pytest.raises(PolicyError, match="undefined function"):
        completed(tmp_path, {**api, **template()}, problems=refused_by)
