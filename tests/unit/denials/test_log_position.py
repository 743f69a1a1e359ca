"""Which lines of a log are new after a break, and when some are missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cluster.log_lines import StampedLine
from gatekeeper.denials.logs.log_position import LogPosition, Novelty
from tests.simulators.cluster import stamp


def line(tenths: int, text: str = "") -> StampedLine:
    return StampedLine(stamp(tenths), text or f"line {tenths}")


def test_log_is_read_again_from_the_second_of_the_last_line():
    position = LogPosition()
    assert position.since == ""
    position.take(line(17))
    assert position.since == "2026-11-24T08:00:01Z"


def test_lines_that_come_again_are_old():
    position = LogPosition()
    assert [position.take(line(n)) for n in (11, 12, 13)] == [Novelty.NEW] * 3
    position.read_again()
    assert [position.take(line(n)) for n in (11, 12, 13, 14)] == [Novelty.OLD] * 3 + [Novelty.NEW]


def test_two_lines_of_one_moment_are_two_and_the_same_line_is_one():
    position = LogPosition()
    assert [position.take(line(1, text)) for text in ("a", "b", "a")] == [Novelty.NEW, Novelty.NEW, Novelty.OLD]


def test_lines_are_missing_where_the_last_one_does_not_come_back():
    position = LogPosition()
    position.take(line(11))
    position.read_again()
    assert [position.take(line(n)) for n in (25, 26)] == [Novelty.NEW_BEHIND_GAP, Novelty.NEW]


def test_nothing_is_missing_where_it_comes_back_from_the_previous_attempt():
    position = LogPosition()
    position.take(line(11))
    position.read_again()
    assert position.take(line(11)) is Novelty.OLD
    assert position.take(line(25)) is Novelty.NEW


def test_what_another_process_took_is_old():
    position = LogPosition(stamp(15))
    assert [position.take(line(n)) for n in (11, 14)] == [Novelty.OLD] * 2
    position.take(line(15))
    assert position.take(line(16)) is Novelty.NEW


def test_what_another_process_took_is_old_however_often_it_comes():
    position = LogPosition(stamp(15))
    for each in (11, 14, 15):
        position.take(line(each))
    # It is read once to its end, and then followed from the same second.
    assert [position.take(line(n)) for n in (11, 14, 15, 16)] == [Novelty.OLD] * 3 + [Novelty.NEW]


def test_log_without_a_cursor_has_no_gap():
    assert LogPosition().take(line(500)) is Novelty.NEW


def test_lines_after_a_clock_went_back_are_new_and_found_again():
    position = LogPosition()
    for n in (600, 601, 602):
        position.take(line(n))
    assert position.take(line(300)) is Novelty.NEW
    assert position.since == line(300).written[:19] + "Z"
    position.read_again()
    assert [position.take(line(n)) for n in (600, 601, 602, 300)] == [Novelty.OLD] * 4
    assert position.take(line(301)) is Novelty.NEW


@given(st.lists(st.integers(0, 300), unique=True, min_size=1).map(sorted), st.data())
def test_each_line_is_new_once_whatever_breaks(moments, data):
    position, taken = LogPosition(), []
    while len(taken) < len(moments):
        position.read_again()
        readable = [line(n) for n in moments if stamp(n)[:19] >= position.since[:19]]
        for each in readable[: data.draw(st.integers(1, len(readable)))]:
            novelty = position.take(each)
            assert novelty is not Novelty.NEW_BEHIND_GAP
            if novelty is Novelty.NEW:
                taken.append(each)
    assert taken == [line(n) for n in moments]


@given(st.lists(st.integers(0, 300), unique=True, min_size=1).map(sorted), st.data())
def test_each_line_is_new_once_whichever_process_reads(moments, data):
    position, taken = LogPosition(), []
    while len(taken) < len(moments):
        if data.draw(st.booleans()):
            position = LogPosition(position.cursor)
        position.read_again()
        for _ in range(data.draw(st.integers(1, 2))):
            readable = [line(n) for n in moments if stamp(n)[:19] >= position.since[:19]]
            for each in readable[: data.draw(st.integers(1, len(readable)))]:
                novelty = position.take(each)
                assert novelty is not Novelty.NEW_BEHIND_GAP
                if novelty is Novelty.NEW:
                    taken.append(each)
    assert taken == [line(n) for n in moments]
