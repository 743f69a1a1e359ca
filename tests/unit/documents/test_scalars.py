"""Plain scalars mean what they mean to Kubernetes; tests/assets/go holds what Go itself says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.documents import scalars
from gatekeeper.documents.document import DocumentError, parse_documents

RECORDED = json.loads((Path(__file__).parents[2] / "assets" / "go" / "yaml.json").read_text())


def of(text: str):
    (document,) = parse_documents(f"v: {text}".encode(), "file")
    return document.value["v"]


@pytest.mark.parametrize(("text", "value"), RECORDED)
def test_a_scalar_is_read_as_go_reads_it(text, value):
    if value is None:
        with pytest.raises(DocumentError):
            of(text)
        return
    expected = None if value == {"null": True} else value
    found = of(text)
    assert found == expected
    assert isinstance(found, str) == isinstance(expected, str)
    assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("off", False),
        ("y", True),
        ("2001-12-14", "2001-12-14"),
        ("2001-12-14T21:59:43Z", "2001-12-14T21:59:43Z"),
        ("12:30", "12:30"),
        ("0777", 0o777),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1e3", 1000.0),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64),
        ("'yes'", "yes"),
        ('"7"', "7"),
        ("!!str 7", "7"),
        ("! 7", "7"),
        ("!!float 7", 7.0),
        ("~", None),
        ("9" * 500, "9" * 500),
    ],
)
def test_words_numbers_and_dates(text, value):
    found = of(text)
    assert found == value
    assert type(found) is type(value)


@given(st.text(min_size=1))
def test_text_is_itself_unless_it_is_a_word_or_looks_like_a_number(text):
    if text[0] not in "0123456789+-." and text not in scalars.WORDS:
        assert scalars.plain(text) == text


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.none() | st.booleans() | st.integers() | st.text()))
def test_json_comes_back_as_it_was(value):
    content = json.dumps(value).encode()
    (document,) = parse_documents(content, "file")
    assert document.value == value
