"""Which parts of a configuration a question is about, and what is left of a document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import QuestionError
from provider.questions import question
from provider.questions.config_paths import ConfigPaths
from provider.questions.question import FactQuestion
from provider.reasons import Reason

IMAGE = "registry.test/app:1"


def key(config):
    return json.dumps({"config": config, "image": IMAGE, "v": 1}, sort_keys=True, separators=(",", ":"))


def paths(*given):
    return ConfigPaths(tuple(tuple(each.split("/")) for each in given))


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ([["created"]], [["created"]]),
        ([["os"], ["created"]], [["created"], ["os"]]),
        ([["created"], ["created"]], [["created"]]),
        ([["config", "User"], ["config"]], [["config"]]),
        (
            [["config", "Labels", "a"], ["config", "User"], ["config", "Labels"]],
            [["config", "Labels"], ["config", "User"]],
        ),
        ([["os.version"], ["os"]], [["os"], ["os.version"]]),
        ([], []),
    ],
)
def test_list_of_paths_is_read_in_whatever_order_and_written_in_one(given, canonical):
    asked = question.parse(key(given))
    assert asked.config.to_json() == canonical
    assert question.key_of(asked) == key(canonical)


@pytest.mark.parametrize("config", [[[]], [["created"], []], ["created"], [[1]], [None], [[["created"]]], [{"a": 1}]])
def test_list_of_anything_else_is_no_question(config):
    with pytest.raises(QuestionError) as caught:
        question.parse(key(config))
    assert caught.value.reason is Reason.KEY_INVALID


@pytest.mark.parametrize("config", [None, 1, "created", {"created": True}])
def test_what_is_neither_true_nor_a_list_may_be_a_later_versions(config):
    with pytest.raises(QuestionError) as caught:
        question.parse(key(config))
    assert caught.value.reason is Reason.QUESTION_UNSUPPORTED


def test_question_names_so_many_paths_and_no_more():
    most = [[f"{number:02}"] for number in range(limits.CONFIG_PATHS)]
    assert question.parse(key(most)).config.fits
    for many in ([*most, ["x"]], [["x" * limits.CONFIG_PATHS_BYTES]]):
        with pytest.raises(QuestionError) as caught:
            question.parse(key(many))
        assert caught.value.reason is Reason.KEY_INVALID
        assert "32 paths and 1024 bytes" in caught.value.message


def test_paths_and_no_paths_and_all_are_three_questions():
    asked = [FactQuestion(IMAGE), FactQuestion(IMAGE, config=True), FactQuestion(IMAGE, paths("created"))]
    assert len({question.key_of(each) for each in asked}) == len(set(asked)) == 3


DOCUMENT = {
    "created": "2026-01-01T00:00:00Z",
    "os": "linux",
    "config": {"Labels": {"a": "1", "b": "2"}, "Env": None, "User": ""},
    "history": [{"created": "x"}, {"comment": "y"}],
    "os.version": "10",
}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (["created"], {"created": DOCUMENT["created"]}),
        (["config"], {"config": DOCUMENT["config"]}),
        (["config/Labels/a"], {"config": {"Labels": {"a": "1"}}}),
        (["config/Labels/c"], {"config": {"Labels": {}}}),
        (["config/Env/x"], {"config": {"Env": None}}),
        (["config/User/x/y"], {"config": {"User": ""}}),
        (["history/created"], {"history": DOCUMENT["history"]}),
        (["nothing/at/all"], {}),
        (["os.version"], {"os.version": "10"}),
        (["config/Labels/a", "os"], {"config": {"Labels": {"a": "1"}}, "os": "linux"}),
        ([], {}),
    ],
)
def test_cut_document_has_what_is_at_the_paths_and_objects_on_the_way(given, left):
    assert paths(*given).cut(DOCUMENT) == left
    assert paths(*given).cut_all({"linux/amd64": DOCUMENT, "": None}) == {"linux/amd64": left, "": None}


def test_wider_paths_cover_narrower_ones():
    assert paths("config", "created").covers(paths("config/User", "created"))
    assert not paths("config/User").covers(paths("config"))
    assert not paths("created").covers(paths("created", "os"))
    assert paths("os").covers(paths())


_NAMES = st.sampled_from(["a", "b", "c"])
_PATHS = st.lists(st.lists(_NAMES, min_size=1, max_size=3).map(tuple), max_size=4).map(tuple)
_JSON = st.recursive(
    st.none() | st.booleans() | st.just("x"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=20,
)


def at(value, path):
    """What stands at a path, `...` where there is nothing."""
    for name in path:
        value = value[name] if isinstance(value, dict) and name in value else ...
    return value


@given(_PATHS, _JSON)
def test_whoever_reads_at_the_paths_sees_no_difference(given, document):
    chosen = ConfigPaths(given)
    left = chosen.cut(document)
    assert all(at(left, path) == at(document, path) for path in given)
    assert chosen.cut(left) == left


@given(_PATHS, _PATHS, _JSON)
def test_what_is_covered_can_be_cut_from_what_was_cut(one, other, document):
    wider, narrower = ConfigPaths(one), ConfigPaths(other)
    if wider.covers(narrower):
        assert narrower.cut(wider.cut(document)) == narrower.cut(document)
