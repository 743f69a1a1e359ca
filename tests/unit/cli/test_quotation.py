"""Texts of others on a terminal."""

import pytest

from gatekeeper.cli import output
from gatekeeper.cli.quotation import quoted, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("registry.test/app:1", "registry.test/app:1"),
        ("größer", "größer"),
        ("nginx\nallowed by 1 policy", r"nginx\nallowed by 1 policy"),
        ("nginx\r\x1b[2Kallowed", r"nginx\r\x1b[2Kallowed"),
        ("a\u202eb\u2028c\x9bd\xa0e", r"a\u202eb\u2028c\x9bd\xa0e"),
    ],
)
def test_text_of_others_neither_starts_a_line_nor_steers_the_terminal(text, shown):
    assert visible(text) == shown


def test_quoted_text_shows_what_has_no_width():
    assert quoted('a\u200b"\n') == r'"a\u200b\"\n"'


@pytest.mark.parametrize("say", [output.problem, output.warning, lambda text: output.notes([text])])
def test_problem_is_one_line(say, capsys):
    say("--image nginx\nallowed by 1 policy")
    assert capsys.readouterr().err.count("\n") == 1
