"""Kinds of reports as others install them: with the fields that we write, and no others."""

from __future__ import annotations

from typing import Any, Final

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "object", "additionalProperties": _TEXT}
_REFERENCE: Final = {
    "type": "object",
    "properties": dict.fromkeys(("apiVersion", "kind", "name", "namespace", "uid"), _TEXT),
}
_RESULT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["policy"],
    "properties": {
        **dict.fromkeys(("source", "policy", "rule", "category", "message"), _TEXT),
        "severity": {"type": "string", "enum": ["critical", "high", "low", "medium", "info"]},
        "result": {"type": "string", "enum": ["pass", "fail", "warn", "error", "skip"]},
        "scored": {"type": "boolean"},
        "timestamp": {
            "type": "object",
            "required": ["seconds", "nanos"],
            "properties": {
                "seconds": {"type": "integer", "format": "int64"},
                "nanos": {"type": "integer", "format": "int32"},
            },
        },
        "properties": _TEXTS,
    },
}
_COUNTS: Final = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("pass", "fail", "warn", "error", "skip")},
}
_CONFIGURATION: Final = {
    "type": "object",
    "required": ["limits"],
    "properties": {"limits": {"type": "object", "properties": {"maxResults": {"type": "integer"}}}},
}


def _definition(group: str, version: str, plural: str, kind: str, more: dict[str, Any]) -> dict[str, Any]:
    fields = {"scope": _REFERENCE, "summary": _COUNTS, "results": {"type": "array", "items": _RESULT}, **more}
    schema = {
        "type": "object",
        "properties": {"apiVersion": _TEXT, "kind": _TEXT, "metadata": {"type": "object"}, **fields},
    }
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "versions": [served],
        },
    }


OPEN_REPORTS: Final = _definition(
    "openreports.io", "v1alpha1", "reports", "Report", {"source": _TEXT, "configuration": _CONFIGURATION}
)
POLICY_REPORTS: Final = _definition("wgpolicyk8s.io", "v1alpha2", "policyreports", "PolicyReport", {})
