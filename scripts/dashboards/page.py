"""A dashboard without panels: variables, links between dashboards, and its fixed name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from scripts.dashboards.panels import SOURCE, Panel

# uids, by which dashboards find each other, and users keep their bookmarks.
DENIALS: Final = "bestbefore-denials"
PROVIDER: Final = "bestbefore-provider"
FLEET: Final = "bestbefore-fleet"
TITLES: Final = {DENIALS: "Denials", PROVIDER: "Provider", FLEET: "Fleet"}
# The chart writes the value `docsUrl` in its place.
DOCS: Final = "https://docs.example.com/bestbefore"
# Not between double quotes: the link to the log puts it into a text of JSON as it stands.
_LOG: Final = "{container=`controller`}"


def page(uid: str, about: str, labels: dict[str, str], *, logs: bool = False) -> build.Dashboard:
    """The dashboard, ready for its panels.

    Args:
        uid: one of the names above.
        about: in a sentence, what it is for.
        labels: variables, each with the metric whose label values it offers.
        logs: whether panels lead to the log.
    """
    built = build.Dashboard(f"bestbefore / {TITLES[uid]}").uid(uid).description(about).tags(["bestbefore"])
    built = built.time("now-24h", "now").refresh("1m").timezone("browser").readonly()
    built = built.with_variable(build.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    for label, metric in labels.items():
        built = built.with_variable(_label(label, metric))
    if logs:
        built = built.with_variable(build.DatasourceVariable("loki").label("Loki").type("loki"))
        selector = build.TextBoxVariable("controller_log").label("Log of the controller").default_value(_LOG)
        built = built.with_variable(selector.current(model.VariableOption(text=_LOG, value=_LOG)))
    for other, title in TITLES.items():
        if other != uid:
            built = built.link(_link(other, title))
    return built


def with_rows(dashboard: build.Dashboard, rows: Mapping[str, Sequence[Panel]]) -> build.Dashboard:
    """The dashboard with its panels.

    Args:
        dashboard: without them.
        rows: panels by the heading above them; none above those of "".
    """
    for title, panels_of_row in rows.items():
        if title:
            dashboard = dashboard.with_row(build.Row(title))
        for panel in panels_of_row:
            dashboard = dashboard.with_panel(panel)
    return dashboard


def _label(label: str, metric: str) -> build.QueryVariable:
    """The values of a label; all of them by default, its absence too: who watches one cluster has no label for it."""
    matcher = "" if label == "cluster" else '{cluster=~"$cluster"}'
    variable = build.QueryVariable(label).label(label.replace("_", " ").capitalize()).datasource(SOURCE)
    variable = variable.query(f"label_values({metric}{matcher}, {label})")
    variable = variable.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.ALPHABETICAL_ASC)
    variable = variable.multi(True).include_all(True).all_value(".*")
    return variable.current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))


def _link(uid: str, title: str) -> build.DashboardLink:
    link = build.DashboardLink(title).type(model.DashboardLinkType.LINK).url(f"/d/{uid}?${{cluster:queryparam}}")
    return link.keep_time(True).icon("dashboard")
