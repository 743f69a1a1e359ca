"""Pairs of Constraints that deny and warn."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.documents.document import Document
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.translation.twins import twin_problems


def documents(*changes: dict[str, Any]) -> list[Document]:
    """The pair of MaximumImageAge, with other parameters."""
    pair = MaximumImageAge().constraints()
    for made, change in zip(pair, changes, strict=False):
        made["spec"].update({name: value for name, value in change.items() if name != "parameters"})
        made["spec"]["parameters"].update(change.get("parameters", {}))
    return [Document("pair.yaml", made) for made in pair]


def said(found: list[Document]) -> list[str]:
    return [str(each) for each in twin_problems(found)]


def test_pair_that_is_made_by_us_is_good() -> None:
    assert said(documents()) == []


@pytest.mark.parametrize("name", ["unknownAge", "maxAge", "reschedule"])
def test_parameter_that_only_one_of_a_pair_has_is_told_with_its_place(name: str) -> None:
    (found,) = said(documents({"parameters": {name: "other"}}))
    assert found.startswith(f"pair.yaml: spec.parameters.{name}: is not what maximum-image-age has")


def test_declaration_that_the_other_lets_pass_is_compared_with_it() -> None:
    (found,) = said(documents({}, {"parameters": {"twin": {"unknownAge": "allow"}}}))
    assert found == "pair.yaml: spec.parameters.twin.unknownAge: is allow, but maximum-image-age has deny"
    allowed = {"parameters": {"unknownAge": "allow"}}
    assert said(documents(allowed, {"parameters": {"unknownAge": "allow", "twin": {"unknownAge": "allow"}}})) == []


def test_match_of_both_is_the_same() -> None:
    (found,) = said(documents({}, {"match": {**documents()[0].value["spec"]["match"], "scope": "Namespaced"}}))
    assert "spec.match.scope: is not what" in found


@pytest.mark.parametrize(
    ("kept", "missing", "class_"), [(0, "maximum-image-age-warn", "warn"), (1, "maximum-image-age", "deny")]
)
def test_one_of_a_pair_alone_leaves_something_to_nobody(kept: int, missing: str, class_: str) -> None:
    (found,) = said([documents()[kept]])
    assert f"there is no Constraint {missing} beside it, so nobody reports what is to {class_}" in found


def test_action_is_what_is_reported() -> None:
    (found,) = said(documents({}, {"enforcementAction": "deny"}))
    assert "this Constraint reports what is to warn, so its action is warn, not deny" in found
    assert said(documents({"enforcementAction": "dryrun"}, {"enforcementAction": "dryrun"})) == []


def test_pair_may_have_names_of_its_own() -> None:
    first, second = documents({}, {"parameters": {"maxAge": "60d"}})
    second.value["metadata"]["name"] = "soft"
    (found,) = said([first, second])
    assert "spec.parameters.maxAge: is not what maximum-image-age has" in found


def test_single_constraint_reports_everything() -> None:
    (first, _) = documents({"parameters": {"reports": "all"}})
    assert said([first]) == []
    assert said([Document("other.yaml", {"kind": "Own", "metadata": {"name": "a"}, "spec": {}})]) == []
