"""JSON as Go reads it; tests/assets/go holds what Go itself says."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.golang.encoding_json import SyntaxProblemError, WeightError, folded, scan, scan_whole
from provider.golang.json_syntax import problem
from provider.json_weight import too_deep

RECORDED = json.loads((Path(__file__).parents[2] / "assets" / "go" / "json.json").read_text())


def tree(value):
    """A scanned value in the form of the recordings."""
    if isinstance(value, tuple):
        return {"object": [[key, tree(item)] for key, item in value]}
    if isinstance(value, list):
        return [tree(item) for item in value]
    return {"number": value.decode()} if isinstance(value, bytes) else value


def outcome(read, text):
    """The value, and the error."""
    try:
        return tree(read(text.encode("latin-1"))), ""
    except SyntaxProblemError as error:
        return None, str(error)


@pytest.mark.parametrize(("text", "value", "problem"), [row[:3] for row in RECORDED])
def test_first_value_is_what_go_reads(text, value, problem):
    assert outcome(scan, text) == (value, problem)


@pytest.mark.parametrize(("text", "value", "problem"), [(row[0], row[1], row[3]) for row in RECORDED])
def test_whole_text_is_what_go_reads(text, value, problem):
    assert outcome(scan_whole, text) == (None if problem else value, problem)


def test_object_keeps_its_keys_in_order_and_double_ones():
    assert scan(b'{"b": 1, "a": 2, "b": 3}') == (("b", b"1"), ("a", b"2"), ("b", b"3"))


def test_number_is_kept_as_it_was_written():
    found = scan(b"[1, -0, 1.50, 1e400, 123456789012345678901234567890]")
    assert found == [b"1", b"-0", b"1.50", b"1e400", b"123456789012345678901234567890"]


def test_what_follows_the_first_value_is_not_looked_at():
    assert scan(b' {"a": true} trailing') == (("a", True),)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'"a\xffb"', "a\ufffdb"),
        (b'"\xe2\x82x"', "\ufffd\ufffdx"),
        (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),
        ('"é"'.encode() + b"\xff", "é"),
    ],
)
def test_each_byte_that_is_no_utf_8_becomes_the_replacement_character(text, value):
    assert scan(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'"\\ud800x"', "\ufffdx"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'["\\udc00"]', ["\ufffd"]),
        (b'{"\\ud800": 1}', (("\ufffd", b"1"),)),
        (b'"\\\\ud800"', "\\ud800"),
    ],
)
def test_half_a_surrogate_pair_becomes_the_replacement_character(text, value):
    assert scan(text) == value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "EOF"),
        (b" \n", "EOF"),
        (b"{", "unexpected EOF"),
        (b'{"a', "unexpected EOF"),
        (b'{"a": tru', "unexpected EOF"),
        (b"this is not JSON", "invalid character 'h' in literal true (expecting 'r')"),
        (b"fals3", "invalid character '3' in literal false (expecting 'e')"),
        (b"nil", "invalid character 'i' in literal null (expecting 'u')"),
        (b"\xef\xbb\xbf{}", "invalid character '\u00ef' looking for beginning of value"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b"[Infinity]", "invalid character 'I' looking for beginning of value"),
        (b"{'a': 1}", "invalid character '\\'' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        (b'{"a": 1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"[-]", "invalid character ']' in numeric literal"),
        (b"[1.]", "invalid character ']' after decimal point in numeric literal"),
        (b"[1e]", "invalid character ']' in exponent of numeric literal"),
        (b"0E", "unexpected EOF"),
        (b"0.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"[01]", "invalid character '1' after array element"),
        (b'"a\nb"', "invalid character '\\n' in string literal"),
        (b'"a\\x"', "invalid character 'x' in string escape code"),
        (b'"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"),
        (b"\x00", "invalid character '\\x00' looking for beginning of value"),
        (b"\x7f", "invalid character '\\x7f' looking for beginning of value"),
        (b"\\", "invalid character '\\\\' looking for beginning of value"),
        (b"\x80", "invalid character '\\u0080' looking for beginning of value"),
        (b"\xad", "invalid character '\\u00ad' looking for beginning of value"),
    ],
)
def test_text_that_is_no_json_is_refused_in_the_words_of_go(body, words):
    with pytest.raises(SyntaxProblemError) as caught:
        scan(body)
    assert str(caught.value) == words


@pytest.mark.parametrize("read", [scan, scan_whole])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 101 + b"]" * 101,
        b'{"a":' * 101 + b"1" + b"}" * 101,
        b"[" * 600 + b'"\\ud800"' + b"]" * 600,
        b"[" * 65_000,
        b'["]",' * 101 + b"1" + b'  ,"["]' * 101,
        b'["\\\\",' * 101 + b"1" + b"]" * 101,
        b'["\\"]",' * 101 + b"1" + b"]" * 101,
    ],
)
def test_deep_nesting_is_refused_before_it_is_parsed(read, body):
    with pytest.raises(WeightError, match=r"^it is nested deeper than 100 levels$"):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100 + b'"\\ud800"' + b"]" * 100,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b'["' + b"[" * 1000 + b'"]',
        b"[" + b"[]," * 500 + b"[]]",
        b"[" + b'{"[":"}"},' * 500 + b"{}]",
    ],
)
def test_nesting_within_the_limit_and_brackets_in_texts_are_read(body):
    assert scan_whole(body)


@pytest.mark.parametrize("read", [scan, scan_whole])
def test_text_of_more_values_than_anybody_needs_is_refused(read):
    most = b"[" + b"1," * (limits.JSON_PARTS - 2) + b"1]"
    assert len(read(most)) == limits.JSON_PARTS - 1
    with pytest.raises(WeightError, match=r"^it has more than 65536 values$"):
        read(most[:-1] + b",1]")


def test_text_that_is_cut_within_the_limits_is_told_to_be_cut():
    with pytest.raises(SyntaxProblemError, match=r"^unexpected EOF$"):
        scan(b"[" * 100)


@pytest.mark.parametrize("rest", [b"x", b" x", b"{}", b","])
def test_whole_text_is_one_value(rest):
    assert scan_whole(b' {"a": 1} \r\n\t') == (("a", b"1"),)
    with pytest.raises(SyntaxProblemError, match=rf"^invalid character '{rest.strip()[:1].decode()}' after top-level"):
        scan_whole(b"{}" + rest)


@pytest.mark.parametrize("bad", [b"\xff", b"\\ud800"])
def test_text_of_many_characters_that_are_none_is_refused(bad):
    assert scan(b'"' + bad * limits.JSON_PARTS + b'"') == "\ufffd" * limits.JSON_PARTS
    with pytest.raises(WeightError):
        scan(b'"' + bad * (limits.JSON_PARTS + 1) + b'"')


def test_text_of_numbers_and_escapes_has_no_problem():
    assert problem(rb'[12, -3.25e+10, 0.5, 10E5, 0, "\u00e9\n\\", {"a": [true, false, null]}]') is None


@pytest.mark.parametrize(
    "body",
    [b"[" + b"1," * limits.JSON_EXPLAINED + b"x", b'"' + b"a" * limits.JSON_EXPLAINED_BYTES, b" " * (1 << 18) + b"x"],
)
def test_far_mistake_is_told_without_a_walk_to_it(body):
    with pytest.raises(SyntaxProblemError, match=r"^invalid JSON, further into the text than is looked at$"):
        scan(body)


def test_near_mistake_of_a_long_text_is_told_in_the_words_of_go():
    with pytest.raises(SyntaxProblemError, match=r"^invalid character 'x' after array element$"):
        scan(b"[1 x" + b",1" * 60_000)


def test_keys_are_folded_as_go_folds_them():
    assert folded("OS.Version") == "os.version"
    assert folded("o\u017f") == "os"
    assert folded("\u212aey") == "key"
    assert folded("\u00df") == "\u00df"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def plain(value):
    if isinstance(value, tuple):
        return {key: plain(item) for key, item in value}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(_VALUES, st.booleans())
def test_any_value_is_read_back(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert problem(text) is None
    assert plain(scan(text)) == value


@given(st.binary(max_size=30) | st.text(alphabet='{}[]",:0123456789eE.+-tfnrulas\\ ', max_size=30).map(str.encode))
def test_the_slow_way_refuses_what_the_fast_way_refuses(body):
    try:
        scan(body)
    except SyntaxProblemError:
        assert problem(body) is not None
    else:
        assert problem(body) is None


_TEXTS = st.text(alphabet='[]{}"\\,: a', max_size=6)


@given(
    st.recursive(
        _TEXTS | st.integers(0, 9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
        max_leaves=12,
    ),
    st.integers(0, 110),
)
def test_depth_is_measured_whatever_the_texts_hold(value, wrapped):
    """Around a wide array, so that it has to be measured at all."""
    body = json.dumps([[[]] * 101, value]).encode()
    body = b"[" * wrapped + body + b"]" * wrapped
    depth = wrapped + 1 + max(2, depth_of(value))
    assert too_deep(body) is (depth > limits.JSON_DEPTH)


def depth_of(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)
