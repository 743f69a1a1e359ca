"""The page: one file, nothing of strangers runs in it, nothing comes from anywhere."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import pytest

from gatekeeper.freshness.outlook import OutlookTurn, OutlookVerdict
from gatekeeper.freshness.overview import rows
from gatekeeper.freshness.overview.page import chart_library, page, weeks
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL

_EVIL = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    "]]><!--",
]


class _Reader(HTMLParser):
    """Collects what a browser would run or fetch, and the text of each tag."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.tags: set[str] = set()
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.security = ""
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open = tag
        for name, value in attrs:
            if name in {"src", "href", "srcset", "action", "data"}:
                self.addresses.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.security = dict(attrs)["content"] or ""
        if tag in self.inline:
            self.inline[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inline:
            self.inline[self._open][-1] += data


def read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    return reader


def of(evil: str) -> str:
    turn = OutlookTurn(NOW, OutlookVerdict.DENIED, "ImageTooOld", evil)
    each = outlooks.outlook(turn, of=replace(outlooks.subject(evil, evil, evil), path=evil, note=evil), policy=evil)
    return page.render(rows.overview([each], NOW, UNTIL, evil, [evil]))


@pytest.mark.parametrize("evil", _EVIL)
def test_a_text_of_others_is_text(evil: str) -> None:
    plain, attacked = read(of("web")), read(of(evil))
    assert attacked.tags == plain.tags
    assert attacked.inline == plain.inline
    assert attacked.handlers == []
    assert attacked.addresses == plain.addresses


def test_nothing_comes_from_anywhere() -> None:
    reader = read(of("web"))
    assert {each for each in reader.addresses if not each.startswith("#")} == set()
    assert reader.security.startswith("default-src 'none'; ")
    assert "unsafe" not in reader.security


def test_the_security_policy_allows_the_scripts_and_the_style_of_the_page_alone() -> None:
    reader = read(of("web"))
    digests = {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (*reader.inline["script"], *reader.inline["style"])
    }
    assert len(digests) == 4
    assert set(re.findall(r"'sha256-[^']+'", reader.security)) == digests


def test_the_chart_library_is_as_it_was_published() -> None:
    assert hashlib.sha256(chart_library.text().encode()).hexdigest() == chart_library.SHA256
    assert f"Chart.js v{chart_library.VERSION}" in chart_library.text()[:200]
    assert "MIT" in resources.files(chart_library.__package__).joinpath("chart-LICENSE.txt").read_text("utf-8")


def test_rows_beyond_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "ROWS", 2)
    text = page.render(rows.overview([outlooks.due(day, f"web-{day}") for day in range(1, 6)], NOW, UNTIL))
    assert "3 more rows are in the forms json and csv" in text
    assert "web-3" not in text


def test_an_empty_overview_says_that_nothing_was_judged() -> None:
    assert '<h1 id="headline">Nothing was judged</h1>' in page.render(rows.overview([], NOW, UNTIL))


def test_the_numbers_of_the_charts_stand_in_a_table() -> None:
    each = [outlooks.denied(), outlooks.due(3), outlooks.of_team("team-pay", outlooks.due(8)), outlooks.unpullable()]
    overview = rows.overview(each, NOW, UNTIL)
    assert weeks.headings(overview)[3:5] == ["from 1 Dec", "from 8 Dec"]
    assert weeks.lanes(overview, lambda row: row.team) == [
        ("team-pay", [0, 0, 0, 0, 1, 0, 0, 0]),
        ("team-shop", [1, 1, 0, 1, 0, 0, 0, 0]),
    ]


def test_rows_that_are_not_shown_at_first_are_seen_without_a_script() -> None:
    overview = rows.overview([outlooks.due(3), outlooks.outlook(of=outlooks.subject("calm"))], NOW, UNTIL)
    text = page.render(overview)
    assert text.count('<tr role="row" hidden') == 1
    assert "<noscript><style>#rows tbody tr[hidden] { display: table-row !important; }</style></noscript>" in text
