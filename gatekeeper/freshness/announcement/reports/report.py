"""The object of one report: of a workload, or where there are too many, of a namespace."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cluster.api import Object
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.documents import fields
from gatekeeper.documents.product import MANAGED_BY, NAME, PREFIX
from gatekeeper.freshness.announcement import limits, moments
from gatekeeper.freshness.announcement.reports.finding import ReportFinding, Result
from gatekeeper.freshness.announcement.reports.form import ReportForm
from gatekeeper.freshness.announcement.round import SOON
from gatekeeper.freshness.outlook import SECOND
from provider.foreign_text import shown

SELECTOR: Final = f"{MANAGED_BY}={NAME}"
# An annotation: the kind with its group, of a workload whose kind is not Kubernetes' own; `scope` has the kind alone.
_KIND: Final = f"{PREFIX}kind"
_CATEGORY: Final = "Image freshness"
_FOREIGN: Final = re.compile(r"[^a-z0-9-]", re.ASCII)
_NAME_CHARACTERS: Final = 200
_RESULTS: Final = ("pass", "fail", "warn", "error", "skip")


@dataclass(frozen=True, slots=True)
class ReportSighting:
    """What an older report says of a finding.

    Attributes:
        found: when it was first found, seconds since 1970.
        best_before: the date that it had; empty for none.
    """

    found: int
    best_before: str


@dataclass(frozen=True, slots=True)
class ReportName:
    """Which report."""

    namespace: str
    name: str


def workload_report(workload: WorkloadName) -> ReportName:
    """The report about a workload."""
    mark = fingerprint(workload.kind, workload.name)[:10]
    readable = _FOREIGN.sub("-", f"{workload.kind}-{workload.name}".lower())[:_NAME_CHARACTERS].strip("-")
    return ReportName(workload.namespace, f"{NAME}-{readable}-{mark}")


def namespace_report(namespace: str) -> ReportName:
    """The report about a namespace."""
    return ReportName(namespace, f"{NAME}-summary")


@dataclass(frozen=True)
class ReportText:
    """Writes reports.

    Attributes:
        form: which kind.
        now: nanoseconds since 1970.
        seen: of findings that are in the cluster already, by their marks and results.
    """

    form: ReportForm
    now: int
    seen: Mapping[str, ReportSighting]

    def of_workload(self, workload: WorkloadName, findings: Sequence[ReportFinding], uid: str) -> Object:
        """The report about a workload, the worst findings first.

        Args:
            workload: which one; it is the owner, so that the report goes with it.
            findings: in their order.
            uid: of the workload; empty where it is not known: the report then has no owner. It has none of
                a kind that we do not know either, for the API server takes no owner without its version.
        """
        scope = workload.reference(uid)
        body = self._body(workload_report(workload), [self._result(each) for each in findings])
        if "uid" in scope and "apiVersion" in scope:
            owner = {name: value for name, value in scope.items() if name != "namespace"}
            body["metadata"]["ownerReferences"] = [owner]
        if workload.kind != scope.get("kind"):
            body["metadata"]["annotations"] = {_KIND: workload.kind}
        body["scope"] = scope
        return body

    def of_namespace(self, namespace: str, findings: Sequence[ReportFinding]) -> Object:
        """The report about a namespace: how many of each policy, and the earliest date."""
        several: dict[tuple[Result, str], list[ReportFinding]] = defaultdict(list)
        for each in findings:
            several[each.result, each.outlook.policy].append(each)
        order = list(Result)
        rows = sorted(several.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
        results = [self._summary(namespace, result, policy, found) for (result, policy), found in rows]
        body = self._body(namespace_report(namespace), results)
        body["scope"] = {"apiVersion": "v1", "kind": "Namespace", "name": namespace}
        return body

    def _body(self, name: ReportName, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
        kept = list(results[: limits.RESULTS])
        counts = Counter(str(each["result"]) for each in results)
        body: dict[str, Any] = {
            "apiVersion": self.form.resource.api_version,
            "kind": self.form.resource.kind,
            "metadata": {
                "name": name.name,
                "namespace": name.namespace,
                "labels": {MANAGED_BY: NAME},
            },
            "summary": {result: counts[result] for result in _RESULTS},
            "results": kept,
        }
        if self.form.sourced:
            body["source"] = NAME
            body["configuration"] = {"limits": {"maxResults": limits.RESULTS}}
        return body

    def _result(self, finding: ReportFinding) -> dict[str, Any]:
        outlook, subject = finding.outlook, finding.outlook.subject
        properties = {
            "resultID": finding.result_id,
            "question": outlook.question.value,
            "due": finding.due.value if finding.due in SOON else "",
            "bestBefore": self._best_before(finding),
            "image": subject.image,
            "digest": subject.digest,
            "path": subject.path,
            "ref": fingerprint(outlook.policy, subject.image, subject.digest)[:12],
            "owner": subject.team,
            "waivedUntil": moments.stamp(outlook.waived_until) if outlook.waived_until is not None else "",
            "note": subject.note,
        }
        return self._row(finding.result_id, outlook.policy, finding, finding.message, properties)

    def _summary(self, namespace: str, result: Result, policy: str, found: Sequence[ReportFinding]) -> dict[str, Any]:
        dates = sorted(date for date in map(self._best_before, found) if date)
        workloads = {each.outlook.subject.workload for each in found}
        mark = f"{fingerprint(namespace, policy)}-{result.value}"
        first = f" The first date is {dates[0]}." if dates else ""
        message = f"{len(found)} images of {len(workloads)} workloads.{first}"
        properties = {"resultID": mark, "bestBefore": dates[0] if dates else ""}
        return self._row(mark, policy, min(found, key=lambda each: each.order), message, properties)

    def _row(
        self, mark: str, policy: str, finding: ReportFinding, message: str, properties: Mapping[str, str]
    ) -> dict[str, Any]:
        before = self.seen.get(mark)
        return {
            "source": NAME,
            "policy": policy,
            "rule": finding.outlook.question.value,
            "category": _CATEGORY,
            "severity": finding.severity.value,
            "result": finding.result.value,
            "scored": True,
            "message": shown(message, limits.TEXT_CHARACTERS),
            "timestamp": {"seconds": before.found if before else self.now // SECOND, "nanos": 0},
            "properties": {name: shown(value, limits.TEXT_CHARACTERS) for name, value in properties.items() if value},
        }

    def _best_before(self, finding: ReportFinding) -> str:
        """Its date; of what is denied already, the one that was announced, where one was."""
        moment = finding.best_before
        if moment is not None and not (finding.result is Result.FAIL and moment > self.now):
            return moments.stamp(moment)
        for result in (finding.result, Result.WARN):
            before = self.seen.get(f"{finding.mark}-{result.value}")
            if before and before.best_before and (moments.read(before.best_before) or self.now + 1) <= self.now:
                return before.best_before
        return ""


def sightings(report: Object) -> Mapping[str, ReportSighting]:
    """What a report that is in the cluster says of each finding."""
    found: dict[str, ReportSighting] = {}
    for row in fields.rows(report, "results"):
        properties, seconds = fields.mapping(row, "properties"), fields.mapping(row, "timestamp").get("seconds")
        mark = fields.text(properties, "resultID")
        if mark and isinstance(seconds, int):
            found[mark] = ReportSighting(seconds, fields.text(properties, "bestBefore"))
    return found


def workload_of(report: Object) -> WorkloadName | None:
    """What a report is about; None where it is about a namespace."""
    scope = fields.mapping(report, "scope")
    kind = fields.text(report, "metadata", "annotations", _KIND) or fields.text(scope, "kind")
    found = WorkloadName(fields.text(scope, "namespace"), kind, fields.text(scope, "name"))
    return found if found.namespace else None


def content_mark(report: Object) -> str:
    """The same of two reports that say the same: all that we write, and nothing that others add."""
    own = {name: report.get(name) for name in ("scope", "summary", "results", "source", "configuration")}
    owners = report["metadata"].get("ownerReferences", [])
    kind = fields.text(report, "metadata", "annotations", _KIND)
    return fingerprint(json.dumps([own, owners, kind], sort_keys=True, default=str))
