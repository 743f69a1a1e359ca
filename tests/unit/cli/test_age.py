"""Ages in a person's words."""

from __future__ import annotations

import pytest

from gatekeeper.cli.age import since_build

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
HOUR = 3600


def fact(seconds: float) -> dict[str, str]:
    return {"created": "then", "createdNs": str(int((NOW + seconds) * 1_000_000_000))}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3 * HOUR, "then (3 hours ago)"),
        (-47 * HOUR, "then (47 hours ago)"),
        (-48 * HOUR, "then (2 days ago)"),
        (-24 * 31 * HOUR, "then (31 days ago)"),
        (24 * 3 * HOUR, "then (3 days from now)"),
    ],
)
def test_age_is_told_in_hours_and_then_in_days(seconds: float, words: str) -> None:
    assert since_build(fact(seconds), NOW) == words


def test_absent_and_unreadable_dates_are_told_apart() -> None:
    assert since_build({"created": None, "createdNs": None}, NOW) == "at a time that the image does not name"
    assert (
        since_build({"created": "yesterday", "createdNs": None}, NOW) == "at a time that cannot be read ('yesterday')"
    )
