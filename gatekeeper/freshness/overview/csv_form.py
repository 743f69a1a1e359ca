"""An overview as CSV (RFC 4180): for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final

from gatekeeper.freshness.overview import json_form
from gatekeeper.freshness.overview.overview import Overview

# With what a spreadsheet begins a formula, also by a character of double width; a text of somebody else may begin so,
# too. Where a spreadsheet takes `;` for the end of a cell, another one begins behind it.
_FORMULA: Final = re.compile(r"(^|;)(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_COLUMNS: Final = (
    "state",
    "bestBefore",
    "team",
    "namespace",
    "kind",
    "name",
    "path",
    "image",
    "digest",
    "byTag",
    "policy",
    "questions",
    "admittedAgain",
    "waivedUntil",
    "reason",
    "sentence",
    "remedy",
    "running",
    "critical",
    "notes",
)


def render(overview: Overview) -> str:
    """A heading and a line a row, the fields of the JSON form.

    What a spreadsheet would compute has a `'` first.
    """
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(_COLUMNS)
    for row in overview.rows:
        fields = json_form.row_document(row)
        writer.writerow([_cell(fields[column]) for column in _COLUMNS])
    return made.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return _FORMULA.sub(r"\1\2'", text)
