"""Which sources of dates a question names."""

from __future__ import annotations

import json

import pytest

from provider.errors import QuestionError
from provider.questions.date_source import DateSource
from provider.questions.question import FactQuestion, key_of, parse
from provider.reasons import Reason

IMAGE = "registry.test/app:1"


def asked(**fields):
    return parse(json.dumps({"v": 1, "image": IMAGE, **fields}))


def test_key_is_the_one_that_templates_make():
    question = FactQuestion(IMAGE, dates=(DateSource.ANNOTATION,))
    assert key_of(question) == '{"dates":["annotation"],"image":"registry.test/app:1","v":1}'
    assert parse(key_of(question)) == question
    assert key_of(FactQuestion(IMAGE)) == '{"image":"registry.test/app:1","v":1}'


def test_plain_reference_asks_for_the_configuration_alone():
    plain = parse(IMAGE)
    assert isinstance(plain, FactQuestion)
    assert plain.dates == ()


@pytest.mark.parametrize("dates", [None, [], "annotation", {"annotation": 1}, [1], ["annotation"] * 2], ids=str)
def test_what_is_no_list_of_sources_can_never_be_a_question(dates):
    with pytest.raises(QuestionError) as caught:
        asked(dates=dates)
    assert caught.value.reason is Reason.KEY_INVALID


@pytest.mark.parametrize("dates", [["config"], ["annotation", "config"], ["provenance"], ["log"]], ids=str)
def test_other_sources_may_be_those_of_another_release(dates):
    with pytest.raises(QuestionError) as caught:
        asked(dates=dates)
    assert caught.value.reason is Reason.QUESTION_UNSUPPORTED


def test_proofs_have_no_dates():
    with pytest.raises(QuestionError) as caught:
        asked(dates=["annotation"], verify={"key": {"data": "PEM"}})
    assert caught.value.reason is Reason.QUESTION_UNSUPPORTED
