"""Lines of a container's log: their times, and what becomes of long and broken ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cluster.log_lines import LineCutter, StampedLine, stamped

TIME = b"2026-11-30T08:30:02.123456789Z "
WRITTEN = "2026-11-30T08:30:02.123456789Z"


@pytest.mark.parametrize(
    ("stamp", "written"),
    [
        (b"2026-11-30T08:30:02.123456789Z", WRITTEN),
        (b"2026-11-30T08:30:02Z", "2026-11-30T08:30:02.000000000Z"),
        (b"2026-11-30T08:30:02.12Z", "2026-11-30T08:30:02.120000000Z"),
        (b"2026-11-30T09:30:02.123456789+01:00", WRITTEN),
        (b"2026-11-30T00:30:02.123456789-08:00", WRITTEN),
    ],
)
def test_time_is_utc_with_nine_digits_whatever_the_zone_of_the_node(stamp, written):
    assert stamped(stamp + b" text") == StampedLine(written, "text")


@pytest.mark.parametrize(
    "line", [b"", b"no time", b'{"a": 1}', b"2026-11-30 08:30:02 text", b"2026-13-45T08:30:02+01:00 t"]
)
def test_line_without_a_time_is_none(line):
    assert stamped(line) is None


def test_text_that_is_not_utf_8_is_replaced():
    line = stamped(TIME + b"a\xffb")
    assert line is not None
    assert line.text == "a\ufffdb"


def test_line_without_its_end_is_no_line_yet():
    cutter = LineCutter(1000)
    assert list(cutter.lines(TIME + b"beg")) == []
    assert list(cutter.lines(b"in\n" + TIME)) == [StampedLine(WRITTEN, "begin")]


def test_tail_of_a_line_that_was_cut_is_left_out():
    assert list(LineCutter(1000).lines(b"tail of a line\n" + TIME + b"next\n")) == [StampedLine(WRITTEN, "next")]


def test_line_of_a_megabyte_is_named_by_its_time_and_not_kept():
    cutter = LineCutter(1000)
    pieces = [TIME, *[b"x" * 4096] * 256, b"\n" + TIME + b"next\n"]
    held = []
    lines = []
    for piece in pieces:
        lines.extend(cutter.lines(piece))
        held.append(len(cutter._rest))
    assert lines == [StampedLine(WRITTEN, "", whole=False), StampedLine(WRITTEN, "next")]
    assert max(held) <= 1000


def test_line_that_is_too_long_within_one_piece_is_not_whole():
    assert list(LineCutter(100).lines(TIME + b"x" * 200 + b"\n")) == [StampedLine(WRITTEN, "", whole=False)]


@given(
    st.lists(st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=60), max_size=8),
    st.data(),
)
def test_lines_are_the_same_however_the_stream_is_cut(texts, data):
    stream = b"".join(TIME + text.encode() + b"\n" for text in texts)
    cutter, got, rest = LineCutter(1000), [], stream
    while rest:
        size = data.draw(st.integers(1, max(1, len(rest))))
        got.extend(cutter.lines(rest[:size]))
        rest = rest[size:]
    assert got == [StampedLine(WRITTEN, text) for text in texts]
