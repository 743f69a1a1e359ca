"""From when images would be denied, with an engine that denies each image from a time on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.evaluation.checker import whole
from gatekeeper.evaluation.forecast import DAY, HOUR, MINUTE, Expiry, forecast
from gatekeeper.evaluation.opa import Printout
from gatekeeper.evaluation.program import StubAnswers
from gatekeeper.evaluation.review import Review
from provider.questions.question import FactQuestion, key_of
from tests.engine import printout
from tests.unit.evaluation.test_checker import FactsDouble, translation

NOW = 20_000 * DAY + 5 * HOUR


class AgingEngine:
    """Denies an image from its time on; counts the cases."""

    def __init__(self, times: dict[str, int]) -> None:
        self.times = times
        self.cases = 0
        self.runs = 0

    def evaluate(self, folder: Path, _query: str) -> Printout:
        cases = json.loads((folder / "data.json").read_text())["cases"]
        self.cases += len(cases)
        self.runs += 1
        return printout({number: list(self._said(case)) for number, case in enumerate(cases)})

    def _said(self, case: Any) -> Any:
        for container in case["input"]["review"]["object"]["spec"]["containers"]:
            # One object may be judged otherwise than others with its image.
            name = case["input"]["review"]["name"]
            if case["now"] >= self.times.get(f"{name}/{container['image']}", self.times[container["image"]]):
                details = {"image": container["image"], "path": "spec", "reason": "ImageTooOld"}
                yield {"msg": "old", "details": details}

    def check(self, _folder: Path) -> tuple[()]:
        return ()


def pod(name: str, *images: str) -> Review:
    spec = {"containers": [{"name": image, "image": image} for image in images]}
    return Review({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def foreseen(engine: AgingEngine, *reviews: Review, days: int = 30) -> list[Expiry]:
    facts = FactsDouble(StubAnswers({}, {}))
    return forecast([translation("age", "deny")], reviews, facts, engine, NOW, NOW + days * DAY, whole)


def told(expiries: list[Expiry]) -> list[tuple[str, str, int, bool]]:
    return [(each.finding.review.title, each.finding.image, each.since, each.already) for each in expiries]


def test_time_is_known_to_the_minute_and_the_earliest_comes_first() -> None:
    late, early = NOW + 9 * DAY + 3 * HOUR + 7 * MINUTE, NOW + 3 * MINUTE
    engine = AgingEngine({"a": late, "b": early, "c": NOW + 31 * DAY, "d": NOW - DAY})
    assert told(foreseen(engine, pod("web", "a", "b", "c", "d"))) == [
        ("Pod web", "d", NOW, True),
        ("Pod web", "b", early, False),
        ("Pod web", "a", late, False),
    ]


def test_end_itself_is_looked_at() -> None:
    engine = AgingEngine({"a": NOW + 30 * DAY})
    assert told(foreseen(engine, pod("web", "a"))) == [("Pod web", "a", NOW + 30 * DAY, False)]


def test_objects_with_one_image_cost_few_evaluations_and_are_told_each() -> None:
    at = NOW + 12 * DAY + HOUR
    engine = AgingEngine({"a": at})
    found = told(foreseen(engine, *(pod(f"p{number}", "a") for number in range(100)), days=365))
    assert found == [(f"Pod p{number}", "a", at, False) for number in range(100)]
    # Now (asked, and answered), the days of one object, its finer steps, and the others at their time and the end.
    assert engine.cases < 3 * 100 + 28 + 30 + 3 * 100 + 10


def test_object_that_is_denied_is_not_looked_at_for_the_days_after() -> None:
    engine = AgingEngine({"a": NOW + 2 * DAY})
    assert told(foreseen(engine, pod("p", "a"), days=365)) == [("Pod p", "a", NOW + 2 * DAY, False)]
    assert engine.cases < 28 + 30 + 10


def test_a_year_of_one_image_costs_few_runs_of_opa() -> None:
    engine = AgingEngine({"a": NOW + 999 * DAY})
    assert foreseen(engine, pod("p", "a"), days=400) == []
    # Most of a short run is the start of opa: now (asked, and answered), and 28, 56, 112, 112 and the rest of the days.
    assert engine.runs <= 2 + 6


def test_what_is_denied_for_some_days_only_is_found() -> None:
    class FreezeEngine(AgingEngine):
        """Denies for a week."""

        def _said(self, case: Any) -> Any:
            return super()._said(case) if case["now"] < self.times["a"] + 7 * DAY else ()

    at = NOW + 200 * DAY + HOUR + MINUTE
    engine = FreezeEngine({"a": at, "b": NOW + 999 * DAY})
    assert told(foreseen(engine, pod("p", "a"), pod("q", "b"), days=365)) == [("Pod p", "a", at, False)]


def test_object_that_is_judged_otherwise_than_others_has_its_own_time() -> None:
    engine = AgingEngine({"a": NOW + 12 * DAY, "early/a": NOW + 2 * DAY, "late/a": NOW + 20 * DAY, "now/a": NOW})
    found = told(foreseen(engine, pod("first", "a"), pod("early", "a"), pod("late", "a"), pod("now", "a")))
    assert found == [
        ("Pod now", "a", NOW, True),
        ("Pod early", "a", NOW + 2 * DAY, False),
        ("Pod first", "a", NOW + 12 * DAY, False),
        ("Pod late", "a", NOW + 20 * DAY, False),
    ]


def test_nothing_to_judge_has_no_forecast() -> None:
    assert foreseen(AgingEngine({}), Review({"apiVersion": "v1", "kind": "ConfigMap"})) == []


class BirthEngine(AgingEngine):
    """Asks for the facts of what it judges."""

    def evaluate(self, folder: Path, query: str) -> Printout:
        cases = json.loads((folder / "data.json").read_text())["cases"]
        asked = {
            number: [
                key_of(FactQuestion(each["image"])) for each in case["input"]["review"]["object"]["spec"]["containers"]
            ]
            for number, case in enumerate(cases)
        }
        said = super().evaluate(folder, query)
        return Printout(said.value, printout({}, asked).lines)


def births(**created: int) -> FactsDouble:
    return FactsDouble(
        StubAnswers({key_of(FactQuestion(name)): {"createdNs": str(at)} for name, at in created.items()}, {})
    )


@pytest.mark.parametrize("late", [0, 1, 30 * 1_000_000_000, MINUTE - 1])
@pytest.mark.parametrize("moment", [0, 17 * HOUR + 23 * MINUTE + 1, 5 * HOUR, DAY - 1])
def test_image_that_is_denied_whole_days_after_it_was_built_costs_few_evaluations(late: int, moment: int) -> None:
    built = NOW - 20 * DAY - NOW % DAY + moment
    at = built + 30 * DAY + late
    engine = BirthEngine({"a": at})
    (found,) = forecast(
        [translation("age", "deny")], [pod("p", "a")], births(a=built), engine, NOW, NOW + 90 * DAY, whole
    )
    assert found.since == -(-at // MINUTE) * MINUTE
    # Now (asked, and answered), the days of a run, and the minutes around the time.
    assert engine.cases <= 3 + 28 + 5


def test_image_that_is_denied_at_another_time_of_day_is_searched_by_the_minute() -> None:
    at = NOW + 9 * DAY + 3 * HOUR + 7 * MINUTE
    engine = BirthEngine({"a": at, "b": at})
    found = forecast(
        [translation("age", "deny")],
        [pod("p", "a", "b")],
        births(a=at - 30 * DAY + HOUR, b=at - 30 * DAY - HOUR),
        engine,
        NOW,
        NOW + 90 * DAY,
        whole,
    )
    assert [each.since for each in found] == [at, at]


def test_policy_of_ours_that_reads_no_clock_is_asked_only_about_now() -> None:
    made = translation("age", "deny")
    source = {"rego": "package age\n", "libs": ["package lib.bestbefore.images\n"]}
    template = {"spec": {**made.template["spec"], "targets": [{"code": [{"source": source}]}]}}
    engine = AgingEngine({"a": NOW + 10 * DAY, "b": NOW})
    found = forecast(
        [replace(made, template=template)], [pod("p", "a", "b")], births(), engine, NOW, NOW + 90 * DAY, whole
    )
    assert told(found) == [("Pod p", "b", NOW, True)]
    assert engine.cases <= 2
