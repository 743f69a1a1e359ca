"""Who pulls an image, as a question says."""

from __future__ import annotations

import json

import pytest

from provider.errors import QuestionError
from provider.questions.proof_question import Key, SignatureSource, Verify
from provider.questions.puller import Puller
from provider.questions.question import FactQuestion, ProofQuestion, key_of, parse
from provider.reasons import Reason

IMAGE = "reg.io/app:1"
PULLERS = [Puller("shop"), Puller("shop", "web"), Puller("shop", "", ("b", "a")), Puller("shop", "web", ("a",))]


def key(**fields):
    return json.dumps({"v": 1, "image": IMAGE, **fields})


@pytest.mark.parametrize("puller", [None, *PULLERS], ids=["nobody", "namespace", "account", "secrets", "both"])
def test_who_pulls_is_read_as_it_is_written(puller):
    for question in (
        FactQuestion(IMAGE, puller=puller),
        ProofQuestion(IMAGE, Verify(key=Key("k")), puller),
    ):
        assert parse(key_of(question)) == question


def test_question_without_them_is_the_same_as_ever():
    assert key_of(FactQuestion(IMAGE)) == '{"image":"reg.io/app:1","v":1}'
    assert parse(key()).puller is None


def test_order_of_pull_secrets_is_kept():
    assert parse(key(namespace="shop", pullSecrets=["b", "a", "c"])).puller.pull_secrets == ("b", "a", "c")


@pytest.mark.parametrize(
    "fields",
    [
        {"namespace": 7},
        {"namespace": ""},
        {"namespace": "../kube-system"},
        {"namespace": "Shop"},
        {"namespace": "a" * 64},
        {"pullSecrets": ["a"]},
        {"serviceAccount": "web"},
        {"namespace": "shop", "serviceAccount": 7},
        {"namespace": "shop", "serviceAccount": "a" * 254},
        {"namespace": "shop", "pullSecrets": "a"},
        {"namespace": "shop", "pullSecrets": [7]},
        {"namespace": "shop", "pullSecrets": [["a"]]},
        {"namespace": "shop", "pullSecrets": ["a" * 254]},
        {"namespace": "shop", "verify": {"key": {"data": "k"}, "source": {"pullSecrets": "a"}}},
        {"verify": {"key": {"data": "k"}, "source": {"pullSecrets": ["a"]}}},
    ],
    ids=str,
)
def test_what_can_never_be_answered_is_no_question(fields):
    with pytest.raises(QuestionError) as refused:
        parse(key(**fields))
    assert refused.value.reason is Reason.KEY_INVALID


def test_pull_secrets_for_signatures_are_read_as_they_are_written():
    verify = Verify(key=Key("k"), source=SignatureSource(pull_secrets=("a", "b")))
    question = ProofQuestion(IMAGE, verify, Puller("shop"))
    assert parse(key_of(question)) == question
