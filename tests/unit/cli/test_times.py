"""Times as people write them."""

from __future__ import annotations

import click
import pytest

from gatekeeper.cli import times

SECOND = 1_000_000_000


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("provider.clock.SystemClock.now", lambda _: 1000.5)
    return 1000 * SECOND + SECOND // 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0),
        ("+14d", 14 * 86400),
        ("+36h", 36 * 3600),
        ("-30m", -1800),
        ("+0d", 0),
        ("+99999d", 99999 * 86400),
        ("+1w", 7 * 86400),
        ("-2y", -730 * 86400),
    ],
)
def test_relative_time_counts_from_now(now: int, text: str | None, seconds: int) -> None:
    assert times.read(text) == now + seconds * SECOND


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T01:00:00.000000001+01:00", 1),
        ("2026-01-31T12:00:00Z", 1_769_860_800 * SECOND),
        ("2026-01-31", 1_769_817_600 * SECOND),
    ],
)
def test_moment_by_rfc_3339_is_itself(now: int, text: str, moment: int) -> None:
    assert times.read(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", "14d", "+14", "+14s", "+1d2h", "+٣d", "+123456d"),
        *("2026-1-31", "2026-02-30", "26-01-31", "tomorrow", "+14d\n"),
    ],
)
def test_anything_else_is_refused_with_what_would_do(now: int, text: str) -> None:
    with pytest.raises(click.UsageError, match="expected RFC 3339"):
        times.read(text)


@pytest.mark.parametrize("text", ["+99999y", "-99999y", "0001-01-01", "9999-12-31", "2262-04-12"])
def test_time_that_no_clock_of_a_rule_can_say_is_refused(now: int, text: str) -> None:
    with pytest.raises(click.UsageError, match=r"expected a time from 1677-09-22 to 2262-04-11"):
        times.read(text)


def test_first_and_last_day_of_a_clock_can_be_said(now: int) -> None:
    assert times.read("1677-09-22") < 0 < times.read("2262-04-11")
