"""Policies that ask as their Pods pull."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatekeeper.policy import policy_of
from gatekeeper.translation import constraint

ANNOTATION = constraint.POD_CREDENTIALS_ANNOTATION
KEY = (Path(__file__).parents[2] / "cips" / "valid" / "key.yaml").read_text()
KEY = KEY.partition("data: |\n")[2].replace(" " * 8, "").strip() + "\n"
SECRETS = [{"signaturePullSecrets": [{"name": "signatures"}, {"name": "more"}]}]


def policy(annotations=None, source=None):
    authority = {"key": {"data": KEY}}
    return policy_of(
        {
            "apiVersion": "policy.sigstore.dev/v1beta1",
            "kind": "ClusterImagePolicy",
            "metadata": {"name": "policy", "annotations": annotations or {}},
            "spec": {
                "images": [{"glob": "**"}],
                "authorities": [authority | ({"source": source} if source else {})],
            },
        }
    )


def test_policy_asks_as_its_pods_pull_where_its_annotation_says_so():
    assert constraint.parameters(policy({ANNOTATION: "true"}))["podCredentials"] is True
    for others in ({}, {ANNOTATION: "false"}):
        assert "podCredentials" not in constraint.parameters(policy(others))


@pytest.mark.parametrize("value", ["yes", "True", ""])
def test_annotation_that_is_neither_true_nor_false_is_a_problem(value):
    (problem,) = constraint.problems(policy({ANNOTATION: value}))
    assert problem.path == f"metadata.annotations[{ANNOTATION}]"


def test_policy_refuses_stale_answers_where_its_annotation_says_so():
    annotation = constraint.STALE_ANNOTATION
    assert constraint.parameters(policy({annotation: "deny"}))["stale"] == "deny"
    for others in ({}, {annotation: "allow"}):
        assert "stale" not in constraint.parameters(policy(others))
    (problem,) = constraint.problems(policy({annotation: "warn"}))
    assert "expected one of allow, deny" in str(problem)


def test_pull_secrets_for_signatures_stand_in_the_question():
    (authority,) = constraint.parameters(policy({ANNOTATION: "true"}, SECRETS))["authorities"]
    assert authority["verify"]["source"] == {"pullSecrets": ["signatures", "more"]}


def test_pull_secrets_for_signatures_that_nobody_would_read_are_refused_with_what_to_do():
    (problem,) = constraint.problems(policy(source=SECRETS))
    assert problem.path == "spec.authorities[0].source[0].signaturePullSecrets"
    assert f'{ANNOTATION}: "true"' in str(problem)
    assert not list(constraint.problems(policy({ANNOTATION: "true"}, SECRETS)))


def test_names_of_pull_secrets_are_no_part_of_what_other_policies_ask():
    plain, with_secrets = (
        json.dumps(constraint.parameters(policy({ANNOTATION: "true"}, source))) for source in (None, SECRETS)
    )
    assert "signatures" in with_secrets
    assert "pullSecrets" not in plain
