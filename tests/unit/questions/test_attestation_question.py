"""What a question about attestations asks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import QuestionError
from provider.questions.attestation_question import AttestationWish, PredicateForm, read, write
from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Format, Key, Verify
from provider.questions.question import ProofQuestion, key_of, parse
from provider.reasons import Reason

TYPE = "https://example.test/scan/v1"
names = st.text(min_size=1, max_size=8)
paths = st.lists(st.lists(names, min_size=1, max_size=3).map(tuple), max_size=4).map(
    lambda found: ConfigPaths(tuple(found))
)
wishes = st.builds(
    AttestationWish, st.text(min_size=1, max_size=40), st.sampled_from(PredicateForm), st.just(True) | paths
)


@given(wishes)
def test_question_is_read_back_from_its_key(wish):
    question = ProofQuestion("app:1", Verify(Key("PEM"), attestation=wish))
    assert parse(key_of(question)) == question


def test_existence_alone_is_asked_for_by_no_path():
    assert write(AttestationWish(TYPE)) == {"predicateType": TYPE, "statement": []}
    assert read({"predicateType": TYPE}) == AttestationWish(TYPE)


@pytest.mark.parametrize(
    ("given_value", "reason"),
    [
        ([], Reason.KEY_INVALID),
        ({}, Reason.KEY_INVALID),
        ({"predicateType": ""}, Reason.KEY_INVALID),
        ({"predicateType": 1}, Reason.KEY_INVALID),
        ({"predicateType": TYPE, "statement": [[]]}, Reason.KEY_INVALID),
        ({"predicateType": TYPE, "statement": ["a"]}, Reason.KEY_INVALID),
        (
            {"predicateType": TYPE, "statement": [[str(each)] for each in range(limits.CONFIG_PATHS + 1)]},
            Reason.KEY_INVALID,
        ),
        ({"predicateType": TYPE, "statement": False}, Reason.QUESTION_UNSUPPORTED),
        ({"predicateType": TYPE, "form": "vulns"}, Reason.QUESTION_UNSUPPORTED),
        ({"predicateType": TYPE, "form": []}, Reason.QUESTION_UNSUPPORTED),
        ({"predicateType": TYPE, "issuer": "x"}, Reason.QUESTION_UNSUPPORTED),
    ],
)
def test_what_is_no_question_is_told(given_value, reason):
    with pytest.raises(QuestionError) as refused:
        read(given_value)
    assert refused.value.reason is reason


def test_proof_that_is_not_known_is_unsupported_and_never_left_out():
    verify = {"attestation": {"predicateType": TYPE}, "key": {"data": "PEM"}, "format": Format.ANY.value}
    with pytest.raises(QuestionError) as refused:
        parse(json.dumps({"v": 1, "image": "app:1", "verify": verify}))
    assert refused.value.reason is Reason.QUESTION_UNSUPPORTED


def test_statement_is_cut_to_what_is_asked_for():
    statement = {"_type": "x", "subject": [], "predicate": {"a": 1, "b": {"c": 2, "d": 3}}}
    assert AttestationWish(TYPE).cut(statement) == {}
    wish = AttestationWish(TYPE, statement=ConfigPaths((("predicate", "b", "c"), ("_type",))))
    assert wish.cut(statement) == {"_type": "x", "predicate": {"b": {"c": 2}}}
    assert AttestationWish(TYPE, statement=True).cut(statement) == statement
    assert wish.cut({"_type": "x", "predicate": "text"}) == {"_type": "x", "predicate": "text"}
