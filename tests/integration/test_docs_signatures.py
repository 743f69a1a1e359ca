"""The template of the guide to signatures, evaluated by the real OPA."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.opa import Opa
from gatekeeper.evaluation.program import StubAnswers, Template
from provider.questions import question
from provider.questions.question import ProofQuestion
from tests.integration.test_docs import SilentEngine
from tests.programs import ROOT, program
from tests.unit.docs.pages import blocks

pytestmark = pytest.mark.integration

_GUIDE = ROOT / "docs" / "how-to" / "write-a-template-for-signatures.md"
_TEMPLATE, _CONSTRAINT = (yaml.safe_load(block.text) for block in blocks(_GUIDE) if block.language == "yaml")
_KEYLESS = _CONSTRAINT["spec"]["parameters"]
_KEY = {"verify": {"key": {"data": "PEM"}}}
_OURS = {"issuer": _KEYLESS["identities"][0]["issuer"], "subjects": [_KEYLESS["identities"][0]["subject"]]}


@pytest.fixture(scope="module")
def engine() -> Opa:
    return Opa(program("opa"))


def key(image: str, parameters: Any = _KEYLESS) -> str:
    """As Go marshals it; there is nothing to escape here."""
    fields = {"v": 1, "image": image, "verify": parameters["verify"]}
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def signed(image: str, *proofs: Any, parameters: Any = _KEYLESS) -> StubAnswers:
    return StubAnswers({key(image, parameters): {"proofs": list(proofs)}}, {})


def refusals(engine: Opa, recorded: StubAnswers, *images: str, parameters: Any = _KEYLESS, **review: Any) -> list[str]:
    case = ConstraintReview(
        Template.of(_TEMPLATE), parameters, {"operation": "CREATE", "object": pod(*images), **review}, 0
    )
    (found,) = Evaluator(engine).violations([case], recorded)
    return [each.msg for each in found]


def pod(*images: str) -> dict[str, Any]:
    return {"kind": "Pod", "spec": {"containers": [{"image": image} for image in images]}}


def test_question_of_the_guide_is_one_that_the_provider_reads() -> None:
    for parameters in (_KEYLESS, _KEY):
        assert isinstance(question.parse(key("app:1", parameters)), ProofQuestion)


def test_guide_admits_whom_it_names(engine: Opa) -> None:
    assert refusals(engine, signed("app:1", _OURS), "app:1") == []


def test_guide_admits_what_the_key_signed(engine: Opa) -> None:
    recorded = signed("app:1", {"subjects": []}, parameters=_KEY)
    assert refusals(engine, recorded, "app:1", parameters=_KEY) == []


def test_good_signature_is_found_among_others(engine: Opa) -> None:
    assert refusals(engine, signed("app:1", {"issuer": "x", "subjects": ["eve"]}, _OURS), "app:1") == []


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        ({**_OURS, "issuer": "https://other.example.test"}, "it is signed by"),
        ({**_OURS, "subjects": ["eve\n"]}, 'it is signed by "eve\\n"'),
        ({"issuer": _OURS["issuer"]}, "the provider gave no answer"),
        ({"subjects": _OURS["subjects"]}, "the provider gave no answer"),
        ({}, "the provider gave no answer"),
    ],
)
def test_guide_refuses_everybody_else(engine: Opa, proof: Any, said: str) -> None:
    (message,) = refusals(engine, signed("app:1", proof), "app:1")
    assert message.startswith(f'Image "app:1": {said}')
    assert message.isprintable()


@pytest.mark.parametrize(
    ("recorded", "sentence"),
    [
        (StubAnswers({key("app:1"): {"proofs": []}}, {}), "the provider gave no answer"),
        (StubAnswers({key("app:1"): {"proofs": None}}, {}), "the provider gave no answer"),
        (StubAnswers({key("app:1"): {}}, {}), "the provider gave no answer"),
        (StubAnswers({key("app:1"): "a text"}, {}), "the provider gave no answer"),
        (StubAnswers({"app:1": {"proofs": [_OURS]}}, {}), "the provider gave no answer"),
        (StubAnswers({key("app:1", _KEY): {"proofs": [_OURS]}}, {}), "the provider gave no answer"),
        (signed("other:1", _OURS), "the provider gave no answer"),
        (StubAnswers({}, {key("app:1"): "KeyInvalid: no key"}), "KeyInvalid: no key"),
        (StubAnswers({key("app:1"): {"proofs": [_OURS]}}, {key("app:1"): "KeyInvalid: no key"}), "KeyInvalid: no key"),
        (StubAnswers({}, {}, "connection refused"), "the provider cannot be asked: connection refused"),
        (
            StubAnswers(
                {}, {}, json.dumps({question.ref(key("app:1")): {"reason": "SignatureAbsent", "message": "none"}})
            ),
            "SignatureAbsent: none",
        ),
    ],
)
def test_guide_refuses_what_is_not_shown_to_be_signed(engine: Opa, recorded: StubAnswers, sentence: str) -> None:
    assert refusals(engine, recorded, "app:1") == [f'Image "app:1": {sentence}.']


def test_guide_names_the_unsigned_one_of_two(engine: Opa) -> None:
    assert refusals(engine, signed("good:1", _OURS), "good:1", "bad:1") == [
        'Image "bad:1": the provider gave no answer.'
    ]


def test_guide_refuses_when_the_call_is_undefined() -> None:
    engine = SilentEngine(program("opa"))
    assert refusals(engine, signed("app:1", _OURS), "app:1") == ['Image "app:1": the provider gave no answer.']


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"verify": {}},
        {"verify": _KEYLESS["verify"]},
        {"verify": _KEYLESS["verify"], "identities": []},
        {"verify": _KEYLESS["verify"], "identities": [{}]},
    ],
)
def test_guide_refuses_when_its_parameters_do_not_say_who(engine: Opa, parameters: Any) -> None:
    assert len(refusals(engine, signed("app:1", _OURS), "app:1", parameters=parameters)) == 1


def test_guide_judges_what_an_update_adds(engine: Opa) -> None:
    assert refusals(engine, StubAnswers({}, {}), "old:1", operation="UPDATE", oldObject=pod("old:1")) == []
    found = refusals(engine, StubAnswers({}, {}), "old:1", "new:1", operation="UPDATE", oldObject=pod("old:1"))
    assert found == ['Image "new:1": the provider gave no answer.']
    assert len(refusals(engine, StubAnswers({}, {}), "old:1", operation="UPDATE", oldObject=None)) == 1
