from dataclasses import dataclass, field
from types import MappingProxyType

import pytest

from gatekeeper.evaluation.checker import NO_VERDICT, Finding, Outcome, check
from gatekeeper.evaluation.evaluator import Violation
from gatekeeper.evaluation.program import Recorded
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.translate import Translation
from provider.questions.question import FactQuestion, key_of
from provider.reasons import Reason
from tests.unit.evaluation.test_evaluator import EngineDouble, violation

KEY = key_of(FactQuestion("registry.test/app:1", config=True))


def finding(action, reason):
    return Finding("age", action, "Pod web", Violation(f"{action} {reason}", {"reason": reason}))


def outcome(*findings):
    return Outcome(findings, {}, ())


def test_denial_denies_and_warning_warns():
    found = outcome(finding("deny", "PolicyFailed"), finding("warn", "PolicyFailed"))
    assert found.errors == ("deny PolicyFailed",)
    assert found.warnings == ("warn PolicyFailed",)
    assert not found.allowed
    assert outcome(finding("warn", "PolicyFailed")).allowed
    assert outcome().allowed


@pytest.mark.parametrize("reason", sorted(NO_VERDICT))
def test_denials_that_say_nothing_of_the_image_are_no_verdict(reason):
    assert outcome(finding("deny", reason), finding("deny", reason)).undecided == reason


@pytest.mark.parametrize("reason", sorted(set(Reason) - NO_VERDICT))
def test_one_denial_about_the_image_is_a_verdict(reason):
    assert outcome(finding("deny", "Timeout"), finding("deny", reason)).undecided == ""


def test_warnings_and_admissions_are_verdicts():
    assert outcome(finding("warn", "Timeout")).undecided == ""
    assert outcome().undecided == ""


@dataclass
class FactsDouble:
    recorded: Recorded
    asked: list = field(default_factory=list)

    def answers(self, keys):
        self.asked.append(tuple(keys))
        return self.recorded


def translation(name, *actions):
    source = MappingProxyType({"rego": f"package {name}\n", "libs": []})
    template = {
        "spec": {
            "crd": {"spec": {"names": {"kind": "CipX"}}},
            "targets": [{"code": [{"source": source}]}],
        }
    }
    made = [{"spec": {"enforcementAction": action, "parameters": {"name": f"{name}-{action}"}}} for action in actions]
    return Translation(name, template, tuple(made))


class TwoStepEngine(EngineDouble):
    """Says the questions first, the violations then."""

    def evaluate(self, folder, query):
        found = super().evaluate(folder, query)
        return {index: [KEY] for index in found} if query.endswith("questions") else found


def test_every_constraint_judges_every_review_with_one_question():
    engine = TwoStepEngine({"age-deny": [violation("too old")], "age-warn": [violation("mind")]})
    facts = FactsDouble(Recorded({KEY: {"digest": "sha256:0"}}, {}))
    reviews = [Review({"kind": "Pod", "metadata": {"name": name}}) for name in ("web", "db")]
    found = check([translation("age", "deny", "warn")], reviews, facts, engine, 1)
    assert facts.asked == [(KEY,)]
    assert [(each.policy, each.action, each.review, each.violation.msg) for each in found.findings] == [
        ("age", "deny", "Pod web", "too old"),
        ("age", "warn", "Pod web", "mind"),
        ("age", "deny", "Pod db", "too old"),
        ("age", "warn", "Pod db", "mind"),
    ]
    assert found.judged == (("age", "Pod web"), ("age", "Pod db"))
    assert found.facts == {"registry.test/app:1": {"digest": "sha256:0"}}


@pytest.mark.parametrize(
    ("recorded", "fact"),
    [
        (Recorded({}, {KEY: "ContentInvalid: bad: very"}), {"reason": "ContentInvalid", "message": "bad: very"}),
        (Recorded({}, {}), {}),
    ],
)
def test_facts_say_what_was_not_found_out(recorded, fact):
    engine = TwoStepEngine({"age-deny": []})
    found = check([translation("age", "deny")], [Review({"kind": "Pod"})], FactsDouble(recorded), engine, 1)
    assert found.facts == {"registry.test/app:1": fact}


def test_nothing_to_judge_asks_nothing():
    assert check([], [Review({"kind": "Pod"})], FactsDouble(Recorded({}, {})), EngineDouble({}), 1) == Outcome(
        (), {}, ()
    )
