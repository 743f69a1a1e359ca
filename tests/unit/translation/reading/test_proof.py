"""What is proved of rules, from syntax trees as the real opa prints them."""

from __future__ import annotations

import copy

import pytest

from gatekeeper.translation.reading.proof import config_paths
from provider import limits
from tests.rego_rules import CASES, recorded

TREES = recorded()


def proved(tree):
    found = config_paths(tree)
    return None if found is None else found.to_json()


@pytest.mark.parametrize(("text", "paths"), CASES.items(), ids=[text.partition("\n")[2] for text in CASES])
def test_rule_is_asked_for_what_it_reads_and_for_all_where_that_is_not_proved(text, paths):
    assert proved(TREES[text]) == paths


READING = 'package lib.policies.p\nimport future.keywords\nisCompliant if input.config[_].created == "x"\n'
WITHOUT = "package lib.policies.p\nimport future.keywords\nisCompliant if { x := null; y := [1, true]; x == y }\n"


def test_text_without_a_syntax_tree_proves_nothing():
    assert config_paths(None) is None


@pytest.mark.parametrize("tree", [{}, {"rules": None}, {"rules": [{}]}, {"rules": [{"head": {}, "body": []}]}])
def test_tree_of_another_shape_proves_nothing(tree):
    assert config_paths(tree) is None


@pytest.mark.parametrize(
    "place",
    [
        lambda tree: tree["rules"][0],
        lambda tree: tree["rules"][0]["head"],
        lambda tree: tree["rules"][0]["body"][0],
    ],
)
def test_member_that_nobody_knows_ends_the_proof(place):
    tree = copy.deepcopy(TREES[READING])
    assert proved(tree) == [["created"]]
    place(tree)["novelty"] = {}
    assert config_paths(tree) is None


def test_term_that_nobody_knows_ends_the_proof():
    tree = copy.deepcopy(TREES[WITHOUT])
    tree["rules"][0]["body"][0]["terms"][2] = {"type": "templatestring", "value": {"parts": []}}
    assert config_paths(tree) is None


def reading(*paths):
    """A rule that reads these paths, as the one of the recorded tree reads its own."""
    tree = copy.deepcopy(TREES[READING])
    (rule,) = tree["rules"]
    (expression,) = rule["body"]
    rule["body"] = []
    for path in paths:
        made = copy.deepcopy(expression)
        made["terms"][1]["value"][3:] = [{"type": "string", "value": name} for name in path]
        rule["body"].append(made)
    return tree


def test_as_many_paths_as_a_question_may_carry_are_asked_for():
    most = [[f"a{number:02}"] for number in range(limits.CONFIG_PATHS)]
    assert proved(reading(*most)) == most
    assert config_paths(reading(*most, ["b"])) is None
    assert config_paths(reading(["x" * limits.CONFIG_PATHS_BYTES])) is None


def test_more_paths_below_one_are_one():
    many = [["config", f"a{number}"] for number in range(limits.CONFIG_PATHS + 1)]
    assert proved(reading(*many, ["config"])) == [["config"]]


def test_depth_without_end_ends_the_proof():
    tree = copy.deepcopy(TREES[READING])
    term = tree["rules"][0]["body"][0]["terms"][2]
    for _ in range(5000):
        term = {"type": "array", "value": [term]}
    tree["rules"][0]["body"][0]["terms"][2] = term
    assert config_paths(tree) is None
