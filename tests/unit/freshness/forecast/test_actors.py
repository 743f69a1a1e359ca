"""Whose Pods are whose, by names."""

from __future__ import annotations

import pytest

from gatekeeper.freshness.forecast.actors import Actors, named_accounts
from tests.unit.freshness.objects import age_policy

CNPG, ARGO, TEKTON = "cnpg-system/cnpg-manager", "argo/workflow-controller", "ci/tekton-pipelines-controller"


@pytest.mark.parametrize(
    ("kind", "api_version", "expected"),
    [
        ("Cluster", "postgresql.cnpg.io/v1", CNPG),
        ("Workflow", "argoproj.io/v1alpha1", ARGO),
        ("TaskRun", "tekton.dev/v1", TEKTON),
        ("Mystery", "example.com/v1", ""),
        ("Cluster", "manager.example.com/v1", ""),
        ("Odd", "v1", ""),
        ("Cluster", "tektonic.example.com/v1", ""),
    ],
    ids=["cnpg", "argo", "tekton", "nobody-knows", "common-word", "no-group", "begins-alike"],
)
def test_operator_is_known_by_its_name(kind: str, api_version: str, expected: str) -> None:
    assert Actors({}, (CNPG, ARGO, TEKTON)).of(kind, api_version) == expected


def test_what_is_said_of_a_kind_counts_more_than_names() -> None:
    assert Actors({"Cluster": "db/operator"}, (CNPG,)).of("Cluster", "postgresql.cnpg.io/v1") == "db/operator"


def test_accounts_are_those_that_policies_name() -> None:
    several = [age_policy(controllers=(CNPG, ARGO)), age_policy(name="other", controllers=(CNPG, TEKTON)), age_policy()]
    assert named_accounts(several) == (CNPG, ARGO, TEKTON)
