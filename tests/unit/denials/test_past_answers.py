"""Answers about an image as it was, by the digest that its tag had."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gatekeeper.denials.capsules.past_answers import PastAnswers
from gatekeeper.evaluation.program import StubAnswers
from provider.questions import question
from provider.questions.question import FactQuestion, key_of

_DIGEST = "sha256:" + "a" * 64
_TAG = key_of(FactQuestion("alpine:3"))
_PINNED = key_of(FactQuestion(f"index.docker.io/library/alpine@{_DIGEST}"))
_OTHER = key_of(FactQuestion("side:1"))


class Registries:
    """Answers each key with its own text."""

    def __init__(self, *failing: str) -> None:
        self.asked: list[str] = []
        self._failing = failing

    def __call__(self, keys: Sequence[str]) -> StubAnswers:
        self.asked += keys
        values = {key: {"image": "?", "ref": "?", "asked": key} for key in keys if key not in self._failing}
        failed = {question.ref(key): {"reason": "Timeout", "message": key} for key in keys if key in self._failing}
        return StubAnswers(values, {"bad": "KeyInvalid: bad"}, json.dumps(failed) if failed else "")


def test_tag_is_asked_for_by_its_digest_and_answered_under_its_own_key() -> None:
    registries = Registries()
    found = PastAnswers(registries, "alpine:3", _DIGEST)([_TAG, _OTHER])
    assert registries.asked == [_PINNED, _OTHER]
    assert found.values[_TAG] == {
        "image": "index.docker.io/library/alpine:3",
        "ref": question.ref(_TAG),
        "asked": _PINNED,
    }
    assert found.values[_OTHER] == {"image": "?", "ref": "?", "asked": _OTHER}


def test_digest_beside_its_tag_has_its_own_answer() -> None:
    registries = Registries()
    found = PastAnswers(registries, "alpine:3", _DIGEST)([_TAG, _PINNED])
    assert registries.asked == [_PINNED]
    assert found.values.keys() == {_TAG, _PINNED}
    assert found.values[_PINNED]["ref"] == "?"


def test_failure_stands_under_the_ref_of_the_tags_key() -> None:
    found = PastAnswers(Registries(_PINNED), "alpine:3", _DIGEST)([_TAG])
    assert found.passing() == {question.ref(_TAG): {"reason": "Timeout", "message": _PINNED}}
    assert found.values == {}


def test_key_that_is_none_is_asked_as_it_is() -> None:
    registries = Registries()
    found = PastAnswers(registries, "alpine:3", _DIGEST)(["{", "bad"])
    assert registries.asked == ["{", "bad"]
    assert found.errors == {"bad": "KeyInvalid: bad"}
