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
from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.answer_book import AnswerBook, Sightings
from gatekeeper.freshness.forecast.forecast_memory import ForecastMemory, facts_of
from gatekeeper.freshness.forecast.line import NOT_EVALUATED, Line
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.forecast.rule import rules
from gatekeeper.freshness.forecast.rule_search import rule_search
from gatekeeper.freshness.forecast.scope import Scope
from gatekeeper.freshness.forecast.unit import Unit, units
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Question, Verdict
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import Translation, translate
from gatekeeper.waivers.terms import WaiverTerms
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
    """Implements `Engine`: counts the runs of opa, and when reviews are evaluated."""

    def __init__(self) -> None:
        self.opa, self.runs, self.busy = engine(), 0, False
        self.clocks: list[int] = []
        self.covers: list[set[bool]] = []

    def evaluate(self, folder: Path, query: str) -> Printout:
        self.runs += 1
        data = json.loads((folder / "data.json").read_text())
        self.clocks += [at for case in data["cases"] for at in data["clocks"][case["clocks"]]]
        self.covers.append({case["wants_cover"] for case in data["cases"]})
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
    reason = "RegistryUnavailable"

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        if not self.away:
            return super().answers(keys)
        passing = {question.ref(key): {"reason": self.reason, "message": "no"} for key in keys}
        return StubAnswers({}, {}, json.dumps(passing))


@dataclass
class Rounds:
    """Rounds with one memory."""

    facts: PassingFacts = field(default_factory=lambda: PassingFacts({IMAGE: NOW - 27 * DAY, OTHER: NOW - 20 * DAY}))
    memory: ForecastMemory = field(default_factory=ForecastMemory)
    images: tuple[str, ...] = (IMAGE,)
    policies: Sequence[Translation] = tuple(POLICIES)
    waivers: Sequence[Mapping[str, Any]] = ()
    runs: int = 0
    clocks: list[int] = field(default_factory=list)
    busy: bool = False

    def at(self, now: int, days: int = 4) -> list[Outlook]:
        self.facts.asked.clear()
        objects = [workload("Deployment", f"d{number}", spec(each)) for number, each in enumerate(self.images)]
        counter = RunCounter()
        counter.busy = self.busy
        until = now + days * DAY
        there = inventory(self.policies, *objects)
        around = ForecastSurroundings(waivers=self.waivers)
        found = outlooks(self.policies, there, self.facts, counter, now, until, around, memory=self.memory)
        self.runs, self.clocks = counter.runs, counter.clocks
        return [each for each in found if each.question is Question.APPLY and each.policy == "maximum-image-age"]


def waivable(*, allowed: bool = True) -> Translation:
    """A limit of 30 days, in a cluster that syncs Waivers."""
    made = MaximumImageAge(reschedule="deny", waivers=WaiverTerms(allowed=allowed))
    return Translation(made.name, KIND.template(synced_waivers=True), made.constraints())


def waiver(namespace: str, images: str = "registry.example.com/shop/*") -> dict[str, Any]:
    """Of a namespace, for a week."""
    spec = {
        "policies": ["maximum-image-age"],
        "namespaces": [namespace],
        "images": [images],
        "until": "2026-12-08T12:00:00Z",
        "reason": "the vendor builds it anew",
        "owner": "team-shop",
    }
    metadata = {"name": f"{namespace}-{images[21:24]}", "creationTimestamp": "2026-12-01T11:00:00Z"}
    return {"metadata": metadata, "spec": spec}


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


def test_round_after_the_clock_was_set_back_looks_anew() -> None:
    rounds = Rounds()
    rounds.at(NOW + 4 * DAY)
    (found,) = rounds.at(NOW)
    assert [(each.since, each.verdict) for each in found.turns] == [
        (NOW, Verdict.ADMITTED),
        (NOW + 3 * DAY, Verdict.DENIED),
    ]


def test_what_many_workloads_have_in_common_is_kept_once_and_so_it_stays() -> None:
    rounds = Rounds(images=(IMAGE,) * 20)
    first = rounds.at(NOW)
    assert (len(first), len({id(each.turns) for each in first})) == (20, 1)
    before = {id(each) for its in rounds.memory.lines.values() for each in its.values()}
    second = rounds.at(NOW + HOUR)
    assert (len(second), len({id(each.turns) for each in second})) == (20, 1)
    assert {id(each) for its in rounds.memory.lines.values() for each in its.values()} == before


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


def test_whole_review_is_looked_at_when_any_waiver_of_the_policy_ends() -> None:
    around = ForecastSurroundings(waivers=[waiver("shop")])
    rule = next(each for each in rules([waivable()], around.inventory) if each.waived)
    whole = Unit(json.dumps({"object": pod("web", spec(IMAGE))}))
    book = AnswerBook(PassingFacts({}), {}, NOW)
    search = rule_search(rule, [whole], book, lambda _unit: True, NOW, NOW + 30 * DAY, 1000)
    next(search)
    said: Mapping[Unit, Line] = {whole: [(NOW, frozenset())]}
    search.send(said)
    assert 1_796_731_200 * SECOND in search.send(said)[whole], "2026-12-08T12:00:00Z, beside each week"


def test_rules_that_are_searched_one_after_the_other_say_what_they_say_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together, apart = Rounds(images=(IMAGE, OTHER)), Rounds(images=(IMAGE, OTHER))
    expected = together.at(NOW)
    monkeypatch.setattr(limits, "UNITS_TOGETHER", 1)
    assert apart.at(NOW) == expected
    assert len(expected) == 2
    assert apart.runs > together.runs


def test_of_images_that_are_judged_together_each_has_its_own_turns_alone() -> None:
    rounds = Rounds(images=(IMAGE, OTHER))
    rounds.at(NOW, days=20)
    lines = [each.line for its in rounds.memory.lines.values() for each in its.values()]
    days = {tuple((at - NOW) // DAY for at, _ in line) for line in lines}
    assert days == {(0, 3), (0, 10), (0, 2), (0, 9), (0,)}


def test_rules_of_one_template_share_runs_of_opa() -> None:
    rounds = Rounds()
    rounds.at(NOW)
    # Asked, answered, looked at, at their own moments, a second before; of four Constraints.
    assert rounds.runs <= 6


def test_what_a_rule_is_given_with_and_without_waivers_alike_is_evaluated_once() -> None:
    plain = Rounds(policies=[waivable(allowed=False)])
    elsewhere = Rounds(policies=[waivable()], waivers=[waiver("tools")])
    for rounds in (plain, elsewhere):
        (found,) = rounds.at(NOW)
        assert (found.now.verdict, found.best_before) == (Verdict.ADMITTED, NOW + 3 * DAY)
    assert len(elsewhere.clocks) == len(plain.clocks) > 0


def test_new_waiver_has_only_what_it_may_cover_evaluated_anew() -> None:
    rounds = Rounds(policies=[waivable()])
    (first,) = rounds.at(NOW)
    rounds.waivers = [waiver("tools"), waiver("shop", images="registry.example.com/billing/*")]
    rounds.at(NOW + HOUR)
    assert not rounds.clocks
    rounds.waivers = [*rounds.waivers, waiver("shop")]
    (waived,) = rounds.at(NOW + 2 * HOUR)
    assert rounds.clocks
    assert (first.best_before, waived.best_before) == (NOW + 3 * DAY, None)
    rounds.waivers = rounds.waivers[:2]
    (again,) = rounds.at(NOW + 3 * HOUR)
    assert again.best_before == NOW + 3 * DAY


def test_which_images_a_policy_covers_is_looked_at_with_the_first_moment_alone() -> None:
    counter = RunCounter()
    there = inventory(POLICIES, workload("Deployment", "web", spec(IMAGE)))
    found = outlooks(POLICIES, there, BirthFacts({IMAGE: NOW - 27 * DAY}), counter, NOW, NOW + 4 * DAY)
    # In the second run the answers are there that the first one asked for.
    assert counter.covers[:2] == [{True}, {True}]
    assert counter.covers[2:]
    assert all(each == {False} for each in counter.covers[2:])
    assert {each.best_before for each in found if each.question is Question.APPLY} == {NOW + 2 * DAY, NOW + 3 * DAY}


@pytest.mark.parametrize("written", [False, True], ids=["our own", "somebody's"])
def test_image_that_a_policy_does_not_cover_is_judged_for_now_alone(written: bool) -> None:
    glob = "registry.example.com/billing/**"
    document = quick_yaml.load(RULE.read_text())
    document["spec"]["images"] = [{"glob": glob}]
    text = io.BytesIO(yaml.safe_dump(document).encode())
    policies = translate(load_policies(["-"], text).policies) if written else [age_policy(images=(glob,))]
    rounds = Rounds(policies=policies)
    assert rounds.at(NOW) == []
    assert set(rounds.clocks) == {NOW}


def test_rules_are_not_all_looked_at_anew_in_one_round() -> None:
    rounds = Rounds()
    rounds.at(NOW)
    ends = {rule: each.until - (NOW + 4 * DAY) for rule, its in rounds.memory.lines.items() for each in its.values()}
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


def test_rule_that_does_not_finish_is_tried_for_one_image_at_one_moment_and_no_more() -> None:
    several = tuple(f"registry.example.com/shop/web:{number}" for number in range(50))
    rounds = Rounds(images=several, busy=True, policies=POLICIES[:1])
    found = rounds.at(NOW)
    assert {(each.now.verdict, each.now.sentence) for each in found} == {(Verdict.UNKNOWN, "it did not finish in time")}
    assert len(found) == 50
    assert rounds.runs == 3, "all together, and one alone of each of two Constraints"


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


@pytest.mark.parametrize("reason", ["RegistryUnavailable", "Throttled"])
def test_what_is_known_stays_while_a_registry_is_away_with_its_age_and_not_for_ever(reason: str) -> None:
    rounds = Rounds()
    rounds.facts.reason = reason
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
