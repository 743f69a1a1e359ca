"""What there is to say about a key."""

from __future__ import annotations

import json

import pytest

from provider import limits
from provider.answering import result
from provider.errors import ImageError, QuestionError
from provider.questions import item_key
from provider.questions.answer import Proof, Proofs
from provider.questions.item_key import KeyKind
from provider.questions.question import ref
from provider.reasons import EXPLANATIONS, Lifetime, Reason
from tests.simulators.inspector import DIGEST, facts

IMAGE = "registry.example/app:1"
QUESTION = item_key.read(KeyKind.QUESTION, IMAGE)
TAG = item_key.read(KeyKind.TAG, "alpine")
SENT = [reason for reason in Reason if EXPLANATIONS[reason].lifetime is not Lifetime.VERDICT]


def document(item):
    return json.loads(item)


def test_answer_is_an_item_with_the_key_as_it_was_sent():
    made = result.of_answer(TAG, f"alpine@{DIGEST}", 0.1)
    assert document(made.item) == {"key": "alpine", "value": f"alpine@{DIGEST}"}
    assert (made.ref, made.reason, made.problem) == (ref("alpine"), None, "")


def test_fact_sheet_has_the_short_name_of_its_key():
    value = document(result.of_answer(QUESTION, facts(), 0.1).item)["value"]
    assert (value["ref"], value["digest"]) == (ref(IMAGE), DIGEST)


def test_log_is_told_what_was_found():
    told = result.of_answer(QUESTION, facts(created=None), 0.01234).log_fields
    assert told == {
        "ref": ref(IMAGE),
        "image": IMAGE,
        "outcome": "answered",
        "digest": DIGEST,
        "created": None,
        "created_from": "config",
        "ms": 12.3,
    }


def test_log_is_told_how_many_proofs_there_are():
    proof = Proof("ab", DIGEST, "legacy", (), "", {}, ())
    proofs = Proofs(IMAGE, DIGEST, f"registry.example/app@{DIGEST}", [proof, proof])
    told = result.of_answer(QUESTION, proofs, 0.0).log_fields
    assert (told["digest"], told["proofs"]) == (DIGEST, 2)


def test_log_is_told_what_a_tag_was_resolved_to_and_the_whole_name_of_the_image():
    told = result.of_answer(TAG, f"alpine@{DIGEST}", 0.0).log_fields
    assert told["reference"] == f"alpine@{DIGEST}"
    assert told["image"] == "index.docker.io/library/alpine:latest"


def test_answer_of_the_greatest_size_is_given_and_one_of_a_byte_more_is_refused():
    def sheet(size):
        return facts(config={"a": "x" * size})

    without = len(result.of_answer(QUESTION, sheet(0), 0.0).item)
    fitting = limits.ITEM_BYTES - without
    assert len(result.of_answer(QUESTION, sheet(fitting), 0.0).item) == limits.ITEM_BYTES
    with pytest.raises(ImageError) as raised:
        result.of_answer(QUESTION, sheet(fitting + 1), 0.0)
    assert raised.value.reason is Reason.LIMIT_EXCEEDED


def test_number_that_json_has_not_cannot_be_given():
    with pytest.raises(ImageError) as raised:
        result.of_answer(QUESTION, facts(config={"a": float("inf")}), 0.0)
    assert raised.value.reason is Reason.CONTENT_INVALID


@pytest.mark.parametrize("reason", SENT)
def test_failure_of_a_question_is_an_item_that_may_be_cached_only_if_it_is_durable(reason):
    made = result.of_error(QUESTION, ImageError(reason, "a sentence"), 0.01234)
    if reason.durable:
        assert document(made.item) == {"key": IMAGE, "error": f"{reason}: a sentence"}
        assert made.problem == ""
    else:
        assert made.item is None
        problem = json.loads(f"{{{made.problem}}}")
        assert problem == {ref(IMAGE): {"reason": reason, "message": "a sentence"}}
    assert made.reason is reason
    assert made.log_fields == {
        "ref": ref(IMAGE),
        "image": IMAGE,
        "outcome": "item_error" if reason.durable else "unfinished",
        "reason": reason,
        "problem": "a sentence",
        "ms": 12.3,
    }


@pytest.mark.parametrize("reason", SENT)
def test_failure_of_a_tag_is_always_an_item(reason):
    made = result.of_error(TAG, ImageError(reason, "a sentence"), 0.0)
    assert document(made.item) == {"key": "alpine", "error": f"{reason}: a sentence"}


@pytest.mark.parametrize(("length", "cached"), [(limits.KEY_BYTES, True), (limits.KEY_BYTES + 1, False)])
def test_key_that_is_too_long_is_never_an_item_that_is_cached(length, cached):
    text = "a" * length
    made = result.unreadable(KeyKind.QUESTION, text, QuestionError(Reason.KEY_INVALID, "a sentence"))
    assert (made.item is not None) is cached
    assert bool(made.problem) is not cached
    assert made.reason is Reason.KEY_INVALID
    assert (made.log_fields["ref"], made.log_fields["image"]) == (ref(text), "")


def test_key_that_is_too_long_is_an_item_where_nothing_is_cached():
    error = QuestionError(Reason.KEY_INVALID, "a sentence")
    assert result.unreadable(KeyKind.TAG, "a" * limits.MIB, error).item is not None


def test_answer_that_does_not_fit_into_the_response_is_replaced_by_why():
    error = ImageError(Reason.OVERLOADED, "too much")
    made = result.replaced(KeyKind.QUESTION, IMAGE, result.of_answer(QUESTION, facts(), 0.1), error)
    assert made.item is None
    assert json.loads(f"{{{made.problem}}}") == {ref(IMAGE): {"reason": "Overloaded", "message": "too much"}}
    assert (made.log_fields["image"], made.log_fields["outcome"]) == (IMAGE, "unfinished")


def test_size_covers_the_bytes_that_are_kept():
    answer = result.of_answer(QUESTION, facts(config={"a": "x" * 10_000}), 0.0)
    assert len(answer.item) < answer.size < len(answer.item) + 2000


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.NOT_FOUND, Reason.CONTENT_INVALID])
def test_size_of_a_failure_covers_what_the_wire_and_the_log_are_told(reason):
    failure = result.of_error(QUESTION, ImageError(reason, "x" * 5000), 0.0)
    assert failure.size > 3 * 5000


def test_results_are_told_apart_by_identity():
    """The log remembers the line of each: equal ones are still two."""
    one, two = (result.of_answer(TAG, f"alpine@{DIGEST}", 0.0) for _ in range(2))
    assert len({one, two}) == 2


def test_rejection_tells_a_template_how_many_proofs_nobody_looked_at():
    for number, more in ((None, {}), (0, {"passedOver": 0}), (7, {"passedOver": 7})):
        error = ImageError(Reason.SIGNATURE_REJECTED, "no", passed_over=number)
        made = result.of_error(QUESTION, error.again(), 0.0)
        assert json.loads(f"{{{made.problem}}}") == {
            ref(IMAGE): {"reason": "SignatureRejected", "message": "no", **more}
        }
