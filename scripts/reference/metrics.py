"""Every metric of the provider that is its own, with its labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.metrics import MetricWrapperBase

from provider.questions.endpoint import Endpoint
from provider.telemetry.metrics import Metrics
from scripts.reference import markdown

_COLUMNS: Final = ("Metric", "Type", "Labels", "Meaning")
_INTRODUCTION: Final = """\
`GET /metrics` on the provider's plain port (8888 by default), in Prometheus' text format; beside what is listed here
are Python's and the process' own (`process_resident_memory_bytes` and the like). Labels are bounded: an image, a
digest or a key never becomes one, and of the registries that no setting names only the first twenty have a label of
their own, the others are `other`.

- `endpoint` is `validate`, `audit` or `mutate`.
- `reason` is a [reason code](reasons.md), empty where there is none.
- `outcome` of a request: `complete`, `item_errors` (some key has a durable error), `system_error` (some key is left to
  a retry), `bad_request` (4xx), `failed` (unexpected). Of a key: `answered`, `item_error`, `unfinished`.
- `registry` is a host as references name it (`index.docker.io`).

A histogram has `_bucket`, `_sum` and `_count` after its name.
"""


def page() -> str:
    """The page, as Markdown."""
    rows = sorted(map(_row, _own()))
    return (
        markdown.head("Metrics", "provider/telemetry/metrics.py", _INTRODUCTION) + "\n" + markdown.table(_COLUMNS, rows)
    )


def _own() -> Iterator[MetricWrapperBase]:
    built = Metrics(dict.fromkeys(Endpoint, 1.0))
    for collector in built.registry._collector_to_names:  # noqa: SLF001 - there is no other way to ask
        if isinstance(collector, MetricWrapperBase):
            yield collector


def _row(metric: MetricWrapperBase) -> tuple[str, str, str, str]:
    # A metric without values yet shows its labels nowhere else.
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001 - the same
    (family,) = metric.describe()
    scraped = f"{family.name}_total" if family.type == "counter" else family.name
    return f"`{scraped}`", family.type, labels, f"{family.documentation}."
