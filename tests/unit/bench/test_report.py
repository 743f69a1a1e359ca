import json
import math
from pathlib import Path

import pytest

from tests.bench.page import PAGE, filled
from tests.bench.report import Report, Table

TABLE = Table("Speed: ms", ["p50", "longest"], {"one": [1.234, 56], "many": [200.4, math.inf]}, "of a snail")


@pytest.fixture
def report(tmp_path: Path) -> Report:
    report = Report(tmp_path / "bench.json", {"processors": 2, "load": 0.5})
    report.add("speed", [TABLE])
    return report


def test_columns_stand_below_each_other() -> None:
    assert TABLE.lines() == [
        "Speed: ms",
        "         p50  longest",
        "  one   1.23       56",
        "  many   200      inf",
        "  of a snail",
        "",
    ]


def test_report_is_json_even_where_a_figure_has_no_end(report: Report) -> None:
    written = json.loads(report.path.read_text(), parse_constant=pytest.fail)
    assert written["machine"]["processors"] == 2
    (table,) = written["sections"]["speed"]
    assert table["figures"] == {"one": {"p50": 1.234, "longest": 56}, "many": {"p50": 200.4, "longest": "inf"}}


def test_page_gets_the_figures_of_a_report_and_keeps_its_text(report: Report) -> None:
    page = PAGE.read_text("utf-8")
    written = filled(page, json.loads(report.path.read_text()))
    head, _, tail = page.partition("<!-- Figures")
    assert written.startswith(head)
    assert written.endswith(tail[tail.index("<!-- End of figures") :])
    shown = [line for line in written[len(head) :].splitlines() if line and not line.startswith("<!--")]
    assert shown[:7] == [
        "processors 2, load 0.5.",
        "### Speed",
        "Speed: ms.",
        "| | p50 | longest |",
        "| --- | --- | --- |",
        "| one | 1.23 | 56 |",
        "| many | 200 | inf |",
    ]
    assert shown[7] == "Of a snail."


def test_page_without_a_place_for_figures_is_refused(report: Report) -> None:
    with pytest.raises(ValueError, match="no line"):
        filled("# Performance\n", json.loads(report.path.read_text()))
