"""Who is denied first on which day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import DAY
from gatekeeper.freshness.overview.overview import Overview


@dataclass(frozen=True)
class DayOfDenials:
    """The workloads that are denied first on a day.

    Attributes:
        day: its beginning in UTC, nanoseconds since 1970; the moment of the overview for what is denied already.
        already: whether they are denied at that moment.
        workloads: in the order of their names.
    """

    day: int
    already: bool
    workloads: Sequence[WorkloadName]


def days(overview: Overview) -> list[DayOfDenials]:
    """The days on which something is denied first, each workload once, in the order of time."""
    first: dict[WorkloadName, int] = {}
    for row in overview.rows:
        if row.since is not None:
            first[row.workload] = min(row.since, first.get(row.workload, row.since))
    found: dict[tuple[int, bool], list[WorkloadName]] = {}
    for workload, since in first.items():
        already = since <= overview.now
        found.setdefault((overview.now if already else since - since % DAY, already), []).append(workload)
    return [
        DayOfDenials(day, already, sorted(names, key=lambda each: (each.namespace, each.name, each.kind)))
        for (day, already), names in sorted(found.items(), key=lambda each: (not each[0][1], each[0][0]))
    ]
