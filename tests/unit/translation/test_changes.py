"""What translation would change."""

from __future__ import annotations

import copy

import pytest

from gatekeeper.translation.changes import changes

TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1",
    "kind": "ConstraintTemplate",
    "metadata": {"name": "age", "annotations": {"bestbefore.dev/translator-version": "1"}},
    "spec": {"crd": {"spec": {"validation": {"openAPIV3Schema": {}}}}, "targets": [{"rego": "package age\n\nx = 1\n"}]},
}
CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "Age",
    "metadata": {"name": "age", "annotations": {"bestbefore.dev/translator-version": "1"}},
    "spec": {"enforcementAction": "deny", "parameters": {"days": 30}},
}


def in_cluster(document):
    """As the API server gives it back."""
    found = copy.deepcopy(document)
    found["metadata"] |= {
        "uid": "1",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
    }
    found["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    found["status"] = {"byPod": []}
    if found["kind"] == "ConstraintTemplate":
        found["spec"]["crd"]["spec"]["validation"]["legacySchema"] = False
    return found


def test_same_objects_differ_in_nothing():
    assert changes([TEMPLATE, CONSTRAINT], [CONSTRAINT, TEMPLATE]) == ()


def test_what_a_cluster_adds_is_no_difference():
    given = [in_cluster(TEMPLATE), in_cluster(CONSTRAINT)]
    before = copy.deepcopy(given)
    assert changes([TEMPLATE, CONSTRAINT], given) == ()
    assert given == before


def test_changed_field_is_shown_as_the_lines_that_differ():
    present = in_cluster(CONSTRAINT)
    present["spec"]["parameters"]["days"] = 60
    (change,) = changes([CONSTRAINT], [present])
    assert (change.kind, change.name, change.what) == ("Age", "age", "changed")
    lines = change.diff.splitlines()
    assert lines[:2] == ["--- present/Age/age", "+++ generated/Age/age"]
    assert [line for line in lines[2:] if line[0] in "+-"] == ["-    days: 60", "+    days: 30"]


def test_legacy_schema_that_somebody_wrote_is_a_difference():
    present = in_cluster(TEMPLATE)
    present["spec"]["crd"]["spec"]["validation"]["legacySchema"] = True
    (change,) = changes([TEMPLATE], [present])
    assert "-        legacySchema: true" in change.diff


def test_our_own_annotations_count_and_others_do_not():
    present = copy.deepcopy(CONSTRAINT)
    present["metadata"]["annotations"]["team"] = "shop"
    assert changes([CONSTRAINT], [present]) == ()
    present["metadata"]["annotations"]["bestbefore.dev/translator-version"] = "0"
    assert [change.what for change in changes([CONSTRAINT], [present])] == ["changed"]


def test_object_that_is_not_there_is_added():
    (change,) = changes([CONSTRAINT], [])
    assert change.what == "added"
    assert "+kind: Age" in change.diff


def test_object_of_ours_that_would_not_be_generated_is_removed():
    (change,) = changes([], [CONSTRAINT])
    assert change.what == "removed"
    assert "-kind: Age" in change.diff


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "Pod", "metadata": {"name": "web"}},
        {},
        {"kind": "Pod", "metadata": "x"},
        {"kind": "Pod", "metadata": {"annotations": ["x"]}},
    ],
)
def test_what_others_made_is_nobodys_business(other):
    assert changes([], [other]) == ()


def test_changes_come_in_the_order_of_what_is_generated_and_removed_ones_last():
    gone = {**CONSTRAINT, "metadata": {**CONSTRAINT["metadata"], "name": "gone"}}
    found = changes([TEMPLATE, CONSTRAINT], [gone])
    assert [(each.kind, each.what) for each in found] == [
        ("ConstraintTemplate", "added"),
        ("Age", "added"),
        ("Age", "removed"),
    ]


def test_order_of_fields_is_no_difference_to_be_shown():
    """A cluster sorts them by name, we write them in an order to be read."""
    spec = {"parameters": {"days": 60, "also": [{"b": 1, "a": 2}]}, "enforcementAction": "deny"}
    generated = {
        **CONSTRAINT,
        "spec": {"enforcementAction": "deny", "parameters": {"also": [{"a": 2, "b": 1}], "days": 30}},
    }
    present = {**dict(reversed(in_cluster(CONSTRAINT).items())), "spec": spec}
    (change,) = changes([generated], [present])
    lines = [line for line in change.diff.splitlines()[2:] if line[0] in "+-"]
    assert lines == ["-    days: 60", "+    days: 30"]


def test_fields_and_members_that_only_one_side_has_are_shown():
    present = copy.deepcopy(CONSTRAINT)
    present["spec"]["parameters"] = {"more": [1, {"x": 1}], "days": 30}
    generated = copy.deepcopy(CONSTRAINT)
    generated["spec"]["parameters"] = {"days": 30, "more": [1]}
    (change,) = changes([generated], [present])
    assert [line.strip("- ") for line in change.diff.splitlines()[2:] if line[0] in "+-"] == ["x: 1"]


def test_diff_of_what_is_new_or_gone_has_lines_of_one_kind():
    (added,) = changes([CONSTRAINT], [])
    assert {line[0] for line in added.diff.splitlines()[3:]} == {"+"}
    (removed,) = changes([], [in_cluster(CONSTRAINT)])
    assert {line[0] for line in removed.diff.splitlines()[3:]} == {"-"}
