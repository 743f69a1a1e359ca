"""Whether a Constraint's `spec.match` selects an object."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.review import Review

POD_SPEC: dict[str, Any] = {"containers": [{"name": "c", "image": "a:1"}]}
METADATA: dict[str, Any] = {"name": "web-1", "namespace": "shop", "labels": {"tier": "front"}}
POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": METADATA, "spec": POD_SPEC}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"of": "deployment"}},
    "spec": {"template": {"metadata": {"labels": {"of": "pod"}}, "spec": POD_SPEC}},
}
NAMESPACE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"team": "a"}},
}
KNOWN = Matcher.among([Review(NAMESPACE), Review(POD)])
PODS = [{"apiGroups": [""], "kinds": ["Pod"]}]


def of(match: Any) -> dict[str, Any]:
    return {"spec": {"match": match}}


def is_selected(match: Any, given: dict[str, Any] = POD, matcher: Matcher = KNOWN) -> bool:
    return matcher.select(of(match), Review(given)).review is not None


def labelled(**labels: Any) -> dict[str, Any]:
    return {**POD, "metadata": {**METADATA, "labels": labels}}


@pytest.mark.parametrize("constraint", [{}, {"spec": None}, of(None), of([]), of({}), of({"kinds": []})])
def test_constraint_without_a_match_selects_everything_as_it_is(constraint: dict[str, Any]) -> None:
    review = Review(POD)
    found = KNOWN.select(constraint, review)
    assert found.review is review
    assert (found.reason, found.notes) == ("", ())


@pytest.mark.parametrize(
    "row",
    [
        {"apiGroups": [""], "kinds": ["Pod"]},
        {"apiGroups": ["apps", ""], "kinds": ["Job", "Pod"]},
        {"apiGroups": ["*"], "kinds": ["Pod"]},
        {"apiGroups": [""], "kinds": ["*"]},
        {"kinds": ["Pod"]},
        {"apiGroups": [""]},
        {"apiGroups": [], "kinds": []},
        {},
    ],
)
def test_kinds_select_by_group_and_kind_and_an_empty_list_names_all(row: dict[str, Any]) -> None:
    assert is_selected({"kinds": [row]})
    assert is_selected({"kinds": [{"apiGroups": ["x"], "kinds": ["X"]}, row]})


@pytest.mark.parametrize(
    "row",
    [
        {"apiGroups": ["apps"], "kinds": ["Pod"]},
        {"apiGroups": [""], "kinds": ["Job"]},
        {"apiGroups": ["v1"], "kinds": ["Pod"]},
        {"apiGroups": [""], "kinds": ["pod"]},
    ],
)
def test_other_kinds_are_not_selected(row: dict[str, Any]) -> None:
    found = KNOWN.select(of({"kinds": [row]}), Review(POD))
    assert (found.review, found.reason, found.notes) == (None, "its match is of other kinds", ())


def test_group_and_kind_have_to_stand_in_one_row() -> None:
    assert not is_selected({"kinds": [{"apiGroups": ["apps"], "kinds": ["Pod"]}, {"apiGroups": [""], "kinds": ["X"]}]})


def test_group_is_what_stands_before_the_version() -> None:
    assert is_selected({"kinds": [{"apiGroups": ["apps"], "kinds": ["Deployment"]}]}, DEPLOYMENT)
    assert not is_selected({"kinds": [{"apiGroups": ["apps/v1"], "kinds": ["Deployment"]}]}, DEPLOYMENT)


def test_workload_is_judged_as_its_pod_where_only_pods_are_matched() -> None:
    found = KNOWN.select(of({"kinds": PODS}), Review(DEPLOYMENT)).review
    assert found is not None
    assert found.as_pod
    assert found.subject.object["kind"] == "Pod"


def test_workload_that_is_matched_itself_is_judged_as_it_is() -> None:
    review = Review(DEPLOYMENT)
    kinds = [{"apiGroups": ["apps"], "kinds": ["Deployment"]}, *PODS]
    assert KNOWN.select(of({"kinds": kinds}), review).review is review


def test_what_makes_no_pod_is_not_selected_by_a_match_of_pods() -> None:
    assert not is_selected({"kinds": PODS}, {"apiVersion": "v1", "kind": "ConfigMap"})


@pytest.mark.parametrize(("labels", "expected"), [({"of": "pod"}, True), ({"of": "deployment"}, False)])
def test_labels_are_those_of_what_is_looked_at(labels: dict[str, str], expected: bool) -> None:
    assert is_selected({"kinds": PODS, "labelSelector": {"matchLabels": labels}}, DEPLOYMENT) is expected
    everything = {"labelSelector": {"matchLabels": labels}}
    assert is_selected(everything, DEPLOYMENT) is not expected


def test_review_of_images_alone_is_looked_at_and_a_match_is_noted() -> None:
    review = Review(images=("a:1",))
    found = KNOWN.select(of({"kinds": [{"apiGroups": ["apps"], "kinds": ["X"]}]}), review)
    assert found.review is review
    assert found.notes == ("its match was not looked at: there is no object",)
    assert KNOWN.select(of({}), review).notes == ()


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        ({"scope": "Cluster"}, "its match is of objects without a namespace"),
        ({"source": "Generated"}, "its match is of what Gatekeeper's expansion makes"),
        ({"name": "other"}, "its match is of another name"),
        ({"name": "web"}, "its match is of another name"),
        ({"name": ""}, "its match is of another name"),
        ({"namespaces": ["other"]}, "its match does not name the namespace shop"),
        ({"namespaces": ["sho"]}, "its match does not name the namespace shop"),
        ({"excludedNamespaces": ["other", "shop"]}, "its match excludes the namespace shop"),
        ({"namespaces": ["shop"], "excludedNamespaces": ["s*"]}, "its match excludes the namespace shop"),
        ({"labelSelector": {"matchLabels": {"tier": "back"}}}, "its labelSelector does not match"),
        (
            {"namespaceSelector": {"matchLabels": {"team": "b"}}},
            "its namespaceSelector does not match the namespace shop",
        ),
    ],
)
def test_what_is_not_matched_is_not_looked_at_and_the_reason_is_said(match: dict[str, Any], reason: str) -> None:
    found = KNOWN.select(of(match), Review(POD))
    assert (found.review, found.reason) == (None, reason)


@pytest.mark.parametrize(
    "match",
    [
        {"scope": "Namespaced"},
        {"scope": "*"},
        {"source": "Original"},
        {"source": "All"},
        {"name": "web-1"},
        {"name": "web-*"},
        {"name": "*-1"},
        {"name": "*eb*"},
        {"name": "*"},
        {"namespaces": ["other", "shop"]},
        {"namespaces": ["sh*"]},
        {"namespaces": []},
        {"excludedNamespaces": ["other", "*x", "x*", "*x*"]},
        {"labelSelector": {"matchLabels": {"tier": "front"}}},
        {"labelSelector": {}},
        {"namespaceSelector": {"matchLabels": {"team": "a", "kubernetes.io/metadata.name": "shop"}}},
        {"namespaceSelector": {}},
    ],
)
def test_what_is_matched_is_looked_at_without_a_note(match: dict[str, Any]) -> None:
    found = KNOWN.select(of(match), Review(POD))
    assert found.review is not None
    assert (found.reason, found.notes) == ("", ())


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("eb-1", False), ("*eb-1", True), ("*web", False), ("web*", True), ("-1*", False), ("*x*", False), ("*-*", True)],
)
def test_star_stands_for_any_text_at_its_end(pattern: str, expected: bool) -> None:
    assert is_selected({"name": pattern}) is expected


def test_object_that_has_its_name_made_is_matched_by_the_prefix() -> None:
    given = {**POD, "metadata": {"generateName": "web-"}}
    assert is_selected({"name": "web-*"}, given)
    assert not is_selected({"name": "web"}, given)
    assert not is_selected({"name": "x"}, {**POD, "metadata": {}})
    assert is_selected({"name": "*"}, {**POD, "metadata": {}})


def test_object_without_a_namespace_is_taken_as_if_it_matched() -> None:
    given = {**POD, "metadata": {"name": "web"}}
    for match in ({"namespaces": ["other"]}, {"excludedNamespaces": ["*"]}):
        found = KNOWN.select(of(match), Review(given))
        assert found.review is not None
        assert found.notes == (
            "an object does not say its namespace: it was judged as if it stood in one that is matched",
        )
    assert KNOWN.select(of({"namespaces": [], "excludedNamespaces": []}), Review(given)).notes == ()


@pytest.mark.parametrize(("metadata", "which"), [(METADATA, "the namespace shop"), ({}, "an object's namespace")])
def test_namespace_whose_labels_are_not_known_is_taken_as_if_it_matched(metadata: dict[str, Any], which: str) -> None:
    match = {"namespaceSelector": {"matchLabels": {"team": "b"}}}
    found = Matcher().select(of(match), Review({**POD, "metadata": metadata}))
    assert found.review is not None
    assert found.notes == (f"the labels of {which} are not known: it was judged as if namespaceSelector matched",)


def test_namespace_without_labels_has_its_name_as_one() -> None:
    bare = Matcher.among([Review({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})])
    name = "kubernetes.io/metadata.name"
    assert is_selected({"namespaceSelector": {"matchLabels": {name: "shop"}}}, matcher=bare)
    assert not is_selected({"namespaceSelector": {"matchLabels": {name: "x"}}}, matcher=bare)


def test_labels_of_other_kinds_are_no_labels_of_a_namespace() -> None:
    pod = {**POD, "metadata": {"name": "shop", "labels": {"team": "b"}}}
    found = Matcher.among([Review(pod)])
    assert found.namespaces == {}


def test_member_that_is_not_known_is_taken_as_if_it_matched_and_said() -> None:
    found = KNOWN.select(of({"kinds": PODS, "novel": {}, "name": "web-1"}), Review(POD))
    assert found.review is not None
    assert found.notes == ("its match.novel is not known here and was taken as if it matched",)


@pytest.mark.parametrize(
    ("expression", "present", "other", "absent"),
    [
        ({"operator": "In", "values": ["x", "front"]}, True, False, False),
        ({"operator": "NotIn", "values": ["x", "front"]}, False, True, True),
        ({"operator": "Exists"}, True, True, False),
        ({"operator": "DoesNotExist"}, False, False, True),
        ({"operator": "exists"}, False, False, False),
        ({}, False, False, False),
        ({"operator": "In"}, False, False, False),
        ({"operator": "NotIn", "values": None}, True, True, True),
    ],
)
def test_expressions_hold_as_kubernetes_decides_them(
    expression: dict[str, Any], present: bool, other: bool, absent: bool
) -> None:
    match = {"labelSelector": {"matchExpressions": [{"key": "tier", **expression}]}}
    labels = (labelled(tier="front"), labelled(tier="back"), labelled())
    assert [is_selected(match, given) for given in labels] == [present, other, absent]


def test_all_labels_and_all_expressions_have_to_hold() -> None:
    exists, absent = {"key": "tier", "operator": "Exists"}, {"key": "x", "operator": "Exists"}
    assert is_selected({"labelSelector": {"matchLabels": {"tier": "front"}, "matchExpressions": [exists]}})
    assert not is_selected({"labelSelector": {"matchLabels": {"tier": "front"}, "matchExpressions": [exists, absent]}})
    assert not is_selected({"labelSelector": {"matchLabels": {"tier": "back"}, "matchExpressions": [exists]}})
    assert not is_selected({"labelSelector": {"matchLabels": {"tier": "front", "x": "y"}}})
    assert not is_selected({"labelSelector": {"matchExpressions": [None]}})


def test_labels_are_compared_as_text() -> None:
    assert is_selected({"labelSelector": {"matchLabels": {"n": "1"}}}, labelled(n=1))


def test_only_text_counts_in_a_list_of_names() -> None:
    found = KNOWN.select(of({"namespaces": [1, "shop"], "excludedNamespaces": "shop"}), Review(POD))
    assert found.review is not None
    assert found.notes == ()
