import json
from pathlib import Path

import pytest

from gatekeeper.evaluation import facts
from gatekeeper.evaluation.facts import FactsFileError, LiveFacts, RecordedFacts
from provider.errors import BestbeforeError
from provider.questions.answer import Facts
from provider.questions.question import FactQuestion, key_of, ref
from provider.reasons import Reason

KEY = key_of(FactQuestion("registry.test/app:1"))
OTHER = key_of(FactQuestion("registry.test/other:1", config=True))


def read(tmp_path, content):
    file = tmp_path / "facts.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return RecordedFacts.read(file)


def test_live_facts_are_those_of_the_inspection():
    asked = []

    def inspect(question):
        asked.append(question)
        return Facts(question.image, "sha256:0", "r@sha256:0", None, None)

    found = LiveFacts(inspect).answers([KEY, OTHER])
    assert sorted(question.image for question in asked) == ["registry.test/app:1", "registry.test/other:1"]
    assert found.values[KEY]["ref"] == ref(KEY)
    assert (found.errors, found.system_error) == ({}, "")


def test_live_failures_travel_as_the_provider_sends_them():
    reasons = {"registry.test/app:1": Reason.CONTENT_INVALID, "registry.test/other:1": Reason.TIMEOUT}

    def inspect(question):
        raise BestbeforeError(reasons[question.image], "said")

    found = LiveFacts(inspect).answers([KEY, OTHER])
    assert found.values == {}
    assert found.errors == {KEY: "ContentInvalid: said"}
    assert json.loads(found.system_error) == {ref(OTHER): {"reason": "Timeout", "message": "said"}}


def test_without_questions_nothing_is_asked():
    assert LiveFacts(pytest.fail).answers([]) == facts.NOTHING


def test_recorded_facts_answer_by_image(tmp_path):
    found = read(tmp_path, {"version": 1, "images": {"registry.test/app:1": {"digest": "sha256:0"}}}).answers([KEY])
    assert found.values == {KEY: {"digest": "sha256:0", "ref": ref(KEY)}}


def test_recorded_failure_is_one_again(tmp_path):
    recorded = read(
        tmp_path, {"version": 1, "images": {"registry.test/app:1": {"reason": "Timeout", "message": "late"}}}
    )
    assert json.loads(recorded.answers([KEY]).system_error) == {ref(KEY): {"reason": "Timeout", "message": "late"}}


def test_image_that_was_not_recorded_has_no_answer(tmp_path):
    found = read(tmp_path, {"version": 1, "images": {}}).answers([KEY])
    assert found.values == {}
    assert json.loads(found.system_error)[ref(KEY)]["reason"] == "NotFound"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "version None"),
        ({"version": 2, "images": {}}, "version 2"),
        ({"version": 1}, "images: expected an object"),
        ({"version": 1, "images": {"a:1": []}}, "images: expected an object"),
        ({"version": 1, "images": {"a:1": {"reason": "Nope"}}}, "images.a:1.reason: expected a reason code, got Nope"),
        ({"version": 1, "images": {"a:1": {"reason": ["Timeout"]}}}, "expected a reason code"),
        ({"version": 1, "images": {"a:1": {"reason": None}}}, "expected a reason code"),
    ],
)
def test_file_that_cannot_be_used_is_refused_by_its_name(tmp_path, content, said):
    with pytest.raises(FactsFileError, match=r"facts\.json: ") as caught:
        read(tmp_path, content)
    assert said in str(caught.value)


def test_file_that_is_not_there_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(FactsFileError, match="No such file"):
        RecordedFacts.read(tmp_path / "none.json")
    monkeypatch.setattr(facts, "FILE_BYTES", 10)
    with pytest.raises(FactsFileError, match="larger than 10 bytes"):
        read(tmp_path, {"version": 1, "images": {}})


def test_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "facts.json"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(FactsFileError, match="no JSON"):
        RecordedFacts.read(file)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({"created": 1}, "images.a:1.created: expected a text or null, got 1"),
        ({"createdNs": 1}, "images.a:1.createdNs: expected digits in a text, or null"),
        ({"createdNs": "soon"}, "images.a:1.createdNs: expected digits in a text, or null, got soon"),
        ({"digest": None}, "images.a:1.digest: expected a text"),
        ({"platforms": ["linux/amd64"]}, "images.a:1.platforms: expected an object with an object for each platform"),
        ({"platforms": {"linux/amd64": 1}}, "images.a:1.platforms: expected an object with an object for each"),
        ({"config": "x"}, "images.a:1.config: expected an object"),
        ({"reason": "NotFound", "message": 1}, "images.a:1.message: expected a text"),
    ],
)
def test_recorded_field_of_another_shape_is_refused_by_its_path(tmp_path, fact, said):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({"version": 1, "images": {"a:1": fact}}))
    with pytest.raises(FactsFileError) as caught:
        RecordedFacts.read(path)
    assert f"{path}: {said}" in str(caught.value)


@pytest.mark.parametrize("text", ['"\\ud800"', "NaN", "Infinity", "9" * 5000])
def test_what_could_not_be_printed_or_evaluated_is_no_json(tmp_path, text):
    path = tmp_path / "facts.json"
    path.write_text(f'{{"version": 1, "images": {{"a:1": {{"created": {text}}}}}}}')
    with pytest.raises(FactsFileError, match="no JSON"):
        RecordedFacts.read(path)


def test_surrogate_pair_is_a_character(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"version": 1, "images": {"a:1": {"created": "\\ud83d\\ude00"}}}')
    assert RecordedFacts.read(path).images["a:1"]["created"] == "😀"


def test_endless_file_is_refused(tmp_path):
    with pytest.raises(FactsFileError, match="larger than"):
        RecordedFacts.read(Path("/dev/zero"))
