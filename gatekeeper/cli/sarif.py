"""SARIF 2.1.0, which code scanning shows beside the code."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from gatekeeper.evaluation.checker import Finding, Outcome
from provider.reasons import EXPLANATIONS, Reason
from provider.version import VERSION

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def document(outcome: Outcome) -> dict[str, Any]:
    """The findings of an outcome as one run; the rule of a finding is its reason code."""
    used = [reason for reason in Reason if any(each.reason == reason for each in outcome.findings)]
    driver = {"name": "bestbefore", "semanticVersion": VERSION, "rules": [_rule(reason) for reason in used]}
    results = [_result(each) for each in outcome.findings]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(reason: Reason) -> dict[str, Any]:
    explanation = EXPLANATIONS[reason]
    return {
        "id": str(reason),
        "shortDescription": {"text": explanation.cause},
        "help": {"text": explanation.remedy},
    }


def _result(finding: Finding) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": finding.reason,
        "level": "error" if finding.action == "deny" else "warning",
        "message": {"text": finding.violation.msg},
    }
    place: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": _name(finding)}]}
    if finding.file:
        place["physicalLocation"] = {"artifactLocation": {"uri": _uri(finding.file)}}
    found["locations"] = [place]
    return found


def _uri(file: str) -> str:
    """As a reference by RFC 3986: relative where the file was named so."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _name(finding: Finding) -> str:
    path = str(finding.violation.details.get("path", ""))
    return " ".join(part for part in (finding.review, path) if part) or "image"
