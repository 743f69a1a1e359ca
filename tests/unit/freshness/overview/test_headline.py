"""The headline says the one thing to know, and never more than was seen."""

from __future__ import annotations

import pytest

from gatekeeper.freshness.outlook import DAY, Outlook, Question
from gatekeeper.freshness.overview import headline, rows
from tests.unit.freshness.overview import outlooks
from tests.unit.freshness.overview.outlooks import NOW, UNTIL


def said(*each: Outlook, not_judged: tuple[str, ...] = ()) -> headline.Headline:
    return headline.of(rows.overview(each, NOW, UNTIL, not_judged=not_judged))


_APPLY = Question.APPLY
CASES = [
    ([outlooks.due(3.1333)], "1 workload will be denied in the next 7 days"),
    ([outlooks.due(3), outlooks.due(4, "api")], "2 workloads will be denied in the next 7 days"),
    ([outlooks.denied()], "1 workload would be denied now"),
    (
        [outlooks.denied(), outlooks.due(3), outlooks.due(2, "api")],
        "1 workload would be denied now, and 1 more in the next 7 days",
    ),
    ([outlooks.due(9)], "Nothing will be denied in the next 7 days, and 1 workload before Thu 31 Dec 2026"),
    ([outlooks.outlook()], "Nothing will be denied before Thu 31 Dec 2026"),
    ([outlooks.waived(3)], "1 workload will be denied in the next 7 days"),
    (
        [outlooks.due(3, question=_APPLY), outlooks.outlook()],
        "1 workload will be denied in the next 7 days, if applied again",
    ),
    ([outlooks.unknown()], "Nobody could look at any image"),
    ([], "Nothing was judged"),
]


@pytest.mark.parametrize(("each", "title"), CASES, ids=[title for _, title in CASES])
def test_title(each: list[Outlook], title: str) -> None:
    assert said(*each).title == title


def test_who_looks_two_days_ahead_hears_nothing_of_seven() -> None:
    until = NOW + 2 * DAY
    found = headline.of(rows.overview([outlooks.denied(), outlooks.due(1, "api")], NOW, until))
    assert found.title == "1 workload would be denied now, and 1 more before Thu 3 Dec 2026 06:00 UTC"


def test_the_first_date_has_day_time_workload_and_policy() -> None:
    assert said(outlooks.due(3.1333), outlooks.due(5, "api")).detail == (
        "The first on Fri 4 Dec 2026 09:11 UTC: shop/web, by maximum-image-age."
    )


def test_what_could_not_be_looked_at_is_said() -> None:
    assert (
        said(outlooks.outlook(), outlooks.unknown("api")).detail == "Of 1 workload not everything could be looked at."
    )
    assert said(outlooks.outlook(), not_judged=("Pod shop/x: no owner",)).detail == "Not everything was judged."


def test_what_only_people_are_denied_is_told_beside_what_controllers_are() -> None:
    reschedule = Question.RESCHEDULE
    only_applied = [outlooks.denied("api", question=_APPLY), outlooks.denied("db", question=_APPLY)]
    found = said(outlooks.denied(question=reschedule), *only_applied)
    assert (found.title, found.detail) == (
        "1 workload would be denied now",
        "If applied again, 2 workloads would be denied now.",
    )
    both = said(outlooks.denied(question=reschedule), outlooks.denied(question=_APPLY))
    assert not both.detail, "the same workload: nothing more to say"
