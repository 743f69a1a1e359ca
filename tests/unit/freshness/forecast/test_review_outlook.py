"""What `check --until` foresees of an object is what the controller foresees of it: one search, by the real opa."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gatekeeper.evaluation.checker import whole
from gatekeeper.evaluation.facts import FactSource, RecordedFacts
from gatekeeper.evaluation.review import Review
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.forecast.review_outlook import ReviewOutlook, review_outlooks
from gatekeeper.freshness.outlook import DAY, SECOND, OutlookTurn, Question, Verdict
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import KIND
from gatekeeper.translation.translate import Translation
from gatekeeper.waivers.terms import WaiverTerms
from tests.engine import engine
from tests.unit.freshness.forecast.test_outlooks import inventory
from tests.unit.freshness.forecast.test_unusual import WAIVER, foreign
from tests.unit.freshness.objects import NOW, BirthFacts, age_policy, spec, workload

IMAGE = "registry.example.com/shop/web:1"
OTHER = "registry.example.com/shop/agent:1"
BORN = NOW - 27 * DAY + 12_345_678_901
FACTS = BirthFacts({IMAGE: BORN, OTHER: NOW - DAY})
DUE = NOW + 3 * DAY + 13 * SECOND
WEEKEND = 'violation[{"msg": "at weekends"}] { time.weekday(time.now_ns()) == ["Saturday", "Sunday"][_] }\n'


def waived() -> Translation:
    """A policy that takes the cluster's Waivers."""
    made = age_policy(max_age="20d", waivers=WaiverTerms(allowed=True))
    return Translation(made.policy, KIND.template(synced_waivers=True), made.constraints)


def foreseen(policy: Translation, *reviews: Review, facts: FactSource = FACTS, days: int = 30) -> list[ReviewOutlook]:
    return review_outlooks([policy], reviews, facts, engine(), NOW, NOW + days * DAY, whole, (WAIVER,))


def deployment(*images: str) -> dict[str, Any]:
    return workload("Deployment", "web", spec(*(images or (IMAGE, OTHER))))


def without_sentences(turns: Sequence[OutlookTurn]) -> list[tuple[int, Verdict, str]]:
    return [(each.since, each.verdict, each.reason) for each in turns]


@pytest.mark.parametrize(
    ("policy", "count"),
    [
        (age_policy(), 2),
        (age_policy(max_age="90d", schedule=(ScheduleEntry("2026-12-06", "25d"),)), 2),
        (age_policy(max_age="", cooldown=Cooldown("40d", "created")), 2),
        (age_policy(exemptions=(Exemption("**", "2026-12-09T01:02:03Z", "a vendor's", "team-shop"),)), 2),
        (waived(), 2),
        (foreign(WEEKEND), 9),
    ],
    ids=["age", "schedule", "cooldown", "exemption", "waiver", "weekends"],
)
def test_its_turns_are_those_of_the_report_to_the_second(policy: Translation, count: int) -> None:
    around = ForecastSurroundings(waivers=(WAIVER,))
    there = inventory([policy], deployment())
    of_report = outlooks([policy], there, FACTS, engine(), NOW, NOW + 30 * DAY, around)
    expected = {
        (each.subject.path, each.subject.image): without_sentences(each.turns)
        for each in of_report
        if each.question is Question.APPLY
    }
    found = {(each.path, each.image): without_sentences(each.turns) for each in foreseen(policy, Review(deployment()))}
    assert found == expected
    assert max(map(len, found.values())) >= count


def test_rule_that_turns_back_is_told_with_the_moment() -> None:
    (found, _) = foreseen(age_policy(max_age="", cooldown=Cooldown("40d", "created")), Review(deployment()), days=90)
    assert found.denial is not None
    assert found.admitted_again is not None
    assert (found.denial.since, found.admitted_again.since) == (NOW, NOW + 13 * DAY + 13 * SECOND)


def test_images_that_stand_in_for_those_of_an_object_are_foreseen_at_their_field() -> None:
    review = Review(deployment(), images=(IMAGE, "registry.example.com/elsewhere:1"))
    facts = BirthFacts({IMAGE: BORN, "registry.example.com/elsewhere:1": NOW - 60 * DAY})
    found = {
        (each.image, each.path): each.denial.since
        for each in foreseen(age_policy(), review, facts=facts)
        if each.denial
    }
    assert found == {
        (IMAGE, "spec.template.spec.containers[0].image"): DUE,
        ("registry.example.com/elsewhere:1", "image"): NOW,
    }


@pytest.mark.parametrize("details", ["{}", '{"path": "metadata.labels", "image": "some"}'], ids=["none", "elsewhere"])
def test_what_names_no_image_of_an_object_is_said_of_all(details: str) -> None:
    rule = f'violation[{{"msg": "no", "details": {details}}}] {{ time.now_ns() >= {DUE} }}\n'
    found = foreseen(foreign(rule), Review(deployment()))
    assert [(each.image, each.denial.since if each.denial else 0) for each in found] == [(IMAGE, DUE), (OTHER, DUE)]


def test_image_of_which_nothing_is_recorded_is_unknown() -> None:
    (found,) = foreseen(age_policy(), Review(deployment(IMAGE)), facts=RecordedFacts({}))
    assert (found.denial, found.unknown is not None) == (None, True)


def test_nothing_to_judge_has_no_outlook() -> None:
    assert foreseen(age_policy(), Review({"apiVersion": "v1", "kind": "ConfigMap"})) == []
