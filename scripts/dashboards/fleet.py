"""All clusters side by side."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build

from scripts.dashboards import panels, queries
from scripts.dashboards.page import DENIALS, FLEET, page, with_rows
from scripts.dashboards.panels import WORDS, Column, Panel, Query
from scripts.dashboards.queries import counted, grown, present, series, total

_OPEN: Final = ("Denials of this cluster", f"/d/{DENIALS}?var-cluster=${{__value.text}}&${{__url_time_range}}")


def built() -> build.Dashboard:
    """The dashboard."""
    dashboard = page(
        FLEET, "Every cluster in a row: do policies decide there, and who waits.", {"cluster": "bestbefore_build_info"}
    )
    return with_rows(dashboard, {"": (_table(), *_lines())})


def _table() -> Panel:
    blocks = series("workload_blocks_total")
    every = queries.or_nothing(total(present("blocked_workloads", ("resource_namespace", "cause"), queries.THEIRS)))
    ours = queries.or_nothing(total(present("blocked_workloads", ("resource_namespace", "cause"), queries.OURS)))
    columns = {
        "cluster": Column(links=[_OPEN]),
        "Value #A": Column("enforcement", words=WORDS),
        "Value #B": Column("blocked now, theirs"),
        "Value #C": Column("blocked now, ours"),
        "Value #D": Column("new blocks in 24 hours", unit="short"),
        "Value #E": Column("denials seen", unit="percentunit"),
        "Value #F": Column("Constraints that deny"),
        "Value #G": Column("would be denied, runs"),
        "Value #H": Column("providers"),
    }
    constraints = present("constraints", ("ours",), queries.DENY)
    running = present(
        "audit_violations",
        ("policy", "resource_namespace", "reason", "constraint_kind"),
        queries.DENY,
    )
    expressions = [
        queries.enforcement(),
        every,
        ours,
        queries.or_nothing(total(counted(blocks, "24h"))),
        queries.seen(),
        total(constraints),
        queries.or_nothing(total(running), "audit"),
        f"count by (cluster) ({series('deadline_seconds', queries.ADMISSION)})",
    ]
    about = "A cell without a number is not seen. A click on the cluster leads to its denials."
    return panels.rows("Clusters", about, [Query(each) for each in expressions], columns, span=24, by="enforcement")


def _lines() -> list[Panel]:
    blocked = total(present("blocked_workloads", ("resource_namespace", "cause")))
    blocks = series("workload_blocks_total")
    return [
        panels.lines(
            "Blocked workloads",
            "Each workload once.",
            [Query(queries.or_nothing(blocked))],
            span=12,
            stack=True,
        ),
        panels.lines(
            "New blocks",
            "Each workload once.",
            [Query(grown(blocks))],
            span=12,
            stack=True,
        ),
        panels.lines(
            "Denials seen",
            "Below 100 % the other numbers are too low.",
            [Query(queries.seen())],
            span=12,
            unit="percentunit",
        ),
        panels.rows(
            "Versions",
            "What runs where.",
            [Query(f"count by (cluster, version, revision) ({series('build_info')})")],
            {"cluster": Column(), "version": Column(), "revision": Column(), "Value": Column("processes")},
            span=12,
        ),
    ]
