import json
from pathlib import Path

import pytest

from gatekeeper.evaluation import facts
from gatekeeper.evaluation.evaluator import ConstraintReview
from gatekeeper.evaluation.facts import FactsFileError, LiveFacts, RecordedFacts, recorded
from gatekeeper.evaluation.program import Template
from provider import limits
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
        ("[]", "no recorded facts"),
        ({"images": {}}, "no recorded facts: expected what `bestbefore facts IMAGE… --output json` writes"),
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
        ({"created": "2026-01-01T00:00:00Z"}, "images.a:1: expected createdNs beside created"),
        (
            {"platforms": {"linux/s390x": {"created": ""}}},
            "images.a:1.platforms.linux/s390x: expected createdNs beside",
        ),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"version": 1, "images": {"a:1": {}, "a:1": {}}}', "images.a:1: stands twice"),
        (
            '{"version": 1, "images": {"a:1": {"createdNs": "1", "createdNs": "2"}}}',
            "images.a:1.createdNs: stands twice",
        ),
        ('{"version": 1, "images": {}, "images": {}}', "images: stands twice"),
        (
            '{"version": 1, "images": {"a:1": {"x": 1, "x": 2}}, "images": {}}',
            "images: stands twice, and only one of them can count: take one away",
        ),
        (
            '{"version": 1, "images": {"a:1": {"signed": [{"by": "a", "by": "b"}]}}}',
            "images.a:1.signed[0].by: stands twice",
        ),
    ],
    ids=["image", "field", "top", "in-what-does-not-count", "in-a-list"],
)
def test_name_that_stands_twice_is_refused_by_its_path(tmp_path, text, said):
    """Of two the last one would count without a word."""
    path = tmp_path / "facts.json"
    path.write_text(text)
    with pytest.raises(FactsFileError) as caught:
        RecordedFacts.read(path)
    assert f"{path}: {said}" in str(caught.value)


def test_mark_of_utf_8_is_nothing_of_the_facts(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"version": 1, "images": {"a:1": {"message": "é"}}}', "utf-8-sig")
    assert RecordedFacts.read(path).images["a:1"]["message"] == "é"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"version": 1,\n "images": }', "no JSON: line 2, column 12: Expecting value"),
        ("{}".encode("utf-16"), "no JSON: it is UTF-16, as `>` writes it in PowerShell; save it as UTF-8"),
        (b'{"a": "\xff"}', "no JSON: it is not UTF-8 text (byte 7)"),
    ],
    ids=["place", "utf-16", "bytes"],
)
def test_what_is_no_json_is_said_with_its_place(tmp_path, content, said):
    path = tmp_path / "facts.json"
    path.write_bytes(content)
    with pytest.raises(FactsFileError) as caught:
        RecordedFacts.read(path)
    assert f"{path}: {said}" in str(caught.value)


def test_surrogate_pair_is_a_character(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"version": 1, "images": {"a:1": {"message": "\\ud83d\\ude00"}}}')
    assert RecordedFacts.read(path).images["a:1"]["message"] == "😀"


def test_endless_file_is_refused(tmp_path):
    with pytest.raises(FactsFileError, match="larger than"):
        RecordedFacts.read(Path("/dev/zero"))


@pytest.mark.parametrize("key", ['{"v": 1', '{"v":1,"image":"a","other":1}', "NOT OK", '{"v":1,"image":"NOT OK"}'])
def test_key_that_is_no_question_gets_the_provider_s_error(key):
    found = RecordedFacts({}).answers([key])
    reason = found.fact(key)["reason"]
    assert reason in {"KeyInvalid", "QuestionUnsupported", "ReferenceInvalid"}


def test_answer_that_the_provider_would_not_give_is_none_here_either():
    large = {"config": {"linux/amd64": {"config": {"Labels": {"a": "x" * limits.ITEM_BYTES}}}}}
    key = key_of(FactQuestion("app:1", config=True))
    found = recorded({key: large})
    assert found.values == {}
    assert found.errors[key].startswith("LimitExceeded: the answer has 2")
    assert recorded({key: {"config": float("nan")}}).errors[key].startswith("ContentInvalid: ")


def case(line):
    return ConstraintReview(Template("Age", f"package age\n{line}\n", ()), {}, {}, 1)


def test_recorded_facts_are_at_hand_for_images_that_they_have():
    images = {
        "a:1": {"digest": "sha256:0", "config": {}},
        "b:1": {"reason": "Timeout"},
        "c:1": {"reason": "ContentInvalid"},
    }
    found = RecordedFacts(images).at_hand([case("_config := true")], ["a:1", "a:1", "b:1", "c:1", "stranger:1"])
    assert list(found.values) == [key_of(FactQuestion("a:1", config=True))]
    assert list(found.errors) == [key_of(FactQuestion("c:1", config=True))]
    assert (found.system_error, found.unknown) == ("", frozenset())


def test_no_registry_is_asked_for_what_may_not_be_needed():
    assert LiveFacts(pytest.fail).at_hand([case("_config := true")], ["a:1"]) == facts.NOTHING


def test_all_that_a_check_records_can_be_read_again(tmp_path):
    fact = {
        "image": "a:1",
        "digest": "sha256:0",
        "reference": "r@sha256:0",
        "created": "2026-01-01T00:00:00Z",
        "createdNs": "-17",
        "platforms": {"linux/amd64": {"created": None, "createdNs": None}},
        "config": {"linux/amd64": {}},
        "configPaths": [["config", "Labels"]],
        "signatures": [{"ref": "x", "proofs": []}, {"ref": "y", "reason": "Timeout", "message": "late"}],
        "withConfig": {"reason": "Timeout", "message": "late"},
    }
    images = {"a:1": fact, "b:1": {"created": None, "createdNs": None}}
    assert read(tmp_path, {"version": 1, "images": images}).images == images
    assert read(tmp_path, {"allowed": False, "images": images}).images == images


@pytest.mark.parametrize(
    ("fact", "name"),
    [
        ({"image": 1}, "image"),
        ({"reference": None}, "reference"),
        ({"createdNs": "1" * 21}, "createdNs"),
        ({"createdNs": "1\n"}, "createdNs"),
        ({"configPaths": [[]]}, "configPaths"),
        ({"configPaths": "x"}, "configPaths"),
        ({"signatures": {}}, "signatures"),
        ({"signatures": ["x"]}, "signatures"),
        ({"signatures": [{"reason": "Nope"}]}, "signatures"),
        ({"withConfig": []}, "withConfig"),
        ({"withConfig": {"digest": 1}}, "withConfig"),
        ({"withConfig": {"withConfig": {}}}, "withConfig"),
    ],
)
def test_field_that_no_command_writes_so_is_refused(tmp_path, fact, name):
    with pytest.raises(FactsFileError, match=rf"images\.a:1\.{name}: expected "):
        read(tmp_path, {"version": 1, "images": {"a:1": fact}})


def test_image_with_a_digest_has_the_facts_of_its_tag_where_that_had_it():
    same, other = (key_of(FactQuestion(f"app:1@sha256:{digit}" + digit * 63)) for digit in "01")
    recorded = RecordedFacts({"app:1": {"digest": "sha256:" + "0" * 64}})
    assert recorded.answers([same]).fact(same)["digest"] == "sha256:" + "0" * 64
    assert recorded.answers([other]).unknown == {"app:1@sha256:" + "1" * 64}
    assert (recorded.digest("app:1"), recorded.digest("other:1")) == ("sha256:" + "0" * 64, "")


def test_strangers_do_not_keep_facts_from_being_at_hand():
    strangers = [f"stranger:{number}" for number in range(1000)]
    found = RecordedFacts({"app:1": {"digest": "sha256:0"}}).at_hand([case("")], [*strangers, "app:1"])
    assert list(found.values) == [key_of(FactQuestion("app:1"))]


@pytest.mark.parametrize(
    ("fact", "place", "meant"),
    [
        ({"digest": "sha256:0", "craeted": 1}, "craeted", "created"),
        ({"platforms": {"linux/amd64": {"diggest": "sha256:0"}}}, "platforms.linux/amd64.diggest", "digest"),
        ({"reason": "Timeout", "mesage": "late"}, "mesage", "message"),
        ({"withConfig": {"reasn": "Timeout"}}, "withConfig.reasn", "reason"),
        ({"config": {"linux/amd64": {"histroy": []}}}, "config.linux/amd64.histroy", "history"),
        ({"config": {"linux/amd64": {"config": {"Usr": "root"}}}}, "config.linux/amd64.config.Usr", "User"),
    ],
)
def test_recorded_field_that_nobody_knows_is_refused(tmp_path, fact, place, meant):
    with pytest.raises(FactsFileError) as caught:
        read(tmp_path, {"version": 1, "images": {"registry.test/app:1": fact}})
    sentence = f"images.registry.test/app:1.{place}: there is no such field; did you mean {meant}?"
    assert str(caught.value).endswith(sentence)


def test_all_that_the_provider_answers_can_be_recorded(tmp_path):
    config = {"linux/amd64": {"created": "2026-01-01T00:00:00Z", "config": {"User": "app"}}}
    date = {"created": "2026-01-01T00:00:00Z", "createdNs": "1767225600000000000", "createdFrom": "config"}
    answer = Facts("r:1", "sha256:0", "r@sha256:0", None, None, config=config).to_json("ref")
    fact = {**answer, **date, "platforms": {"linux/amd64": {"digest": "sha256:1", **date}}, "detail": "as logged"}
    assert read(tmp_path, {"version": 1, "images": {"r:1": fact}}).images == {"r:1": fact}
