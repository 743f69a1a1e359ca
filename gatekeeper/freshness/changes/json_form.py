"""A change of policies as JSON, with a version."""

from __future__ import annotations

from typing import Any, Final

from gatekeeper.freshness.changes import stubs
from gatekeeper.freshness.changes.change import PolicyChange, WorkloadChange, WorkloadVerdict
from gatekeeper.freshness.overview import moments

VERSION: Final = 1


def document(found: PolicyChange) -> dict[str, Any]:
    """One object: `{"version", "now", "until", "workloads", "unknown", "notJudged", "changes", "waivers"}`."""
    return {
        "version": VERSION,
        "now": moments.rfc3339(found.now),
        "until": moments.rfc3339(found.until),
        "workloads": found.workloads,
        "unknown": found.unknown,
        "notJudged": list(found.not_judged),
        "changes": [_change(each) for each in found.changes],
        "waivers": stubs.stubs(found),
    }


def _change(each: WorkloadChange) -> dict[str, Any]:
    return {
        "namespace": each.workload.namespace,
        "kind": each.workload.kind,
        "name": each.workload.name,
        "team": each.team,
        "questions": [str(one) for one in each.questions],
        "worse": each.worse,
        "now": {"old": _verdict(each.now[0]), "new": _verdict(each.now[1])},
        "later": {"old": _verdict(each.later[0]), "new": _verdict(each.later[1])},
    }


def _verdict(each: WorkloadVerdict) -> dict[str, str]:
    return {
        "verdict": str(each.verdict),
        "policy": each.policy,
        "image": each.image,
        "reason": each.reason,
        "sentence": each.sentence,
    }
