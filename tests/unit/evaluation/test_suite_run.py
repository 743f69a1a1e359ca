"""Cases of suites: what they expect is compared with what was said, and a case must not hold for the wrong reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.evaluation import suite, suite_run
from gatekeeper.evaluation.opa import NoVerdictError, Printout
from gatekeeper.evaluation.program import CALL
from gatekeeper.evaluation.suite import SuiteCase
from gatekeeper.evaluation.suite_run import CaseRun
from gatekeeper.translation.translate import Translation
from provider.questions.config_paths import ConfigPaths
from provider.questions.question import FactQuestion, key_of
from tests.engine import printout
from tests.unit.evaluation.test_suite import GOOD, IMAGE, case_with, written

ASKED = key_of(FactQuestion(IMAGE, config=True))
CALLS = 'package main\n\nanswer := external_data({"provider": "bestbefore"})\n'


@dataclass
class EngineDouble:
    """Says of every case what a test tells it."""

    violations: Any = ()
    asked: Any = (ASKED,)
    covered: Any = None

    def evaluate(self, folder: Path, query: str) -> Printout:
        cases = range(len(json.loads((folder / "data.json").read_text())["cases"]))
        images = {} if self.covered is None else dict.fromkeys(cases, self.covered)
        return printout(dict.fromkeys(cases, self.violations), dict.fromkeys(cases, self.asked), images)

    def check(self, folder: Path) -> Any:
        return ()


def result(
    folder: Path,
    violations: Any,
    action: str = "deny",
    facts: Any = None,
    asked: Any = (ASKED,),
    rego: str = CALLS,
    parameters: Any = None,
    covered: Any = None,
    case: Any = None,
) -> tuple[str, ...]:
    content = case_with(**(case or {})) | ({} if facts is None else {"facts": facts})
    (read,) = suite.read(written(folder, content)).cases
    source = {"rego": rego, "libs": []}
    template = {"spec": {"crd": {"spec": {"names": {"kind": "Age"}}}, "targets": [{"code": [{"source": source}]}]}}
    constraint = {"spec": {"enforcementAction": action, "parameters": parameters or {}}}
    return run(read, [Translation("age", template, (constraint,))], EngineDouble(violations, asked, covered)).problems


def run(case: SuiteCase, translations: Sequence[Translation], engine: Any) -> CaseRun:
    ((_, found),) = suite_run.runs([case], translations, engine)
    assert isinstance(found, CaseRun)
    return found


OLD = {"msg": "Image is too old. Image registry.test/app:1", "details": {"reason": "PolicyFailed"}}


@pytest.mark.parametrize(
    ("violations", "action", "verdict"),
    [([], "deny", "allowed"), ([OLD], "deny", "denied"), ([OLD], "warn", "warned"), ([], "warn", "allowed")],
)
def test_case_is_as_expected(tmp_path: Path, violations: Any, action: str, verdict: str) -> None:
    assert result(tmp_path, violations, action, case={"verdict": verdict}) == ()


@pytest.mark.parametrize(
    ("violations", "action", "got"), [([OLD], "deny", "denied"), ([OLD], "warn", "warned"), ([], "deny", "allowed")]
)
@pytest.mark.parametrize("verdict", suite.VERDICTS)
def test_other_verdict_is_told_with_what_was_said(
    tmp_path: Path, violations: Any, action: str, got: str, verdict: str
) -> None:
    found = result(tmp_path, violations, action, case={"verdict": verdict})
    if verdict == got:
        assert found == ()
    else:
        (problem,) = found
        assert problem.startswith(f"expected {verdict}, got {got}: ")
        assert ("Image is too old" in problem) is bool(violations)


def test_message_stands_in_one_of_those_that_were_said(tmp_path: Path) -> None:
    messages = ["too old", "registry.test/app:1"]
    assert result(tmp_path, [OLD], case={"verdict": "denied", "messages": messages}) == ()
    (problem,) = result(tmp_path, [OLD], case={"verdict": "denied", "messages": [*messages, "too young"]})
    assert problem.startswith("expected a message with 'too young', got Image is too old")
    (problem,) = result(tmp_path, [], case={"messages": ["old"]})
    assert problem == "expected a message with 'old', got none"


def test_image_without_facts_is_a_fault_whatever_the_verdict(tmp_path: Path) -> None:
    (problem,) = result(tmp_path, [OLD], case={"verdict": "denied"}, facts={"registry.test/other:1": {}})
    assert problem == f"no facts of {IMAGE} are given; of an image that is not there, say {{reason: NotFound}}"


def test_case_in_which_nothing_was_asked_says_nothing(tmp_path: Path) -> None:
    (problem,) = result(tmp_path, [], asked=())
    assert problem == f"nothing was asked about {IMAGE}, so no fact was judged; if that is right, say `asked: false`"
    assert result(tmp_path, [], asked=(), case={"asked": False}) == ()
    (problem,) = result(tmp_path, [], case={"asked": False})
    assert problem == f"expected that nothing is asked, got {ASKED}"


@pytest.mark.parametrize(
    ("rego", "parameters"),
    [
        ('package main\n\n# external_data(x)\na := "external_data("\n', {}),
        (CALLS, {"authorities": [{"name": "a", "static": {"action": "pass"}}]}),
        (CALLS, {"authorities": [], "rego": {"includeSpec": True}}),
    ],
)
def test_template_that_needs_no_facts_need_not_ask(tmp_path: Path, rego: str, parameters: Any) -> None:
    assert result(tmp_path, [], asked=(), rego=rego, parameters=parameters) == ()


@pytest.mark.parametrize(
    "parameters",
    [
        {"authorities": [{"name": "a", "verify": {}}]},
        {"authorities": [{"name": "a", "static": {"action": "pass"}}], "rego": {"fetchConfigFile": True}},
    ],
)
def test_policy_that_needs_facts_and_does_not_ask_looked_at_nothing(tmp_path: Path, parameters: Any) -> None:
    assert len(result(tmp_path, [], asked=(), parameters=parameters)) == 1


def test_image_that_no_glob_covers_needs_no_question_if_nobody_gives_its_facts(tmp_path: Path) -> None:
    assert result(tmp_path, [], asked=(), covered=[], facts={}) == ()
    assert len(result(tmp_path, [], asked=(), covered=[])) == 1
    assert len(result(tmp_path, [], asked=(), facts={})) == 1


def test_object_that_no_template_looks_at_is_not_judged(tmp_path: Path) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    (problem,) = result(tmp_path, [], asked=(), case={"image": None, "resource": service})
    assert problem == "Service web is not judged: it brings no Pod that policies know"


def test_without_a_constraint_nothing_is_judged(tmp_path: Path) -> None:
    (case,) = suite.read(written(tmp_path, GOOD)).cases
    found = run(case, [], EngineDouble())
    assert found.problems == ("nothing was judged: there is no Constraint",)


def test_facts_of_a_case_that_nobody_asks_for_are_misspelt(tmp_path: Path) -> None:
    (problem,) = result(tmp_path, [], case={"facts": {"registry.test/ap:1": {}}})
    assert problem == "the case has facts of registry.test/ap:1, but nothing was asked about it"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["other", "array", ["k"]], "names the Provider 'other', of which a suite knows nothing"),
        (["bestbefore", "set", ["k"]], "`keys` is a value of type set, not an array"),
        (["bestbefore", "array", [1]], "`keys` holds what is no text"),
        ([None, "array", ["k"]], "`provider` is no text"),
    ],
)
def test_call_that_a_cluster_does_not_answer_is_a_fault(tmp_path: Path, call: Any, said: str) -> None:
    class CallingEngine(EngineDouble):
        def evaluate(self, folder: Path, query: str) -> Printout:
            return Printout(printout({0: []}).value, (CALL + json.dumps([0, *call]),))

    (case,) = suite.read(written(tmp_path, GOOD)).cases
    template = {"crd": {"spec": {"names": {"kind": "Age"}}}, "targets": [{"rego": CALLS}]}
    made = {"spec": {"enforcementAction": "deny", "parameters": {}}}
    found = run(case, [Translation("age", {"spec": template}, (made,))], CallingEngine()).problems
    assert said in found[0]


def test_key_that_is_no_question_is_a_fault(tmp_path: Path) -> None:
    (problem,) = result(tmp_path, [OLD], asked=('{"v": 1',), case={"verdict": "denied"})
    assert problem.startswith("the key ")
    assert problem.endswith(" is no question that the provider answers")


UNDATED = {"msg": "no date", "details": {"reason": "ImageUndated", "image": IMAGE}}


@pytest.mark.parametrize(
    ("asked", "violation"),
    [(key_of(FactQuestion(IMAGE, ConfigPaths((("created",),)))), OLD), (key_of(FactQuestion(IMAGE)), UNDATED)],
)
def test_facts_without_a_date_do_not_pass_for_those_of_an_undated_image(
    tmp_path: Path, asked: str, violation: Any
) -> None:
    silent = {IMAGE: {"config": {"linux/amd64": {"config": {"User": "app"}}}}}
    (problem,) = result(tmp_path, [violation], asked=(asked,), facts=silent, case={"verdict": "denied"})
    assert problem.startswith(f"a policy looks at the date of {IMAGE}, and its facts say none: write `created: TIME`")
    said = {IMAGE: {"created": None}}
    assert result(tmp_path, [violation], asked=(asked,), facts=said, case={"verdict": "denied"}) == ()


def test_action_dryrun_tells_nobody(tmp_path: Path) -> None:
    assert result(tmp_path, [OLD], "dryrun") == ()


@dataclass
class SuiteEngine(EngineDouble):
    """Of many cases; one of their objects may spoil a run.

    Attributes:
        spoilt: the name of its image.
        runs: the answers of each case, of each run.
    """

    spoilt: str = ""
    runs: list[list[list[str]]] = field(default_factory=list)

    def evaluate(self, folder: Path, query: str) -> Printout:
        data = json.loads((folder / "data.json").read_text())
        if self.spoilt in json.dumps(data["cases"]):
            raise NoVerdictError("Timeout", "too slow")
        self.runs.append([list(data["books"][each["book"]]["values"]) for each in data["cases"]])
        return super().evaluate(folder, query)


def suite_of(folder: Path, number: int) -> list[SuiteCase]:
    """Cases, each with an image of its own and facts of its own."""
    found = []
    for place in range(number):
        image = f"registry.test/app:{place}"
        here = folder / str(place)
        here.mkdir()
        content = {**case_with(image=image), "facts": {image: {"created": "2026-01-01T00:00:00Z"}}}
        found += suite.read(written(here, content)).cases
    return found


def judged(cases: Sequence[SuiteCase], engine: Any) -> list[str]:
    template = {"spec": {"crd": {"spec": {"names": {"kind": "Age"}}}, "targets": [{"rego": CALLS}]}}
    made = {"spec": {"enforcementAction": "deny", "parameters": {}}}
    found = suite_run.runs(cases, [Translation("age", template, (made,))], engine)
    return [type(each).__name__ for _, each in found]


def test_cases_are_judged_together_and_each_by_its_own_facts(tmp_path: Path) -> None:
    engine = SuiteEngine(asked=(), spoilt="nobody")
    assert judged(suite_of(tmp_path, 33), engine) == ["CaseRun"] * 33
    assert [len(each) for each in engine.runs] == [32, 1]
    for place, keys in enumerate(each for run in engine.runs for each in run):
        assert keys
        assert all(f'"registry.test/app:{place}"' in key for key in keys), "and no other's"


def test_case_that_spoils_a_run_has_its_error_alone(tmp_path: Path) -> None:
    engine = SuiteEngine(asked=(), spoilt="registry.test/app:1")
    assert judged(suite_of(tmp_path, 3), engine) == ["CaseRun", "NoVerdictError", "CaseRun"]
