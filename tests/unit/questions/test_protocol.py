"""What can be read from a body, and what an answer looks like."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import RequestError
from provider.questions import protocol
from provider.reasons import Reason
from tests.simulators.gatekeeper import body


def refused(content: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        protocol.read_keys(content)
    return caught.value


def test_keys_are_read_in_order_repeated_ones_included():
    assert protocol.read_keys(body("b", "a", "b")) == ["b", "a", "b"]


@pytest.mark.parametrize("request_", [{}, {"keys": None}, {"keys": []}])
def test_request_without_keys_asks_nothing(request_):
    assert protocol.read_keys(body(request=request_)) == []


def test_fields_of_a_newer_gatekeeper_are_ignored():
    assert protocol.read_keys(body(request={"keys": ["a"], "new": 1}, also=True)) == ["a"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b'{"a":' + b"1" * 10_000 + b"}", "no JSON"),
        (b"[]", "the body is a list, not an object"),
        (b"null", "the body is missing or null, not an object"),
        (body(apiVersion="externaldata.gatekeeper.sh/v1alpha1"), "v1alpha1"),
        (body(apiVersion=None), "`apiVersion` is missing or null"),
        (body(kind="ProviderResponse"), "`kind` is 'ProviderResponse', not 'ProviderRequest'"),
        (body(kind="K" * 10_000), "`kind`"),
        (body(request=None), "`request` is missing or null, not an object"),
        (body(request=["a"]), "`request` is a list"),
        (body(request={"keys": "a"}), "`request.keys` is a string"),
        (body(request={"keys": ["a", 1]}), "`request.keys[1]` is a number"),
        (body(request={"keys": [True]}), "`request.keys[0]` is a boolean"),
        (body(request={"keys": [None]}), "`request.keys[0]` is missing or null"),
        (body(request={"keys": [{}]}), "`request.keys[0]` is an object"),
    ],
)
def test_body_that_is_no_request_is_refused_by_what_is_wrong_with_it(content, sentence):
    error = refused(content)
    assert sentence in error.message
    assert len(error.message) < 300
    assert (error.reason, error.status) == (Reason.KEY_INVALID, 400)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{}," * 500_000, b"[1," * 60_000])
def test_body_that_would_build_too_much_is_refused_before_it_is_read(content):
    error = refused(content)
    assert (error.reason, error.status) == (Reason.LIMIT_EXCEEDED, 413)


def test_more_keys_than_are_answered_at_a_time_are_refused():
    error = refused(body(*["a"] * 10_000))
    assert (error.reason, error.status) == (Reason.LIMIT_EXCEEDED, 413)
    assert "10000 keys; 500 at most" in error.message


def test_the_most_keys_that_are_answered_at_a_time_are_read():
    assert len(protocol.read_keys(body(*["a"] * limits.REQUEST_KEYS))) == limits.REQUEST_KEYS


@given(
    st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5), st.text()
)
def test_response_is_json_that_says_what_went_in(key, value, message):
    items = [protocol.item(key, value), protocol.error_item(key, message)]
    problems = [protocol.problem("0" * 12, Reason.TIMEOUT, message), protocol.problem("1" * 12, Reason.INTERNAL, "")]
    document = json.loads(protocol.response(items, problems))
    assert document["apiVersion"] == protocol.API_VERSION
    assert document["kind"] == "ProviderResponse"
    assert document["response"]["idempotent"] is True
    assert document["response"]["items"] == [{"key": key, "value": value}, {"key": key, "error": message}]
    assert json.loads(document["response"]["systemError"]) == {
        "0" * 12: {"reason": "Timeout", "message": message},
        "1" * 12: {"reason": "Internal", "message": ""},
    }


@pytest.mark.parametrize("number", [0, 5])
def test_rejection_says_how_many_proofs_nobody_looked_at_also_where_there_is_none(number):
    problem = protocol.problem("0" * 12, Reason.SIGNATURE_REJECTED, "no", "hint", number)
    said = {"reason": "SignatureRejected", "message": "no", "detail": "hint", "passedOver": number}
    assert json.loads(f"{{{problem}}}") == {"0" * 12: said}


def test_response_without_problems_has_an_empty_system_error():
    assert json.loads(protocol.response([]))["response"] == {"idempotent": True, "items": [], "systemError": ""}


def test_value_that_json_cannot_hold_is_no_item():
    with pytest.raises(ValueError, match="JSON"):
        protocol.item("a", float("nan"))


def test_refusal_says_why_in_words():
    error = RequestError(Reason.KEY_INVALID, 'the "body" is no JSON', 400)
    document = json.loads(protocol.refusal(error))
    assert document["response"] == {"idempotent": True, "items": [], "systemError": 'KeyInvalid: the "body" is no JSON'}
