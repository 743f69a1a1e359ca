"""One round after the other: what is as it was is evaluated no second time, and what was known stays for a while."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.evaluation.opa import NoVerdictError, Printout
from gatekeeper.evaluation.program import StubAnswers
from gatekeeper.freshness.forecast.answer_book import AnswerBook, Sightings
from gatekeeper.freshness.forecast.forecast_memory import ForecastMemory, facts_of
from gatekeeper.freshness.forecast.line import NOT_EVALUATED
from gatekeeper.freshness.forecast.outlooks import outlooks
from gatekeeper.freshness.forecast.scope import Scope
from gatekeeper.freshness.forecast.unit import Unit, units
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Question, Verdict
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import Translation, translate
from provider.questions import proof_question, question
from provider.questions.question import FactQuestion, ProofQuestion, key_of
from tests import quick_yaml
from tests.engine import engine
from tests.programs import ROOT
from tests.simulators.key_services import pem, public_key
from tests.unit.freshness.forecast.test_outlooks import inventory
from tests.unit.freshness.objects import NOW, BirthFacts, age_policy, digest, pod, spec, workload

IMAGE, OTHER = "registry.example.com/shop/web:1", "registry.example.com/shop/db:1"
HOUR = 3600 * SECOND
RULE = ROOT / "policies" / "maximum-image-age" / "cip.yaml"
POLICIES = [age_policy(reschedule="deny"), age_policy(name="other", max_age="29d", reschedule="deny")]


class RunCounter:
    """Implements `Engine`: counts the runs of opa."""

    def __init__(self) -> None:
        self.opa, self.runs, self.busy = engine(), 0, False

    def evaluate(self, folder: Path, query: str) -> Printout:
        self.runs += 1
        if self.busy:
            raise NoVerdictError(NOT_EVALUATED, "it did not finish in time")
        return self.opa.evaluate(folder, query)

    def check(self, folder: Path) -> Any:
        return self.opa.check(folder)

    def parse(self, text: str) -> Mapping[str, Any] | None:
        return self.opa.parse(text)

    def version(self) -> str:
        return self.opa.version()


class PassingFacts(BirthFacts):
    """Whose registry may be away."""

    away = False

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        if not self.away:
            return super().answers(keys)
        passing = {question.ref(key): {"reason": "RegistryUnavailable", "message": "no"} for key in keys}
        return StubAnswers({}, {}, json.dumps(passing))


@dataclass
class Rounds:
    """Rounds with one memory."""

    facts: PassingFacts = field(default_factory=lambda: PassingFacts({IMAGE: NOW - 27 * DAY, OTHER: NOW - 20 * DAY}))
    memory: ForecastMemory = field(default_factory=ForecastMemory)
    images: tuple[str, ...] = (IMAGE,)
    policies: Sequence[Translation] = tuple(POLICIES)
    runs: int = 0
    busy: bool = False

    def at(self, now: int, days: int = 4) -> list[Outlook]:
        self.facts.asked.clear()
        objects = [workload("Deployment", f"d{number}", spec(each)) for number, each in enumerate(self.images)]
        counter = RunCounter()
        counter.busy = self.busy
        until = now + days * DAY
        there = inventory(self.policies, *objects)
        found = outlooks(self.policies, there, self.facts, counter, now, until, memory=self.memory)
        self.runs = counter.runs
        return [each for each in found if each.question is Question.APPLY and each.policy == "maximum-image-age"]


def test_round_where_nothing_changed_runs_no_opa_and_asks_each_image_once() -> None:
    rounds = Rounds()
    (first,) = rounds.at(NOW)
    assert (len(rounds.facts.asked), rounds.runs > 0) == (1, True)
    (second,) = rounds.at(NOW + HOUR)
    assert (len(rounds.facts.asked), rounds.runs) == (1, 0)
    assert (first.best_before, second.best_before) == (NOW + 3 * DAY, NOW + 3 * DAY)
    assert second.now.since == NOW + HOUR
    (late,) = rounds.at(NOW + 3 * DAY + HOUR, days=1)
    assert (late.now.verdict, rounds.runs) == (Verdict.DENIED, 0)


def test_policies_that_ask_different_questions_are_not_evaluated_anew_either() -> None:
    """What one is judged by is compared with what was known when all had asked."""
    rounds = Rounds(policies=(*POLICIES, *translate(load_policies([RULE]).policies)))
    rounds.at(NOW)
    assert (len(rounds.facts.asked), rounds.runs > 0) == (2, True)
    rounds.at(NOW + HOUR)
    assert (len(rounds.facts.asked), rounds.runs) == (2, 0)


def test_rule_that_is_given_all_of_an_object_is_not_evaluated_anew_either() -> None:
    document = quick_yaml.load(RULE.read_text())
    document["spec"]["policy"]["includeObjectMeta"] = True
    text = io.BytesIO(yaml.safe_dump(document).encode())
    rounds = Rounds(policies=translate(load_policies(["-"], text).policies))
    rounds.at(NOW)
    assert (len(rounds.facts.asked), rounds.runs > 0) == (1, True)
    rounds.at(NOW + HOUR)
    assert (len(rounds.facts.asked), rounds.runs) == (1, 0)


def test_rules_of_one_template_share_runs_of_opa() -> None:
    rounds = Rounds()
    rounds.at(NOW)
    # Asked, answered, looked at, at their own moments, a second before; of four Constraints.
    assert rounds.runs <= 6


def test_rules_are_not_all_looked_at_anew_in_one_round() -> None:
    rounds = Rounds()
    rounds.at(NOW)
    ends = {rule: each.until - (NOW + 4 * DAY) for (rule, _), each in rounds.memory.lines.items()}
    assert len(ends) == 4
    assert len({end // HOUR for end in ends.values()}) > 1
    assert all(DAY <= end < 2 * DAY for end in ends.values())


def test_what_the_engine_had_no_time_for_is_evaluated_in_the_next_round() -> None:
    rounds = Rounds(busy=True)
    (first,) = rounds.at(NOW)
    assert first.now.verdict is Verdict.UNKNOWN
    rounds.busy = False
    (second,) = rounds.at(NOW + HOUR)
    assert (second.now.verdict, second.best_before) == (Verdict.ADMITTED, NOW + 3 * DAY)


@pytest.mark.parametrize("lost", [0, 1], ids=["first", "second"])
def test_signature_that_is_gone_is_seen_whichever_authority_asked_last(lost: int) -> None:
    keys = [key_of(ProofQuestion(IMAGE, proof_question.read({"key": {"data": pem(public_key())}}))) for _ in range(2)]
    values: dict[str, dict[str, Any]] = {key: {"proofs": [{"id": "sha256:1"}]} for key in keys}

    class Proofs:
        def answers(self, wanted: Sequence[str]) -> StubAnswers:
            return StubAnswers({key: values[key] for key in wanted}, {})

    def seen() -> str:
        book = AnswerBook(Proofs(), {}, NOW)
        book.ask(keys)
        return facts_of(Unit("{}", json.dumps({"list": "containers", "image": IMAGE, "id": ""})), book)

    before = seen()
    values[keys[lost]] = {"proofs": []}
    assert seen() != before


def test_another_image_or_another_date_is_evaluated_anew() -> None:
    rounds = Rounds()
    rounds.at(NOW)
    rounds.images = (IMAGE, OTHER)
    assert [each.best_before for each in rounds.at(NOW + HOUR)] == [NOW + 3 * DAY, None]
    assert rounds.runs > 0
    rounds.facts.births[IMAGE] = NOW - 28 * DAY
    assert [each.best_before for each in rounds.at(NOW + 2 * HOUR)] == [NOW + 2 * DAY, None]


def test_what_is_known_stays_while_a_registry_is_away_with_its_age_and_not_for_ever() -> None:
    rounds = Rounds()
    rounds.at(NOW)
    rounds.facts.away = True
    (kept,) = rounds.at(NOW + DAY)
    assert kept.best_before == NOW + 3 * DAY
    assert kept.subject.note == "its registry does not answer: facts of 2026-12-01T12:00:00Z"
    (old,) = rounds.at(NOW + 8 * DAY, days=0)
    assert (old.now.verdict, old.best_before) == (Verdict.UNKNOWN, None)


@pytest.mark.parametrize("part", [True, False], ids=["image", "object"])
def test_another_answer_about_the_digest_that_runs_is_seen(*, part: bool) -> None:
    """Audit asks by it, whether a rule judges each image by itself or is given all of the object."""
    running = f"{IMAGE.removesuffix(':1')}@{digest(7)}"
    review = {"operation": "", "object": pod("web", spec(IMAGE), [running])}
    ((unit, _),) = units(review, Scope(by_image=part))
    facts = BirthFacts({running: NOW})

    def seen() -> str:
        book = AnswerBook(facts, {}, NOW)
        book.ask([key_of(FactQuestion(running))])
        return facts_of(unit, book)

    before = seen()
    facts.births[running] = NOW - DAY
    assert seen() != before


def test_image_that_was_gone_does_not_come_back_while_its_registry_is_away() -> None:
    facts, sightings, key = PassingFacts({IMAGE: NOW}), Sightings(), key_of(FactQuestion(IMAGE))

    def reason(now: int) -> object:
        book = AnswerBook(facts, sightings, now)
        book.ask([key])
        return book.facts(IMAGE)[key].get("reason")

    assert reason(NOW) is None
    facts.births.clear()
    assert reason(NOW + HOUR) == "NotFound"
    facts.away = True
    assert reason(NOW + 2 * HOUR) == "RegistryUnavailable"
