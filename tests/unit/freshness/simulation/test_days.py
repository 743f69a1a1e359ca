"""Who is denied first on which day."""

from __future__ import annotations

from gatekeeper.freshness.overview import moments, rows
from gatekeeper.freshness.simulation.days import days
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL


def test_each_workload_stands_on_the_day_of_its_first_denial() -> None:
    each = [
        outlooks.due(3, "b"),
        outlooks.due(3.2, "a"),
        outlooks.due(9, "a"),
        outlooks.denied("z"),
        outlooks.outlook(),
    ]
    found = days(rows.overview(each, NOW, UNTIL))
    assert [(one.already, moments.date(one.day), [name.name for name in one.workloads]) for one in found] == [
        (True, "2026-12-01", ["z"]),
        (False, "2026-12-04", ["a", "b"]),
    ]
