"""How the provider is: its answers, its work, the registries, its certificates, its process."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build

from scripts.dashboards import panels, queries
from scripts.dashboards.page import PROVIDER, page, with_rows
from scripts.dashboards.panels import Column, Panel, Query
from scripts.dashboards.queries import counted, grown, present, rate, series, total

_UNANSWERED: Final = 'outcome!="answered"'
_QUOTA_LEFT: Final = (
    f"min by (cluster, registry) ({series('registry_quota_remaining')} / ({series('registry_quota_limit')} > 0) "
    f"and time() - {series('registry_quota_timestamp_seconds')} < 900)"
)
_HIT: Final = 'result="hit"'
# Keys that nobody could look at.
FAILED: Final = 'reason=~"Throttled|RegistryUnavailable|Timeout|Overloaded|TrustRootStale|QuestionUnsupported|Internal"'


def built() -> build.Dashboard:
    """The dashboard."""
    about = "How quickly the provider answers Gatekeeper, what it waits for, and what it stands on."
    dashboard = page(PROVIDER, about, {"cluster": "bestbefore_build_info"})
    rows = {
        "Service": [*_service(), *_times(), *_unanswered()],
        "Work": _work(),
        "Registries": _registries(),
        "Trust": _trust(),
        "Process": _process(),
    }
    return with_rows(dashboard, rows)


def _service() -> list[Panel]:
    failing = f"{grown(series('keys_total', FAILED))} / ({grown(series('keys_total'))} > 0)"
    return [
        panels.number(
            "Providers",
            "Pods that Prometheus sees.",
            [Query(f"count by (cluster) ({series('deadline_seconds', queries.ADMISSION)})")],
            span=4,
            steps=((0, "red"), (1, "orange"), (2, "green")),
        ),
        panels.lines(
            "Keys that could not be looked at",
            "Share of all keys. What an image lacks (not there, not signed) is not in it.",
            [Query(failing)],
            span=10,
            unit="percentunit",
        ),
        panels.lines(
            "Requests from Gatekeeper",
            "By endpoint and outcome.",
            [Query(rate(series("requests_total"), "endpoint", "outcome"), "{{endpoint}} {{outcome}} {{cluster}}")],
            span=10,
            unit="reqps",
            stack=True,
        ),
    ]


def _times() -> list[Panel]:
    validate = (queries.ADMISSION,)
    deadline = present("deadline_seconds", ("endpoint",), *validate)
    return [
        panels.lines(
            "Time of an answer at admission",
            "Half of the requests, 95 and 99 of 100 are answered within it. Beyond the limit there is `Timeout`.",
            [
                *(
                    Query(
                        queries.quantile(share, "request_duration_seconds", matchers=validate),
                        f"{round(share * 100)} % {{{{cluster}}}}",
                    )
                    for share in (0.5, 0.95, 0.99)
                ),
                Query(deadline, "limit {{cluster}}"),
            ],
            span=12,
            unit="s",
        ),
        panels.buckets(
            "Times of all answers",
            "How many requests took how long.",
            grown(series("request_duration_seconds_bucket"), "le"),
            span=12,
            unit="s",
        ),
    ]


def _unanswered() -> list[Panel]:
    keys = grown(series("keys_total", _UNANSWERED), "reason")
    return [
        panels.lines(
            "Keys without an answer, by reason",
            "What stands in denials.",
            [Query(f"{keys} > 0", "{{reason}} {{cluster}}")],
            span=12,
            stack=True,
        ),
        panels.lines(
            "In progress, and shed",
            "Questions and requests that wait now; requests whose keys were refused because too many waited.",
            [
                Query(total(series("questions_in_progress")), "questions {{cluster}}"),
                Query(total(series("requests_in_progress")), "requests {{cluster}}"),
                Query(grown(series("requests_shed_total")), "shed {{cluster}}"),
            ],
            span=12,
        ),
    ]


def _work() -> list[Panel]:
    hits = rate(series("cache_requests_total"), "layer", "object")
    good = rate(series("cache_requests_total", _HIT), "layer", "object")
    return [
        panels.buckets(
            "Keys in a request",
            "Gatekeeper asks about all images of an object at once.",
            grown(series("request_keys_bucket"), "le"),
            span=8,
            unit="short",
        ),
        panels.lines(
            "Found in a cache",
            "Share of look-ups, by layer and by what was looked for.",
            [Query(f"{good} / ({hits} > 0)", "{{layer}} {{object}} {{cluster}}")],
            span=8,
            unit="percentunit",
        ),
        panels.lines(
            "Round trips of a question",
            "95 of 100 questions needed at most as many requests to registries, one after the other.",
            [Query(queries.quantile(0.95, "registry_round_trips"), "{{cluster}}")],
            span=8,
        ),
    ]


def _registries() -> list[Panel]:
    return [
        panels.lines(
            "Requests to registries",
            "By the code of the answer. A 401 before each pull is usual.",
            [Query(rate(series("registry_requests_total"), "registry", "code"), "{{registry}} {{code}} {{cluster}}")],
            span=6,
            unit="reqps",
            stack=True,
        ),
        panels.lines(
            "Time of a registry's answer",
            "95 of 100 requests are answered within it.",
            [
                Query(
                    queries.quantile(0.95, "registry_request_duration_seconds", "registry"), "{{registry}} {{cluster}}"
                )
            ],
            span=6,
            unit="s",
        ),
        panels.lines(
            "Quota left",
            "The part of its requests that a registry says is left; audit waits below a quarter.",
            [Query(_QUOTA_LEFT, "{{registry}} {{cluster}}")],
            span=6,
            unit="percentunit",
        ),
        panels.bars(
            "Held back",
            "Times that a registry asked us to come back later, or that we held ourselves back, in the time shown.",
            Query(
                total(counted(series("registry_throttled_total"), "$__range"), "registry", "cause"),
                "{{registry}} {{cause}} {{cluster}}",
            ),
            span=6,
        ),
    ]


def _trust() -> list[Panel]:
    ends = f"min by (cluster, certificate) ({series('certificate_expiry_timestamp_seconds')})"
    return [
        panels.rows(
            "Certificates",
            "How long they are still valid.",
            [Query(f"{ends} - time()")],
            {"cluster": Column(), "certificate": Column(), "Value": Column("ends in", unit="s")},
            span=8,
        ),
        panels.bars(
            "Files that cannot be used",
            "Files that were replaced by some that cannot be used, in the time shown; what was read before stays.",
            Query(
                total(f"increase({series('file_rejections_total')}[$__range])", "setting"), "{{setting}} {{cluster}}"
            ),
            span=8,
        ),
        panels.lines(
            "Connections without a good handshake",
            "Somebody connected who may not ask.",
            [Query(grown(series("handshakes_refused_total"), "cause"), "{{cause}} {{cluster}}")],
            span=8,
        ),
    ]


def _process() -> list[Panel]:
    ours = f"and on (cluster, job, instance) {series('build_info')}"
    own = queries.CLUSTER
    return [
        panels.lines(
            "Processor",
            "Seconds of processor a second, each process.",
            [
                Query(
                    f"sum by (cluster, instance) (rate(process_cpu_seconds_total{{{own}}}[$__rate_interval]) {ours})",
                    "{{instance}} {{cluster}}",
                )
            ],
            span=8,
        ),
        panels.lines(
            "Memory",
            "Resident, each process.",
            [
                Query(
                    f"sum by (cluster, instance) (process_resident_memory_bytes{{{own}}} {ours})",
                    "{{instance}} {{cluster}}",
                )
            ],
            span=8,
            unit="bytes",
        ),
        panels.lines(
            "How late the event loop is",
            "99 of 100 pulses came within it. Above 0.1 s the provider has too little processor.",
            [Query(queries.quantile(0.99, "loop_lag_seconds"), "{{cluster}}")],
            span=8,
            unit="s",
        ),
    ]
