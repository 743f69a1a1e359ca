import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.translation.tokens import TokenKind, tokens


def kinds(text):
    return [(token.kind, token.text) for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.x", [(TokenKind.WORD, "data"), (TokenKind.MARK, "."), (TokenKind.WORD, "x")]),
        ("# data.x", []),
        ("a # data\nb", [(TokenKind.WORD, "a"), (TokenKind.NEWLINE, "\n"), (TokenKind.WORD, "b")]),
        ('"# no comment"', [(TokenKind.STRING, '"# no comment"')]),
        ('"a\\"b" c', [(TokenKind.STRING, '"a\\"b"'), (TokenKind.WORD, "c")]),
        ('"\\\\" c', [(TokenKind.STRING, '"\\\\"'), (TokenKind.WORD, "c")]),
        ("`a\n\\` b", [(TokenKind.RAW_STRING, "`a\n\\`"), (TokenKind.WORD, "b")]),
        ("`unfinished\n", [(TokenKind.RAW_STRING, "`unfinished\n")]),
        ('"unfinished\nx', [(TokenKind.STRING, '"unfinished'), (TokenKind.NEWLINE, "\n"), (TokenKind.WORD, "x")]),
        ("1.5e-3", [(TokenKind.NUMBER, "1.5e-3")]),
        ("x1", [(TokenKind.WORD, "x1")]),
        ("_", [(TokenKind.WORD, "_")]),
    ],
)
def test_strings_and_comments_are_told_from_code(text, expected):
    assert kinds(text) == expected


def test_lines_are_counted_through_raw_strings_and_comments():
    assert [(token.text, token.line) for token in tokens("`a\nb` x # c\ny") if token.kind is TokenKind.WORD] == [
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
