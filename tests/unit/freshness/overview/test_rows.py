"""Rows of an overview: the state, the date, what to do, and nothing in them that deceives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.freshness.outlook import DAY, Outlook, OutlookTurn, OutlookVerdict, Question
from gatekeeper.freshness.overview import rows
from gatekeeper.freshness.overview.overview import Overview, OverviewRow, RowState
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL


def made(*each: Outlook) -> Overview:
    return rows.overview(each, NOW, UNTIL)


def only(each: Outlook) -> OverviewRow:
    (row,) = made(each).rows
    return row


@pytest.mark.parametrize(
    ("each", "state"),
    [
        (outlooks.denied(), RowState.DENIED),
        (outlooks.due(3), RowState.DUE),
        (outlooks.waived(9), RowState.WAIVED),
        (outlooks.undated(), RowState.UNDATED),
        (outlooks.unknown(), RowState.UNKNOWN),
        (outlooks.unpullable(), RowState.UNPULLABLE),
        (outlooks.outlook(OutlookTurn(NOW, OutlookVerdict.WARNED, "ImageTooOld", "old")), RowState.WARNED),
        (outlooks.outlook(), RowState.FINE),
    ],
    ids=lambda each: str(each) if isinstance(each, RowState) else "outlook",
)
def test_each_outlook_has_one_state(each: Outlook, state: RowState) -> None:
    assert only(each).state is state


def test_a_warning_that_comes_later_is_no_fine_image() -> None:
    turns = (
        OutlookTurn(NOW, OutlookVerdict.ADMITTED),
        OutlookTurn(NOW + DAY, OutlookVerdict.WARNED, "ImageTooOld", "old"),
    )
    assert only(outlooks.outlook(*turns)).state is RowState.WARNED


def test_what_nobody_will_be_able_to_say_is_no_fine_image() -> None:
    turns = (OutlookTurn(NOW, OutlookVerdict.ADMITTED), OutlookTurn(NOW + DAY, OutlookVerdict.UNKNOWN, "Timeout"))
    assert only(outlooks.outlook(*turns)).state is RowState.UNKNOWN


def test_a_denied_image_of_unknown_age_is_denied() -> None:
    assert (
        only(outlooks.outlook(OutlookTurn(NOW, OutlookVerdict.DENIED, "ImageUndated", "no date"))).state
        is RowState.DENIED
    )


def test_a_waived_image_is_denied_from_the_end_of_its_waiver() -> None:
    row = only(outlooks.waived(9))
    assert (row.since, row.waived_until) == (NOW + 9 * DAY, NOW + 9 * DAY)


def test_a_denial_that_is_felt_later_is_due_then() -> None:
    row = only(replace(outlooks.denied(), effect=NOW + 2 * DAY))
    assert (row.state, row.since) == (RowState.DUE, NOW + 2 * DAY)


def test_a_denial_that_ends_by_itself_says_when() -> None:
    turns = (
        OutlookTurn(NOW, OutlookVerdict.DENIED, "ImageTooOld", "too young"),
        OutlookTurn(NOW + 3 * DAY, OutlookVerdict.ADMITTED),
    )
    assert only(outlooks.outlook(*turns)).ends == NOW + 3 * DAY


def test_questions_that_have_one_answer_are_one_row() -> None:
    overview = made(
        outlooks.due(3), outlooks.due(3, question=Question.APPLY), outlooks.due(4, question=Question.RUNNING)
    )
    assert [row.questions for row in overview.rows] == [(Question.APPLY, Question.RESCHEDULE), (Question.RUNNING,)]


def test_the_most_urgent_row_stands_first() -> None:
    overview = made(
        outlooks.outlook(), outlooks.unknown("a"), outlooks.due(9), outlooks.due(2, "api"), outlooks.denied("z")
    )
    assert [(row.state, row.workload.name) for row in overview.rows] == [
        (RowState.DENIED, "z"),
        (RowState.DUE, "api"),
        (RowState.DUE, "web"),
        (RowState.UNKNOWN, "a"),
        (RowState.FINE, "web"),
    ]


def test_what_to_do_is_said_of_each_reason() -> None:
    assert only(outlooks.denied()).remedy == "Rebuild it, or move to a newer tag."
    assert "Push this digest again" in only(outlooks.unpullable()).remedy


def test_a_reason_of_a_newer_version_stays_and_has_no_remedy() -> None:
    row = only(outlooks.outlook(OutlookTurn(NOW, OutlookVerdict.DENIED, "QuantumUnsigned", "no")))
    assert (row.reason, row.remedy) == ("QuantumUnsigned", "")


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\n", "\x1b", "\u200b", "\ud800"], ids=ascii)
def test_a_text_of_others_has_no_invisible_character(mark: str) -> None:
    evil = f"shop/web{mark}gnp.exe"
    row = only(
        outlooks.outlook(
            OutlookTurn(NOW, OutlookVerdict.DENIED, evil, evil), of=outlooks.subject(evil, evil, evil), policy=evil
        )
    )
    texts = (row.workload.name, row.team, row.image, row.policy, row.reason, row.sentence)
    assert all(text == "shop/web gnp.exe" for text in texts)


def test_a_long_text_of_others_is_cut() -> None:
    row = only(outlooks.outlook(OutlookTurn(NOW, OutlookVerdict.DENIED, "ImageTooOld", "x" * 10_000)))
    assert len(row.sentence) == 400
    assert row.sentence.endswith("…")


def test_a_reason_is_not_said_again_in_its_sentence() -> None:
    row = only(outlooks.outlook(OutlookTurn(NOW, OutlookVerdict.UNKNOWN, "Timeout", "Timeout: no answer in 3 s")))
    assert (row.reason, row.sentence) == ("Timeout", "no answer in 3 s")


def test_a_note_is_a_sentence_beside_what_to_do() -> None:
    each = outlooks.outlook(of=replace(outlooks.subject(), note="at next scale-up: nothing runs"))
    assert only(each).notes == ("At next scale-up: nothing runs.",)


def test_workload_is_fine_only_if_all_of_it_is() -> None:
    found = made(outlooks.outlook(), outlooks.due(3)).workloads()
    assert (found[RowState.FINE], found[RowState.DUE]) == (0, 1)


def test_workloads_are_counted_once_a_state() -> None:
    overview = made(outlooks.denied(), outlooks.due(3, "api"), outlooks.due(4, "api"), outlooks.due(5))
    assert (overview.counts()[RowState.DUE], overview.workloads()[RowState.DUE]) == (3, 2)
