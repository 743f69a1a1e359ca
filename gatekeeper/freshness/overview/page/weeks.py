"""The same as the charts in numbers: lanes, and how many rows are denied now and first in each week."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gatekeeper.freshness.outlook import DAY
from gatekeeper.freshness.overview import moments
from gatekeeper.freshness.overview.overview import Overview, OverviewRow, RowState, names

# As many weeks have a column of their own; what is later shares one.
_WEEKS: Final = 5
_WEEK: Final = 7 * DAY


def headings(overview: Overview) -> list[str]:
    """Over the columns: denied now, unpullable, not known, then a week each from its first day on."""
    starts = [overview.now + number * _WEEK for number in range(_columns(overview))]
    later = ["later"] if overview.until > overview.now + _WEEKS * _WEEK else []
    return [
        "denied now",
        "unpullable",
        "undated or not judged",
        *(f"from {moments.short_day(at)}" for at in starts),
        *later,
    ]


def lanes(overview: Overview, of: Callable[[OverviewRow], str]) -> list[tuple[str, list[int]]]:
    """A lane for each team or policy: its name, and a number for each heading."""
    width = len(headings(overview))
    found = {name: [0] * width for name in names(map(of, overview.rows))}
    for row in overview.rows:
        column = _column(overview, row, width)
        if column is not None:
            found[of(row)][column] += 1
    return list(found.items())


def _columns(overview: Overview) -> int:
    return min(_WEEKS, -((overview.now - overview.until) // _WEEK))


def _column(overview: Overview, row: OverviewRow, width: int) -> int | None:
    present = {RowState.DENIED: 0, RowState.UNPULLABLE: 1, RowState.UNDATED: 2, RowState.UNKNOWN: 2}
    if row.state in present:
        return present[row.state]
    if row.since is None:
        return None
    return min(width - 1, 3 + max(0, row.since - overview.now) // _WEEK)
