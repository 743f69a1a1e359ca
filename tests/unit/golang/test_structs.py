"""JSON into Go's types; tests/assets/go holds what Go itself makes of each text."""

import json
from pathlib import Path

import pytest

from provider.golang.decoding import DecodeError, decode
from provider.golang.encoding_json import SyntaxProblemError, scan_whole
from provider.golang.structs import Field, Flag, Integer, Map, Pointer, Slice, Struct, Text

RECORDED = json.loads((Path(__file__).parents[2] / "assets" / "go" / "json.json").read_text())
INNER = Struct("main.inner", (Field("name", Text()), Field("count", Integer()), Field("list", Slice(Text()))))
SHAPE = Struct(
    "main.shape",
    (
        Field("text", Text(), omitempty=False),
        Field("flag", Flag(), omitempty=False),
        Field("count", Integer(), omitempty=False),
        Field("kelvins", Text(), omitempty=False),
        Field("list", Slice(Text()), omitempty=False),
        Field("labels", Map(Text()), omitempty=False),
        Field("inner", INNER, omitempty=False),
        Field("pointer", Pointer(INNER), omitempty=False),
        Field("inners", Slice(INNER), omitempty=False),
        Field("groups", Map(INNER), omitempty=False),
        Field("optional", Pointer(INNER)),
    ),
)


def decoded(text):
    """What Go would encode again, and its error."""
    try:
        return SHAPE.encode(decode(scan_whole(text.encode("latin-1")), SHAPE)), ""
    except (SyntaxProblemError, DecodeError) as error:
        return None, str(error)


@pytest.mark.parametrize(("text", "value", "problem"), [(row[0], row[4], row[5]) for row in RECORDED])
def test_struct_is_what_go_makes_of_the_text(text, value, problem):
    assert decoded(text) == (value, problem)


def test_recorded_texts_have_every_error_and_values_of_every_type():
    problems = {row[5] for row in RECORDED}
    assert sum("cannot unmarshal" in problem for problem in problems) > 40
    assert sum(row[4] is not None and row[4] != decoded("{}")[0] for row in RECORDED) > 40
