"""Every query of every panel finds something on a real Prometheus that has scraped the real metrics classes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests import promql
from tests.e2e.rig.prometheus import Prometheus
from tests.integration.dashboards import series
from tests.integration.rules import promtool
from tests.unit.dashboards.test_dashboards import PAGES, panels

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    text = folder / "series.txt"
    text.write_text(series.open_metrics(time.time()), encoding="utf-8")
    done = promtool.run("tsdb", "create-blocks-from", "openmetrics", text, folder / "data")
    assert done.returncode == 0, done.stderr
    running = Prometheus(folder, folder)
    running.start()
    yield running
    running.stop()


def targets() -> list[Any]:
    return [
        pytest.param(target["expr"], id=f"{name}-{panel['title']}-{target['refId']}")
        for name, page in PAGES.items()
        for panel in panels(page)
        for target in panel["targets"]
    ]


@pytest.mark.parametrize("expression", targets())
def test_query_has_rows_that_name_the_cluster(prometheus: Prometheus, expression: str) -> None:
    rows = prometheus.query(promql.filled(expression))
    assert rows
    assert {row.labels.get("cluster") for row in rows} == {"east"}
    assert all(row.value == row.value for row in rows), "not a number"


def test_all_is_well_is_one_word_and_no_other(prometheus: Prometheus) -> None:
    (first,) = (panel for panel in panels(PAGES["denials.json"]) if panel["title"] == "Enforcement")
    (row,) = prometheus.query(promql.filled(first["targets"][0]["expr"]))
    assert row.value == 0


def test_values_of_variables_are_there(prometheus: Prometheus) -> None:
    for page in PAGES.values():
        for variable in page["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = variable["query"].removeprefix("label_values(").removesuffix(")").split(", ")
                rows = prometheus.query(f"count by ({label}) ({promql.filled(metric)})")
                assert all(row.labels[label] for row in rows)
                assert rows
