"""Rules print nothing: what they would print is left out, and nothing else of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.evaluation import program
from gatekeeper.evaluation.program import NOTHING, Template
from gatekeeper.evaluation.silence import silent
from tests.engine import engine


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a { print(1); b }", "a { true; b }"),
        ('a { print("a)", f((1)), `)`) }', "a { true }"),
        ("a {\n\tprint(\n\t\tinput,\n\t)\n\tb\n}", "a {\n\ttrue\n\n\n\tb\n}"),
        ("a { print (1) }\nb { print(print_it(2)) }", "a { true }\nb { true }"),
        ('a { input.print(1) }\n# print(1)\nb := "print(1)"\n', 'a { input.print(1) }\n# print(1)\nb := "print(1)"\n'),
        ("a { printer(1); print := 2 }", "a { printer(1); print := 2 }"),
        ("a { print(1", "a { print(1"),
        ("print", "print"),
        ("", ""),
    ],
    ids=["one", "parentheses", "lines", "two", "no-call", "other-word", "open", "word", "empty"],
)
def test_calls_of_print_are_true(text: str, expected: str) -> None:
    assert silent(text) == expected


def test_rule_that_prints_is_evaluated_and_nothing_of_it_is_read(tmp_path: Path) -> None:
    main = 'package main\n\nviolation[{"msg": "no"}] { print(numbers.range(1, 9)); print(input.nowhere) }\n'
    case = {"template": "main", "book": 0, "input": {"parameters": {}, "review": {}}, "now": 1}
    program.write(tmp_path, [Template("Loud", main, ())], [case], [NOTHING], None, {})
    printed = engine().evaluate(tmp_path, program.QUERY)
    assert printed.lines == ()
    assert printed.value["violations"] == {"0": [{"msg": "no"}]}
