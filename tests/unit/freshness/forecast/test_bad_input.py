"""Bad input of a forecast: Waivers that overlap or make no sense, clocks that differ, 500 containers; the real opa."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gatekeeper.evaluation.checker import whole
from gatekeeper.evaluation.review import Review
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.forecast.review_outlook import review_outlooks
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Question, Verdict
from gatekeeper.own.maximum_image_age import KIND
from gatekeeper.translation.translate import Translation
from gatekeeper.waivers.terms import WaiverTerms
from tests.engine import engine
from tests.unit.freshness.forecast.test_outlooks import inventory
from tests.unit.freshness.objects import NOW, BirthFacts, age_policy, spec, workload

IMAGE = "registry.example.com/shop/web:1"
FACTS = BirthFacts({IMAGE: NOW - 60 * DAY})
HOUR = 3_600 * SECOND


def text(at: int) -> str:
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def waiver(name: str, created: int, until: int, **changes: Any) -> dict[str, Any]:
    """One of the cluster."""
    its = {
        "policies": ["maximum-image-age"],
        "namespaces": ["shop"],
        "images": ["registry.example.com/**"],
        "until": text(until),
        "reason": "the vendor builds it anew",
        "owner": "team-shop",
    }
    metadata = {"name": name, "creationTimestamp": text(created)}
    return {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "Waiver", "metadata": metadata, "spec": {**its, **changes}}


def foreseen(*waivers: dict[str, Any], now: int = NOW) -> Outlook:
    made = age_policy(reschedule="deny", waivers=WaiverTerms(allowed=True))
    policy = Translation(made.policy, KIND.template(synced_waivers=True), made.constraints)
    there = inventory([policy], workload("Deployment", "web", spec(IMAGE)))
    around = ForecastSurroundings(waivers=waivers)
    found = outlooks([policy], there, FACTS, engine(), now, NOW + 30 * DAY, around)
    (applied,) = [each for each in found if each.question is Question.APPLY]
    return applied


def test_waivers_that_overlap_are_announced_by_the_end_of_the_last() -> None:
    first, second = waiver("one", NOW - DAY, NOW + 3 * DAY), waiver("two", NOW - HOUR, NOW + 9 * DAY + 7 * SECOND)
    found = foreseen(first, second)
    assert (found.now.verdict, found.waived_until) == (Verdict.WAIVED, NOW + 9 * DAY + 7 * SECOND)
    assert [(each.since, each.verdict) for each in found.turns[1:]] == [(NOW + 9 * DAY + 7 * SECOND, Verdict.DENIED)]


@pytest.mark.parametrize(
    "given",
    [
        waiver("backwards", NOW - HOUR, NOW - 2 * HOUR),
        waiver("over", NOW - 9 * DAY, NOW - SECOND),
        waiver("too-long", NOW - DAY, NOW + 300 * DAY),
        waiver("other-policy", NOW - DAY, NOW + 9 * DAY, policies=["there-is-none"]),
        waiver("other-namespace", NOW - DAY, NOW + 9 * DAY, namespaces=["shops"]),
        waiver("all-policies", NOW - DAY, NOW + 9 * DAY, policies=["*"]),
    ],
    ids=lambda each: each["metadata"]["name"],
)
def test_waiver_that_lets_nothing_pass_moves_no_announcement(given: dict[str, Any]) -> None:
    found = foreseen(given)
    assert (found.now.verdict, found.waived_until, found.best_before) == (Verdict.DENIED, None, NOW)


def test_date_does_not_move_with_the_clock_of_the_controller() -> None:
    """Its clock and Gatekeeper's may differ: what is announced is a date, and no time that is left."""
    end = NOW + 3 * DAY + 7 * SECOND
    dates = {
        foreseen(waiver("one", NOW - DAY, end), now=NOW + skew).best_before for skew in (-300 * SECOND, 300 * SECOND)
    }
    assert dates == {end}


def test_object_with_500_containers_is_said_to_be_denied_image_by_image() -> None:
    images = [f"registry.example.com/shop/many-{number}:1" for number in range(500)]
    facts = BirthFacts(dict.fromkeys(images, NOW))
    review = Review(workload("Deployment", "many", spec(*images)))
    found = review_outlooks([age_policy()], [review], facts, engine(), NOW, NOW + 90 * DAY, whole)
    assert {each.image for each in found if each.denial and each.denial.since == NOW} == set(images)


@pytest.mark.parametrize(
    ("timing", "is_known"),
    [
        ({"schedule": "30 2 * * *", "timeZone": "Europe/Berlin"}, True),
        ({"schedule": "30 2 * * *", "timeZone": "Nowhere/City"}, False),
        ({"schedule": "@every 1h"}, False),
    ],
    ids=["known", "odd-time-zone", "odd-schedule"],
)
def test_cron_job_whose_next_run_is_not_known_says_so_beside_its_date(timing: dict[str, Any], is_known: bool) -> None:
    policy = age_policy(reschedule="deny")
    there = inventory([policy], workload("CronJob", "nightly", spec(IMAGE), **timing))
    found = outlooks([policy], there, FACTS, engine(), NOW, NOW + 30 * DAY)
    (next_run,) = [each for each in found if each.question is Question.RESCHEDULE]
    assert next_run.best_before == (NOW + 13 * HOUR + HOUR // 2 if is_known else NOW)
    assert ("is not known here" in next_run.subject.note) is not is_known


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({"creationTimestamp": "2026-11-30T12:20:05Z"}, {}),
        ({"creationTimestamp": "2026-11-29T10:00:00Z"}, {"lastScheduleTime": "2026-12-01T11:20:05Z"}),
    ],
    ids=["created", "ran"],
)
def test_cron_job_that_waits_from_run_to_run_has_the_date_of_its_next_one(
    metadata: dict[str, Any], status: dict[str, Any]
) -> None:
    policy = age_policy(reschedule="deny")
    made = workload("CronJob", "hourly", spec(IMAGE), schedule="@every 1h", metadata=metadata, status=status)
    found = outlooks([policy], inventory([policy], made), FACTS, engine(), NOW, NOW + 30 * DAY)
    (next_run,) = [each for each in found if each.question is Question.RESCHEDULE]
    assert next_run.best_before == NOW + (20 * 60 + 5) * SECOND
    assert "is not known here" not in next_run.subject.note
