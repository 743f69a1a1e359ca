"""Label selectors and names, as Kubernetes checks them."""

from __future__ import annotations

import pytest

from gatekeeper.policy.model import LabelSelector, LabelSelectorRequirement
from gatekeeper.policy.validation import selectors


def requirement(**fields):
    return list(selectors.problems(LabelSelector({}, (LabelSelectorRequirement(**fields),))))


@pytest.mark.parametrize("key", ["app", "a.b_c-D", "example.org/app", "a" * 63, "0/0"])
def test_label_keys(key):
    assert selectors.key_fault(key) == ""


@pytest.mark.parametrize(
    "key", ["", "-a", "a-", "a b", "a" * 64, "/a", "a/", "Example.org/a", "a/b/c", "a" * 254 + "/b", "a\n"]
)
def test_what_is_no_label_key(key):
    assert "is no label key" in selectors.key_fault(key)


@pytest.mark.parametrize(
    ("value", "good"),
    [("", True), ("a.B_c-9", True), ("a" * 63, True), ("a" * 64, False), ("a b", False), ("a\n", False), ("-", False)],
)
def test_label_values(value, good):
    assert (selectors.value_fault(value) == "") is good


@pytest.mark.parametrize("name", ["a", "0.a-b", "a" * 253])
def test_object_names(name):
    assert selectors.name_fault(name) == ""


@pytest.mark.parametrize("name", ["", "A", "a_b", "a..b", ".a", "a.", "a" * 254, "a/b", "a\n"])
def test_what_is_no_object_name(name):
    assert selectors.name_fault(name)


@pytest.mark.parametrize(
    ("operator", "values"), [("In", ("a",)), ("NotIn", ("a", "")), ("Exists", ()), ("DoesNotExist", ())]
)
def test_operators_with_their_values(operator, values):
    assert requirement(key="app", operator=operator, values=values) == []


@pytest.mark.parametrize(
    ("operator", "values", "name"),
    [
        ("In", (), "values"),
        ("NotIn", (), "values"),
        ("Exists", ("a",), "values"),
        ("in", ("a",), "operator"),
        ("", (), "operator"),
        ("In", ("a", "b c"), "values[1]"),
    ],
)
def test_what_is_no_requirement_is_told_by_its_field(operator, values, name):
    assert [path for path, _ in requirement(key="app", operator=operator, values=values)] == [
        f"matchExpressions[0].{name}"
    ]


def test_the_key_of_a_requirement_is_checked_too():
    assert [path for path, _ in requirement(key="a b", operator="Exists")] == ["matchExpressions[0].key"]
