"""Which parts of a document a text notices."""

from __future__ import annotations

import pytest

from gatekeeper.cue.reading import paths_read


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        pytest.param('predicateType: "x"', [("predicateType",)], id="a field"),
        pytest.param("a: {b: c: string, d?: int}", [("a", "b", "c"), ("a", "d")], id="fields of fields"),
        pytest.param("predicate: {...}", [("predicate",)], id="any struct: that it is one"),
        pytest.param("predicate: materials: [...{uri: string}]", [("predicate", "materials")], id="a list: all of it"),
        pytest.param("a: {b: 1} | {c: 1}", [("a",)], id="a disjunction: all of it"),
        pytest.param("#A: {b: int}\na: #A", [("a",)], id="a closed struct: all of it"),
        pytest.param("#A: {b: int, ...}\na: #A\nc: close({})", [("a", "b"), ("c",)], id="an open definition"),
        pytest.param("a: {b: 1, [string]: int}", [("a",)], id="a pattern: all of it"),
        pytest.param("a?: {b?: string & int}", [("a", "b")], id="what nothing fits"),
    ],
)  # fmt: skip
def test_open_structs_notice_the_fields_that_they_name(text, paths):
    assert paths_read(text) == tuple(paths)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[string]: int", id="pattern of the document"),
        pytest.param("close({a: 1})", id="closed document"),
        pytest.param("a: {b: int, if b > 1 {c: 2}}", id="condition"),
        pytest.param("a?: [...{b: int, if b > 1 {c: 2}}]", id="condition in a list"),
        pytest.param('a: string\nb?: "x\\(a)"', id="made of another field"),
        pytest.param("a: {[string]: {b: int, if b > 1 {c: 2}}}", id="condition in a pattern"),
        pytest.param("...", id="nothing named"),
        pytest.param("a: for", id="no CUE"),
    ],
)  # fmt: skip
def test_what_is_not_sure_notices_all_of_the_document(text):
    assert paths_read(text) is None
