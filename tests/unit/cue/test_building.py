"""What CUE makes of a text without any document, and what is refused because nobody is sure."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings

from gatekeeper.cue.building import built
from gatekeeper.cue.compilation import rego_of
from gatekeeper.cue.nodes import Choice, ScalarNode, StructNode
from gatekeeper.cue.parser import parsed
from gatekeeper.cue.refusal import CueError
from provider.limits import CUE_BRANCHES, CUE_DEPTH, CUE_PARTS, CUE_WORDS, POLICY_BYTES
from tests.integration.cue.pairs import policies

# Of the processor: far more than any text takes on a slow machine, far less than one that runs away.
SECONDS = 20


def field_of(text: str, name: str = "a"):
    node = built(parsed(text))
    assert isinstance(node, StructNode)
    return node.fields[name].plain


def test_definition_is_where_it_is_used():
    node = field_of("#A: {x: int}\na: #A")
    assert isinstance(node, StructNode)
    assert [each.labels for each in node.closed] == [frozenset({"x"})]


def test_disjunction_is_multiplied_out_over_what_is_joined_with_it():
    node = field_of('a: ({k: "x", v: 1} | {k: "y", v: 2}) & {k: "x"}')
    assert isinstance(node, Choice)
    assert (len(node.branches), node.ways) == (1, 2)


def test_field_that_is_itself_says_nothing():
    assert field_of("a: a") == ScalarNode() or field_of("a: a").checks == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("a: b", 1, 'reference "b" not found', id="no such name"),
        pytest.param("a: _|_", 1, "explicit error", id="bottom"),
        pytest.param('a: 1\nimport "list"', 2, "expected operand", id="late import"),
        pytest.param('import "list"\na: 1', 1, 'imported and not used: "list"', id="unused import"),
        pytest.param('import "math"\na: math.Pi', 1, 'the package "math" is not taken', id="package"),
        pytest.param("let X = 1\na: 1", 1, "unreferenced alias or let clause X", id="unused let"),
        pytest.param('_type: "x"', 1, 'write "_type"', id="hidden field"),
        pytest.param("a: 1\nb: {a: #A}\n#A: {c: #A}", 3, "contains itself", id="circle of a definition"),
        pytest.param("#A: {b: #B}\n#B: {a?: #A}\na: #A", 2, "contains itself", id="circle of two"),
        pytest.param("let X = {a: X}\na: X", 1, "contains itself", id="circle of a let"),
        pytest.param("a: b\nb: c\nc: b", 2, "circle", id="circle of fields"),
        pytest.param("a: 1\na: 2", 1, "no document ever complies: a: conflicting values 1 and 2", id="conflict"),
        pytest.param("a: {b: 1} & {b: 2}", 1, "no document ever complies: a.b: ", id="conflict below"),
        pytest.param("a!: string & int", 1, "nothing ever fits `a!`: ", id="conflict of a required field"),
        pytest.param("#A: int & string\na: 1", 1, "nothing ever fits `#A`", id="conflict of a definition"),
        pytest.param("a: >5 & <6", 1, "bounds that leave little or nothing", id="narrow bounds"),
        pytest.param("a: !=true", 1, "takes a number or a text", id="bound of a bool"),
        pytest.param('a: =~"("', 1, "invalid regexp", id="expression"),
        pytest.param("if x {a: 1}\nx: bool", 1, "`if` outside of all fields", id="guard outside"),
        pytest.param("a: {if b {c: 1}, b?: *true | bool}", 1, "only where an optional field is there", id="optional"),
        pytest.param("a: {b: int} | {if x > 1 {c: 1}}\nx: int", 1, "in a list or a disjunction", id="guard in a way"),
        pytest.param("#A: {x: int, if x > 1 {y: 1}}\na: #A", 1, "in a closed struct", id="guard in a closed struct"),
        pytest.param("a: b\nb: int", 1, "not taken", id="reference to more than a value"),
        pytest.param("a: {b: string, c: b[0]}", 1, "not taken", id="index of a text"),
        pytest.param("a: 1 + 2", 1, "`+` of anything but texts", id="arithmetic"),
        pytest.param("a: or([1, 2])", 1, "not taken", id="or"),
        pytest.param("a: len(b)\nb: [...]", 1, "not taken", id="len as a value"),
        pytest.param('import "strings"\na: strings.ToUpper("x")', 2, "`strings.ToUpper` is not taken", id="function"),
        pytest.param('import "time"\na: time.Parse(time.RFC3339, "2026-02-30T00:00:00Z")', 2, "not taken", id="day"),
        pytest.param("#A: {x: {y: int}}\na: {#A, x: {z: int}}", 2, "in what it embeds", id="embedding"),
        pytest.param("1", 1, "embedding anything but a struct", id="no struct"),
        pytest.param('a: ({k: "x"} | {k: "y", v: b}) & {k: "x"}', 1, 'reference "b" not found', id="dead way"),
        pytest.param("a: 1\nb?: {c: 1} & {c: 2, d: e}", 2, 'reference "e" not found', id="name where nothing fits"),
        pytest.param('[=~"("]: int', 1, "invalid regexp", id="expression of names"),
        pytest.param("[=~1]: int", 1, "a pattern of names", id="number as an expression of names"),
        pytest.param("a: {if 'b' {c: 1}}", 1, "bytes (`'…'`)", id="bytes as a condition"),
        pytest.param("b: string\na: {if b == 'x' {c: 1}}", 2, "bytes (`'…'`)", id="bytes in a condition"),
        pytest.param("b: 'x'\na: {if b == \"x\" {c: 1}}", 2, "bytes (`'…'`)", id="name of bytes"),
        pytest.param("b: string\na: b + 'x'", 2, "bytes (`'…'`)", id="sum with bytes"),
        pytest.param(
            'import "list"\nb: string\na: {if list.Contains([\'x\'], b) {c: 1}}', 3, "bytes (`'…'`)", id="list of bytes"
        ),
        pytest.param("b: *'x' | string\na: {if b == \"x\" {c: 1}}", 2, "bytes (`'…'`)", id="default of bytes"),
        pytest.param("a: b: 'x'\nc: {if a.b != \"x\" {d: 1}}", 2, "bytes (`'…'`)", id="field of bytes"),
        pytest.param("a: null | {b: 1}\nc: {if a.b == 1 {d: 1}}", 2, "`b` of a disjunction", id="way with a value"),
        pytest.param('a: close({}) | string\nc: "x\\(a.b)"', 2, "`b` of a disjunction", id="way without the field"),
        pytest.param("#D: b: 1\na: #D.b", 2, "`#D`, or a part of it, is not taken", id="part of a definition"),
        pytest.param('#D: string\na: "x\\(#D)"', 2, "`#D`, or a part of it", id="text of a definition"),
        pytest.param("a: _\nb: _\nc: a[b]", 3, "`b` may be something else", id="item by anything"),
        pytest.param("b: int\na: {c!: int, if b > 1 {c: 1}}", 2, "`c!` in a struct", id="required beside an `if`"),
        pytest.param('import "list"\nimport "list"\na: list.MinItems(1)', 2, "redeclared", id="import twice"),
        pytest.param('import "time"\na: time.Time & "x"', 2, "`time.Time` and a value", id="any time and a text"),
        pytest.param('import int "list"\na: int.MinItems(1)', 1, "the name of an import", id="import as a type"),
        pytest.param("#A: _\na: #A & {b: 1}", 2, "beside a definition that may be any struct", id="any definition"),
        pytest.param("#A: {b: _}\na: #A\na: b: {c: 1}", 1, "may be any struct", id="any field of a definition"),
        pytest.param("#A: {b: [...]}\na: #A & {b: [{c: 1}]}", 1, "may be any struct", id="any item of a definition"),
        pytest.param('import "struct"\n#A: struct.MinFields(1)\na: #A', 3, "in a definition", id="function and name"),
        pytest.param('import "struct"\na: {b: 1, c: 2} & struct.MaxFields(1)', 2, "no document", id="too many fields"),
        pytest.param('import "list"\na: [] & list.MinItems(1)', 2, "no document ever complies", id="too few items"),
        pytest.param("a: close({b: bool, if b {c: 1}, ...})", 1, "that `...` opens", id="closed and open"),
        pytest.param("a: [for x in [1, 2] {x}]", 1, "`for`", id="comprehension of a list"),
        pytest.param("a: {for k, v in b {(k): v}}\nb: {}", 1, "`for`", id="comprehension of fields"),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_refused_with_its_line(text, line, words):
    with pytest.raises(CueError) as caught:
        rego_of(text, "x")
    assert words in caught.value.sentence
    assert caught.value.line == line


def doubling(count: int) -> str:
    """A text of a few lines that describes 2 to the power of `count` structs."""
    lines = [f"#A{number}: {{x: #A{number + 1}, y: #A{number + 1}}}" for number in range(count)]
    return "\n".join([*lines, f"#A{count}: int", "a: #A0"])


CHAIN = "\n".join(f"#A{number}: {{x: #A{number + 1}}}" for number in range(200))
GUARDS = ", ".join(f"if b > {number} {{c: {number}}}" for number in range(9))
TEXTS = "\n".join(f'a{number}: "\\(a{number + 1})\\(a{number + 1})"' for number in range(25))
TOO_MUCH = {
    "a billion disjunctions": ("a: " + "|".join(["1"] * 200_000), f"more than {CUE_WORDS} words"),
    "1 MB of one text": (f'a: "{"x" * 1_000_000}"', f"at most {POLICY_BYTES} bytes"),
    "1 MB of fields": ("\n".join(f"a{number}: int" for number in range(90_000)), f"at most {POLICY_BYTES} bytes"),
    "a billion ways": ("a: " + " & ".join(["(1 | 2 | 3 | 4)"] * 15), f"more than {CUE_BRANCHES} ways"),
    "structs": ("a: " + " & ".join(["({x?: 1} | {y?: 1})"] * 30), f"more than {CUE_BRANCHES} ways"),
    "long": ("a: " + " | ".join(str(each) for each in range(5000)), f"more than {CUE_BRANCHES} ways"),
    "definitions in definitions": (doubling(30), f"more than {CUE_PARTS} parts"),
    "fields": ("\n".join(f"a{number}: int" for number in range(5000)), f"more than {CUE_PARTS} parts"),
    "items": ("a: [" + "1," * 200_000 + "]", f"more than {CUE_WORDS} words"),
    "deep": (f"{CHAIN}\n#A200: 1\na: #A0", f"than {CUE_DEPTH}"),
    "guards": (f"a: {{b: int, {GUARDS}}}", "more than 4 `if`s"),
    "texts of texts": (f'{TEXTS}\na25: "x"', f"more than {CUE_PARTS} parts"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_text_that_comes_to_too_much_is_refused_soon(name):
    text, words = TOO_MUCH[name]
    began = time.process_time()
    with pytest.raises(CueError) as caught:
        rego_of(text, "x")
    assert words in caught.value.sentence
    assert time.process_time() - began < SECONDS


@given(policies())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_policy_is_compiled_or_refused(text):
    sentence = ""
    try:
        compiled = rego_of(text, "x")
    except CueError as error:
        compiled, sentence = "", error.sentence
    assert compiled or sentence
