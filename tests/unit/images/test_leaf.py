"""One manifest with its configuration: what is kept of it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from provider import limits
from provider.errors import ImageError
from provider.golang.decoding import Room
from provider.images import leaf
from provider.images.leaf import DocumentRequest
from provider.questions.config_paths import ConfigPaths
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.content.manifest import Descriptor, Manifest
from provider.registry.content.media_types import OCI_CONFIG, OCI_MANIFEST
from tests.simulators.registry import CREATED, config_of

IMAGE = reference.parse("reg.io/team/app:v1")
DIGEST = "sha256:" + "a" * 64
MANIFEST = Manifest(OCI_MANIFEST, DIGEST, Descriptor(OCI_CONFIG, DIGEST, 1))


def read(body, *, everything=False, room=None, paths=None):
    asked = everything or room or paths
    request = DocumentRequest(room or Room(limits.ITEM_BYTES), paths) if asked else None
    return leaf.read(IMAGE, None, MANIFEST, body, request)


def body(**fields):
    return json.dumps(config_of(**fields)).encode()


def test_facts_need_no_document():
    found = read(body())
    assert (found.config.created, found.config.platform.name) == (CREATED, "linux/amd64")
    assert (found.document, found.name, found.problem) == (None, "", "")


def test_everything_is_the_document_as_well():
    found = read(body(), everything=True)
    assert found.config.created == CREATED
    assert (found.name, found.document["created"]) == ("linux/amd64", CREATED)


@pytest.mark.parametrize("everything", [False, True])
def test_configuration_itself_is_not_kept(everything):
    raw = body(history=[{"created_by": "x" * 1000}])
    found = read(raw, everything=everything)
    assert raw not in [getattr(found, one.name) for one in dataclasses.fields(found)]


def test_document_that_cannot_be_made_is_a_problem_in_gos_words_and_nothing_more():
    found = read(body(created=7), everything=True)
    assert found.problem == "getting ConfigFile for reg.io/team/app:v1: Time.UnmarshalJSON: input is not a JSON string"
    assert (found.config, found.document) == (None, None)


def test_document_that_cannot_be_made_does_not_matter_where_nobody_asks_for_it():
    found = read(body(created=7))
    assert (found.problem, found.config.created) == ("", None)


@pytest.mark.parametrize("raw", [b"", b"no json", b"[]", b"7", b"null"])
def test_configuration_that_is_no_object_is_no_configuration(raw):
    with pytest.raises(ImageError) as caught:
        read(raw)
    assert caught.value.reason is Reason.CONTENT_INVALID
    assert "configuration of reg.io/team/app:v1" in caught.value.message


# What policy-controller's documents may take.


def test_document_that_is_larger_than_an_answer_is_refused_for_good():
    raw = body(config={"Env": ["A=" + "x" * limits.ITEM_BYTES]})
    with pytest.raises(ImageError) as caught:
        read(raw, everything=True)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    assert "configuration of reg.io/team/app:v1: it is larger than an answer may be" in caught.value.message
    assert read(raw).config.created == CREATED


def test_what_no_document_carries_takes_nothing():
    raw = body(unknown="x" * limits.ITEM_BYTES)
    assert read(raw, everything=True).document["created"] == CREATED


def test_documents_of_one_answer_share_what_they_may_take():
    room = Room(limits.ITEM_BYTES)
    raw = body(config={"Env": ["A=" + "x" * (limits.ITEM_BYTES // 2)]})
    read(raw, room=room)
    with pytest.raises(ImageError) as caught:
        read(raw, room=room)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED


@pytest.mark.parametrize("everything", [False, True])
def test_configuration_that_would_build_too_much_is_refused(everything):
    raw = b'{"created":"' + CREATED.encode() + b'","x":[' + b"0," * limits.JSON_PARTS + b"0]}"
    with pytest.raises(ImageError) as caught:
        read(raw, everything=everything)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED


AGE = ConfigPaths((("created",),))


def test_question_about_some_paths_gets_these_and_no_more():
    found = read(body(config={"User": "app"}), paths=ConfigPaths((("created",), ("config", "User"))))
    assert (found.name, found.document) == ("linux/amd64", {"created": CREATED, "config": {"User": "app"}})


@pytest.mark.parametrize(
    "config",
    [{"Labels": {"notes": "x" * 600 * 1024}}, {"Labels": {"x" * 600 * 1024: ""}}, {"Env": ["x" * 600 * 1024]}],
)
def test_large_text_does_no_harm_where_it_is_not_asked_for(config):
    raw = body(config=config)
    assert read(raw, paths=AGE).document == {"created": CREATED}
    with pytest.raises(ImageError) as caught:
        read(raw, paths=ConfigPaths((("config",),)))
    assert caught.value.reason is Reason.LIMIT_EXCEEDED


def test_parts_of_documents_share_what_one_answer_may_take():
    room = Room(limits.ITEM_BYTES)
    raw = body(config={"Env": ["A=" + "x" * (limits.ITEM_BYTES // 2)]})
    for _ in range(3):
        read(raw, room=room, paths=AGE)
    read(raw, room=room, paths=ConfigPaths((("config", "Env"),)))
    with pytest.raises(ImageError) as caught:
        read(raw, room=room, paths=ConfigPaths((("config", "Env"),)))
    assert caught.value.reason is Reason.LIMIT_EXCEEDED


def test_document_that_cannot_be_made_is_a_problem_whatever_part_is_asked_for():
    found = read(body(config={"User": 7}), paths=AGE)
    assert found.problem.startswith("getting ConfigFile for reg.io/team/app:v1: json: cannot unmarshal number")


def test_what_a_document_may_build_is_limited_before_it_is_cut():
    with pytest.raises(ImageError) as caught:
        read(body(history=[{}] * 8_000), paths=AGE)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
