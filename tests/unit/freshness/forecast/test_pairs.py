"""Which two Constraints are evaluated at once: those to whose template they look alike, whatever they do with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.documents import fields
from gatekeeper.evaluation.opa import NoVerdictError, Printout
from gatekeeper.freshness.forecast.line import NOT_EVALUATED
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.forecast.pairs import pairs
from gatekeeper.freshness.forecast.rule import Rule, rules
from gatekeeper.freshness.outlook import DAY, Outlook, Question, Verdict
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.translation.translate import Translation
from gatekeeper.waivers.terms import WaiverTerms
from tests import quick_yaml
from tests.programs import ROOT
from tests.unit.freshness.forecast.test_outlooks import inventory
from tests.unit.freshness.forecast.test_rounds import RunCounter, waiver
from tests.unit.freshness.objects import NOW, BirthFacts, age_policy, spec, workload

IMAGE, OTHER = "registry.example.com/shop/web:1", "registry.example.com/shop/db:1"
FACTS = {IMAGE: NOW - 27 * DAY, OTHER: NOW - 20 * DAY}


def numbered(*policies: Translation, inventory: Mapping[str, Any] | None = None) -> Mapping[int, Rule]:
    return dict(enumerate(rules(policies, inventory or {})))


def changed(policy: Translation, half: int, **parts: Any) -> Translation:
    """A policy of which somebody changed parts of one Constraint's `spec`; parameters beside those that stay."""
    constraints = list(policy.constraints)
    its = constraints[half]["spec"]
    parameters = {**its["parameters"], **parts.pop("parameters", {})}
    constraints[half] = {**constraints[half], "spec": {**its, **parts, "parameters": parameters}}
    return replace(policy, constraints=tuple(constraints))


def foreseen(*policies: Translation, engine: RunCounter | None = None, days: int = 6) -> Sequence[Outlook]:
    objects = [workload("Deployment", f"d{number}", spec(image)) for number, image in enumerate(FACTS)]
    counter = engine or RunCounter()
    return outlooks(policies, inventory(policies, *objects), BirthFacts(FACTS), counter, NOW, NOW + days * DAY)


def turns(found: Sequence[Outlook], question: Question) -> list[tuple[int, Verdict]]:
    """Of the image that is 27 days old."""
    (one,) = [each for each in found if each.question is question and each.subject.image == IMAGE]
    return [((turn.since - NOW) // DAY, turn.verdict) for turn in one.turns]


@pytest.mark.parametrize("folder", ["maximum-image-age", "signed-images"])
def test_constraints_of_a_ready_policy_are_one(folder: str) -> None:
    template, *made = (
        document
        for name in ("template", "constraint")
        for document in quick_yaml.load_all((ROOT / "policies" / folder / f"{name}.yaml").read_text())
    )
    every = numbered(Translation(folder, template, tuple(made)))
    names = {
        fields.name(every[one].constraint): fields.name(every[other].constraint) for one, other in pairs(every).items()
    }
    assert names == {f"{folder}-warn": folder}


def test_what_a_constraint_matches_is_called_and_does_is_nothing_to_its_template() -> None:
    policy = age_policy(unknown_age="allow")
    elsewhere = changed(policy, 1, match={"namespaces": ["tools"]}, enforcementAction="deny")
    assert pairs(numbered(elsewhere)) == {1: 0}


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize(
    "parameters",
    [
        {"maxAge": "29d"},
        {"reschedule": "deny"},
        {"name": "another"},
        {"reports": "all"},
        {"reports": None},
        {"twin": "allow"},
        {"images": []},
        {"workloadsMatched": 1},
        {"unheard": "of"},
        {"stale": "deny"},
    ],
    ids="-".join,
)
def test_what_is_given_anything_else_is_evaluated_alone(parameters: dict[str, Any], half: int) -> None:
    assert pairs(numbered(changed(age_policy(), half, parameters=parameters))) == {}


@pytest.mark.parametrize("action", ["dryrun", "scoped"])
def test_constraint_that_nobody_notices_is_no_half(action: str) -> None:
    actions = [{"action": "deny", "enforcementPoints": [{"name": "*"}]}]
    silent = changed(age_policy(), 0, enforcementAction=action, scopedEnforcementActions=actions)
    assert pairs(numbered(silent)) == {}
    assert turns(foreseen(silent), Question.APPLY) == [(0, Verdict.ADMITTED)]


def test_halves_of_two_policies_are_no_pair() -> None:
    one, other = age_policy(), age_policy(name="other", max_age="29d")
    assert pairs(numbered(one, other)) == {1: 0, 3: 2}


def test_each_constraint_is_of_one_pair() -> None:
    assert pairs(numbered(age_policy(), age_policy())) == {1: 0}


def test_template_of_another_release_is_evaluated_for_each_constraint() -> None:
    """In its text `reports` may be read where it is not read now."""
    template = json.loads(json.dumps(KIND.template()).replace("No image can be judged", "No image was judged"))
    assert pairs(numbered(replace(age_policy(), template=template))) == {}


def test_waivers_of_the_cluster_are_the_same_to_both_and_the_rule_without_them_stands_alone() -> None:
    made = MaximumImageAge(waivers=WaiverTerms(allowed=True))
    policy = Translation(made.name, KIND.template(synced_waivers=True), made.constraints())
    every = numbered(policy, inventory=ForecastSurroundings(waivers=[waiver("shop")]).inventory)
    assert [each.waived for each in every.values()] == [True, False, True]
    assert pairs(every) == {2: 0}


def test_what_lies_in_the_cluster_has_to_be_the_same_to_both() -> None:
    denies, warns = numbered(age_policy()).values()
    assert pairs({0: denies, 1: replace(warns, inventory='{"cluster":{}}')}) == {}


def test_what_only_the_twin_would_let_pass_is_warned_of() -> None:
    """It sees no other parameters than its own: that the one that denies lets it pass, too, has to stand there."""
    policy = age_policy(reschedule="allow")
    assert turns(foreseen(policy), Question.RESCHEDULE) == [(0, Verdict.ADMITTED)]
    untold = changed(policy, 1, parameters={"twin": {}})
    assert pairs(numbered(untold)) == {1: 0}
    assert turns(foreseen(untold), Question.RESCHEDULE) == [(0, Verdict.ADMITTED), (3, Verdict.WARNED)]


def test_pair_is_evaluated_once() -> None:
    """Nothing turns, so both are wanted at the same moments."""
    together, alone = RunCounter(), RunCounter()
    policy = age_policy(max_age="60d")
    foreseen(policy, engine=together)
    foreseen(changed(policy, 1, enforcementAction="dryrun"), engine=alone)
    assert sorted(together.clocks) == sorted(alone.clocks)


def test_each_of_a_pair_says_its_own() -> None:
    found = foreseen(age_policy(grace="2d"))
    assert turns(found, Question.APPLY) == [(0, Verdict.ADMITTED), (3, Verdict.DENIED)]
    assert turns(found, Question.RESCHEDULE) == [(0, Verdict.ADMITTED), (3, Verdict.WARNED), (5, Verdict.DENIED)]


def test_half_that_looks_elsewhere_says_nothing_here() -> None:
    elsewhere = {"namespaces": ["tools"]}
    denies = foreseen(changed(age_policy(grace="2d"), 1, match=elsewhere))
    assert turns(denies, Question.RESCHEDULE) == [(0, Verdict.ADMITTED), (5, Verdict.DENIED)]
    warns = foreseen(changed(age_policy(grace="2d"), 0, match=elsewhere))
    assert turns(warns, Question.RESCHEDULE)[:2] == [(0, Verdict.ADMITTED), (3, Verdict.WARNED)]
    assert Verdict.DENIED not in {verdict for _, verdict in turns(warns, Question.APPLY)}


def test_other_limit_of_one_constraint_is_its_own() -> None:
    """The one that warns says it four days sooner, and not what the other one denies."""
    found = foreseen(changed(age_policy(grace="2d"), 1, parameters={"maxAge": "28d"}))
    assert turns(found, Question.RESCHEDULE) == [(0, Verdict.ADMITTED), (1, Verdict.WARNED), (5, Verdict.DENIED)]


class NoPairs(RunCounter):
    """An engine that has no time for a pair."""

    pairs = 0

    def evaluate(self, folder: Path, query: str) -> Printout:
        if any(case["pair"] for case in json.loads((folder / "data.json").read_text())["cases"]):
            self.pairs += 1
            raise NoVerdictError(NOT_EVALUATED, "it did not finish in time")
        return super().evaluate(folder, query)


def test_pair_that_cannot_be_evaluated_is_tried_as_two() -> None:
    """That counts against neither of them."""
    policies = [age_policy(grace="2d"), age_policy(name="other", max_age="29d", grace="1d")]
    engine = NoPairs()
    assert foreseen(*policies, engine=engine) == foreseen(*policies)
    assert engine.pairs > 0


def test_pair_of_which_nothing_can_be_evaluated_is_unknown() -> None:
    engine = RunCounter()
    engine.busy = True
    found = foreseen(age_policy(), engine=engine)
    assert {turn.verdict for each in found for turn in each.turns} == {Verdict.UNKNOWN}
