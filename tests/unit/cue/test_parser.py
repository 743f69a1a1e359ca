"""CUE texts are read as CUE reads them, and whatever else is in a text is refused with its line."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekeeper.cue.parser import parsed
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.syntax import Binary, CueField, Literal, Number, StructLiteral
from provider.limits import CUE_DEPTH, POLICY_BYTES

TEXTS = {
    "plain": ('a: "x"', "x"),
    "escapes": (r'a: "\t\"\\\u00fc\U0001F600\/"', '\t"\\ü😀/'),
    "raw": (r'a: #"C:\n\#n"#', "C:\\n\n"),
    "raw with quotes": ('a: ##"say "x"#"##', 'say "x"#'),
    "over lines": ('a: """\n    one\n      two\n\n    """', "one\n  two\n"),
    "over lines, raw": ('a: #"""\n  \\(x)\n  """#', "\\(x)"),
}
NUMBERS = {
    "whole": ("1", 1, True),
    "grouped": ("1_000", 1000, True),
    "hexadecimal": ("0xff", 255, True),
    "hexadecimal in capitals": ("0XFF", 255, True),
    "binary": ("0b101", 5, True),
    "octal": ("0o17", 15, True),
    "unit": ("2Ki", 2048, True),
    "decimal unit": ("1.5M", 1_500_000, True),
    "fraction": ("1.50", 1.5, False),
    "exponent": ("1e3", 1000, False),
    "no leading digit": (".5", 0.5, False),
}


def value_of(text):
    (field,) = parsed(text).content.declarations
    assert isinstance(field, CueField)
    return field.value


@pytest.mark.parametrize("name", TEXTS)
def test_text_says_what_it_says_in_cue(name):
    text, said = TEXTS[name]
    literal = value_of(text)
    assert isinstance(literal, Literal)
    assert literal.value == said


@pytest.mark.parametrize("name", NUMBERS)
def test_number_is_whole_or_not_as_it_is_written(name):
    text, worth, whole = NUMBERS[name]
    literal = value_of(f"a: {text}")
    assert isinstance(literal, Literal)
    assert isinstance(literal.value, Number)
    assert (float(literal.value.value), literal.value.whole) == (worth, whole)


def test_operators_bind_as_in_cue():
    choice = value_of("a: >=1 & <10 | *3")
    assert isinstance(choice, Binary)
    assert choice.operator == "|"
    assert isinstance(choice.left, Binary)
    assert choice.left.operator == "&"


def test_fields_of_fields_may_stand_on_one_line():
    inner = value_of('a: b?: "c-d"!: 1')
    assert isinstance(inner, StructLiteral)
    (field,) = inner.declarations
    assert isinstance(field, CueField)
    assert (field.name, field.mark.value) == ("b", "?")


def test_attributes_stand_behind_fields_and_alone_on_their_line():
    file = parsed("@x()\n@y(z)\npackage p\n@z()\na: b: 1 @go(A) @json(b), c: 2\nd: {\n@x()\n}")
    assert [getattr(each, "name", "") for each in file.content.declarations] == ["a", "c", "d"]


def test_comments_and_attributes_mean_nothing():
    (field,) = parsed('// what\n@top(x)\na: 1 @go(A,type="x") // why\n'.replace(',type="x"', "")).content.declarations
    assert isinstance(field, CueField)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("a: {", 1, "expected '}', found 'EOF'", id="not closed"),
        pytest.param('a: 1\nb: "x', 2, "string literal not terminated", id="text not closed"),
        pytest.param("a: 1 b: 2", 1, "expected a comma or a new line", id="two on a line"),
        pytest.param("a: ]", 1, "expected operand", id="no value"),
        pytest.param("a: 1\n€: 2", 2, "illegal character", id="sign"),
        pytest.param("a: 007", 1, "illegal integer number 007", id="octal of old"),
        pytest.param("a: 12345678901234567", 1, "more than 15 digits", id="digits"),
        pytest.param("a: 1e400", 1, "more than 15 digits", id="exponent"),
        pytest.param('a: "\\q"', 1, "escape sequence", id="escape"),
        pytest.param('a: "\\uD800"', 1, "no character", id="surrogate"),
        pytest.param("a: [for x in b {x}]", 1, "computed", id="list comprehension"),
        pytest.param("for x in b {a: x}", 1, "`for` is not taken", id="for"),
        pytest.param("(a): 1", 1, "name of a field", id="computed name"),
        pytest.param('"\\(a)": 1', 1, "computed name", id="interpolated name"),
        pytest.param("X=a: 1", 1, "name of a field", id="alias"),
        pytest.param("a: X={b: 1}", 1, "name of a field", id="alias of a value"),
        pytest.param("a: b[1:2]", 1, "a part of a list", id="slice"),
        pytest.param("a: {...string}", 1, "`...` with a constraint", id="rest of a struct"),
        pytest.param("a: b[0,]", 1, "expected ']', found ','", id="comma behind an index"),
        pytest.param("a: b[0\n]", 1, "expected ']', found 'newline'", id="line behind an index"),
        pytest.param("a: 0K", 1, "illegal number 0K", id="unit behind 0"),
        pytest.param("a: 1e3K", 1, "illegal number 1e3K", id="unit behind an exponent"),
        pytest.param("a: 1\n__x: 1", 2, "two low lines", id="name of CUE's own"),
        pytest.param("package #p\na: 1", 1, "expected the name of a package, found '#p'", id="package as a definition"),
        pytest.param("package true\na: 1", 1, "expected the name of a package", id="package as a word of CUE"),
        pytest.param("package: 1", 1, "expected the name of a package, found ':'", id="package as a field"),
        pytest.param("import: 1", 1, "expected the path of an import, found ':'", id="import as a field"),
        pytest.param('import #s "strings"', 1, "as the name of an import", id="import as a definition"),
        pytest.param("a: @x() 1", 1, "expected operand", id="attribute before a value"),
        pytest.param("a: [1 @x()]", 1, "expected ',' or ']'", id="attribute of an item"),
        pytest.param("@x() a: 1", 1, "expected a comma or a new line", id="attribute before a field"),
        pytest.param("@x() @y()\na: 1", 1, "expected a comma or a new line", id="attributes on a line"),
        pytest.param("a: 1 @x() | 2", 1, "expected a comma or a new line", id="attribute within a value"),
        pytest.param("... @x()", 1, "`...` with a constraint", id="attribute of the rest"),
        pytest.param("package p @x()", 1, "expected a comma or a new line", id="attribute of a package"),
        pytest.param("@extern(embed)\na: 1", 1, "`@extern` is not taken", id="attribute that brings files"),
        pytest.param("@experiment(x)\na: 1", 1, "`@experiment` is not taken", id="attribute that changes CUE"),
    ],
)
def test_what_is_not_taken_is_refused_with_its_line(text, line, words):
    with pytest.raises(CueError) as caught:
        parsed(text)
    assert caught.value.line == line
    assert words in caught.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: " + "{b: " * 500 + "1" + "}" * 500, id="structs"),
        pytest.param("a: " + "[" * 5000, id="lists"),
        pytest.param("a: " + "(" * 5000, id="parentheses"),
        pytest.param("a: " + "!" * 5000 + "x", id="operators"),
        pytest.param("a: " * 5000 + "1", id="fields"),
        pytest.param('"\\(' * 500, id="interpolations"),
    ],
)
def test_what_nests_deeper_than_anybody_writes_is_refused(text):
    with pytest.raises(CueError, match=f"deeper than {CUE_DEPTH}"):
        parsed(text)


def test_long_text_is_refused():
    with pytest.raises(CueError, match=f"at most {POLICY_BYTES} bytes"):
        parsed("a: 1\n" * 220_000)


WORDS = st.sampled_from(
    [
        *("a", "#B", "_", "_c", '"x"', "1", "1.5", "'b'", "if", "let", "import", "package", "_|_"),
        *(":", "?", "!", "{", "}", "[", "]", "(", ")", "...", "|", "&", "*", ">", "=~", ",", "=", ".", "&&"),
        *("\n", " ", '"\\(', '"""', "#", '"', "//", "@x("),
    ]
)


@given(
    st.one_of(
        st.text(max_size=200), st.lists(WORDS, max_size=60).map("".join), st.lists(WORDS, max_size=60).map(" ".join)
    )
)
@example("a: [...]")
@example("@x(\n")
@example("\ufeffa: 1")
def test_any_text_is_read_or_refused(text):
    line = 1
    try:
        parsed(text)
    except CueError as error:
        line = error.line
    assert 1 <= line <= text.count("\n") + 1
