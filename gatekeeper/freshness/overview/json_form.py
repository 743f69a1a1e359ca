"""An overview as JSON: for other programs, with a version."""

from __future__ import annotations

from typing import Any, Final

from gatekeeper.freshness.overview import headline, moments
from gatekeeper.freshness.overview.overview import Overview, OverviewRow

# It rises when a field changes its meaning or goes; a new field is no new version.
VERSION: Final = 1


def document(overview: Overview) -> dict[str, Any]:
    """One object; its schema is `docs/reference/report.schema.json`."""
    said, workloads = headline.of(overview), overview.workloads()
    return {
        "version": VERSION,
        "now": moments.rfc3339(overview.now),
        "until": moments.rfc3339(overview.until),
        "cluster": overview.cluster,
        "headline": {"title": said.title, "detail": said.detail},
        "counts": {
            str(state): {"rows": count, "workloads": workloads[state]} for state, count in overview.counts().items()
        },
        "notJudged": list(overview.not_judged),
        "notAsked": [str(each) for each in overview.not_asked],
        "rows": [row_document(row) for row in overview.rows],
    }


def row_document(row: OverviewRow) -> dict[str, Any]:
    """One row; every field is always there, with null for no time and an empty text for nothing."""
    return {
        "state": str(row.state),
        "policy": row.policy,
        "team": row.team,
        "namespace": row.workload.namespace,
        "kind": row.workload.kind,
        "name": row.workload.name,
        "path": row.path,
        "image": row.image,
        "digest": row.digest,
        "byTag": row.by_tag,
        "questions": [str(each) for each in row.questions],
        "bestBefore": _time(row.since),
        "admittedAgain": _time(row.ends),
        "waivedUntil": _time(row.waived_until),
        "reason": row.reason,
        "sentence": row.sentence,
        "remedy": row.remedy,
        "running": row.running,
        "critical": row.critical,
        "notes": list(row.notes),
    }


def _time(nanoseconds: int | None) -> str | None:
    return None if nanoseconds is None else moments.rfc3339(nanoseconds)
