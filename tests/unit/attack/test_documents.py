"""Documents that registries of attacks hold: what is to be refused for its size must not be refused for its form."""

from __future__ import annotations

import json

import pytest

from provider import limits
from provider.questions import question
from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion
from tests.attack import caller, healthy, images, streams


def test_healthy_registry_says_always_the_same_of_a_name() -> None:
    assert healthy.shelf("single/a") == healthy.shelf("single/a")
    assert healthy.digest("single/a") != healthy.digest("single/b")
    assert healthy.created("single/a") != healthy.created("single/b")


@pytest.mark.parametrize("repository", ["single/a", "index/a"])
def test_documents_are_found_by_their_digests(repository: str) -> None:
    for path, document in healthy.shelf(repository).items():
        assert path.endswith((f"/{document.digest}", "/manifests/1"))


def test_index_names_manifests_that_are_there() -> None:
    shelf = healthy.shelf("index/a")
    index = json.loads(shelf["/v2/index/a/manifests/1"].body)
    assert [f"/v2/index/a/manifests/{one['digest']}" in shelf for one in index["manifests"]] == [True, True]


def test_repository_says_how_late_its_documents_are() -> None:
    assert healthy.after("after-500/single/a") == 0.5
    assert healthy.after("single/after-7/a") == 0.007
    assert healthy.after("single/hereafter-7") == 0.0


@pytest.mark.parametrize("make", [images.with_history, images.with_spaces, images.no_json])
def test_dear_configuration_is_within_the_limit_and_nearly_as_large(make) -> None:
    assert 0.9 * limits.CONFIG_BYTES < len(make("one")) <= limits.CONFIG_BYTES
    assert make("one") != make("two")


@pytest.mark.parametrize("make", [images.with_history, images.with_spaces])
def test_dear_configuration_is_json(make) -> None:
    assert json.loads(make("one"))["os"] == "linux"


def test_text_that_is_no_json_is_none_at_its_very_end() -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(images.no_json("one"))
    assert json.loads(images.no_json("one")[:-1] + b"]")[-1] == "one"


def test_chunks_are_a_body_in_parts() -> None:
    assert streams.chunks(b"abcde", 2) == b"2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n"
    assert streams.chunks(b"    ", 2) == b"2\r\n  \r\n2\r\n  \r\n"


def test_keys_are_those_of_templates() -> None:
    verify = {"key": {"data": "x", "hashAlgorithm": "sha256"}}
    assert caller.fact("a.test/b:1") == question.key_of(FactQuestion("a.test/b:1", config=True))
    assert caller.proof("a.test/b:1", verify) == question.key_of(ProofQuestion("a.test/b:1", Verify(key=Key("x"))))
    assert caller.ref("a.test/b:1") == question.ref("a.test/b:1")


def test_answer_is_late_after_the_wait_of_its_path_and_a_little() -> None:
    assert not caller.Reply("/validate", 0.0, 1.4).late
    assert caller.Reply("/validate", 0.0, 1.6).late
    assert not caller.Reply("/audit", 0.0, 9.2).late
