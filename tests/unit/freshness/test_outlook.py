"""Outlooks: when an image is denied, and how soon that is."""

from __future__ import annotations

import pytest

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import (
    DAY,
    SECOND,
    Due,
    Outlook,
    OutlookSubject,
    OutlookTurn,
    OutlookVerdict,
    Question,
)

_NOW = 1_000 * DAY
_SUBJECT = OutlookSubject(WorkloadName("shop", "Deployment", "web"), "spec.template.spec.containers[0].image", "web:1")


def _outlook(*turns: OutlookTurn, effect: int | None = None) -> Outlook:
    return Outlook("maximum-image-age", _SUBJECT, Question.RESCHEDULE, turns, effect=effect)


@pytest.mark.parametrize(
    ("left", "due"),
    [
        (0, Due.EXPIRED),
        (SECOND, Due.IN_1_DAY),
        (DAY, Due.IN_1_DAY),
        (DAY + SECOND, Due.IN_3_DAYS),
        (7 * DAY, Due.IN_7_DAYS),
        (14 * DAY, Due.IN_14_DAYS),
        (30 * DAY, Due.IN_30_DAYS),
        (31 * DAY, Due.LATER),
    ],
)
def test_a_denial_is_in_one_class(left: int, due: Due) -> None:
    outlook = _outlook(
        OutlookTurn(_NOW, OutlookVerdict.ADMITTED),
        OutlookTurn(_NOW + left, OutlookVerdict.DENIED, "PolicyFailed", "too old"),
    )
    assert outlook.due(_NOW) == due


def test_what_nobody_could_look_at_is_unknown_not_later() -> None:
    assert _outlook(OutlookTurn(_NOW, OutlookVerdict.UNKNOWN, "RegistryUnavailable")).due(_NOW) is Due.UNKNOWN
    assert _outlook(OutlookTurn(_NOW, OutlookVerdict.ADMITTED)).due(_NOW) is Due.LATER


def test_a_denial_counts_from_when_it_is_felt() -> None:
    outlook = _outlook(
        OutlookTurn(_NOW, OutlookVerdict.ADMITTED),
        OutlookTurn(_NOW + DAY, OutlookVerdict.DENIED, "PolicyFailed", "too old"),
        effect=_NOW + 9 * DAY,
    )
    assert outlook.due(_NOW) is Due.IN_14_DAYS
