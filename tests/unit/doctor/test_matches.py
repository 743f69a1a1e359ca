"""Which Constraints look at the Pods of which namespaces."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.doctor.installed_policy import InstalledConstraint
from gatekeeper.doctor.matches import looking_at

_NAMESPACES = {
    "shop": {"policy.sigstore.dev/include": "true", "kubernetes.io/metadata.name": "shop"},
    "web": {"policy.sigstore.dev/include": "true", "kubernetes.io/metadata.name": "web"},
    "kube-system": {"kubernetes.io/metadata.name": "kube-system"},
    "bare": {},
}
_INCLUDED = {"namespaceSelector": {"matchLabels": {"policy.sigstore.dev/include": "true"}}}
_BY_NAME = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["bare"]}


def _constraint(match: dict[str, Any]) -> InstalledConstraint:
    return InstalledConstraint("Age", "age", True, True, "", "deny", match, None, 1, ())


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, {"shop", "web", "kube-system", "bare"}),
        (_INCLUDED, {"shop", "web"}),
        ({**_INCLUDED, "excludedNamespaces": ["we*"]}, {"shop"}),
        ({"namespaces": ["kube-*"]}, {"kube-system"}),
        ({"namespaceSelector": {"matchExpressions": [_BY_NAME]}}, {"bare"}),
        ({"scope": "Cluster"}, set()),
        # Some Pod has such labels and such a name.
        ({**_INCLUDED, "labelSelector": {"matchLabels": {"app": "web"}}, "name": "web-*"}, {"shop", "web"}),
        # Deployments make Pods.
        ({**_INCLUDED, "kinds": [{"apiGroups": ["apps"], "kinds": ["Deployment"]}]}, {"shop", "web"}),
    ],
)
def test_constraint_looks_at_namespaces(match: dict[str, Any], expected: set[str]) -> None:
    found = dict(looking_at([_constraint(match)], _NAMESPACES))
    assert {name for name, constraints in found.items() if constraints} == expected
