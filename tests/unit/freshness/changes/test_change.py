"""What another set of policies changes for a workload."""

from __future__ import annotations

from gatekeeper.freshness.changes.change import change
from gatekeeper.freshness.outlook import DAY, Outlook, OutlookTurn, OutlookVerdict, Question
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL


def _said(old: list[Outlook], new: list[Outlook]) -> list[tuple[str, str, str, str, str]]:
    found = change(old, new, NOW, UNTIL)
    return [(c.workload.name, *(str(one.verdict) for pair in (c.now, c.later) for one in pair)) for c in found.changes]


def test_the_same_policies_change_nothing() -> None:
    assert _said([outlooks.due(3), outlooks.denied("api")], [outlooks.due(3), outlooks.denied("api")]) == []


def test_a_workload_that_is_denied_now_or_later_is_a_change() -> None:
    assert _said(
        [outlooks.due(3), outlooks.outlook(of=outlooks.subject("api"))], [outlooks.denied(), outlooks.due(9, "api")]
    ) == [
        ("api", "admitted", "admitted", "admitted", "denied"),
        ("web", "admitted", "denied", "denied", "denied"),
    ]


def test_a_workload_that_the_new_policies_do_not_cover_is_admitted_by_them() -> None:
    assert _said([outlooks.denied()], []) == [("web", "denied", "admitted", "denied", "admitted")]


def test_the_worst_of_several_images_and_policies_counts() -> None:
    warned = outlooks.outlook(OutlookTurn(NOW, OutlookVerdict.WARNED, "ImageTooOld", "old"), policy="b")
    found = change([warned], [warned, outlooks.denied()], NOW, UNTIL)
    assert [(each.now[1].policy, each.now[1].sentence) for each in found.changes] == [
        ("maximum-image-age", outlooks.OLD)
    ]


def test_that_nobody_could_look_is_worse_than_a_yes_and_is_counted() -> None:
    found = change([outlooks.outlook()], [outlooks.unknown()], NOW, UNTIL)
    assert [each.worse for each in found.changes] == [True]
    assert (found.unknown, found.workloads) == (1, 1)


def test_questions_that_change_alike_are_one_change() -> None:
    asked = (Question.RESCHEDULE, Question.APPLY)
    old = [outlooks.outlook(question=each) for each in asked]
    new = [outlooks.denied(question=each) for each in asked]
    assert [each.questions for each in change(old, new, NOW, UNTIL).changes] == [(Question.APPLY, Question.RESCHEDULE)]


def test_those_that_get_denied_stand_first() -> None:
    old = [outlooks.denied("a"), outlooks.outlook(of=outlooks.subject("b")), outlooks.outlook(of=outlooks.subject("c"))]
    new = [outlooks.outlook(of=outlooks.subject("a")), outlooks.unknown("b"), outlooks.denied("c")]
    assert [each.workload.name for each in change(old, new, NOW, UNTIL).changes] == ["c", "b", "a"]


def test_a_verdict_that_comes_and_goes_again_is_that_of_the_moment() -> None:
    turns = (
        OutlookTurn(NOW, OutlookVerdict.ADMITTED),
        OutlookTurn(NOW + DAY, OutlookVerdict.DENIED, "ImageTooOld", "old"),
        OutlookTurn(NOW + 2 * DAY, OutlookVerdict.ADMITTED),
    )
    assert _said([outlooks.outlook()], [outlooks.outlook(*turns)]) == []
