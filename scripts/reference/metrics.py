"""Every metric of ours, with its labels and what to do when it moves: of the provider, and of the controller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from provider.questions.endpoint import Endpoint
from provider.telemetry.metrics import Metrics
from scripts.reference import alerts, controller_metrics, markdown, provider_metrics

_COLUMNS: Final = ("Metric", "Type", "Labels", "Meaning", "When it moves")


def page() -> str:
    """The page, as Markdown."""
    provider = Metrics(dict.fromkeys(Endpoint, 1.0)).registry
    controller = DenialMetrics()
    FreshnessMetrics.of(controller)
    parts = [
        markdown.head("Metrics", "the code of provider and controller", provider_metrics.INTRODUCTION),
        _table(provider, provider_metrics.WHEN),
        controller_metrics.INTRODUCTION,
        _table(controller.registry, controller_metrics.WHEN),
    ]
    return "".join(parts)


def own(registry: CollectorRegistry) -> Iterator[MetricWrapperBase]:
    """The metrics of a registry that are not a process' own."""
    for collector in registry._collector_to_names:  # noqa: SLF001 - there is no other way to ask
        if isinstance(collector, MetricWrapperBase):
            yield collector


def scraped(metric: MetricWrapperBase) -> str:
    """The name that Prometheus sees."""
    (family,) = metric.describe()
    return f"{family.name}_total" if family.type == "counter" else str(family.name)


def labels_of(metric: MetricWrapperBase) -> tuple[str, ...]:
    """The names of its labels: a metric without values yet shows them nowhere else."""
    return tuple(metric._labelnames)  # noqa: SLF001 - there is no other way to ask


def _table(registry: CollectorRegistry, when: Mapping[str, str]) -> str:
    """A row for each metric.

    Raises:
        KeyError: one has no advice.
        ValueError: some advice is about no metric.
    """
    metrics = list(own(registry))
    known = {metric.describe()[0].name.removeprefix("bestbefore_") for metric in metrics}
    if forgotten := when.keys() - known:
        raise ValueError(f"there are no such metrics: {sorted(forgotten)}")
    return markdown.table(_COLUMNS, sorted(_row(metric, when) for metric in metrics))


def _row(metric: MetricWrapperBase, when: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    labels = ", ".join(f"`{label}`" for label in labels_of(metric))
    (family,) = metric.describe()
    advice = when[family.name.removeprefix("bestbefore_")]
    said = f"{advice[0].upper()}{advice[1:]}."
    links = ", ".join(alerts.links_of(scraped(metric)))
    return f"`{scraped(metric)}`", family.type, labels, f"{family.documentation}.", f"{said} {links}".rstrip()
