"""Waivers for tests."""

from __future__ import annotations

import copy
from typing import Any

DIGEST = "sha256:" + "0123456789abcdef" * 4

SPEC: dict[str, Any] = {
    "policies": ["maximum-image-age"],
    "namespaces": ["shop"],
    "images": ["registry.test/vendor/agent"],
    "from": "2026-02-01T00:00:00Z",
    "until": "2026-03-01T00:00:00Z",
    "reason": "the vendor rebuilds in March",
    "owner": "team-shop",
}


def document(name: str = "late", **changes: Any) -> dict[str, Any]:
    """A Waiver as a file has it; a change to None takes the field away."""
    spec = {field: value for field, value in {**copy.deepcopy(SPEC), **changes}.items() if value is not None}
    return {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "Waiver", "metadata": {"name": name}, "spec": spec}


def synced(name: str = "late", created: str = "2026-02-01T00:00:00Z", **changes: Any) -> dict[str, Any]:
    """A Waiver as a cluster has it."""
    made = document(name, **changes)
    made["spec"].pop("from", None)
    made["metadata"]["creationTimestamp"] = created
    return made
