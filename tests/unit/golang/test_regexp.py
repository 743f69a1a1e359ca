"""Regular expressions: what Go refuses, in Go's words; tests/assets/go holds what Go itself says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.golang import regexp

RECORDED = json.loads((Path(__file__).parents[2] / "assets" / "go" / "regexp.json").read_text())


@pytest.mark.parametrize(("text", "message"), RECORDED)
def test_an_expression_is_refused_as_go_refuses_it(text, message):
    assert regexp.problem(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        r"^https://github\.com/[^/]+/[\w.-]+/\.github/workflows/release\.ya?ml@refs/(heads|tags)/.+$",
        r"(?i)^(?:ann|bob)@example\.org\z",
        r"(?P<user>[[:alpha:]]+)@\p{Latin}{1,1000}",
        r"[\d\-a-z\]\x{1F600}]+|\Qa*b\E*",
        r"\Qa\E\Qb\E",
        r"\x{5}",
        ">(?P<a>b)",
        "[]a^-]",
        "a{,3}{",
        "((?:a{1000}){0}){1000}",
        "(" * 900 + ")" * 900,
        "(?:" * 3000 + ")" * 3000,
        "(?:" * 999 + "a" + ")*" * 999,
    ],
)
def test_expressions_that_people_write_are_accepted(text):
    assert regexp.problem(text) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a(b", "missing closing ): `a(b`"),
        ("a)b", "unexpected ): `a)b`"),
        ("[a", "missing closing ]: `[a`"),
        ("[]", "missing closing ]: `[]`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        ("[[:word:][:foo:]]", "invalid character class range: `[:foo:]`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{2}??", "invalid nested repetition operator: `{2}??`"),
        (r"\Qa\E**", "invalid nested repetition operator: `**`"),
        ("|*", "missing argument to repetition operator: `*`"),
        ("(?i)+", "missing argument to repetition operator: `+`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("((a{100}){100})", "invalid repeat count: `{100}`"),
        ("(a{600,}){2}", "invalid repeat count: `{2}`"),
        ("((a{1000}){0,}){2}", "invalid repeat count: `{2}`"),
        ("a{1," + "9" * 5000 + "}", "invalid repeat count: `{1," + "9" * 5000 + "}`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?#a)", "invalid or unsupported Perl syntax: `(?#`"),
        ("(?P<a b>c)", "invalid named capture: `(?P<a b>`"),
        ("(?<a", "invalid named capture: `(?<a`"),
        (r"\1", r"invalid escape sequence: `\1`"),
        (r"\xZZ", r"invalid escape sequence: `\xZZ`"),
        (r"\x{}", r"invalid escape sequence: `\x{}`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        (r"\pX", r"invalid character class range: `\pX`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(" * 1001 + ")" * 1001, "expression nests too deeply: `" + "(" * 1001 + ")" * 1001 + "`"),
        ("(?:" * 1000 + "a" + ")*" * 1000, "expression nests too deeply: `" + "(?:" * 1000 + "a" + ")*" * 1000 + "`"),
    ],
)
def test_each_kind_of_fault_has_gos_words(text, problem):
    assert regexp.problem(text) == f"error parsing regexp: {problem}"


def test_posix_classes_are_those_of_go():
    names = ["alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph"]
    names += ["lower", "print", "punct", "space", "upper", "word", "xdigit"]
    assert [regexp.problem(f"[[:{name}:][:^{name}:]]") for name in names] == [""] * 14


@given(st.text())
def test_escaped_text_is_always_an_expression(text):
    assert regexp.problem(re.escape(text)) == ""


@given(st.text(alphabet="ab01^$.|()[]{}*+?\\,:<>=!P-dpQxiEsé\n", max_size=30))
def test_any_text_has_a_verdict(text):
    message = regexp.problem(text)
    assert message == "" or message.startswith("error parsing regexp: ")


@given(st.text(alphabet="ab|.^$", max_size=10), st.sampled_from("*+?"))
def test_a_group_can_always_be_repeated(text, operator):
    assert regexp.problem(f"({text}){operator}") == regexp.problem(text)
