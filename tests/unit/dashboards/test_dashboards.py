"""The dashboards of the chart: valid, complete, made of series that exist, and never green for what is not seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import promql_parser
import pytest

from provider.reasons import NO_ANSWER, Reason
from scripts.dashboards.__main__ import DASHBOARDS, FOLDER, main, text
from scripts.dashboards.page import DOCS
from scripts.dashboards.provider import FAILED
from tests import promql
from tests.unit.docs.pages import ROOT, anchors

# Of Grafana itself.
_BUILT_IN = re.compile(r"__(rate_interval|range|interval|from|to|url_time_range|value\.text|data\.fields\.\w+)$")
_GREY = "#8e8e8e"

PAGES = {name: json.loads((FOLDER / name).read_text(encoding="utf-8")) for name in DASHBOARDS}


def panels(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def targets() -> Iterator[Any]:
    for name, page in PAGES.items():
        for panel in panels(page):
            for target in panel["targets"]:
                yield pytest.param(panel, target, id=f"{name}-{panel['title']}-{target['refId']}")


def parsed(target: dict[str, Any]) -> promql_parser.Expr:
    return promql_parser.parse(promql.filled(target["expr"]))


def test_committed_files_are_what_python_builds() -> None:
    assert main(["--check"]) == 0


def test_file_that_differs_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: Any) -> None:
    monkeypatch.setattr("scripts.dashboards.__main__.FOLDER", tmp_path)
    assert main(["--check"]) == 1
    assert "denials.json differs from scripts/dashboards" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_bytes_are_the_same_each_time() -> None:
    for built in DASHBOARDS.values():
        assert text(built()) == text(built())


def test_names_are_fixed_and_unlike() -> None:
    assert {page["uid"] for page in PAGES.values()} == {"bestbefore-denials", "bestbefore-fleet", "bestbefore-provider"}
    assert len({page["title"] for page in PAGES.values()}) == 3
    assert all(page["id"] is None and "__inputs" not in page for page in PAGES.values())


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_dashboards_that_exist(name: str) -> None:
    uids = {page["uid"] for page in PAGES.values()}
    assert {link["url"].split("/")[2].partition("?")[0] for link in PAGES[name]["links"]} == uids - {PAGES[name]["uid"]}


@pytest.mark.parametrize("name", PAGES)
def test_every_variable_that_is_used_is_declared_and_the_other_way_round(name: str) -> None:
    page = PAGES[name]
    declared = {variable["name"] for variable in page["templating"]["list"]}
    words = json.dumps({"panels": page["panels"], "queries": [v.get("query") for v in page["templating"]["list"]]})
    used = set(re.findall(r"\$\{?(\w+(?:\.\w+)*)", words))
    used = {word for word in used if not _BUILT_IN.match(word)}
    assert used == declared
    assert {"datasource", "cluster"} <= declared


def test_page_about_denials_is_chosen_by_cluster_namespace_and_policy() -> None:
    names = [variable["name"] for variable in PAGES["denials.json"]["templating"]["list"]]
    assert names[:4] == ["datasource", "cluster", "resource_namespace", "policy"]


@pytest.mark.parametrize("name", PAGES)
def test_values_of_a_variable_are_a_labels_of_a_metric_that_exists(name: str) -> None:
    for variable in PAGES[name]["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+)(?:\{.*\})?, (\w+)\)", variable["query"]).groups()  # type: ignore[union-attr]
            assert label in promql.series()[metric] | promql.TARGET
            # Who watches one cluster has no such label: `.*` matches its absence, too.
            assert variable["allValue"] == ".*"


@pytest.mark.parametrize(("panel", "target"), list(targets()))
def test_query_names_series_and_labels_that_exist(panel: dict[str, Any], target: dict[str, Any]) -> None:
    for selector in promql.selectors(parsed(target)):
        assert selector.metric in promql.series()
        assert selector.labels <= promql.series()[selector.metric] | promql.TARGET, selector


@pytest.mark.parametrize(("panel", "target"), list(targets()))
def test_query_asks_for_the_chosen_clusters_and_keeps_the_label(panel: dict[str, Any], target: dict[str, Any]) -> None:
    assert all("cluster" in selector.labels for selector in promql.selectors(parsed(target)))
    assert all("cluster" in labels for labels in promql.groupings(parsed(target)))
    assert "cluster" in (promql.labels(parsed(target)) or ())


@pytest.mark.parametrize(("panel", "target"), list(targets()))
def test_legend_names_labels_that_are_left(panel: dict[str, Any], target: dict[str, Any]) -> None:
    left = promql.labels(parsed(target)) or frozenset()
    if panel["type"] == "heatmap":
        assert "le" in left
    elif panel["type"] != "table":
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert named <= left
        assert "cluster" in named


@pytest.mark.parametrize("name", PAGES)
def test_columns_of_a_table_exist(name: str) -> None:
    for panel in panels(PAGES[name]):
        if panel["type"] == "table":
            several = len(panel["targets"]) > 1
            there = {f"Value #{target['refId']}" if several else "Value" for target in panel["targets"]}
            for target in panel["targets"]:
                there |= promql.labels(parsed(target)) or frozenset()
            shown = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
            assert shown == there, panel["title"]


@pytest.mark.parametrize("name", PAGES)
def test_queries_of_a_panel_have_different_names_and_panels_do_not_overlap(name: str) -> None:
    cells = set[tuple[int, int]]()
    titles = [panel["title"] for panel in PAGES[name]["panels"]]
    for panel in panels(PAGES[name]):
        assert titles.count(panel["title"]) == 1
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs) >= 1
        place = panel["gridPos"]
        own = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not own & cells, panel["title"]
        assert max(x for x, _ in own) < 24
        cells |= own


@pytest.mark.parametrize("name", PAGES)
def test_what_is_not_seen_is_said_to_be_and_is_never_green(name: str) -> None:
    for panel in panels(PAGES[name]):
        assert panel["fieldConfig"]["defaults"]["noValue"] == "not seen", panel["title"]
        assert panel["description"]
        if panel["type"] == "stat":
            defaults = panel["fieldConfig"]["defaults"]
            assert defaults["thresholds"]["steps"][0] == {"color": _GREY, "value": None}
            special = [found for found in defaults["mappings"] if found["type"] == "special"]
            assert [found["options"]["result"]["color"] for found in special] == [_GREY]
        for target in panel["targets"]:
            assert not re.search(r"or (on \(\) )?vector\(", target["expr"]), "a zero that nobody has seen"


def test_first_row_says_whether_policies_are_enforced_who_is_blocked_and_how_much_is_seen() -> None:
    first = [panel for panel in panels(PAGES["denials.json"]) if panel["gridPos"]["y"] == 0]
    assert [panel["title"] for panel in first] == [
        "Enforcement",
        "Blocked now",
        "New blocks in 24 hours",
        "Due in 7 days",
        "Denials seen",
    ]
    assert sum(panel["gridPos"]["w"] for panel in first) == 24
    words = next(found for found in first[0]["fieldConfig"]["defaults"]["mappings"] if found["type"] == "value")
    assert {value: found["text"] for value, found in words["options"].items()} == {
        "0": "OK",
        "1": "BLIND",
        "2": "ADMITS UNCHECKED",
        "3": "REFUSES ALL",
    }


def test_reason_leads_to_its_heading_and_namespace_to_the_log() -> None:
    (table,) = (panel for panel in panels(PAGES["denials.json"]) if panel["title"] == "Which, where, why")
    links = {
        override["matcher"]["options"]: found["value"][0]["url"]
        for override in table["fieldConfig"]["overrides"]
        for found in override["properties"]
        if found["id"] == "links"
    }
    assert links["reason"] == f"{DOCS}/reference/reasons.md#${{__value.text}}"
    page = ROOT / "docs" / "reference" / "reasons.md"
    assert all(f'<a id="{reason}"></a>' in page.read_text(encoding="utf-8") for reason in Reason)
    assert "imagetooold" in anchors(page)
    assert "denial.observed" in links["resource_namespace"]
    assert "${loki}" in links["resource_namespace"]


def test_failing_keys_are_those_that_nobody_could_look_at() -> None:
    (reasons,) = re.findall(r'"([^"]+)"', FAILED)
    assert set(reasons.split("|")) == NO_ANSWER - {Reason.PROVIDER_UNAVAILABLE, Reason.KEY_UNAVAILABLE}


def test_link_to_the_log_is_json_with_the_query_of_the_row() -> None:
    page = PAGES["denials.json"]
    (link,) = {found for found in _urls(page) if found.startswith("/explore?")}
    (log,) = (variable for variable in page["templating"]["list"] if variable["name"] == "controller_log")
    row = {"resource_namespace": "shop", "policy": "age", "reason": "ImageTooOld"}
    for name, value in row.items():
        link = link.replace(f"${{__data.fields.{name}}}", quote(value))
    for name, value in (("loki", "uid"), ("controller_log", log["query"]), ("__from", "1"), ("__to", "2")):
        link = link.replace(f"${{{name}}}", quote(value))
    (pane,) = json.loads(parse_qs(urlsplit(link).query)["panes"][0]).values()
    assert (pane["datasource"], pane["range"]) == ("uid", {"from": "1", "to": "2"})
    assert pane["queries"][0]["expr"] == (
        "{container=`controller`} | json | event=`denial.observed` | resource_namespace=`shop` | policy=`age`"
        " | reason=~`(ImageTooOld)?`"
    )


def _urls(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (text for name, text in value.items() if name == "url" and isinstance(text, str))
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _urls(each)
