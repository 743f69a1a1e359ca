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
        ("0 0 */2 * 1", "", "2026-12-04T12:00:00Z", "2026-12-05T00:00:00Z"),
        ("0 0 13 * */4", "", "2026-12-04T12:00:00Z", "2026-12-06T00:00:00Z"),
        ("0 0 */1 * 1", "", "2026-12-04T12:00:00Z", "2026-12-07T00:00:00Z"),
        ("0 0 5,* * 1", "", "2026-12-04T12:00:00Z", "2026-12-07T00:00:00Z"),
        ("0 0 * * mon-Fri/2", "", "2026-12-04T12:00:00Z", "2026-12-07T00:00:00Z"),
        ("0 0 * * 1/10", "", "2026-12-04T12:00:00Z", "2026-12-07T00:00:00Z"),
    ],
)
def test_first_run_at_a_moment_or_later(schedule: str, zone: str, after: str, expected: str) -> None:
    assert next_run(schedule, zone, at(after)) == at(expected)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("30 2 * * *", "2027-03-27T12:00:00Z", "2027-03-29T00:30:00Z"),
        ("30 1,2 * * *", "2027-03-28T00:30:01Z", "2027-03-28T23:30:00Z"),
        ("30 2 * * *", "2026-10-25T00:30:01Z", "2026-10-25T01:30:00Z"),
    ],
    ids=["hour-left-out", "part-of-it-left-out", "hour-that-comes-twice"],
)
def test_run_where_clocks_are_changed_is_as_kubernetes_has_it(schedule: str, after: str, expected: str) -> None:
    """By robfig/cron: what falls into the hour that is left out does not run, and one hour comes twice."""
    assert next_run(schedule, "Europe/Berlin", at(after)) == at(expected)


@pytest.mark.parametrize(
    "schedule",
    ["0 3 L * *", "0 3 LW * *", "0 3 * * 5L", "0 3 * * 1#2", "0 3 * * 7", "0 0 3 * * *", "TZ=UTC 0 3 * * *", ""],
)
def test_schedule_that_kubernetes_refuses_has_no_run(schedule: str) -> None:
    assert next_run(schedule, "", at("2026-12-04T12:00:00Z")) is None


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [("@every 1h", ""), ("99 * * * *", ""), ("0 0 30 2 *", ""), ("0 0 * * *", "Nowhere/City"), ("0 " * 200, "")],
    ids=["every", "no-minute", "never", "no-zone", "long"],
)
def test_schedule_that_is_none_has_no_run(schedule: str, zone: str) -> None:
    assert next_run(schedule, zone, at("2026-12-04T12:00:00Z")) is None


@pytest.mark.parametrize(
    ("schedule", "ran", "after", "expected"),
    [
        ("@every 1h30m", "2026-12-01T12:20:05Z", "2026-12-04T12:00:00Z", "2026-12-04T12:20:05Z"),
        ("@every 1h", "2026-12-01T12:00:00Z", "2026-12-04T12:00:00Z", "2026-12-04T12:00:00Z"),
        ("@every 1h", "2026-12-01T12:00:00Z", "2026-12-04T12:00:01Z", "2026-12-04T13:00:00Z"),
        ("@every 90.7s", "2026-12-04T12:00:00Z", "2026-12-04T12:00:01Z", "2026-12-04T12:01:30Z"),
        ("@every 1ms", "2026-12-04T12:00:00Z", "2026-12-04T12:00:10Z", "2026-12-04T12:00:10Z"),
        ("@every -2h", "2026-12-04T12:00:00Z", "2026-12-04T12:00:10Z", "2026-12-04T12:00:10Z"),
        ("@every 1h", "2026-12-04T12:00:00Z", "2026-12-01T00:00:00Z", "2026-12-04T13:00:00Z"),
    ],
    ids=["hours", "at-the-moment", "after-it", "whole-seconds", "a-second-at-least", "below-zero", "ran-later"],
)
def test_every_is_counted_from_the_run_before_as_kubernetes_does(
    schedule: str, ran: str, after: str, expected: str
) -> None:
    """By robfig/cron: the last run and the length, which is rounded down to whole seconds and is one at least."""
    assert next_run(schedule, "", at(after), at(ran)) == at(expected)


@pytest.mark.parametrize("schedule", ["@every", "@every ", "@every 1d", "@every 1 h", "@every 9999999h"])
def test_every_with_a_length_that_is_none_has_no_run(schedule: str) -> None:
    assert next_run(schedule, "", at("2026-12-04T12:00:00Z"), at("2026-12-01T12:00:00Z")) is None


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
