"""Who is denied what, where, why, whose fault it is, and how much of the truth is seen."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote

from grafana_foundation_sdk.builders import dashboard as build

from scripts.dashboards import panels, queries
from scripts.dashboards.page import DENIALS, DOCS, page, with_rows
from scripts.dashboards.panels import Column, Panel, Query
from scripts.dashboards.queries import NAMESPACE, POLICY, counted, grown, present, rate, series, total

_NAMESPACE: Final = Column("namespace")
_POLICY: Final = Column("policy")
_REASON: Final = Column(
    "reason", links=[("What it means, and what to do", f"{DOCS}/reference/reasons.md#${{__value.text}}")]
)
_ANY_IS_RED: Final = ((0, "green"), (1, "red"))
_ANY_IS_ORANGE: Final = ((0, "green"), (1, "orange"))
_WEEK: Final = 'due=~"1d|3d|7d"'


def _log_link() -> str:
    """Grafana's Explore with the log lines of the row: the events of the controller.

    A template of others gives no reason, so its lines have none.
    """
    expression = (
        "${controller_log} | json | event=`denial.observed` | resource_namespace=`${__data.fields.resource_namespace}`"
        " | policy=`${__data.fields.policy}` | reason=~`(${__data.fields.reason})?`"
    )
    pane = {
        "datasource": "${loki}",
        "queries": [{"refId": "A", "expr": expression}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    text = json.dumps({"bestbefore": pane}, separators=(",", ":"))
    return f"/explore?schemaVersion=1&panes={quote(text, safe='${}_.:')}"


def built() -> build.Dashboard:
    """The dashboard."""
    labels = {
        "cluster": "bestbefore_build_info",
        "resource_namespace": "bestbefore_admission_violations_total",
        "policy": "bestbefore_admission_violations_total",
    }
    about = "Which workloads are denied, where, why, whose fault it is, and how much of the truth these numbers see."
    dashboard = page(DENIALS, about, labels, logs=True)
    rows = {
        "": _first(),
        "Which, where, why, whose fault, by whom": [*_whose(), *_which(), *_over_time()],
        "Only warned": _warned(),
        "Already running": _running(),
        "Next week": _next_week(),
        "What is waived": _waived(),
        "How much of it is seen": _sight(),
    }
    return with_rows(dashboard, rows)


def _first() -> list[Panel]:
    blocks = series("workload_blocks_total", NAMESPACE)
    return [
        panels.word(
            "Enforcement",
            "OK: policies decide. ADMITS UNCHECKED: objects came in within 10 minutes that no policy has looked at. "
            "REFUSES ALL: the webhook does not answer, more than 5 requests were refused in 5 minutes. BLIND: "
            "something that should be seen is not (controller, provider, Gatekeeper's log, the API server's metrics).",
            Query(queries.enforcement()),
        ),
        panels.number(
            "Blocked now",
            "Workloads that cannot start. Theirs: their owners can change that (policy, image). Ours: they cannot "
            "(registry, provider, webhook). A workload counts once, however often it is tried.",
            [
                Query(queries.blocked(queries.THEIRS), "theirs {{cluster}}"),
                Query(queries.blocked(queries.OURS), "ours {{cluster}}"),
            ],
            span=5,
            steps=_ANY_IS_RED,
        ),
        panels.number(
            "New blocks in 24 hours",
            "Beside the same hours a week ago.",
            [
                Query(queries.or_nothing(total(counted(blocks, "24h"))), "now {{cluster}}"),
                Query(total(counted(blocks, "24h", "7d")), "last week {{cluster}}"),
            ],
            span=4,
            steps=((0, "blue"),),
        ),
        panels.number(
            "Due in 7 days",
            "Containers that run and will be denied within a week if they have to start again; of those that are "
            "denied already see below.",
            [Query(_due(_WEEK), "{{cluster}}")],
            span=4,
            steps=_ANY_IS_ORANGE,
        ),
        panels.number(
            "Denials seen",
            "Of the requests that Gatekeeper counted as denied in the last hour, how many were found in its log. Below "
            "100 % the other numbers are too low.",
            [Query(queries.seen())],
            span=4,
            steps=((0, "red"), (0.8, "orange"), (0.95, "green")),
            unit="percentunit",
        ),
    ]


def _whose() -> list[Panel]:
    blocks = series("workload_blocks_total", NAMESPACE)
    requests = series("admission_denied_requests_total", NAMESPACE)
    return [
        panels.rows(
            "Blocked now, by namespace",
            "Where workloads are blocked, and whose fault it is.",
            [Query(present("blocked_workloads", ("resource_namespace", "cause"), NAMESPACE) + " > 0")],
            {
                "cluster": Column(),
                "resource_namespace": _NAMESPACE,
                "cause": Column("whose fault"),
                "Value": Column("workloads"),
            },
            span=8,
            by="workloads",
        ),
        panels.bars(
            "Whose fault",
            "New blocks in the time shown. policy and image: their owners'. registry, provider, webhook: ours.",
            Query(total(counted(blocks, "$__range"), "cause"), "{{cause}} {{cluster}}"),
            span=8,
        ),
        panels.lines(
            "Denied requests, by whom",
            "Requests, not workloads: a controller that tries again counts each time. Dry runs are not in it.",
            [Query(grown(requests, "actor"), "{{actor}} {{cluster}}")],
            span=8,
            stack=True,
        ),
    ]


def _which() -> list[Panel]:
    violations = series("admission_violations_total", NAMESPACE, POLICY, queries.DENY)
    return [
        panels.rows(
            "Which, where, why",
            "Violations in requests of the time shown. A click on the namespace leads to the lines of the log, on the "
            "reason to its page.",
            [Query(total(counted(violations, "$__range"), "policy", "resource_namespace", "reason") + " > 0")],
            {
                "cluster": Column(),
                "policy": _POLICY,
                "resource_namespace": Column("namespace", links=[("Lines of the log", _log_link())]),
                "reason": _REASON,
                "Value": Column("violations", unit="short"),
            },
            span=24,
            by="violations",
        ),
    ]


def _over_time() -> list[Panel]:
    blocks = series("workload_blocks_total", NAMESPACE)
    dry_runs = series("admission_dry_run_denied_requests_total", NAMESPACE)
    return [
        panels.lines(
            "New blocks by cause",
            "Each workload once.",
            [Query(grown(blocks, "cause"), "{{cause}} {{cluster}}")],
            span=12,
            stack=True,
        ),
        panels.lines(
            "Dry runs denied",
            "Requests that change nothing (`--dry-run=server`, the diff of a GitOps tool). In no other number of this "
            "page.",
            [Query(grown(dry_runs))],
            span=12,
        ),
    ]


def _warned() -> list[Panel]:
    warned = series("admission_violations_total", NAMESPACE, POLICY, queries.SOFT)
    running = total(
        present(
            "audit_violations",
            ("policy", "resource_namespace", "constraint_kind", "reason", "enforcement_action"),
            NAMESPACE,
            POLICY,
            queries.SOFT,
        ),
        "policy",
        "resource_namespace",
        "enforcement_action",
    )
    return [
        panels.rows(
            "What a switch to deny would block",
            "By policies that only warn, or only look: what was let in with a warning in the time shown (at most: one "
            "request may be judged more than once), and what runs now and could not start again.",
            [
                Query(
                    total(counted(warned, "$__range"), "policy", "resource_namespace", "enforcement_action") + " > 0"
                ),
                Query(f"{running} > 0"),
            ],
            {
                "cluster": Column(),
                "policy": _POLICY,
                "resource_namespace": _NAMESPACE,
                "enforcement_action": Column("action now"),
                "Value #A": Column("let in, at most", unit="short"),
                "Value #B": Column("already running", unit="short"),
            },
            span=16,
            by="already running",
        ),
        panels.lines(
            "Warned, by reason",
            "At most: one request may be judged more than once.",
            [Query(grown(warned, "reason"), "{{reason}} {{cluster}}")],
            span=8,
            stack=True,
        ),
    ]


def _running() -> list[Panel]:
    labels = ("policy", "resource_namespace", "reason", "constraint_kind")
    found = present("audit_violations", labels, NAMESPACE, POLICY, queries.DENY)
    truncated = present("audit_violations_truncated", ("policy", "constraint_kind"), POLICY)
    age = f"time() - min by (cluster) ({series('audit_last_result_timestamp_seconds', POLICY)})"
    return [
        panels.rows(
            "What runs and would be denied",
            "It runs on until it has to start again: a drain, a crash, a larger scale.",
            [Query(f"{total(found, 'policy', 'resource_namespace', 'reason')} > 0")],
            {
                "cluster": Column(),
                "policy": _POLICY,
                "resource_namespace": _NAMESPACE,
                "reason": _REASON,
                "Value": Column("violations"),
            },
            span=16,
            by="violations",
        ),
        panels.number(
            "Not listed",
            "Violations that Gatekeeper counts and does not list: where they are is not shown here.",
            [Query(queries.or_nothing(total(truncated), "audit"))],
            span=4,
            steps=_ANY_IS_ORANGE,
        ),
        panels.number(
            "Oldest audit",
            "How long ago the audit last said something of the policy for which that is longest.",
            [Query(age)],
            span=4,
            steps=((0, "green"), (900, "orange"), (3600, "red")),
            unit="s",
        ),
    ]


def _due(*matchers: str) -> str:
    """How many containers that run are in classes."""
    labels = ("resource_namespace", "policy", "due")
    return queries.or_nothing(total(present("running_containers", labels, NAMESPACE, POLICY, *matchers)), "inventory")


def _next_week() -> list[Panel]:
    labels = ("resource_namespace", "policy", "due")
    running = total(present("running_containers", labels, NAMESPACE, POLICY), "due")
    soonest = series("best_before_timestamp_seconds", NAMESPACE, POLICY)
    return [
        panels.lines(
            "What runs, by how soon it is denied",
            "Containers of each policy, each in one class: `1d` is denied within a day if it has to start again, "
            "`expired` already, of `unknown` nobody could look.",
            [Query(running, "{{due}} {{cluster}}")],
            span=12,
            stack=True,
        ),
        panels.rows(
            "What is denied next",
            "How long the first image of each namespace is admitted yet: what is denied already has a minus.",
            [Query(f"min by (cluster, resource_namespace, policy) ({soonest}) - time()")],
            {
                "cluster": Column(),
                "policy": _POLICY,
                "resource_namespace": _NAMESPACE,
                "Value": Column("time left", unit="s"),
            },
            span=8,
        ),
        panels.number(
            "Not known",
            "Containers that nobody could look at: when they will be denied is not known.",
            [Query(_due('due="unknown"'), "{{cluster}}")],
            span=4,
            steps=_ANY_IS_ORANGE,
        ),
    ]


def _waived() -> list[Panel]:
    states = total(present("waivers", ("state",)), "state")
    ending = total(present("waivers_watched", ("why",), 'why="ending"'))
    emergencies = total(present("waivers_watched", ("why",), 'why="break_glass"'))
    return [
        panels.lines(
            "Waivers",
            "in_use and unused let pass what policies deny; idle, ended and invalid let nothing pass. "
            "`bestbefore waivers` says which, whose, and why.",
            [Query(states, "{{state}} {{cluster}}")],
            span=16,
            stack=True,
        ),
        panels.number(
            "Waivers that end in 14 days",
            "What they let pass is denied from then on.",
            [Query(queries.or_nothing(ending, "waivers"), "{{cluster}}")],
            span=4,
            steps=_ANY_IS_ORANGE,
        ),
        panels.number(
            "Emergencies",
            "Waivers with breakGlass that hold now: a day at most.",
            [Query(queries.or_nothing(emergencies, "waivers"), "{{cluster}}")],
            span=4,
            steps=_ANY_IS_ORANGE,
        ),
    ]


def _sight() -> list[Panel]:
    gaps = total(counted(series("denial_log_gaps_total"), "$__range"), "cause")
    timeouts = total(counted(series("admission_timeouts_total"), "$__range"), "constraint_kind")
    read = f"({present('source_last_success_timestamp_seconds', ('source',))} > 0)"
    return [
        panels.rows(
            "Inputs",
            "How old each input of the controller is, and how old it may be. An input without an age was never read.",
            [Query(f"time() - {read}"), Query(present("source_max_age_seconds", ("source",)))],
            {
                "cluster": Column(),
                "source": Column("input"),
                "Value #A": Column("age", unit="s"),
                "Value #B": Column("limit", unit="s"),
            },
            span=8,
        ),
        panels.bars(
            "Gaps in Gatekeeper's log",
            "Lines are missing, nobody knows how many.",
            Query(queries.or_nothing(gaps), "{{cause}} {{cluster}}"),
            span=8,
        ),
        panels.bars(
            "Evaluations that Gatekeeper stopped",
            "The time of the webhook was over. No denials: under failure policy Ignore the object was admitted.",
            Query(queries.or_nothing(timeouts), "{{constraint_kind}} {{cluster}}"),
            span=8,
        ),
        panels.lines(
            "Lines read",
            "By what they were: a violation, one that was counted already, of a template that is not ours, unreadable.",
            [Query(rate(series("denial_lines_total"), "outcome"), "{{outcome}} {{cluster}}")],
            span=12,
            unit="cps",
        ),
        panels.lines(
            "From denial to count",
            "95 of 100 lines are counted within this time.",
            [Query(queries.quantile(0.95, "denial_delay_seconds"), "{{cluster}}")],
            span=12,
            unit="s",
        ),
    ]
