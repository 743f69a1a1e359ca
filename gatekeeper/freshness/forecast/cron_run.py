"""When a CronJob runs next, by its schedule and time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from gatekeeper.freshness.inventory.builder import EVERY
from gatekeeper.freshness.outlook import SECOND, Turn, Verdict
from provider.golang import duration

# Kubernetes' names for schedules.
_NAMED: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_CHARACTERS: Final = 200
# The fields of days: where both are given, either counts. A star leaves one out, but not with a step: CronSim reads
# those as other crons do.
_DAYS: Final = {2: "1-31", 4: "0-6"}
_STEP: Final = re.compile(r"\*/0*([2-9]|[1-9][0-9]+)")
# CronSim knows more than Kubernetes, which refuses the object: `L`, `#`, 7 for Sunday, a field for seconds.
_DAY_OF_MONTH: Final = re.compile(r"[-0-9*/,]+")
_DAY_OF_WEEK: Final = re.compile(r"([-*/,]|[0-6]|(?<=/)[0-9]+|SUN|MON|TUE|WED|THU|FRI|SAT)+", re.IGNORECASE)


def next_run(schedule: str, time_zone: str, after: int, ran: int | None = None) -> int | None:
    """The first run at a moment or later; nanoseconds since 1970.

    None of a schedule or a time zone that is not known here, and of one that never runs.

    Args:
        schedule: five fields, a name as `@daily`, or `@every 1h`.
        time_zone: `Europe/Berlin`; empty for UTC, as controllers have it as a rule.
        after: nanoseconds since 1970.
        ran: see `RunningWorkload.ran`; without it, nobody can say when an `@every` runs.
    """
    zone = _zone(time_zone)
    if zone is None or len(schedule) > _CHARACTERS:
        return None
    if schedule.startswith(EVERY):
        wait = _wait(schedule.removeprefix(EVERY))
        return None if wait is None or ran is None else _after_waits(wait, after, ran)
    # Of what a minute begins with, the run before is not wanted: the search begins behind its start.
    start = datetime.fromtimestamp((after - 1) // SECOND, zone)
    try:
        found = next(CronSim(_expression(schedule), start))
    except (CronSimError, StopIteration, OverflowError):
        return None
    return int(found.timestamp()) * SECOND


def felt(
    turns: Sequence[Turn], schedule: str, time_zone: str, ran: int | None = None
) -> tuple[int | None, tuple[Turn, ...]]:
    """When a denial is felt first, and the turns without those denials in which nothing runs.

    Where the schedule cannot be read, the turns as they are, and None.
    """
    kept: list[Turn] = []
    effect: int | None = None
    for number, turn in enumerate(turns):
        if turn.verdict is Verdict.DENIED:
            run = next_run(schedule, time_zone, turn.since, ran)
            end = turns[number + 1].since if number + 1 < len(turns) else None
            if run is not None and end is not None and run >= end:
                continue
            if effect is None and run is not None and (end is None or run < end):
                effect = run
        if not kept or (kept[-1].verdict, kept[-1].reason) != (turn.verdict, turn.reason):
            # What nobody feels now is as what comes after it.
            kept.append(turn if kept else replace(turn, since=turns[0].since))
    return effect, tuple(kept)


def _wait(text: str) -> int | None:
    """How long it is from one run to the next, as robfig/cron has it: whole seconds, and one at least."""
    length = duration.nanoseconds(text)
    return None if length is None else max(length // SECOND, 1) * SECOND


def _after_waits(wait: int, after: int, ran: int) -> int:
    """The first of the moments that are so many waits after a run; of `ran` itself whole seconds count."""
    begin = ran // SECOND * SECOND
    return begin + max(-((begin - after) // wait), 1) * wait


def _expression(schedule: str) -> str:
    """As CronSim reads it the way that Kubernetes does.

    Its field for seconds is given, too. Without it CronSim does as Debian's cron where clocks are changed: it runs
    later what falls into the hour that is left out. Kubernetes does not run that at all.

    Raises:
        CronSimError: it is no schedule of Kubernetes.
    """
    parts = _NAMED.get(schedule.strip(), schedule).replace("?", "*").split()
    if len(parts) != 1 + max(_DAYS) or not (_DAY_OF_MONTH.fullmatch(parts[2]) and _DAY_OF_WEEK.fullmatch(parts[4])):
        raise CronSimError("no schedule of Kubernetes")
    for number, days in _DAYS.items():
        several = [_STEP.sub(rf"{days}/\1", each) for each in parts[number].split(",")]
        # One star among them is as a star alone.
        parts[number] = "*" if {"*", "*/1"} & set(several) else ",".join(several)
    return " ".join(["0", *parts])


def _zone(name: str) -> tzinfo | None:
    if not name or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
