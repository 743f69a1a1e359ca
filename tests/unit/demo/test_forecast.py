"""The date from which on an object would be denied."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from demo.forecast import denied_from
from demo.gatekeeper import Admission
from demo.stage import SHOP, pod
from gatekeeper.evaluation.opa import Printout
from gatekeeper.evaluation.program import NOTHING
from tests.engine import printout
from tests.unit.demo.test_gatekeeper import ScriptedOpa, gatekeeper

NOW = dt.datetime(2026, 1, 1, 12, 0, 30, tzinfo=dt.UTC)


def nanoseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


class OpaFromMoment(ScriptedOpa):
    """Denies from a moment on."""

    def __init__(self, moment: dt.datetime) -> None:
        super().__init__()
        object.__setattr__(self, "moment", nanoseconds(moment))

    def evaluate(self, folder: Path, query: str) -> Printout:
        cases = json.loads((folder / "data.json").read_text())["cases"]
        return printout({at: [{"msg": "old"}] if case["now"] >= self.moment else [] for at, case in enumerate(cases)})


def forecast(moment: dt.datetime) -> dt.datetime | None:
    admission = Admission(("thirty-days",), (), (), (), NOTHING)
    return denied_from(gatekeeper(OpaFromMoment(moment), None), pod("p", ["app:1"], SHOP), admission, nanoseconds(NOW))


@pytest.mark.parametrize("minutes", [2, 60 * 5, 60 * 24 * 30 + 17])
def test_date_is_found_to_the_minute(minutes: int) -> None:
    wanted = NOW.replace(second=0) + dt.timedelta(minutes=minutes)
    assert forecast(wanted) == wanted


def test_moment_between_minutes_is_told_as_the_next_minute() -> None:
    assert forecast(NOW.replace(second=1) + dt.timedelta(days=3)) == NOW.replace(minute=1, second=0) + dt.timedelta(
        days=3
    )


def test_object_that_stays_good_for_more_than_a_year_has_no_date() -> None:
    assert forecast(NOW + dt.timedelta(days=500)) is None
