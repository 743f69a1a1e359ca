"""Text that strangers wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.foreign_text import shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("grün €", "grün €"),
        ("a\nb\tc\x00d", "a b c d"),
        ("a\u202eb", "a b"),
        ("a\u2028b", "a b"),
        ("a\ud800b", "a b"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 63 + "…"),
    ],
)
def test_text_is_made_harmless(text, expected):
    assert shown(text) == expected


@given(st.text(alphabet=st.characters(), max_size=200), st.integers(1, 100))
def test_text_is_one_printable_line_within_its_length(text, length):
    made = shown(text, length)
    assert len(made) <= length
    assert made.isprintable()
    made.encode()
