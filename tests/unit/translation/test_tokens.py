import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.translation.tokens import Kind, tokens


def kinds(text):
    return [(token.kind, token.text) for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.x", [(Kind.WORD, "data"), (Kind.MARK, "."), (Kind.WORD, "x")]),
        ("# data.x", []),
        ("a # data\nb", [(Kind.WORD, "a"), (Kind.NEWLINE, "\n"), (Kind.WORD, "b")]),
        ('"# no comment"', [(Kind.STRING, '"# no comment"')]),
        ('"a\\"b" c', [(Kind.STRING, '"a\\"b"'), (Kind.WORD, "c")]),
        ('"\\\\" c', [(Kind.STRING, '"\\\\"'), (Kind.WORD, "c")]),
        ("`a\n\\` b", [(Kind.RAW_STRING, "`a\n\\`"), (Kind.WORD, "b")]),
        ("`unfinished\n", [(Kind.RAW_STRING, "`unfinished\n")]),
        ('"unfinished\nx', [(Kind.STRING, '"unfinished'), (Kind.NEWLINE, "\n"), (Kind.WORD, "x")]),
        ("1.5e-3", [(Kind.NUMBER, "1.5e-3")]),
        ("x1", [(Kind.WORD, "x1")]),
        ("_", [(Kind.WORD, "_")]),
    ],
)
def test_strings_and_comments_are_told_from_code(text, expected):
    assert kinds(text) == expected


def test_lines_are_counted_through_raw_strings_and_comments():
    assert [(token.text, token.line) for token in tokens("`a\nb` x # c\ny") if token.kind is Kind.WORD] == [
        ("x", 2),
        ("y", 3),
    ]


@given(st.text())
def test_tokens_are_the_text_at_their_places(text):
    for token in tokens(text):
        assert text[token.start : token.end] == token.text


@given(st.text(alphabet='ab ."`#\\\n\t1e-'))
def test_nothing_but_blanks_and_comments_is_left_out(text):
    covered = {at for token in tokens(text) for at in range(token.start, token.end)}
    comment = False
    for at, character in enumerate(text):
        comment = (comment or character == "#") and character != "\n" if at not in covered else False
        assert at in covered or comment or character in " \t"
