"""What a query in PromQL names, and which labels its series have; and the series that there are to be named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import promql_parser as promql

from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from provider.questions.endpoint import Endpoint
from provider.telemetry.metrics import Metrics
from scripts.reference.metrics import labels_of, own, scraped

# What Prometheus, or whoever collects of several, adds to what it scrapes.
TARGET = frozenset({"cluster", "job", "instance", "namespace", "pod", "service", "container", "endpoint"})
_HOOK = frozenset({"name", "operation", "type", "le"})
# Series of the API server, and what every target has.
FOREIGN = {
    "apiserver_admission_webhook_rejection_count": _HOOK | {"error_type", "rejection_code"},
    "apiserver_admission_webhook_fail_open_count": _HOOK,
    "apiserver_admission_webhook_admission_duration_seconds_count": _HOOK | {"rejected"},
    "up": frozenset[str](),
    "process_cpu_seconds_total": frozenset[str](),
    "process_resident_memory_bytes": frozenset[str](),
}
# As Grafana would put them in.
_VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$__interval": "1m"}


@dataclass(frozen=True)
class Selector:
    """One selector of a query: the metric and the labels that it asks for."""

    metric: str
    labels: frozenset[str]


def filled(expression: str) -> str:
    """The query as Prometheus gets it, with every label value."""
    for name, value in _VARIABLES.items():
        expression = expression.replace(name, value)
    return re.sub(r"\$\{?(cluster|resource_namespace|policy)\b\}?", ".*", expression)


@cache
def series() -> Mapping[str, frozenset[str]]:
    """Every series that rules and dashboards may name, with its labels: those of the real registries."""
    found = dict(FOREIGN)
    controller = DenialMetrics()
    FreshnessMetrics.of(controller)
    registries = (Metrics(dict.fromkeys(Endpoint, 1.0)).registry, controller.registry)
    for metric in (metric for registry in registries for metric in own(registry)):
        labels = frozenset(labels_of(metric))
        (family,) = metric.describe()
        if family.type == "histogram":
            found[f"{family.name}_bucket"] = labels | {"le"}
            found[f"{family.name}_sum"] = found[f"{family.name}_count"] = labels
        else:
            found[scraped(metric)] = labels
    return found


def selectors(node: promql.Expr) -> Iterator[Selector]:
    """Every selector of an expression."""
    if isinstance(node, promql.VectorSelector):
        yield Selector(node.name or "", frozenset(matcher.name for matcher in node.matchers.matchers))
    for child in _children(node):
        yield from selectors(child)


def groupings(node: promql.Expr) -> Iterator[tuple[str, ...]]:
    """The labels of every `by` and `on`; `without` and `ignoring` are given as `!`."""
    modifier = getattr(node, "modifier", None)
    if isinstance(node, promql.AggregateExpr):
        by = modifier is not None and modifier.type == promql.AggModifierType.By
        yield tuple(modifier.labels) if by and modifier is not None else ("!",)
    elif isinstance(node, promql.BinaryExpr) and modifier is not None and modifier.matching is not None:
        on = modifier.matching.type == promql.LabelModifierType.Include
        yield tuple(modifier.matching.labels) if on else ("!",)
    for child in _children(node):
        yield from groupings(child)


def labels(node: promql.Expr) -> frozenset[str] | None:
    """The labels of an expression's series; None for a number, which has whichever labels its partner has."""
    if isinstance(node, promql.AggregateExpr):
        return frozenset(node.modifier.labels) if node.modifier is not None else frozenset()
    if isinstance(node, promql.VectorSelector):
        return series()[node.name or ""] | TARGET
    if isinstance(node, promql.Call):
        inner = next((found for found in map(labels, node.args) if found is not None), None)
        return inner - {"le"} if node.func.name == "histogram_quantile" and inner is not None else inner
    if isinstance(node, promql.BinaryExpr):
        return _of_both(node)
    return next(map(labels, _children(node)), None)


def _of_both(node: promql.BinaryExpr) -> frozenset[str] | None:
    left, right = labels(node.lhs), labels(node.rhs)
    if left is None or right is None:
        return right if left is None else left
    return left | right if str(node.op) == "or" else left


def _children(node: promql.Expr) -> Iterator[promql.Expr]:
    for name in ("expr", "lhs", "rhs", "vector_selector"):
        child = getattr(node, name, None)
        if child is not None:
            yield child
    yield from getattr(node, "args", None) or ()
