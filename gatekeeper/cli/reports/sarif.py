"""SARIF 2.1.0, which code hosts show beside the code.

They take a result only where it has a file and a line, so a finding about an image that stands in no file is shown at
the policy that refuses it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote

from gatekeeper.evaluation.check_result import CheckResult, Omission
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.evaluation.review import Review
from provider.reasons import EXPLANATIONS, Reason
from provider.version import VERSION

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
# What a finding of somebody else's template is called, which may have no reason of ours.
_OTHER: Final = "PolicyFailed"
_PAGE: Final = "https://bestbefore.dev/reference/reasons"
_STDIN: Final = "stdin"
_LEVELS: Final = {"deny": "error", "warn": "warning"}


@dataclass(frozen=True)
class SourceLine:
    """Where something stands.

    Attributes:
        file: as the user named it; empty for standard input.
        line: from 1.
    """

    file: str = ""
    line: int = 1


def document(result: CheckResult, policies: Mapping[str, SourceLine]) -> dict[str, Any]:
    """The findings of a check as one run; the rule of a finding is its reason code.

    Args:
        result: of a check.
        policies: where each policy stands, by name.
    """
    used = dict.fromkeys(_rule_id(each) for each in result.findings)
    notes = [*map(_note, result.unjudged), *(_made(each) for each in result.reviews if each.subject.note)]
    results = [_result(each, policies) for each in result.findings]
    return _run([_rule(each) for each in used], results, notes, good=not result.undecided)


def without_verdict(error: NoVerdictError) -> dict[str, Any]:
    """The run of a check that could not be made."""
    note = {"level": "error", "message": {"text": error.message}, "descriptor": {"id": error.reason}}
    return _run([], [], [note], good=False)


def _run(rules: Sequence[Any], results: Sequence[Any], notes: Sequence[Any], *, good: bool) -> dict[str, Any]:
    driver = {"name": "bestbefore", "semanticVersion": VERSION, "informationUri": _PAGE, "rules": list(rules)}
    invocation: dict[str, Any] = {"executionSuccessful": good}
    if notes:
        invocation["toolExecutionNotifications"] = list(notes)
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": list(results)}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule_id(finding: Finding) -> str:
    return finding.reason or _OTHER


def _rule(reason: str) -> dict[str, Any]:
    known = EXPLANATIONS[Reason(reason)] if reason in list(Reason) else None
    cause = known.cause if known else f"A policy's template gives the reason {reason}."
    rule: dict[str, Any] = {
        "id": reason,
        "name": reason,
        "shortDescription": {"text": cause},
        "fullDescription": {"text": cause},
        "help": {"text": known.remedy if known else "Read the message of the result."},
    }
    return {**rule, "helpUri": f"{_PAGE}#{reason.lower()}"} if known else rule


def _result(finding: Finding, policies: Mapping[str, SourceLine]) -> dict[str, Any]:
    name = _name(finding)
    place = _place(finding, policies)
    return {
        "ruleId": _rule_id(finding),
        "level": _LEVELS.get(finding.action, "note"),
        "message": {"text": finding.violation.msg},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(place.file)},
                    "region": {"startLine": place.line},
                },
                "logicalLocations": [{"fullyQualifiedName": name}],
            }
        ],
        # The same finding in the next commit, whatever the line, the date or the age in the message is by then.
        "partialFingerprints": {"bestbefore/v1": _fingerprint(finding, place.file, name)},
    }


def _place(finding: Finding, policies: Mapping[str, SourceLine]) -> SourceLine:
    if finding.review.file:
        return SourceLine(finding.review.file, finding.line or 1)
    return policies.get(finding.policy) or next(iter(policies.values()), SourceLine())


def _fingerprint(finding: Finding, file: str, name: str) -> str:
    parts = (finding.policy, _rule_id(finding), _uri(file), name, finding.image)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _note(unjudged: Omission) -> dict[str, Any]:
    text = f"not judged: {unjudged.what} {unjudged.name}: {unjudged.reason}"
    return _notification("NotJudged", text, unjudged.file)


def _made(review: Review) -> dict[str, Any]:
    return _notification("JudgedAsPod", f"{review.title}: {review.subject.note}", review.file)


def _notification(name: str, text: str, file: str) -> dict[str, Any]:
    note: dict[str, Any] = {"level": "note", "message": {"text": text}, "descriptor": {"id": name}}
    if file:
        note["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": _uri(file)}}}]
    return note


def _uri(file: str) -> str:
    """As a reference by RFC 3986: relative to where the command runs, as code hosts want it, where that can be."""
    path = PurePath(file or _STDIN)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _name(finding: Finding) -> str:
    return " ".join(_parts(finding)) or "image"


def _parts(finding: Finding) -> Iterator[str]:
    yield from (part for part in (finding.review.title, finding.path) if part)
