"""The details of every template's violations: who and where; and no strange review makes a violation vanish."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator, Violation
from gatekeeper.evaluation.program import StubAnswers, Template
from provider.questions import question
from tests import many_images
from tests.engine import engine

pytestmark = pytest.mark.integration

_OWNERS: Final = [{"kind": "Node", "name": "n1"}, {"kind": "ReplicaSet", "name": "web-1", "controller": True}]
_STRANGE: Final[list[Any]] = [
    None,
    7,
    "x",
    [],
    {},
    [None],
    ["x"],
    [{"kind": 7, "name": {}}],
    {"kind": "Job"},
    {"username": 7},
    {"username": ["ann"]},
    "x" * 10_000,
]
_FIELDS: Final = ("uid", "dryRun", "subResource", "userInfo", "requestKind", "options")


@pytest.fixture(scope="module", params=many_images.POLICIES)
def policy(request: pytest.FixtureRequest) -> many_images.Policy:
    made = many_images.POLICIES[request.param]()
    return many_images.Policy(made.template, {**made.parameters, "policies": [], "generation": 3})


def _review(image: str = "ghcr.io/acme/web:1", **fields: Any) -> dict[str, Any]:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "ownerReferences": _OWNERS},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }
    return {
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "uid": "7",
        "dryRun": True,
        "userInfo": {"username": "ann"},
        "object": pod,
        **fields,
    }


def _violations(policy: many_images.Policy, *reviews: Mapping[str, Any]) -> list[tuple[Violation, ...]]:
    """Of reviews of which nothing is known."""
    template = Template.of(policy.template)
    cases = [ConstraintReview(template, policy.parameters, each, 0) for each in reviews]
    return Evaluator(engine()).violations(cases, StubAnswers({}, {}))


def test_every_template_says_who_and_where(policy: many_images.Policy) -> None:
    ((found,),) = _violations(policy, _review())
    assert {name: found.details[name] for name in ("actor", "owner", "request", "generation")} == {
        "actor": "person",
        "owner": {"kind": "ReplicaSet", "name": "web-1"},
        "request": {"uid": "7", "operation": "CREATE", "dryRun": True},
        "generation": 3,
    }


def test_question_is_the_key_of_the_ref(policy: many_images.Policy) -> None:
    ((found,),) = _violations(policy, _review())
    asked = found.details.get("question", "")
    assert found.details["ref"] == (question.ref(asked) if asked else "")


def test_no_strange_review_makes_a_violation_vanish(policy: many_images.Policy) -> None:
    reviews = [_review(**{field: strange}) for field in _FIELDS for strange in _STRANGE]
    for strange in _STRANGE:
        reviews.append(_review())
        reviews[-1]["object"]["metadata"] = {"name": "web", "ownerReferences": strange}
    for review, found in zip(reviews, _violations(policy, *reviews), strict=True):
        assert len(found) == 1, review
        assert found[0].details["actor"] in {"person", "unknown"}
        assert len(json.dumps(found[0].details)) < 4_000


def test_object_that_cannot_be_read_says_who_and_where(policy: many_images.Policy) -> None:
    """More images than are judged: no image is named, and the request is."""
    review = _review()
    review["object"]["spec"]["containers"] *= 300
    ((found,),) = _violations(policy, review)
    assert found.details["reason"] == "LimitExceeded"
    assert found.details["request"] == {"uid": "7", "operation": "CREATE", "dryRun": True}


@pytest.mark.parametrize(("name", "asked"), [("no policy covers", False), ("MaximumImageAge", True)])
def test_who_and_where_is_looked_at_only_where_there_is_a_violation(tmp_path: Path, name: str, *, asked: bool) -> None:
    """Every image is covered in the first case, too old in the second."""
    engine()
    many_images.lay_out(tmp_path, name, 2)
    printed = many_images.evaluated(tmp_path, "--profile", "--profile-limit", "1000000")
    assert bool(many_images.violations(printed)) is asked
    files = {Path(each["location"]["file"]).name for each in printed["profile"]}
    assert ("lib.bestbefore.admission.rego" in files) is asked
