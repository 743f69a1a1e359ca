"""Which parts of a statement a rule is proved to read, from syntax trees as the real opa prints them."""

from __future__ import annotations

import pytest

from gatekeeper.translation.reading.statement import statement_paths
from tests.engine import engine

pytestmark = pytest.mark.integration

HEAD = "package lib.policies.x_attestation_1\n"
NOW = "time.now_ns() - time.parse_rfc3339_ns(input.predicate.metadata.scanFinishedOn) < 5"
CASES = {
    f"isCompliant {{ {NOW} }}": [["predicate", "metadata", "scanFinishedOn"]],
    'isCompliant { input.predicate["a"].b }': [["predicate", "a", "b"]],
    "isCompliant { input.predicate.matches[_].severity == input.predicateType }": [
        ["predicate", "matches"],
        ["predicateType"],
    ],
    "isCompliant { p := input.predicate; p.a }": [["predicate"]],
    "isCompliant { count([m | m := input.predicate.matches[_]; m.bad]) == 0 }": [["predicate", "matches"]],
    "isCompliant { x := 1; input.predicate.list[x] == input.subject[0].name }": [["predicate", "list"], ["subject"]],
    "isCompliant { input.predicate[input.predicateType] }": [["predicate"], ["predicateType"]],
    "x = input.predicate.a\nisCompliant { x }": [["predicate", "a"]],
    "isCompliant = true": [],
    "isCompliant { not input.predicate.bad }": [["predicate", "bad"]],
    "isCompliant { f(input.predicate.a) }\nf(v) { v }\nelse { input.predicate.b }": [
        ["predicate", "a"],
        ["predicate", "b"],
    ],
    'isCompliant { walk(input, [_, "x"]) }': None,
    "isCompliant { i := input; i.predicate }": None,
    "isCompliant { input[_] == 1 }": None,
    "isCompliant { some k; input[k].a }": None,
    "isCompliant { f(input) }\nf(v) { v }": None,
    "isCompliant { ok with input as input.predicate }\nok { input.a }": None,
    "isCompliant { ok with input.predicate as 1 }\nok { input.a }": None,
    'isCompliant { object.get(input, ["predicate", "a"], 1) }': None,
    "isCompliant { input == {} }": None,
}


@pytest.mark.parametrize(("text", "paths"), CASES.items(), ids=CASES)
def test_rule_is_asked_for_what_it_reads_and_for_all_where_that_is_not_proved(text, paths):
    found = statement_paths(engine().parse(HEAD + text + "\n"))
    assert (None if found is None else found.to_json()) == paths


@pytest.mark.parametrize(
    "tree",
    [None, {}, {"rules": None}, {"rules": []}, {"rules": [{"novelty": 1}]}, {"rules": [{}], "imports": [{}]}],
)
def test_tree_of_another_shape_proves_nothing(tree):
    assert statement_paths(tree) is None


def test_more_paths_than_a_question_carries_are_all_of_it():
    text = "".join(f"isCompliant {{ input.predicate.a{number} }}\n" for number in range(40))
    assert statement_paths(engine().parse(HEAD + text)) is None
