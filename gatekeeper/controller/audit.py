"""What audit found in the cluster, and which Constraints are in force: from their status, again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints
from gatekeeper.controller import constraint_status, limits
from gatekeeper.controller.constraint_status import ConstraintStatus
from gatekeeper.denials.ledger.labels import Family
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.lines.violation import Action
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem, problem_of
from gatekeeper.documents import fields


class AuditResults:
    """Reads the status of all Constraints, where there are many kinds some of them at a time.

    Args:
        api: of the cluster.
        metrics: what is found is written there.
        health: takes note whether all could be read.
    """

    def __init__(self, api: KubernetesApi, metrics: DenialMetrics, health: SourceHealth) -> None:
        self._api = api
        self._metrics = metrics
        self._health = health
        # The kinds that templates have, and whether they are ours; what was found of each; and those whose turn it is.
        self._kinds: Mapping[str, bool] = {}
        self._found: dict[str, Sequence[ConstraintStatus]] = {}
        self._left: list[str] = []
        self._too_many = False

    def look(self) -> None:
        """Read what is not known yet and as much again as one look may; what cannot be read stays as it was."""
        try:
            if not self._left:
                self._turn()
            self._read()
        except ClusterError as error:
            self._health.failed(SourceName.AUDIT, problem_of(error), error.message)
            return
        self._show([status for found in self._found.values() for status in found])
        if self._too_many:
            said = f"there are more than {limits.AUDIT_KINDS} ConstraintTemplates, and no more are read"
            self._health.failed(SourceName.AUDIT, SourceProblem.INVALID, said)
        else:
            self._health.succeeded(SourceName.AUDIT)

    def _turn(self) -> None:
        """All have been read: begin anew with the templates that are there now."""
        kinds = dict(islice(self._templates(), limits.AUDIT_KINDS + 1))
        self._too_many = len(kinds) > limits.AUDIT_KINDS
        self._kinds = dict(islice(kinds.items(), limits.AUDIT_KINDS))
        self._found = {kind: found for kind, found in self._found.items() if kind in self._kinds}
        # What was never read comes first, all of it at once: sums of some kinds would look as if the others had ended.
        self._left = sorted(self._kinds, key=lambda kind: kind in self._found)

    def _read(self) -> None:
        again = 0
        while self._left and (self._left[0] not in self._found or again < limits.AUDIT_LISTS):
            kind = self._left[0]
            again += kind in self._found
            self._found[kind] = list(self._constraints(kind))
            del self._left[0]

    def _constraints(self, kind: str) -> Iterator[ConstraintStatus]:
        try:
            for page in self._api.pages(constraints(kind)):
                yield from (constraint_status.read(each, ours=self._kinds[kind]) for each in page)
        except ObjectAbsentError:
            # Gatekeeper makes the kind a moment after the template.
            return

    def _templates(self) -> Iterator[tuple[str, bool]]:
        for page in self._api.pages(CONSTRAINT_TEMPLATES):
            for template in page:
                kind = fields.text(template, "spec", "crd", "spec", "names", "kind")
                if kind.isascii() and kind.isalnum():
                    yield kind, constraint_status.is_ours(template)

    def _show(self, found: list[ConstraintStatus]) -> None:
        metrics = self._metrics
        violations = Counter(_labels(each) for status in found for each in status.violations)
        _write(metrics.audit_violations, violations.items())
        _write(metrics.audit_truncated, (((each.policy, each.kind), each.truncated) for each in found))
        _write_oldest(metrics.audit_time, found)
        in_force = Counter((each.action, "true" if each.ours else "false") for each in found)
        # That none denies is a number, too: alerts tell it from what nobody has read.
        for labels in product(Action, ("true", "false")):
            metrics.constraints.labels(*labels).set(in_force[labels])


def _labels(violation: constraint_status.AuditViolation) -> tuple[str, ...]:
    return (
        violation.policy,
        violation.constraint_kind,
        violation.resource_namespace,
        violation.reason,
        violation.enforcement_action,
    )


def _write(family: Family[Any], counts: Iterable[tuple[tuple[str, ...], int]]) -> None:
    """The sum for each series; several label sets may be in one."""
    sums: dict[Any, float] = {}
    for labels, count in counts:
        series = family.of(*labels)
        sums[series] = sums.get(series, 0.0) + count
    for series, total in sums.items():
        series.set(total)
    _drop_others(family, sums)


def _write_oldest(family: Family[Any], found: list[ConstraintStatus]) -> None:
    """For each policy, when the Constraint was judged that was judged longest ago."""
    oldest: dict[Any, float] = {}
    for each in found:
        if each.audited is not None:
            series = family.of(each.policy)
            oldest[series] = min(each.audited, oldest.get(series, each.audited))
    for series, moment in oldest.items():
        series.set(moment)
    _drop_others(family, oldest)


def _drop_others(family: Family[Any], kept: dict[Any, float]) -> None:
    for labels in list(family.series()):
        if family.of(*labels) not in kept:
            family.drop(*labels)
