"""What a policy says of an object: which images it covers, why it says nothing, what was taken for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.evaluation.check_result import CheckResult, Judgement
from gatekeeper.evaluation.checker import Pair, check
from gatekeeper.evaluation.evaluator import ProviderCall, Violation
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.matching import Selection
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.translate import Translation
from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of, ref
from tests.unit.evaluation.test_checker import AskingEngine, FactsDouble, translation
from tests.unit.evaluation.test_evaluator import EngineDouble, printout, violation

SPEC: dict[str, Any] = {"containers": [{"image": "app:1"}, {"image": "side:1"}]}
POD = Review({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": SPEC}, file="web.yaml")
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"template": {"spec": SPEC}},
}
CONSTRAINT: dict[str, Any] = {"spec": {"enforcementAction": "warn", "parameters": {"a": 1}}}
OLD = Violation("Image is old. Image app:1", {"image": "app:1", "reason": "ImageTooOld", "path": "spec.a"})
OURS = ProviderCall("bestbefore", ("k",))
AUDITS = ProviderCall("bestbefore-audit", ("k",))
FOREIGN = ProviderCall("other", ("k",))
BAD = ProviderCall("bestbefore", (), "`keys` is no array")
BAD_FOREIGN = ProviderCall("other", (), "`keys` is no array")


def pair(review: Review = POD, looked_at: Review | None = None, notes: tuple[str, ...] = (), rego: str = "") -> Pair:
    template = Template("Age", f"package age\n{rego}", ())
    return Pair("age", template, CONSTRAINT, review, Selection(looked_at or review, notes=notes))


def said(
    *violations: Violation,
    calls: Sequence[ProviderCall] = (OURS,),
    answers: StubAnswers = NOTHING,
    of: Pair | None = None,
) -> Judgement:
    return (of or pair()).judgement(violations, frozenset({"app:1"}), calls, answers)


def test_finding_says_what_the_template_said() -> None:
    details = {"image": "app:1", "reason": "ImageTooOld", "path": "spec.x", "ref": "12ab", "said": "it is old"}
    (found,) = said(Violation("a long text", details)).findings
    assert (found.policy, found.action, found.review) == ("age", "warn", POD)
    assert (found.image, found.reason, found.path, found.ref) == ("app:1", "ImageTooOld", "spec.x", "12ab")
    assert (found.sentence, found.unanswered, found.undecided, found.unknown) == ("it is old", "", False, False)
    assert found.remedy
    assert found.line is None


def test_finding_of_another_template_says_what_there_is() -> None:
    found = Finding("age", "deny", POD, Violation("bad", {"reason": None}))
    assert (found.image, found.reason, found.path, found.ref, found.remedy) == ("", "", "", "", "")
    assert found.sentence == "bad"


def test_finding_without_an_answer_is_undecided() -> None:
    found = Finding("age", "deny", POD, Violation("late", {"reason": "Timeout"}))
    assert (found.unanswered, found.undecided) == ("Timeout", True)


def test_only_the_image_that_nobody_looked_at_is_unknown() -> None:
    answers = StubAnswers({}, {}, unknown=frozenset({"app:1"}))
    other = Violation("old", {"image": "side:1", "reason": "ImageTooOld"})
    assert [each.reason for each in said(OLD, other, answers=answers).findings] == ["FactsMissing", "ImageTooOld"]


@pytest.mark.parametrize("calls", [(), (OURS,), (AUDITS,), (OURS, AUDITS)])
def test_template_that_asks_our_provider_is_believed(calls: Sequence[ProviderCall]) -> None:
    assert said(OLD, calls=calls).reason == ""
    assert said(calls=calls) == Judgement("age", POD, frozenset({"app:1"}))


@pytest.mark.parametrize("calls", [(FOREIGN,), (OURS, FOREIGN), (BAD, FOREIGN)])
@pytest.mark.parametrize("violations", [(), (OLD,)])
def test_template_that_asks_another_provider_judges_nothing(
    calls: Sequence[ProviderCall], violations: Sequence[Violation]
) -> None:
    found = said(*violations, calls=calls)
    assert found.reason == "it asks the Provider other, of which nothing is known here"
    assert (found.images, found.findings, found.covers) == (frozenset(), (), False)


@pytest.mark.parametrize("calls", [(BAD,), (OURS, BAD), (BAD_FOREIGN,)])
def test_call_that_a_cluster_does_not_answer_is_no_yes(calls: Sequence[ProviderCall]) -> None:
    reason = "it calls external_data as no cluster answers it: `keys` is no array"
    assert (said(calls=calls).reason, said(calls=calls).covers) == (reason, False)
    assert [each.violation for each in said(OLD, calls=calls).findings] == [OLD]


def test_pod_of_a_workload_is_noted_and_its_fields_are_those_of_the_workload() -> None:
    given, pod = Review(DEPLOYMENT), Review(DEPLOYMENT, as_pod=True)
    found = said(OLD, of=pair(given, pod, ("a note",)))
    assert found.notes == ("judged as the Pod that it will make", "a note")
    assert found.review is given
    assert (found.findings[0].review, found.findings[0].path) == (pod, "spec.template.spec.a")


def test_object_that_is_judged_as_it_is_has_no_note() -> None:
    assert said(of=pair()).notes == ()
    rollout = Review({**DEPLOYMENT, "apiVersion": "x.test/v1"})
    assert said(of=pair(rollout)).notes == ()


def test_template_that_reads_other_objects_of_the_cluster_is_noted() -> None:
    (note,) = said(of=pair(rego="x := data.inventory.cluster\n")).notes
    assert "data.inventory" in note


def test_case_is_of_what_is_looked_at() -> None:
    pod = Review(DEPLOYMENT, as_pod=True)
    case = pair(Review(DEPLOYMENT), pod).at(7)
    assert (case.parameters, case.now, case.review) == ({"a": 1}, 7, pod.to_json())
    unselected = Pair("age", Template("Age", "package age\n", ()), CONSTRAINT, POD, Selection(None))
    assert unselected.at(7).review == POD.to_json()


@pytest.mark.parametrize(
    ("images", "findings", "covers", "looks"),
    [(None, (), True, True), (("app:1",), (), True, True), (("x:1",), (), True, False), ((), (), False, False)],
)
def test_policy_covers_what_its_template_says(images: Any, findings: Any, covers: bool, looks: bool) -> None:
    found = Judgement("age", POD, None if images is None else frozenset(images), findings)
    assert (found.covers, found.looks_at("app:1")) == (covers, looks)


def test_finding_is_of_something_that_is_covered() -> None:
    assert Judgement("age", POD, frozenset(), (Finding("age", "deny", POD, OLD),)).covers


class CoveringEngine(EngineDouble):
    """Says of each Constraint, by its name, which images it covers."""

    def __init__(self, covered: Mapping[str, Any], keys: Sequence[str] = ()) -> None:
        super().__init__(dict.fromkeys(covered, ()))
        self.covered, self.keys = covered, keys

    def evaluate(self, folder: Any, query: str) -> Any:
        found = super().evaluate(folder, query).value["violations"]
        names = [each["input"]["parameters"]["name"] for each in self.folders[-1][1]["cases"]]
        covered = {number: self.covered[name] for number, name in enumerate(names) if self.covered[name] is not None}
        return printout({int(each): () for each in found}, dict.fromkeys(map(int, found), self.keys), covered)


def outcome(engine: EngineDouble, *translations: Translation, select: Any = None, reviews: Any = (POD,)) -> CheckResult:
    arguments = {} if select is None else {"select": select}
    return check(translations, reviews, FactsDouble(NOTHING), engine, 1, **arguments)


def refusing(*reasons: str) -> Any:
    """Selects nothing: a reason for each Constraint in turn; empty for one that selects."""
    waiting = list(reasons)

    def select(_translation: Translation, _constraint: Any, review: Review) -> Selection:
        reason = waiting.pop(0)
        return Selection(None if reason else review, reason)

    return select


def test_constraint_that_selects_nothing_is_not_evaluated_and_its_reason_is_said() -> None:
    engine = CoveringEngine({})
    found = outcome(engine, translation("age", "deny"), select=refusing("another namespace"))
    assert found.judgements == (Judgement("age", POD, frozenset(), reason="another namespace"),)
    assert not found.judged
    assert [(each.what, each.name, each.reason, each.file) for each in found.unjudged] == [
        ("image", "app:1", "no policy covers it", "web.yaml"),
        ("image", "side:1", "no policy covers it", "web.yaml"),
        ("policy", "age", "another namespace", ""),
    ]


@pytest.mark.parametrize(
    ("reasons", "told"),
    [(("one", "one"), "one"), (("", "one"), None), (("one", ""), None)],
)
def test_policy_has_the_reason_of_its_constraints_where_none_selects(reasons: Any, told: str | None) -> None:
    engine = CoveringEngine({"age-deny": ["app:1"], "age-warn": ["app:1"]})
    found = outcome(engine, translation("age", "deny", "warn"), select=refusing(*reasons))
    assert [each.reason for each in found.unjudged if each.what == "policy"] == ([] if told is None else [told])
    assert len(found.judgements) == 1


def test_policy_with_other_reasons_for_other_objects_covers_none() -> None:
    other = Review({**POD.object, "metadata": {"name": "other"}})
    found = outcome(CoveringEngine({}), translation("a", "deny"), select=refusing("one", "two"), reviews=(POD, other))
    assert [each.reason for each in found.unjudged if each.what == "policy"] == ["it covers none of these images"]
    assert len(found.judgements) == 2
    assert found.reviews == (POD, other)


def test_policy_that_covers_one_object_is_no_omission() -> None:
    other = Review({**POD.object, "metadata": {"name": "other"}})
    engine = CoveringEngine({"age-deny": ["app:1", "side:1"]})
    found = outcome(engine, translation("age", "deny"), select=refusing("one", ""), reviews=(POD, other))
    assert [(each.what, each.review) for each in found.unjudged] == [("image", POD), ("image", POD)]


def test_constraints_of_a_policy_cover_together() -> None:
    engine = CoveringEngine({"age-deny": ["app:1"], "age-warn": ["side:1"]})
    found = outcome(engine, translation("age", "deny", "warn"))
    assert found.judgements[0].images == {"app:1", "side:1"}
    assert found.unjudged == ()


@pytest.mark.parametrize(("first", "second"), [(None, ["app:1"]), (["app:1"], None)])
def test_policy_with_a_constraint_that_does_not_say_what_it_covers_does_not_say(first: Any, second: Any) -> None:
    found = outcome(CoveringEngine({"age-deny": first, "age-warn": second}), translation("age", "deny", "warn"))
    assert found.judgements[0].images is None


def test_image_that_one_policy_covers_is_no_omission() -> None:
    engine = CoveringEngine({"a-deny": ["app:1"], "b-deny": []})
    found = outcome(engine, translation("a", "deny"), translation("b", "deny"))
    assert [(each.what, each.name) for each in found.unjudged] == [("image", "side:1"), ("policy", "b")]


def test_policy_for_images_that_none_covers_is_no_omission() -> None:
    rest = replace(translation("rest", "deny"), policy="")
    found = outcome(CoveringEngine({"rest-deny": []}), rest)
    assert [each.what for each in found.unjudged] == ["image", "image"]


def test_notes_of_constraints_are_joined_each_once() -> None:
    notes = iter([("same", "first"), ("same", "second")])
    engine = CoveringEngine({"age-deny": [], "age-warn": []})
    found = outcome(
        engine, translation("age", "deny", "warn"), select=lambda _t, _c, review: Selection(review, notes=next(notes))
    )
    assert found.judgements[0].notes == ("same", "first", "second")


def test_facts_hold_what_was_proved_beside_what_is_known_and_nothing_of_foreign_keys() -> None:
    image, foreign = "registry.test/app:1", '{"v":9}'
    fact, proof = key_of(FactQuestion(image)), key_of(ProofQuestion(image, Verify(key=Key("PEM"))))
    answers = StubAnswers({fact: {"digest": "sha256:0"}, proof: {"proofs": []}, foreign: {"x": 1}}, {})
    engine = CoveringEngine({"age-deny": []}, [foreign, proof, fact])
    found = check([translation("age", "deny")], [POD], FactsDouble(answers), engine, 1)
    assert found.facts == {image: {"digest": "sha256:0", "signatures": [{"proofs": [], "ref": ref(proof)}]}}


def test_named_images_stand_in_for_those_of_the_object() -> None:
    engine = AskingEngine({"age-deny": [violation("old")]})
    outcome(engine, translation("age", "deny"), reviews=(Review(images=("x:1",)),))
    assert [each["text"] for each in engine.folders[0][1]["images"]] == ["x:1"]
