import json

import pytest

from gatekeeper.evaluation import facts
from gatekeeper.evaluation.facts import FactsFileError, LiveFacts, RecordedFacts
from provider.answer import Facts
from provider.errors import BestbeforeError
from provider.question import FactQuestion, key_of, ref
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
        ({"version": 1, "images": {"a:1": {"reason": "Nope"}}}, "images.a:1.reason: 'Nope' is no reason code"),
        ({"version": 1, "images": {"a:1": {"reason": ["Timeout"]}}}, "is no reason code"),
        ({"version": 1, "images": {"a:1": {"reason": None}}}, "is no reason code"),
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
