"""What Prometheus reads of what will be denied: a bound of series, whatever runs.

A class is a label, so that `sum` over it means something: each container is in one class of a policy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Gauge

from gatekeeper.denials import limits as denial_limits
from gatekeeper.denials.ledger.labels import Family, Names
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.announcement.round import Round
from gatekeeper.freshness.outlook import SECOND, Due, Outlook, OutlookVerdict, Question

_Values: TypeAlias = Mapping[tuple[str, ...], float]

_NAMESPACE, _POLICY = "resource_namespace", "policy"


class FreshnessMetrics:
    """The metrics of what runs.

    Args:
        registry: which they are of.
        folded: makes, of the name of a metric, what counts an observation that has no room.
        per_workload: whether the soonest workloads have a series each.
    """

    def __init__(
        self, registry: CollectorRegistry, folded: Callable[[str], Callable[[], None]], *, per_workload: bool = False
    ) -> None:
        self._per_workload = per_workload
        self._namespaces = Names(denial_limits.NAMESPACES)
        self._policies = Names(denial_limits.POLICIES)
        self._seen: set[str] = set()

        def family(name: str, text: str, capacity: int, *labels: str) -> Family[Gauge]:
            gauge = Gauge(f"bestbefore_{name}", text, labels, registry=registry)
            known = {_NAMESPACE: self._namespaces, _POLICY: self._policies}
            names = [known.get(label) for label in labels]
            reserve = len(Due) if "due" in labels else 1
            return Family(gauge, capacity, names, folded(f"bestbefore_{name}"), reserve)

        self._running = family(
            "running_containers",
            "Containers that run, by how soon the next Pod in their place is denied; each is in one class of a policy",
            limits.DUE_SERIES,
            *(_NAMESPACE, _POLICY, "due"),
        )
        self._apply = family(
            "apply_blocked_containers",
            "Containers in what people apply, by how soon applying it as it is would be denied",
            limits.APPLY_SERIES,
            *(_NAMESPACE, _POLICY, "due"),
        )
        self._best_before = family(
            "best_before_timestamp_seconds",
            "When the next Pod of what runs is denied first, seconds since 1970",
            limits.BEST_BEFORE_SERIES,
            *(_NAMESPACE, _POLICY),
        )
        self._unpullable = family(
            "unpullable_containers",
            "Containers that run, whose image is gone from its registry",
            limits.NAMESPACE_SERIES,
            _NAMESPACE,
        )
        self._teams = family(
            "namespace_team",
            "Always 1: whose a namespace is, by its label",
            limits.NAMESPACE_SERIES,
            *(_NAMESPACE, "team"),
        )
        self._workloads = family(
            "workload_best_before_timestamp_seconds",
            "When the next Pod of a workload is denied first, seconds since 1970; of the soonest, if switched on",
            limits.WORKLOAD_SERIES + 1,
            *(_NAMESPACE, "resource_kind", "resource_name", _POLICY),
        )
        self._known = Gauge(
            "bestbefore_forecast_known_timestamp_seconds",
            "When what these numbers rest on was last seen, where that is longest ago, seconds since 1970",
            registry=registry,
        )

    @classmethod
    def of(cls, metrics: DenialMetrics, *, per_workload: bool = False) -> FreshnessMetrics:
        """Beside those of denials, on one page."""
        return cls(metrics.registry, metrics.folding, per_workload=per_workload)

    def show(self, found: Round, now: int) -> None:
        """Have these shown and no others.

        Args:
            found: of the last round.
            now: nanoseconds since 1970.
        """
        self._forget(found.outlooks)
        _show(self._running, _sums(_of(found, Question.RESCHEDULE), now, lambda each: each.subject.running))
        _show(self._apply, _sums(_of(found, Question.APPLY), now, lambda _: 1))
        _show_earliest(self._best_before, _earliest(_of(found, Question.RESCHEDULE)))
        gone = [each for each in _of(found, Question.PULL) if each.now.verdict is OutlookVerdict.DENIED]
        _show(self._unpullable, _containers(gone))
        teams = {(each.subject.workload.namespace, each.subject.team) for each in found.outlooks if each.subject.team}
        _show_earliest(self._teams, dict.fromkeys(teams, 1.0))
        _show_earliest(self._workloads, _soonest(_of(found, Question.RESCHEDULE)) if self._per_workload else {})
        self._known.set(found.known / SECOND)

    def _forget(self, outlooks: Sequence[Outlook]) -> None:
        """Make room for the namespaces that came in the place of those that are gone."""
        there = {each.subject.workload.namespace for each in outlooks}
        for namespace in self._seen - there:
            self._namespaces.forget(namespace)
        self._seen = there


def _of(found: Round, question: Question) -> Iterator[Outlook]:
    return (each for each in found.outlooks if each.question is question)


def _sums(outlooks: Iterable[Outlook], now: int, count: Callable[[Outlook], int]) -> _Values:
    sums: dict[tuple[str, ...], float] = defaultdict(float)
    for each in outlooks:
        sums[each.subject.workload.namespace, each.policy, each.due(now).value] += count(each)
    return {labels: total for labels, total in sums.items() if total}


def _containers(outlooks: Iterable[Outlook]) -> _Values:
    """Those that run, each once, whatever policies ask."""
    found: dict[object, tuple[str, int]] = {}
    for each in outlooks:
        subject = each.subject
        found[subject.workload, subject.path, subject.digest] = (subject.workload.namespace, subject.running)
    sums: dict[tuple[str, ...], float] = defaultdict(float)
    for namespace, running in found.values():
        sums[(namespace,)] += running
    return sums


def _earliest(outlooks: Iterable[Outlook]) -> _Values:
    found: dict[tuple[str, ...], float] = {}
    for each in outlooks:
        if each.best_before is not None and each.subject.running:
            labels = (each.subject.workload.namespace, each.policy)
            found[labels] = min(each.best_before / SECOND, found.get(labels, float("inf")))
    return found


def _soonest(outlooks: Iterable[Outlook]) -> _Values:
    found: dict[tuple[str, ...], float] = {}
    for each in outlooks:
        if each.best_before is not None:
            workload = each.subject.workload
            labels = (workload.namespace, workload.kind, workload.name, each.policy)
            found[labels] = min(each.best_before / SECOND, found.get(labels, float("inf")))
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0]))[: limits.WORKLOAD_SERIES])


def _show(family: Family[Gauge], values: _Values) -> None:
    """The sum for each series; several label sets may be in one."""
    _write(family, values, lambda one, other: one + other)


def _show_earliest(family: Family[Gauge], values: _Values) -> None:
    _write(family, values, min)


def _write(family: Family[Gauge], values: _Values, joined: Callable[[float, float], float]) -> None:
    shown: dict[Gauge, float] = {}
    for labels, value in sorted(values.items()):
        series = family.of(*labels)
        shown[series] = joined(shown[series], value) if series in shown else value
    for series, value in shown.items():
        series.set(value)
    for labels in list(family.series()):
        if family.of(*labels) not in shown:
            family.drop(*labels)
