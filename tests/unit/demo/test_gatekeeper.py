"""The part of Gatekeeper that the demo plays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from demo.gatekeeper import Gatekeeper, Namespace, matches
from demo.provider import Connection, UnreachableError
from demo.stage import PLAYGROUND, SHOP, pod
from gatekeeper.evaluation.opa import Engine, Opa, Printout
from tests.engine import printout

TEMPLATE = {
    "kind": "ConstraintTemplate",
    "spec": {
        "crd": {"spec": {"names": {"kind": "Age"}}},
        "targets": [{"code": [{"source": {"rego": "package age\n", "libs": []}}]}],
    },
}


def constraint(action: str = "deny", name: str = "thirty-days") -> dict[str, Any]:
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "Age",
        "metadata": {"name": name},
        "spec": {
            "enforcementAction": action,
            "match": {
                "kinds": [{"apiGroups": [""], "kinds": ["Pod"]}, {"apiGroups": ["apps"], "kinds": ["Deployment"]}],
                "namespaceSelector": {"matchLabels": {"policy.sigstore.dev/include": "true"}},
            },
            "parameters": {},
        },
    }


class ScriptedOpa(Opa):
    """An engine that asks one question and has one thing to say; remembers what it was shown."""

    def __init__(self, *messages: str) -> None:
        super().__init__(Path("/nonexistent"))
        object.__setattr__(self, "messages", messages)
        object.__setattr__(self, "shown", [])

    def evaluate(self, folder: Path, query: str) -> Printout:
        self.shown.append(json.loads((folder / "data.json").read_text()))
        cases = range(len(self.shown[-1]["cases"]))
        return printout({index: [{"msg": text} for text in self.messages] for index in cases}, {0: ["app:1"]})


class Answers(Connection):
    """A connection on which the provider says this, or nothing."""

    def __init__(self, response: dict[str, Any] | None) -> None:
        super().__init__(0, Path("/nonexistent"), None)
        object.__setattr__(self, "response", response)

    def ask(self, keys: Sequence[str]) -> dict[str, Any]:
        if self.response is None:
            raise UnreachableError("failed to send external data request: connection refused")
        return self.response


def gatekeeper(engine: Engine, response: dict[str, Any] | None, *constraints: dict[str, Any]) -> Gatekeeper:
    made = Gatekeeper(Answers(response), engine)
    made.apply([TEMPLATE, *(constraints or (constraint(),))])
    return made


ANSWERED = {
    "items": [{"key": "app:1", "value": {"digest": "sha256:0"}}, {"key": "b", "error": "No: no"}],
    "systemError": "",
}


@pytest.mark.parametrize(
    ("api_version", "kind", "wanted"),
    [("v1", "Pod", True), ("apps/v1", "Deployment", True), ("v1", "Deployment", False), ("v1", "ConfigMap", False)],
)
def test_constraint_matches_by_group_and_kind(api_version: str, kind: str, wanted: bool) -> None:
    assert matches(constraint(), {"apiVersion": api_version, "kind": kind}, SHOP) is wanted


@pytest.mark.parametrize("labels", [{}, {"policy.sigstore.dev/include": "false"}, {"other": "true"}])
def test_constraint_leaves_a_namespace_without_the_label_alone(labels: dict[str, str]) -> None:
    assert not matches(constraint(), pod("p", ["app:1"], SHOP), Namespace("n", labels))


def test_object_that_no_constraint_matches_is_admitted_and_nobody_is_asked() -> None:
    engine = ScriptedOpa("too old")
    admission = gatekeeper(engine, None).create(pod("p", ["app:1"], PLAYGROUND), PLAYGROUND, 0)
    assert (admission.admitted, admission.matched, engine.shown) == (True, (), [])


def test_violation_of_a_denying_constraint_denies_with_its_name() -> None:
    admission = gatekeeper(ScriptedOpa("too old"), ANSWERED).create(pod("p", ["app:1"], SHOP), SHOP, 0)
    assert not admission.admitted
    assert admission.denials == ("[thirty-days] too old",)
    assert admission.lines[1:] == ["[thirty-days] too old"]


def test_violation_of_a_warning_constraint_admits_and_tells() -> None:
    admission = gatekeeper(ScriptedOpa("too old"), ANSWERED, constraint("warn")).create(
        pod("p", ["app:1"], SHOP), SHOP, 0
    )
    assert admission.admitted
    assert admission.lines == ["Warning: [thirty-days] too old", "created"]


def test_answer_of_the_provider_reaches_the_template_as_it_came() -> None:
    engine = ScriptedOpa()
    gatekeeper(engine, ANSWERED | {"systemError": "later"}).create(pod("p", ["app:1"], SHOP), SHOP, 7)
    shown = engine.shown[-1]
    assert shown["books"][0]["values"] == {"app:1": {"digest": "sha256:0"}}
    assert shown["books"][0]["errors"] == {"b": "No: no"}
    assert shown["books"][0]["system_error"] == "later"
    assert shown["cases"][0]["now"] == 7


def test_provider_that_does_not_answer_leaves_the_template_a_system_error() -> None:
    engine = ScriptedOpa()
    gatekeeper(engine, None).create(pod("p", ["app:1"], SHOP), SHOP, 0)
    assert engine.shown[-1]["books"][0]["values"] == {}
    assert "connection refused" in engine.shown[-1]["books"][0]["system_error"]
