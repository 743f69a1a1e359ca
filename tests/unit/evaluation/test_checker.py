from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest

from gatekeeper.evaluation.check_result import CheckResult, Judgement
from gatekeeper.evaluation.checker import check
from gatekeeper.evaluation.evaluator import Violation
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.finding import FACTS_MISSING, Finding
from gatekeeper.evaluation.program import StubAnswers
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.translate import Translation
from provider.questions.proof_question import Keyless, TrustRootName, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of
from tests.engine import printout
from tests.unit.evaluation.test_evaluator import EngineDouble, violation

KEY = key_of(FactQuestion("registry.test/app:1", config=True))


def pod(name):
    spec = {"containers": [{"name": "c", "image": "app:1"}]}
    return Review({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


POD = pod("web")


def finding(action, reason):
    return Finding("age", action, POD, Violation(f"{action} {reason}", {"reason": reason}))


def outcome(*findings):
    return CheckResult((Judgement("age", POD, frozenset(), findings),))


def test_denial_denies_and_warning_warns():
    found = outcome(finding("deny", "PolicyFailed"), finding("warn", "PolicyFailed"))
    assert found.errors == ("deny PolicyFailed",)
    assert found.warnings == ("warn PolicyFailed",)
    assert not found.allowed
    assert outcome(finding("warn", "PolicyFailed")).allowed
    assert outcome().allowed


@pytest.mark.parametrize("reason", ["Internal", "ProviderUnavailable", "RegistryUnavailable", "Timeout"])
def test_denials_that_say_nothing_of_the_image_are_no_verdict(reason):
    assert outcome(finding("deny", reason), finding("deny", reason)).undecided == reason


@pytest.mark.parametrize("reason", ["ImageTooOld", "NotFound", "SignatureAbsent", "a word of the policy's own", ""])
def test_one_denial_about_the_image_is_a_verdict(reason):
    assert outcome(finding("deny", "Timeout"), finding("deny", reason)).undecided == ""


def test_warnings_and_admissions_are_verdicts():
    assert outcome(finding("warn", "Timeout")).undecided == ""
    assert outcome().undecided == ""


@dataclass
class FactsDouble:
    recorded: StubAnswers
    asked: list = field(default_factory=list)

    def answers(self, keys):
        self.asked.append(tuple(keys))
        return self.recorded

    def at_hand(self, cases, images):
        return StubAnswers({}, {})


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


class AskingEngine(EngineDouble):
    """Asks one question for every case, and says that its policies cover these images."""

    covered: Sequence[str] | None = ("app:1",)

    def evaluate(self, folder, query):
        found = {int(index): each for index, each in super().evaluate(folder, query).value["violations"].items()}
        images = dict.fromkeys(found, self.covered) if self.covered is not None else {}
        return printout(found, {index: [KEY] for index in found}, images)


def test_every_constraint_judges_every_review_with_one_question():
    engine = AskingEngine({"age-deny": [violation("too old")], "age-warn": [violation("mind")]})
    facts = FactsDouble(StubAnswers({KEY: {"digest": "sha256:0"}}, {}))
    reviews = [pod(name) for name in ("web", "db")]
    found = check([translation("age", "deny", "warn")], reviews, facts, engine, 1)
    assert facts.asked == [(KEY,)]
    assert [(each.policy, each.action, each.review.title, each.violation.msg) for each in found.findings] == [
        ("age", "deny", "Pod web", "too old"),
        ("age", "warn", "Pod web", "mind"),
        ("age", "deny", "Pod db", "too old"),
        ("age", "warn", "Pod db", "mind"),
    ]
    assert [(each.policy, each.review.title) for each in found.judgements] == [("age", "Pod web"), ("age", "Pod db")]
    assert found.facts == {"registry.test/app:1": {"digest": "sha256:0"}}


@pytest.mark.parametrize(
    ("recorded", "fact"),
    [
        (StubAnswers({}, {KEY: "ContentInvalid: bad: very"}), {"reason": "ContentInvalid", "message": "bad: very"}),
        (StubAnswers({}, {}), {}),
    ],
)
def test_facts_say_what_was_not_found_out(recorded, fact):
    engine = AskingEngine({"age-deny": []})
    found = check([translation("age", "deny")], [POD], FactsDouble(recorded), engine, 1)
    assert found.facts == {"registry.test/app:1": fact}


def test_nothing_to_judge_asks_nothing():
    assert check([], [POD], FactsDouble(StubAnswers({}, {})), EngineDouble({}), 1) == CheckResult()


def test_object_that_brings_no_pod_is_not_judged_and_the_reason_is_said():
    settings = Review({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}, file="a.yaml")
    engine = AskingEngine({"age-deny": []})
    found = check([translation("age", "deny")], [settings, POD], FactsDouble(StubAnswers({}, {})), engine, 1)
    assert [(each.what, each.name, each.file) for each in found.unjudged] == [
        ("object", "ConfigMap settings", "a.yaml")
    ]
    assert [each.review.title for each in found.judgements] == ["Pod web"]
    assert found.judged
    nothing = check([translation("age", "deny")], [settings], FactsDouble(StubAnswers({}, {})), engine, 1)
    assert not nothing.judged


def test_image_that_no_policy_covers_and_policy_that_covers_none_are_told():
    engine = AskingEngine({"age-deny": []})
    engine.covered = ()
    found = check([translation("age", "deny")], [POD], FactsDouble(StubAnswers({}, {})), engine, 1)
    assert [(each.what, each.name) for each in found.unjudged] == [("image", "app:1"), ("policy", "age")]
    assert not found.judged


def test_template_that_does_not_say_what_it_covers_covers_all():
    engine = AskingEngine({"age-deny": []})
    engine.covered = None
    found = check([translation("age", "deny")], [POD], FactsDouble(StubAnswers({}, {})), engine, 1)
    assert found.judged
    assert found.unjudged == ()


def test_twins_of_a_policy_are_one_judgement():
    engine = AskingEngine({"age-deny": [], "age-warn": [violation("mind")]})
    (one,) = check([translation("age", "deny", "warn")], [POD], FactsDouble(StubAnswers({}, {})), engine, 1).judgements
    assert [each.action for each in one.findings] == ["warn"]


def test_image_that_recorded_facts_do_not_have_is_no_verdict():
    refusal = {"msg": "NotFound", "details": {"reason": "NotFound", "image": "app:1", "stage": "authorities"}}
    facts = FactsDouble(StubAnswers({}, {}, "", frozenset({"app:1"})))
    found = check([translation("age", "deny")], [POD], facts, AskingEngine({"age-deny": [refusal]}), 1)
    assert found.undecided == FACTS_MISSING
    assert found.findings[0].remedy == "Record its facts: `bestbefore facts app:1 --output json`."


def test_command_of_a_remedy_takes_an_image_for_one_word():
    refusal = {"msg": "NotFound", "details": {"reason": "NotFound", "image": "app; id", "stage": "authorities"}}
    facts = FactsDouble(StubAnswers({}, {}, "", frozenset({"app; id"})))
    found = check([translation("age", "deny")], [POD], facts, AskingEngine({"age-deny": [refusal]}), 1)
    assert found.findings[0].remedy == "Record its facts: `bestbefore facts 'app; id' --output json`."


def test_image_whose_signatures_were_not_recorded_is_told_what_records_them():
    refusal = {"msg": "NotFound", "details": {"reason": "NotFound", "image": "app:1", "stage": "authorities"}}
    asked = key_of(ProofQuestion("app:1", Verify(keyless=Keyless(TrustRootName("house")))))
    facts = FactsDouble(RecordedFacts({"app:1": {"digest": "sha256:0"}}).answers([asked]))
    found = check([translation("age", "deny")], [POD], facts, AskingEngine({"age-deny": [refusal]}), 1)
    assert found.undecided == FACTS_MISSING
    assert "`bestbefore check --policy … --image app:1 --output json`" in found.findings[0].remedy


@pytest.mark.parametrize(
    ("details", "sentence"),
    [
        ({"said": "too old"}, "too old"),
        ({"said": "", "path": "spec.a", "image": "app:1"}, "It is bad."),
        ({"path": "spec.b", "image": "app:1"}, "It is bad. spec.a app:1 (Bad). failed policy: x"),
        ({}, "It is bad. spec.a app:1 (Bad). failed policy: x"),
    ],
)
def test_sentence_of_a_finding_does_not_repeat_the_image(details, sentence):
    said = Violation("It is bad. spec.a app:1 (Bad). failed policy: x", details)
    assert Finding("age", "deny", POD, said).sentence == sentence


def test_call_with_more_keys_than_the_provider_answers_is_denied_as_in_a_cluster():
    class GreedyEngine(EngineDouble):
        def evaluate(self, folder, query):
            keys = [key_of(FactQuestion(f"registry.test/app:{number}")) for number in range(self.count)]
            return printout({0: []}, {0: keys})

    engine = GreedyEngine({})
    engine.count = 500
    assert check([translation("age", "deny")], [POD], FactsDouble(StubAnswers({}, {})), engine, 1).allowed
    engine.count = 501
    found = check([translation("age", "deny")], [POD], FactsDouble(StubAnswers({}, {})), engine, 1)
    assert found.errors == ("The policy asks 501 questions at once; the provider answers 500 at most.",)
    assert found.findings[0].reason == "LimitExceeded"
