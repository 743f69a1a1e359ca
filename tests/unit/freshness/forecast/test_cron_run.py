"""The next run of a CronJob."""

from __future__ import annotations

from datetime import datetime

import pytest

from gatekeeper.freshness.forecast.cron_run import felt, next_run
from gatekeeper.freshness.outlook import SECOND, Turn, Verdict


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "expected"),
    [
        ("30 2 * * *", "", "2026-12-04T12:00:00Z", "2026-12-05T02:30:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2026-12-04T12:00:00Z", "2026-12-05T01:30:00Z"),
        ("0 12 * * *", "", "2026-12-04T12:00:00Z", "2026-12-04T12:00:00Z"),
        ("@daily", "", "2026-12-04T12:00:00Z", "2026-12-05T00:00:00Z"),
        ("0 0 ? * 0", "", "2026-12-04T12:00:00Z", "2026-12-06T00:00:00Z"),
    ],
)
def test_first_run_at_a_moment_or_later(schedule: str, zone: str, after: str, expected: str) -> None:
    assert next_run(schedule, zone, at(after)) == at(expected)


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [("@every 1h", ""), ("99 * * * *", ""), ("0 0 30 2 *", ""), ("0 0 * * *", "Nowhere/City"), ("0 " * 200, "")],
    ids=["every", "no-minute", "never", "no-zone", "long"],
)
def test_schedule_that_is_none_has_no_run(schedule: str, zone: str) -> None:
    assert next_run(schedule, zone, at("2026-12-04T12:00:00Z")) is None


def turn(text: str, verdict: Verdict) -> Turn:
    return Turn(at(text), verdict, "ImageTooOld" if verdict is Verdict.DENIED else "")


def test_denial_is_felt_at_the_first_run_in_it() -> None:
    turns = [turn("2026-12-01T12:00:00Z", Verdict.ADMITTED), turn("2026-12-04T12:00:00Z", Verdict.DENIED)]
    assert felt(turns, "30 2 * * *", "") == (at("2026-12-05T02:30:00Z"), tuple(turns))


def test_denial_that_is_over_before_the_next_run_is_felt_by_nobody() -> None:
    admitted = turn("2026-12-01T12:00:00Z", Verdict.ADMITTED)
    over = [turn("2026-12-04T12:00:00Z", Verdict.DENIED), turn("2026-12-04T13:00:00Z", Verdict.ADMITTED)]
    assert felt([admitted, *over], "30 2 * * *", "") == (None, (admitted,))


def test_denial_of_now_that_is_over_before_the_next_run_is_felt_by_nobody() -> None:
    """A cooldown that ends before the CronJob runs."""
    turns = [turn("2026-12-04T12:00:00Z", Verdict.DENIED), turn("2026-12-04T13:00:00Z", Verdict.ADMITTED)]
    assert felt(turns, "30 2 * * *", "") == (None, (turn("2026-12-04T12:00:00Z", Verdict.ADMITTED),))
