"""A week in the life of a cluster, as Prometheus would have scraped it from the real metrics classes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.samples import Sample

from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from provider.questions.endpoint import Endpoint
from provider.telemetry.metrics import Metrics
from scripts.reference.metrics import labels_of, own

MINUTE: Final = 60
WEEK: Final = 7 * 24 * 60 * MINUTE
# What each label may be; of a label that is not here any word will do.
_VALUES: Final[Mapping[str, Sequence[str]]] = {
    "endpoint": ("validate", "audit"),
    "outcome": ("answered", "unfinished", "violation"),
    "reason": ("Timeout", "ImageTooOld", "Unauthorized"),
    "enforcement_action": ("deny", "warn"),
    "cause": ("policy", "registry"),
    "actor": ("person", "controller"),
    "source": ("denial_log", "audit", "gatekeeper_metrics", "inventory", "waivers"),
    "result": ("hit", "miss"),
    "code": ("2xx", "5xx"),
    "resource_namespace": ("shop",),
    "policy": ("maximum-image-age",),
    "ours": ("true",),
    "why": ("ending", "break_glass"),
    "due": ("expired", "1d", "7d", "unknown"),
}
_CALLS: Final = {
    "apiserver_admission_webhook_admission_duration_seconds_count": 50.0,
    "apiserver_admission_webhook_rejection_count": 0.0,
    "apiserver_admission_webhook_fail_open_count": 0.0,
    "up": 0.0,
}
_APISERVER: Final = {
    "cluster": "east",
    "job": "apiserver",
    "instance": "a",
    "name": "validation.gatekeeper.sh",
    "error_type": "calling_webhook_error",
}


def open_metrics(now: float) -> str:
    """Samples of now and the hour before, and of the ten minutes before this time a week ago."""
    times = [
        *(now - WEEK - MINUTE * minute for minute in range(10, -1, -1)),
        *(now - MINUTE * minute for minute in range(60, -1, -1)),
    ]
    return "\n".join([*dict.fromkeys(_lines(times)), "# EOF\n"])


def _lines(times: Sequence[float]) -> Iterator[str]:
    controller = DenialMetrics()
    FreshnessMetrics.of(controller)
    registries = {"provider": Metrics(dict.fromkeys(Endpoint, 1.2)).registry, "controller": controller.registry}
    by_name: dict[str, list[str]] = {}
    for step, time in enumerate(times):
        for job, registry in registries.items():
            _move(registry, time)
            for sample in _samples(registry):
                labels = {**sample.labels, "cluster": "east", "job": job, "instance": job, "pod": job}
                by_name.setdefault(sample.name, []).append(_line(sample.name, labels, sample.value, time))
        for name, rate in _CALLS.items():
            labels = _APISERVER if name != "up" else {**_APISERVER, "name": "", "error_type": ""}
            by_name.setdefault(name, []).append(_line(name, labels, 1 + rate * step, time))
    return itertools.chain.from_iterable(by_name.values())


def _samples(registry: CollectorRegistry) -> Iterator[Sample]:
    for family in registry.collect():
        yield from family.samples


def _line(name: str, labels: Mapping[str, str], value: float, time: float) -> str:
    inside = ",".join(f'{key}="{said}"' for key, said in labels.items() if said)
    return f"{name}{{{inside}}} {value} {time}"


def _move(registry: CollectorRegistry, time: float) -> None:
    """A minute passes: counters count, histograms observe, gauges say what is."""
    for metric in own(registry):
        labels = labels_of(metric)
        for values in itertools.product(*(_VALUES.get(label, (f"some-{label}",)) for label in labels)):
            _change(metric.labels(*values) if labels else metric, metric.describe()[0].name, time)


def _change(child: MetricWrapperBase, name: str, time: float) -> None:
    if isinstance(child, Histogram):
        child.observe(0.05)
    elif isinstance(child, Counter):
        child.inc(3)
    elif not isinstance(child, Gauge):
        raise TypeError(f"{name} is of no kind that is known here")
    elif name.endswith("expiry_timestamp_seconds"):
        child.set(time + 30 * 86_400)
    elif name.endswith("timestamp_seconds"):
        child.set(time - 10)
    else:
        child.set({"bestbefore_source_max_age_seconds": 900.0, "bestbefore_deadline_seconds": 1.2}.get(name, 1.0))
