"""Statements mean one thing to everybody, or are refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.signatures import statement
from provider.signatures.rejection import RejectionError

DIGEST = "sha256:" + "a" * 64
BASE = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": "https://example.test/scan/v1",
    "subject": [{"name": "reg.example/app", "digest": {"sha256": "a" * 64}}],
    "predicate": {"ok": True},
}


def read(**changes):
    return statement.read(json.dumps(BASE | changes).encode())


def test_statement_is_read_with_what_a_rule_sees_of_it():
    said = read()
    said.verify_subject(DIGEST)
    assert said.document(said.predicate) == BASE


@pytest.mark.parametrize("kind", ["https://in-toto.io/Statement/v1", "", "nonsense"])
def test_type_of_the_statement_is_not_checked(kind):
    read(_type=kind).verify_subject(DIGEST)


@pytest.mark.parametrize("predicate", [None, "an SPDX text", [1], {"a": {"A": 1, "a": 2}}, True])
def test_predicate_may_be_of_any_type(predicate):
    assert read(predicate=predicate).predicate == predicate


def test_unknown_fields_are_ignored():
    subject = {"digest": {"sha256": "a" * 64}, "uri": "x", "annotations": {}}
    said = read(extra=1, subject=[subject])
    assert said.document(None)["subject"] == [{"name": "", "digest": {"sha256": "a" * 64}}]
    assert "extra" not in said.document(None)


@pytest.mark.parametrize(
    "body",
    [
        b'{"predicateType":"a","predicateType":"b"}',
        b'{"predicate":{"x":1,"x":2}}',
        b'{"predicateType":"a","PredicateType":"b"}',
        b'{"predicateType":"a","predicatetype":"b"}',
        b'{"subject":[{"digest":{},"Digest":{}}]}',
        b'{"subject":[null]}',
        b'{"subject":{}}',
        b'{"subject":["x"]}',
        b'{"subject":[{"digest":{"sha256":1}}]}',
        b'{"subject":[{"digest":[]}]}'.replace(b"[]", b"[1]"),
        b'{"predicateType":1}',
        b'{"predicate":NaN}',
        b'{"predicate":1e400}',
        b'{"predicate":-Infinity}',
        b'{"predicate":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        '{"predicate":1}'.encode("utf-16"),
        b"{} {}",
        b"[]",
        b"null",
        b"",
        b"{",
        b'{"predicate":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"predicate":[' + b"1," * limits.ATTESTATION_PARTS + b"1]}",
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_what_may_mean_two_things_is_refused(body):
    with pytest.raises(RejectionError):
        statement.read(body)


@pytest.mark.parametrize(
    ("digest", "subjects"),
    [
        (DIGEST, []),
        (DIGEST, None),
        (DIGEST, [{"digest": {"sha256": "A" * 64}}]),
        (DIGEST, [{"digest": {"sha512": "a" * 128}}]),
        (DIGEST, [{"name": "a" * 64}]),
        (DIGEST, [{"digest": {"SHA256": "a" * 64}}]),
        (DIGEST, [{"digest": {"sha256": "b" * 64}}]),
        ("sha512:" + "a" * 128, [{"digest": {"sha256": "a" * 64}}]),
    ],
)
def test_another_subject_is_refused_in_cosigns_words(digest, subjects):
    with pytest.raises(RejectionError, match="no matching subject digest found"):
        read(subject=subjects).verify_subject(digest)


def test_one_of_many_subjects_is_enough_but_they_are_bounded():
    others = [{"name": str(each), "digest": {"sha256": "b" * 64}} for each in range(limits.STATEMENT_SUBJECTS - 1)]
    read(subject=[*others, *BASE["subject"]]).verify_subject(DIGEST)
    with pytest.raises(RejectionError, match="more than"):
        read(subject=[*others, *others])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"12345678901234567", 12345678901234568),
        (b"1152921504606846976", 1152921504606847000),
        (b"-123456789012345678901", -123456789012345680000),
        (b"9007199254740992", 9007199254740992),
        (b"1.0", 1),
        (b"9.5", 9.5),
        (b"1e3", 1000),
        (b"1e21", 1e21),
        (b"-0.0", -0.0),
    ],
)
def test_numbers_are_those_of_go(written, value):
    found = statement.read(b'{"predicate":' + written + b"}").predicate
    assert (found, type(found), str(found)) == (value, type(value), str(value))


documents = st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists)


@given(st.binary(max_size=60) | documents.map(lambda value: json.dumps(value).encode()))
def test_no_payload_is_a_traceback(payload):
    with contextlib.suppress(RejectionError):
        statement.read(payload)
