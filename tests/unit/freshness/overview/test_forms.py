"""An overview as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest

from gatekeeper.freshness.outlook import OutlookTurn, OutlookVerdict, Question
from gatekeeper.freshness.overview import csv_form, json_form, rows
from gatekeeper.freshness.overview.page import page
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL

_SCHEMA = Path(__file__).parents[4] / "docs" / "reference" / "report.schema.json"
_EVERY = (
    outlooks.denied(),
    outlooks.due(3, "api"),
    outlooks.waived(9, "old"),
    outlooks.undated("blob"),
    outlooks.unknown("away"),
    outlooks.unpullable("gone"),
    outlooks.outlook(),
)


def test_json_is_as_its_schema_says() -> None:
    found = json.loads(json.dumps(json_form.document(rows.overview(_EVERY, NOW, UNTIL, "prod", ["one Pod"]))))
    schema = json.loads(_SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found)
    assert set(found) == set(schema["properties"])
    assert set(found["rows"][0]) == set(schema["properties"]["rows"]["items"]["properties"])
    assert found["rows"][1]["bestBefore"] == "2026-12-04T06:00:00Z"


def test_that_nobody_asked_whether_images_can_be_pulled_is_said_and_is_no_zero() -> None:
    asked = [each for each in _EVERY if each.question is not Question.PULL]
    overview = rows.overview(asked, NOW, UNTIL)
    found = json.loads(json.dumps(json_form.document(overview)))
    jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text("utf-8"))).validate(found)
    assert found["notAsked"] == ["pull"]
    assert "whether images can still be pulled: the controller looks once a day" in page.render(overview)
    assert rows.overview(_EVERY, NOW, UNTIL).not_asked == []


def test_csv_has_the_fields_of_a_row() -> None:
    overview = rows.overview(_EVERY, NOW, UNTIL)
    heading, *lines = csv.reader(io.StringIO(csv_form.render(overview)))
    assert set(heading) == set(json_form.row_document(overview.rows[0]))
    assert [line[heading.index("state")] for line in lines] == [str(row.state) for row in overview.rows]
    assert lines[1][heading.index("bestBefore")] == "2026-12-04T06:00:00Z"


@pytest.mark.parametrize(
    ("evil", "shown"),
    [
        ('=HYPERLINK("http://evil","x")', """'=HYPERLINK("http://evil","x")"""),
        ("\t=1+1", "'=1+1"),
        ("web; =1+1;-2", "web; '=1+1;'-2"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a = b, c; d-e", "a = b, c; d-e"),
    ],
    ids=["formula", "tab", "cell-behind-a-semicolon", "double-width", "plain"],
)
def test_no_text_of_others_is_a_formula(evil: str, shown: str) -> None:
    turn = OutlookTurn(NOW, OutlookVerdict.DENIED, "ImageTooOld", evil)
    heading, line = csv.reader(io.StringIO(csv_form.render(rows.overview([outlooks.outlook(turn)], NOW, UNTIL))))
    assert line[heading.index("sentence")].strip() == shown
