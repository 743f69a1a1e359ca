"""Text in quotes, as Go prints it."""

import pytest

from provider.golang.strconv import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", '""'),
        ("a b é 𐀀", '"a b é 𐀀"'),
        ('"\\', r'"\"\\"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\x00\x1f\x7f", r'"\x00\x1f\x7f"'),
        ("\x80\x85\xa0\xad\u200b\uffff", r'"\u0080\u0085\u00a0\u00ad\u200b\uffff"'),
        ("\U0010ffff", r'"\U0010ffff"'),
    ],
)
def test_text_is_quoted_as_go_quotes_it(text, shown):
    assert quoted(text) == shown
