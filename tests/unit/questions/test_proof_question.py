"""What a question about signatures may ask."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.errors import QuestionError
from provider.questions.proof_question import (
    Format,
    HashAlgorithm,
    Key,
    Keyless,
    LogName,
    SignatureSource,
    TrustRootName,
    Verify,
)
from provider.questions.question import ProofQuestion, key_of, parse
from provider.reasons import Reason

DIGEST = "sha256:" + "0" * 64


def ask(**verify):
    return parse(json.dumps({"v": 1, "image": "app:1", "verify": verify}))


def test_key_is_asked_for_with_what_is_as_by_default():
    assert ask(key={"data": "pem"}) == ProofQuestion("app:1", Verify(key=Key("pem")))


def test_everything_that_may_be_asked():
    question = ask(
        keyless={"trustRoot": "own", "trustRootDigest": DIGEST, "insecureIgnoreSCT": True},
        source={"oci": "reg.example/signatures", "tagPrefix": "release-"},
        format="any",
        ctlog={"url": "https://log.example", "trustRoot": "own"},
        timestamp={"trustRoot": "own"},
    )
    assert question.verify == Verify(
        keyless=Keyless(TrustRootName("own", DIGEST), ignore_sct=True),
        source=SignatureSource("reg.example/signatures", "release-"),
        format=Format.ANY,
        log=LogName("https://log.example", TrustRootName("own")),
        timestamp=TrustRootName("own"),
    )


def test_key_of_a_question_is_what_templates_make():
    question = ProofQuestion("app:1", Verify(key=Key("a\nb", HashAlgorithm.SHA512)))
    assert key_of(question) == ('{"image":"app:1","v":1,"verify":{"key":{"data":"a\\nb","hashAlgorithm":"sha512"}}}')
    keyless = ProofQuestion("app:1", Verify(keyless=Keyless(TrustRootName()), timestamp=TrustRootName()))
    assert key_of(keyless) == (
        '{"image":"app:1","v":1,"verify":'
        '{"keyless":{"insecureIgnoreSCT":false,"trustRoot":"","trustRootDigest":""},"timestamp":{}}}'
    )


@pytest.mark.parametrize(
    ("verify", "sentence"),
    [
        ({}, "exactly one of `key` and `keyless`"),
        ({"key": {"data": "x"}, "keyless": {}}, "exactly one of `key` and `keyless`"),
        ({"key": "pem"}, "`key` is no object"),
        ({"key": {}}, "`data` of `key` is empty"),
        ({"key": {"data": 1}}, "`data` is no string"),
        ({"keyless": {"insecureIgnoreSCT": "yes"}}, "`insecureIgnoreSCT` is no boolean"),
        ({"keyless": {"trustRoot": 1}}, "`trustRoot` is no string"),
        ({"keyless": {"trustRootDigest": "sha256:short"}}, "`trustRootDigest` of `keyless` is not"),
        ({"key": {"data": "x"}, "source": {"tagPrefix": "../"}}, "`tagPrefix` cannot begin a tag"),
        ({"key": {"data": "x"}, "source": []}, "`source` is no object"),
        ({"key": {"data": "x"}, "timestamp": "own"}, "`timestamp` is no object"),
        ({"key": {"data": "x"}, "ctlog": None}, "`ctlog` is no object"),
    ],
)
def test_question_that_can_never_be_answered_is_refused_for_good(verify, sentence):
    with pytest.raises(QuestionError) as refused:
        ask(**verify)
    assert (refused.value.reason, sentence in refused.value.message) == (Reason.KEY_INVALID, True)


@pytest.mark.parametrize(
    ("verify", "what"),
    [
        ({"key": {"data": "x"}, "provenance": {}}, "field 'provenance' of `verify`"),
        ({"key": {"data": "x", "kms": "awskms://x"}}, "field 'kms' of `key`"),
        ({"keyless": {"identities": []}}, "field 'identities' of `keyless`"),
        ({"key": {"data": "x"}, "source": {"mirrors": []}}, "field 'mirrors' of `source`"),
        ({"key": {"data": "x", "hashAlgorithm": "md5"}}, "'md5' as `hashAlgorithm`"),
        ({"key": {"data": "x"}, "format": "cosign4"}, "'cosign4' as `format`"),
        ({"key": {"data": "x"}, "format": ["legacy"]}, "as `format`"),
    ],
)
def test_question_of_a_later_version_is_unsupported_for_now(verify, what):
    with pytest.raises(QuestionError) as refused:
        ask(**verify)
    assert refused.value.reason is Reason.QUESTION_UNSUPPORTED
    assert refused.value.message.startswith("this provider does not know ")
    assert what in refused.value.message


def test_facts_and_proofs_are_questions_of_their_own():
    with pytest.raises(QuestionError, match="field 'config'"):
        parse(json.dumps({"v": 1, "image": "a", "config": True, "verify": {"key": {"data": "x"}}}))


trust_roots = st.builds(TrustRootName, st.text(max_size=20), st.sampled_from(["", DIGEST]))
verifications = st.builds(
    Verify,
    key=st.none(),
    keyless=st.builds(Keyless, trust_roots, st.booleans()),
    source=st.builds(SignatureSource, st.text(max_size=20), st.sampled_from(["", "p", "release-"])),
    format=st.sampled_from(Format),
    log=st.none() | st.builds(LogName, st.text(max_size=20), trust_roots),
    timestamp=st.none() | trust_roots,
) | st.builds(Verify, key=st.builds(Key, st.text(min_size=1, max_size=50), st.sampled_from(HashAlgorithm)))


@given(verifications)
def test_any_question_is_read_back_from_its_key(verify):
    question = ProofQuestion("app:1", verify)
    assert parse(key_of(question)) == question


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["key", "keyless", "source", "format", "ctlog", "timestamp", "data", "trustRoot", "oci", "attestation"]
)


@given(st.dictionaries(names, json_values | st.dictionaries(names, json_values, max_size=3), max_size=4))
def test_no_question_is_a_traceback(verify):
    with contextlib.suppress(QuestionError):
        ask(**verify)
