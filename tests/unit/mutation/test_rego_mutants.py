"""What is made wrong in Rego."""

import textwrap

import pytest

from tests.mutation import rego_mutants

HEAD = "package lib.shop\n\nimport data.lib.door\n\n"


def changes(rule):
    """Operator, and the first line that stands there instead."""
    text = HEAD + textwrap.dedent(rule).strip() + "\n"
    return {(mutant.operator, mutant.after) for mutant in rego_mutants.of("gatekeeper/rego/shop.rego", text)}


@pytest.mark.parametrize(
    ("right", "wrong"), [("==", "!="), ("!=", "=="), ("<", "<="), ("<=", "<"), (">", ">="), (">=", ">")]
)
def test_comparison_becomes_its_neighbour(right, wrong):
    found = changes(f"open(age) if age {right} limit")
    assert found == {("comparison", f"open(age) if age {wrong} limit"), ("line", "open(age) if true")}


def test_not_is_left_out():
    assert ("not", "closed") in changes("""
        shut if {
            not closed
        }
    """)


def test_every_is_content_with_one():
    found = changes("""
        open if {
            every door in doors {
                door.open
            }
        }
    """)
    assert ("every", "count([1 | some door in doors; door.open]) > 0") in found


def test_each_line_of_a_body_is_left_out():
    found = changes("""
        open(door) if {
            door.unlocked
            count({x | some x in door.bolts; x.shot}) == 0
        }
    """)
    assert {after for operator, after in found if operator == "line"} == {
        "true",
        "count({x | true; x.shot}) == 0",
        "count({x | some x in door.bolts; true}) == 0",
    }
    assert ("constant", "count({x | some x in door.bolts; x.shot}) == 1") in found


def test_constants_are_others_and_sentences_are_left_alone():
    assert changes('told := {"reason": "Late", "said": "it is late", "final": true, "empty": ""}') == {
        ("constant", f"told := {changed}")
        for changed in (
            '{"reasonx": "Late", "said": "it is late", "final": true, "empty": ""}',
            '{"reason": "Latex", "said": "it is late", "final": true, "empty": ""}',
            '{"reason": "Late", "saidx": "it is late", "final": true, "empty": ""}',
            '{"reason": "Late", "said": "it is late", "finalx": true, "empty": ""}',
            '{"reason": "Late", "said": "it is late", "final": false, "empty": ""}',
            '{"reason": "Late", "said": "it is late", "final": true, "emptyx": ""}',
            '{"reason": "Late", "said": "it is late", "final": true, "empty": "another"}',
        )
    }


def test_branch_is_left_out_or_changes_places_with_the_one_before():
    text = """
        price(door) := dear if {
            door.old
        } else := cheap if {
            door.new
        }
    """
    mutants = rego_mutants.of("gatekeeper/rego/shop.rego", textwrap.dedent(text).lstrip())
    (first,) = [mutant.text for mutant in mutants if mutant.operator == "branch"]
    (second,) = [mutant.text for mutant in mutants if mutant.operator == "order"]
    assert first.split() == ["price(door)", ":=", "dear", "if", "{", "door.old", "}"]
    assert second.split() == [
        "price(door)",
        ":=",
        "cheap",
        "if",
        "{",
        "door.new",
        "}",
        "else",
        ":=",
        "dear",
        "if",
        "{",
        "door.old",
        "}",
    ]


def test_result_of_a_filter_is_what_was_given():
    assert ("call", "names := door") in changes('names := object.remove(door, ["bolts", f(x, y)])')


def test_operation_becomes_its_sister_and_a_sign_does_not():
    assert ("name", "age := now + built") in changes("age := now - built")
    assert ("name", "both := ours | theirs") in changes("both := ours & theirs")
    assert ("name", 'late if endswith(name, "x")') in changes('late if startswith(name, "x")')
    assert {operator for operator, _ in changes("below := [-1]")} == {"constant"}


def test_heads_comments_and_tests_have_no_mutants():
    text = HEAD + '# never == "x"\n'
    assert rego_mutants.of("gatekeeper/rego/shop.rego", text) == []
    assert rego_mutants.of("gatekeeper/rego/shop_test.rego", text + "test_x if 1 == 1\n") == []
