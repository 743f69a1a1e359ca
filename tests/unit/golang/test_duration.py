"""Lengths of time as Go reads them; what is expected was had from `time.ParseDuration`."""

from __future__ import annotations

import pytest

from provider.golang import duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("-0", 0),
        ("1h30m", 5_400_000_000_000),
        ("-1h", -3_600_000_000_000),
        ("+1.5s", 1_500_000_000),
        (".5s", 500_000_000),
        ("5.s", 5_000_000_000),
        ("1ms2us3µs4μs5ns", 1_009_005),
        ("0.1ns", 0),
        ("2562047h47m16.854775807s", 2**63 - 1),
        ("-9223372036854775808ns", -(2**63)),
    ],
)
def test_length_is_read_in_nanoseconds(text: str, expected: int) -> None:
    assert duration.nanoseconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "-", "1", "h", ".s", "1d", "1H", "1 h", "--1h", "1h ", "9223372036854775808ns", "1" * 300 + "h", "٣h"]
)
def test_what_is_no_length_for_go_is_none(text: str) -> None:
    assert duration.nanoseconds(text) is None
