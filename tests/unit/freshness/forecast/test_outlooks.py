"""Outlooks of an inventory, by the real opa."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatekeeper.cluster.resource import NAMESPACES, WORKLOADS
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.freshness.forecast.coverage import covered
from gatekeeper.freshness.forecast.outlooks import outlooks
from gatekeeper.freshness.inventory.inventory import WorkloadInventory
from gatekeeper.freshness.inventory.inventory_reader import WorkloadInventoryReader
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Question, Verdict
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.translation.translate import Translation
from tests.engine import engine
from tests.simulators.cluster import ClusterSimulator
from tests.unit.freshness.objects import NOW, BirthFacts, age_policy, digest, namespace, owned, pod, spec, workload

HOUR = 3600 * SECOND
WEB = "registry.example.com/shop/web"


def inventory(translations: Sequence[Translation], *objects: dict[str, Any]) -> WorkloadInventory:
    cluster = ClusterSimulator()
    cluster.add(NAMESPACES, namespace("shop"))
    for each in objects:
        cluster.add(WORKLOADS[each["kind"]], each)
    return WorkloadInventoryReader(cluster, covered(translations), "team").read(NOW)


def foreseen(
    translations: Sequence[Translation], facts: FactSource, *objects: dict[str, Any], days: int = 30
) -> dict[Question, Outlook]:
    found = outlooks(translations, inventory(translations, *objects), facts, engine(), NOW, NOW + days * DAY)
    return {each.question: each for each in found}


def deployment() -> list[dict[str, Any]]:
    return [
        workload("Deployment", "web", spec(f"{WEB}:1"), replicas=2),
        workload("ReplicaSet", "web-5d4f8c7b94", spec(f"{WEB}:1"), metadata=owned("Deployment", "web")),
        *(
            pod(f"web-{name}", spec(f"{WEB}:1"), [f"{WEB}@{digest(7)}"], **owned("ReplicaSet", "web-5d4f8c7b94"))
            for name in ("a", "b")
        ),
    ]


def test_deployment_with_an_image_of_27_days_is_denied_in_three_days_to_the_second() -> None:
    born = NOW - 27 * DAY + 12_345_678_901
    facts = BirthFacts({f"{WEB}:1": born, f"{WEB}@{digest(7)}": born})
    found = foreseen([age_policy(reschedule="deny")], facts, *deployment())
    at = NOW + 3 * DAY + 13 * SECOND
    assert {question: each.best_before for question, each in found.items()} == {
        Question.APPLY: at,
        Question.RESCHEDULE: at,
        Question.RUNNING: at,
    }
    applied = found[Question.APPLY]
    assert (applied.now.verdict, applied.subject.running, applied.subject.team) == (Verdict.ADMITTED, 2, "checkout")
    assert applied.subject.path == "spec.template.spec.containers[0].image"
    assert applied.denial is not None
    assert applied.denial.reason == "ImageTooOld"
    assert found[Question.RUNNING].subject.digest == digest(7)


def test_controller_may_bring_it_back_for_the_grace_and_is_warned() -> None:
    born = NOW - 27 * DAY
    facts = BirthFacts({f"{WEB}:1": born, f"{WEB}@{digest(7)}": born})
    found = foreseen([age_policy(reschedule="warn", grace="7d")], facts, *deployment())
    assert found[Question.APPLY].best_before == NOW + 3 * DAY
    turns = [(each.since, each.verdict) for each in found[Question.RESCHEDULE].turns]
    assert turns == [(NOW, Verdict.ADMITTED), (NOW + 3 * DAY, Verdict.WARNED), (NOW + 10 * DAY, Verdict.DENIED)]


def test_each_image_is_asked_about_once() -> None:
    facts = BirthFacts({f"{WEB}:1": NOW, f"{WEB}@{digest(7)}": NOW})
    foreseen([age_policy(), age_policy(name="other", max_age="60d")], facts, *deployment())
    assert len(facts.asked) == len(set(facts.asked)) == 2


def test_pod_that_was_pulled_by_another_name_is_judged_by_what_its_tag_names_and_gets_its_date() -> None:
    """A node reports one of the names that it has of a digest; the template asks by the tag then."""
    facts = BirthFacts({f"{WEB}:1": NOW - 27 * DAY})
    running = pod("web", spec(f"{WEB}:1"), [f"mirror.example.com/shop/web@{digest(7)}"])
    found = foreseen([age_policy(reschedule="deny")], facts, running)
    assert found[Question.RUNNING].best_before == NOW + 3 * DAY


def test_scheme_that_a_node_writes_before_an_id_is_no_part_of_its_name() -> None:
    facts = BirthFacts({f"{WEB}:1": NOW, f"{WEB}@{digest(7)}": NOW - 27 * DAY})
    running = pod("web", spec(f"{WEB}:1"), [f"docker-pullable://{WEB}@{digest(7)}"])
    found = foreseen([age_policy(reschedule="deny")], facts, running)
    assert found[Question.RUNNING].best_before == NOW + 3 * DAY


def test_turn_has_the_sentence_of_its_own_moment() -> None:
    """The image is denied twice for the same reason, with an admission between: 12 days, and then 30, are allowed."""
    births = {f"{WEB}:1": NOW - 11 * DAY - HOUR, f"{WEB}:2": NOW - 10 * DAY}
    schedule = (ScheduleEntry("2026-11-29", "12d"), ScheduleEntry("2026-12-11", "30d"))
    policies = [age_policy(schedule=schedule, max_age="60d")]
    there = inventory(policies, *(workload("Deployment", f"d{each[-1]}", spec(each)) for each in births))
    found = outlooks(policies, there, BirthFacts(births), engine(), NOW, NOW + 25 * DAY)
    (one,) = [each for each in found if each.question is Question.APPLY and each.subject.image == f"{WEB}:1"]
    denials = [turn.sentence for turn in one.turns if turn.verdict is Verdict.DENIED]
    assert [sentence[:25] for sentence in denials] == ["Image is 12 days old, 12 ", "Image is 30 days old, 30 "]
