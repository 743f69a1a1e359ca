"""PromQL as the panels need it. Every query keeps `cluster`, the label of whoever watches several."""

from __future__ import annotations

from typing import Final

CLUSTER: Final = 'cluster=~"$cluster"'
NAMESPACE: Final = 'resource_namespace=~"$resource_namespace"'
POLICY: Final = 'policy=~"$policy"'
THEIRS: Final = 'cause=~"policy|image"'
OURS: Final = 'cause=~"registry|provider|webhook"'
ADMISSION: Final = 'endpoint="validate"'
DENY: Final = 'enforcement_action="deny"'
SOFT: Final = 'enforcement_action=~"warn|dryrun"'
_HOOK: Final = 'name="validation.gatekeeper.sh"'
_REJECTED: Final = (
    f'apiserver_admission_webhook_rejection_count{{{CLUSTER},{_HOOK},error_type="calling_webhook_error"}}'
)
_OPENED: Final = f"apiserver_admission_webhook_fail_open_count{{{CLUSTER},{_HOOK}}}"
_CALLS: Final = f"apiserver_admission_webhook_admission_duration_seconds_count{{{CLUSTER},{_HOOK}}}"


def series(name: str, *matchers: str) -> str:
    """A selector of one of our metrics, in the chosen clusters."""
    return f"bestbefore_{name}{{{','.join((CLUSTER, *matchers))}}}"


def counted(selector: str, window: str, ago: str = "") -> str:
    """What a counter counted in a window, each series by itself.

    A counter that is born at 1 is invisible to increase(): where there was no series a window ago, all of it is new.

    Args:
        selector: of the counter.
        window: how long, as Prometheus writes durations.
        ago: how long ago the window ended: `7d`; empty for now.
    """
    if not ago:
        return f"(({selector} unless {selector} offset {window}) or increase({selector}[{window}]))"
    before = {"24h": {"7d": "8d"}}[window][ago]
    return (
        f"(({selector} offset {ago} unless {selector} offset {before}) or increase({selector}[{window}] offset {ago}))"
    )


def failed(selector: str, window: str) -> str:
    """The same of a series of the API server, which is new only if its server was scraped a window ago.

    Else an outage of Prometheus would look like an outage of admission.
    """
    scraped = f"up{{{CLUSTER}}} offset {window} == 1"
    new = f"(({selector} unless {selector} offset {window}) and on (cluster, job, instance) {scraped})"
    return f"({new} or increase({selector}[{window}]))"


def total(expression: str, *labels: str) -> str:
    """The sum of each cluster, and of each further label."""
    return f"sum by ({', '.join(('cluster', *labels))}) ({expression})"


def rate(selector: str, *labels: str) -> str:
    """How fast a counter counts, a second; summed as by `total`."""
    return total(f"rate({selector}[$__rate_interval])", *labels)


def grown(selector: str, *labels: str) -> str:
    """What a counter counted between two points of a line; summed as by `total`."""
    return total(f"increase({selector}[$__rate_interval])", *labels)


def present(name: str, labels: tuple[str, ...], *matchers: str) -> str:
    """A gauge of the controller: while one follows another, both show it for a moment."""
    return f"max by ({', '.join(('cluster', *labels))}) ({series(name, *matchers)})"


def or_nothing(expression: str, source: str = "denial_log") -> str:
    """Zero where a controller has read the source lately and there is nothing; no value where none has: not seen."""
    return f"{expression} or on (cluster) 0 * (time() - {_limits(source, '<=')})"


def _limits(source: str, compared: str) -> str:
    """When a source was last read, less than or more than its limit ago; to be written after `time() - `."""
    read = series("source_last_success_timestamp_seconds", f'source="{source}"')
    limit = series("source_max_age_seconds", f'source="{source}"')
    return f"max by (cluster) ({read}) {compared} on (cluster) max by (cluster) ({limit})"


def blocked(*matchers: str) -> str:
    """How many workloads are blocked now, by cluster."""
    return or_nothing(total(present("blocked_workloads", ("resource_namespace", "cause"), NAMESPACE, *matchers)))


def enforcement() -> str:
    """One number a cluster, the first that is true: 3 refuses all, 2 admits unchecked, 1 blind, 0 all is well.

    Blind is: the controller was there today and counts no more, the provider is gone, the log of denials is not read,
    or the API server's calls of the webhook are not seen.
    """
    leader = series("leader")
    provider = series("deadline_seconds", ADMISSION)
    refuses = f"{total(failed(_REJECTED, '5m'))} > 5"
    admits = f"{total(failed(_OPENED, '10m'))} > 0"
    counting = f"max by (cluster) ({leader}) == 1"
    blind = " or ".join(
        [
            f"(count by (cluster) (count_over_time({leader}[1d])) unless on (cluster) ({counting}))",
            f"(count by (cluster) (count_over_time({provider}[1d])) unless on (cluster) {provider})",
            f"(time() - {_limits('denial_log', '>')})",
            f"(({counting}) unless on (cluster) {_CALLS})",
        ]
    )
    return (
        f"3 + 0 * ({refuses})\n"
        f"or on (cluster) 2 + 0 * ({admits})\n"
        f"or on (cluster) 1 + 0 * ({blind})\n"
        f"or on (cluster) 0 * ({counting})"
    )


def seen(window: str = "1h") -> str:
    """Which share of the denials is seen, by cluster; 1 where Gatekeeper's counter was read and nothing was denied."""
    ours = total(f"increase({series('denied_requests_seen_total')}[{window}])")
    all_of_them = total(f"increase({series('gatekeeper_denied_requests_total')}[{window}])")
    read = f"time() - {_limits('gatekeeper_metrics', '<=')}"
    none = f"1 + 0 * (({all_of_them} == 0) and on (cluster) ({read}))"
    return f"clamp_max({ours} / ({all_of_them} > 0), 1) or on (cluster) {none}"


def quantile(share: float, histogram: str, *labels: str, matchers: tuple[str, ...] = ()) -> str:
    """The value that a share of the observations stays under."""
    buckets = series(f"{histogram}_bucket", *matchers)
    return f"histogram_quantile({share}, {rate(buckets, *labels, 'le')})"
