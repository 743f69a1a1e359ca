"""Templates and Constraints from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.evaluation.installed import translations_of
from gatekeeper.policy.problems import PolicyError

SOURCE = {"rego": "package age\n\nviolation[x] { false }\n", "libs": ["package lib.x\n"]}


def template(kind: str = "Age", **source: Any) -> dict[str, Any]:
    return {
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}}},
            "targets": [{"code": [{"source": {**SOURCE, **source}}]}],
        },
    }


def constraint(kind: str = "Age", name: str = "age", **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


def read(folder: Path, *documents: Any) -> Any:
    file = folder / "objects.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    return translations_of([file])


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
    assert found.constraints[0]["spec"] == {"enforcementAction": "deny", "parameters": {}, "match": {}}
    (found,) = read(tmp_path, template(), constraint(enforcementAction="warn", parameters={"a": 1}))
    assert found.constraints[0]["spec"] == {"enforcementAction": "warn", "parameters": {"a": 1}}


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
        ([template(), constraint(enforcementAction="dryrun")], "enforcementAction: expected one of deny, warn"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, documents: Any, said: str) -> None:
    assert said in refused(tmp_path, *documents)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    assert len(refused(tmp_path, constraint("A"), template("B", rego=1), constraint("C")).splitlines()) == 3


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        translations_of([tmp_path / "nowhere.yaml"])
