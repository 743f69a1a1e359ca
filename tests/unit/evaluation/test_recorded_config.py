"""Whole and cut configurations in recorded facts."""

from __future__ import annotations

import json

import pytest

from gatekeeper.evaluation import recorded_config
from gatekeeper.evaluation.facts import FactsFileError, RecordedFacts
from provider.questions.config_paths import ConfigPaths
from provider.questions.date_source import DateSource
from provider.questions.question import FactQuestion, key_of, ref

IMAGE = "registry.test/app:1"
WHOLE = {
    "linux/amd64": {"created": "2026-01-01T00:00:00Z", "os": "linux", "config": {"User": "app", "Labels": {"a": "1"}}}
}
FACT = {"digest": "sha256:0", "config": WHOLE}
AGE, USER = ConfigPaths((("created",),)), ConfigPaths((("config", "User"),))


def answers(fact, config):
    key = key_of(FactQuestion(IMAGE, config))
    found = RecordedFacts({IMAGE: fact}).answers([key])
    passing = json.loads(found.system_error)[ref(key)] if found.system_error else {}
    return found.values.get(key, {}).get("config"), passing


def recorded(*configs):
    known = {}
    for config in configs:
        asked = FactQuestion(IMAGE, config)
        known = recorded_config.record(asked, recorded_config.answer(asked, FACT), known)
    return known


def test_question_about_some_paths_is_answered_from_the_whole():
    assert answers(FACT, AGE) == ({"linux/amd64": {"created": "2026-01-01T00:00:00Z"}}, {})
    assert answers(FACT, True) == (WHOLE, {})


@pytest.mark.parametrize("config", [True, AGE])
def test_facts_without_a_configuration_have_no_answer_to_who_asks_for_it(config):
    found, passing = answers({"digest": "sha256:0"}, config)
    assert found is None
    assert passing["message"] == "the recorded facts hold no configuration of registry.test/app:1"


def test_what_a_check_has_recorded_answers_the_same_question_again():
    assert answers(recorded(AGE), AGE) == ({"linux/amd64": {"created": "2026-01-01T00:00:00Z"}}, {})


@pytest.mark.parametrize("config", [True, USER, ConfigPaths((("created",), ("os",)))])
def test_what_was_not_recorded_is_not_taken_for_absent(config):
    found, passing = answers(recorded(AGE), config)
    assert found is None
    assert passing["reason"] == "NotFound"
    assert "only parts of the configuration of registry.test/app:1" in passing["message"]


def test_plain_facts_need_no_part_of_the_configuration():
    key = key_of(FactQuestion(IMAGE))
    value = RecordedFacts({IMAGE: recorded(AGE)}).answers([key]).values[key]
    assert value == {"digest": "sha256:0", "ref": ref(key)}


def test_parts_of_two_questions_are_recorded_together():
    both = recorded(AGE, USER)
    assert both["configPaths"] == [["config", "User"], ["created"]]
    assert both["config"]["linux/amd64"] == {"created": "2026-01-01T00:00:00Z", "config": {"User": "app"}}
    assert answers(both, AGE) == answers(FACT, AGE)
    assert answers(both, USER) == answers(FACT, USER)


@pytest.mark.parametrize("configs", [(AGE, True), (True, AGE), (AGE, True, USER)])
def test_whole_is_recorded_where_one_question_asked_for_it(configs):
    both = recorded(*configs)
    assert "configPaths" not in both
    assert both["config"] == WHOLE


def test_parts_of_another_digest_are_not_joined():
    asked = FactQuestion(IMAGE, USER)
    moved = {**FACT, "digest": "sha256:1"}
    both = recorded_config.record(asked, recorded_config.answer(asked, moved), recorded(AGE))
    assert both["configPaths"] == [["config", "User"]]
    assert both["config"]["linux/amd64"] == {"config": {"User": "app"}}


@pytest.mark.parametrize("paths", ["x", {}, [1], [[]], [["a", 1]]])
def test_paths_of_another_shape_are_refused(tmp_path, paths):
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({"version": 1, "images": {IMAGE: {"configPaths": paths}}}))
    with pytest.raises(FactsFileError, match="configPaths: expected a list of paths"):
        RecordedFacts.read(file)


def test_failure_that_is_the_same_with_the_configuration_is_recorded_once() -> None:
    late = {"reason": "Timeout", "message": "late"}
    assert recorded_config.joined(late, {**late, "message": "later"}) == late


_DATE = {"created": "2026-01-01T00:00:00Z", "createdNs": "1767225600000000000", "createdFrom": "annotation"}
ANNOTATED = {"digest": "sha256:0", **_DATE, "platforms": {"linux/amd64": _DATE}}
UNDATED = {"created": None, "createdNs": None, "createdFrom": "config"}
PLAIN, DATED = FactQuestion(IMAGE), FactQuestion(IMAGE, dates=(DateSource.ANNOTATION,))


def test_date_of_an_annotation_is_none_to_who_did_not_ask_for_it():
    found = RecordedFacts({IMAGE: ANNOTATED}).answers([key_of(PLAIN), key_of(DATED)])
    plain, dated = found.values[key_of(PLAIN)], found.values[key_of(DATED)]
    assert {name: plain[name] for name in UNDATED} == plain["platforms"]["linux/amd64"] == UNDATED
    assert {**ANNOTATED, "ref": ref(key_of(DATED))} == dated


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_policies_one_of_which_asks_for_annotations_both_find_theirs(order):
    known = {}
    for asked in (PLAIN, DATED)[::order]:
        known = recorded_config.record(asked, recorded_config.answer(asked, ANNOTATED), known)
    assert known == ANNOTATED


def test_date_of_another_digest_is_not_kept():
    moved = {"digest": "sha256:1", **UNDATED, "platforms": {"linux/amd64": UNDATED}}
    assert recorded_config.record(PLAIN, moved, ANNOTATED) == moved
