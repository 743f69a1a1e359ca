"""What Prometheus reads of the controller: at most `limits.SERIES` series, whatever is denied.

`sum()` over each metric means something: a violation, a request and a workload is in one series of its metric. The
namespace of what was denied is `resource_namespace`, because Prometheus gives `namespace` to what it scrapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from gatekeeper.denials import limits
from gatekeeper.denials.ledger.labels import Family, Names
from gatekeeper.denials.ledger.policy_metrics import PolicyMetrics
from gatekeeper.denials.ledger.requests import Certainty, DeniedRequest
from gatekeeper.denials.ledger.trust_root_metrics import TrustRootMetrics
from gatekeeper.denials.ledger.waiver_metrics import WaiverMetrics
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.violation import AdmissionViolation, known_reason
from gatekeeper.denials.source import GapCause
from provider.reasons import BlockCause
from provider.version import VERSION

Counts: TypeAlias = Mapping[str, Sequence[tuple[Sequence[str], float]]]

# The label `reason` of a template that is not ours, and of a reason that only a newer version knows.
FOREIGN: Final = "foreign"
UNKNOWN: Final = "unknown"

_DELAYS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)
_OUTCOMES: Final = ("violation", "repeated", "foreign", "unreadable")


@dataclass(frozen=True)
class LineCounters:
    """Lines of Gatekeeper's log, by what became of them.

    Attributes:
        violation: counted, or a template without a verdict.
        repeated: counted before.
        foreign: no deny lines.
        unreadable: deny lines that cannot be read.
    """

    violation: Counter
    repeated: Counter
    foreign: Counter
    unreadable: Counter


class DenialMetrics:
    """The metrics of denials; the caller sees to it that one thread at a time changes them.

    Args:
        revision: what it was built from.
    """

    def __init__(self, revision: str = "") -> None:
        # A series more for each counter, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._lasting: dict[str, tuple[Counter, tuple[str, ...]]] = {}
        self._namespaces = Names(limits.NAMESPACES)
        self._policies = Names(limits.POLICIES)
        self._kinds = Names(limits.KINDS)
        self._covered: set[str] = set()
        self._by_namespace: list[Family[Any]] = []
        self._folds = self._counter("series_folded", "Observations whose label set had no room: in `other`", "metric")
        self._violations()
        self._requests()
        self._workloads()
        self._coverage()
        self._audit_violations()
        self._constraints()
        self.policies = PolicyMetrics(self.registry, self._folds.labels("bestbefore_policy_state").inc)
        self.waivers = WaiverMetrics(self.registry)
        self._health(revision)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def exposition(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)

    def cover(self, namespaces: Iterable[str]) -> None:
        """Have the request counters of these namespaces exist: one born at 1 is invisible to `increase`.

        Those of namespaces that were covered, and are not any more, go: clusters with a namespace a pull request would
        else have no labels left after some weeks. Where something is blocked, they stay.
        """
        covered = set(namespaces)
        for namespace in self._covered - covered - self._with_blocks():
            self._forget(namespace)
        self._covered = covered | (self._covered & self._with_blocks())
        for namespace in sorted(covered):
            for actor in Actor:
                self.denied_requests.of(namespace, actor)
            self.dry_run_requests.of(namespace)

    def count_violation(self, violation: AdmissionViolation) -> None:
        """A violation of a request that was not a dry run."""
        self.violations.of(
            violation.policy,
            violation.constraint.kind,
            violation.resource.namespace,
            reason_label(violation),
            violation.action,
        ).inc()

    def count_request(self, request: DeniedRequest) -> None:
        """A denied request, or one without a verdict."""
        self.seen.labels(request.certainty).inc()
        if not request.verdict:
            return
        if request.dry_run:
            self.dry_run_requests.of(request.namespace).inc()
        else:
            self.denied_requests.of(request.namespace, request.actor).inc()

    def line_outcomes(self) -> dict[str, int]:
        """How many lines were what, by the values of `outcome`."""
        found = dict.fromkeys(_OUTCOMES, 0)
        return found | {labels[0]: int(value) for labels, value in self.lasting()["denial_lines"]}

    def gap_causes(self) -> dict[str, int]:
        """How many gaps there were, by cause; none of those that did not happen."""
        return {labels[0]: int(value) for labels, value in self.lasting()["denial_log_gaps"]}

    def folding(self, name: str) -> Callable[[], None]:
        """What counts an observation of another metric of this registry that there was no room for."""
        return self._folds.labels(name).inc

    def fold_block(self) -> None:
        """A block that there was no room for."""
        self._folds.labels("bestbefore_blocked_workloads").inc()

    def lasting(self) -> Counts:
        """What a new process has to go on with: for each counter the values of its label sets."""
        return {
            name: [([sample.labels[label] for label in labels], sample.value) for sample in _totals(counter)]
            for name, (counter, labels) in self._lasting.items()
        }

    def go_on(self, counts: Counts) -> None:
        """Go on with what another process counted; a counter or a label set that we do not have is left out."""
        families: dict[str, Family[Counter]] = {
            "admission_violations": self.violations,
            "admission_denied_requests": self.denied_requests,
            "admission_dry_run_denied_requests": self.dry_run_requests,
            "workload_blocks": self.workload_blocks,
            "admission_timeouts": self.timeouts,
        }
        for name, samples in counts.items():
            counter, labels = self._lasting.get(name, (None, ()))
            for values, value in samples:
                if counter is not None and len(values) == len(labels):
                    _child(families.get(name), counter, values).inc(value)

    def _with_blocks(self) -> set[str]:
        (family,) = self.blocked.metric.collect()
        return {sample.labels["resource_namespace"] for sample in family.samples if sample.value}

    def _forget(self, namespace: str) -> None:
        for family in self._by_namespace:
            family.drop_all(self._namespaces, namespace)
        self._namespaces.forget(namespace)

    def _violations(self) -> None:
        self.violations = self._family(
            self._counter(
                "admission_violations",
                "Violations of requests that were not dry runs; for warn and dryrun an upper bound: one a webhook call",
                "policy",
                "constraint_kind",
                "resource_namespace",
                "reason",
                "enforcement_action",
            ),
            limits.VIOLATION_SERIES,
            (self._policies, self._kinds, self._namespaces, None, None),
            reserve=200,
        )
        self.timeouts = self._family(
            self._counter(
                "admission_timeouts",
                "Templates that came to no verdict in time: no denials; the failure policy decided",
                "constraint_kind",
            ),
            limits.KINDS + 1,
            (self._kinds,),
            reserve=1,
        )

    def _requests(self) -> None:
        self.denied_requests = self._family(
            self._counter(
                "admission_denied_requests",
                "Requests that Gatekeeper denied, dry runs apart; controllers repeat theirs",
                "resource_namespace",
                "actor",
            ),
            limits.REQUEST_SERIES,
            (self._namespaces, None),
            reserve=len(Actor),
        )
        self.dry_run_requests = self._family(
            self._counter(
                "admission_dry_run_denied_requests",
                "Dry runs that Gatekeeper denied, as of tools that compare a cluster with Git",
                "resource_namespace",
            ),
            limits.DRY_RUN_SERIES,
            (self._namespaces,),
            reserve=1,
        )

    def _workloads(self) -> None:
        self.blocked = self._family(
            self._gauge(
                "blocked_workloads",
                "Workloads that cannot start now, each once, by whose it is",
                "resource_namespace",
                "cause",
            ),
            limits.BLOCKED_SERIES,
            (self._namespaces, None),
            reserve=len(BlockCause),
        )
        self.workload_blocks = self._family(
            self._counter(
                "workload_blocks",
                "Workloads that became blocked; tries that follow do not count",
                "resource_namespace",
                "cause",
                "actor",
            ),
            limits.BLOCK_SERIES,
            (self._namespaces, None, None),
            reserve=len(BlockCause) * len(Actor),
        )

    def _coverage(self) -> None:
        self.seen = self._counter(
            "denied_requests_seen",
            "Denied requests that were seen in Gatekeeper's log, dry runs and those without a verdict included",
            "certainty",
        )
        self.gatekeeper_denied = self._counter(
            "gatekeeper_denied_requests", "Denied requests by Gatekeeper's own counters, of all its Pods", lasting=False
        )
        self.gaps = self._counter("denial_log_gaps", "Times that lines of Gatekeeper's log may be missing", "cause")
        lines = self._counter("denial_lines", "Lines of Gatekeeper's log", "outcome")
        self.delay = Histogram(
            "bestbefore_denial_delay_seconds",
            "From the time of a deny line to its being counted",
            buckets=_DELAYS,
            registry=self.registry,
        )
        for certainty in Certainty:
            self.seen.labels(certainty)
        for cause in GapCause:
            self.gaps.labels(cause)
        self.line_counters = LineCounters(*(lines.labels(outcome) for outcome in _OUTCOMES))

    def _audit_violations(self) -> None:
        self.audit_violations = self._family(
            self._gauge(
                "audit_violations",
                "Violations of what is in the cluster, as the Constraints' status lists them",
                "policy",
                "constraint_kind",
                "resource_namespace",
                "reason",
                "enforcement_action",
            ),
            limits.AUDIT_SERIES,
            (self._policies, self._kinds, self._namespaces, None, None),
            reserve=200,
        )
        self.audit_truncated = self._family(
            self._gauge(
                "audit_violations_truncated",
                "Violations that the status counts and does not list",
                "policy",
                "constraint_kind",
            ),
            limits.TRUNCATED_SERIES,
            (self._policies, self._kinds),
            reserve=1,
        )

    def _constraints(self) -> None:
        self.audit_time = self._family(
            self._gauge(
                "audit_last_result_timestamp_seconds", "When audit last judged a policy, seconds since 1970", "policy"
            ),
            limits.POLICIES + 1,
            (self._policies,),
            reserve=1,
        )
        self.constraints = self._gauge(
            "constraints", "Constraints in force; ours are those of our templates", "enforcement_action", "ours"
        )

    def _health(self, revision: str) -> None:
        self.source_success = self._gauge(
            "source_last_success_timestamp_seconds", "When an input was last read, seconds since 1970", "source"
        )
        self.source_age = self._gauge("source_max_age_seconds", "How old an input may be", "source")
        self.source_errors = self._counter(
            "source_errors", "Times that an input could not be read", "source", "reason", lasting=False
        )
        self.workload_events = self._counter(
            "workload_events", "Kubernetes Events about blocks", "result", lasting=False
        )
        self.doctor_findings = self._gauge("doctor_findings", "What `doctor` finds wrong", "check", "severity")
        self.certificate_expiry = self._gauge(
            "certificate_expiry_timestamp_seconds",
            "When a certificate that is kept for the provider ends, seconds since 1970",
            "certificate",
        )
        self.trust_roots = TrustRootMetrics(self.registry)
        self.leader = self._gauge("leader", "1 while this process counts")
        info = self._gauge("build_info", "Always 1", "version", "revision")
        info.labels(VERSION, revision).set(1)

    def _family(self, metric: Any, capacity: int, names: tuple[Names | None, ...], *, reserve: int) -> Family[Any]:  # noqa: ANN401 - Counter or Gauge
        name = f"{metric.describe()[0].name}{'_total' if isinstance(metric, Counter) else ''}"
        folded = self._folds.labels(name)
        family = Family[Any](metric, capacity, names, folded.inc, reserve)
        if self._namespaces in names:
            self._by_namespace.append(family)
        return family

    def _counter(self, name: str, text: str, *labels: str, lasting: bool = True) -> Counter:
        counter = Counter(f"bestbefore_{name}", text, labels, registry=self.registry)
        if lasting:
            self._lasting[name] = counter, labels
        return counter

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"bestbefore_{name}", text, labels, registry=self.registry)


def reason_label(violation: AdmissionViolation) -> str:
    """The label `reason`: of the closed list, or that it is none of it."""
    if violation.judgement is None:
        return FOREIGN
    return known_reason(violation.judgement.reason) or UNKNOWN


def _totals(counter: Counter) -> Iterator[Any]:
    for family in counter.collect():
        for sample in family.samples:
            if sample.name.endswith("_total") and sample.value:
                yield sample


def _child(family: Family[Counter] | None, counter: Counter, values: Sequence[str]) -> Counter:
    if family is not None:
        return family.of(*values)
    return counter.labels(*values) if values else counter
