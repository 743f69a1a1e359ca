"""`python -m tests.bench.page`: writes the figures of the last run into docs/reference/performance.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.bench.report import REPORT, text
from tests.programs import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "performance.md"
_BEGIN: Final = "<!-- Figures: `python -m tests.bench.page` writes what is between these lines. -->\n"
_END: Final = "<!-- End of figures. -->\n"


def filled(page: str, report: Mapping[str, Any]) -> str:
    """The page with other figures.

    Args:
        page: Markdown, with a line before and a line after the figures.
        report: as the bench writes it.

    Raises:
        ValueError: one of these lines is missing.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page has no line {_BEGIN!r} or {_END!r}")
    return "".join([before, begin, "\n", *(f"{line}\n" for line in _lines(report)), end, after])


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in report["machine"].items()) + "."
    yield ""
    for section, tables in report["sections"].items():
        yield f"### {section.capitalize()}"
        yield ""
        for table in tables:
            yield from _table(table)


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    rows = table["figures"]
    columns = list(next(iter(rows.values())))
    yield f"{table['title']}."
    yield ""
    yield f"| | {' | '.join(columns)} |"
    yield f"| --- |{' --- |' * len(columns)}"
    for name, figures in rows.items():
        yield f"| {' | '.join([name, *map(text, figures.values())])} |"
    yield ""
    if table["note"]:
        yield f"{table['note'][0].upper()}{table['note'][1:]}."
        yield ""


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8"), json.loads(REPORT.read_text("utf-8"))), "utf-8")
