"""What is made wrong, and what is left alone."""

import textwrap

import pytest

from tests.mutation import mutants


def of(source):
    return mutants.of("provider/shop/door.py", textwrap.dedent(source))


def changes(source):
    """Operator, and the first line that stands there instead."""
    return {(mutant.operator, mutant.after) for mutant in of(source) if mutant.is_valid}


def test_comparison_is_moved_by_one_and_its_guard_taken_away():
    assert changes("""
        def f(a):
            if a < 3:
                return a
    """) == {
        ("swap op", "if a <= 3:"),
        ("number", "if a < 4:"),
        ("guard", "if (a < 3) and False:"),
        ("guard", "if (a < 3) or True:"),
    }


@pytest.mark.parametrize("source", ["open = False", "open: bool = False", "door(open=False)"])
def test_false_becomes_true_and_not_none(source):
    found = {after for _, after in changes(source)}
    assert source.replace("False", "True") in found
    assert source.replace("False", "None") not in found


def test_condition_of_a_comprehension_is_a_guard():
    assert ("guard", "return [a for a in b if (a.old) and False]") in changes("""
        def f(b):
            return [a for a in b if a.old]
    """)


@pytest.mark.parametrize("call", ["refuse(a)", "await refuse(a)"])
def test_call_for_its_effect_is_left_out(call):
    assert ("call", "pass") in changes(f"""
        async def f(a):
            {call}
    """)


@pytest.mark.parametrize(
    ("table", "rest"),
    [
        ('{"a", "b"}', '{"b"}'),
        ('["a", "b"]', '["b"]'),
        ('{"a": 1, "b": 2}', '{"b": 2}'),
        ('{"a"}', "set()"),
        ('["a"]', "[]"),
    ],
)
def test_row_is_missing_from_a_table(table, rest):
    assert ("element", f"T: Final = {rest}") in changes(f"T: Final = {table}")


@pytest.mark.parametrize(
    "source",
    [
        '"""A door."""',
        'SENTENCE: Final = "the door is shut"',
        'SENTENCE = "the door is shut"',
        'def f():\n    raise Refusal(f"the door {door} is " "shut")',
        'def f() -> str | None:\n    """Open."""\n    return f"{len(a) + 1}"',
        "from provider import errors as e",
        "@dataclass(frozen=True)\nclass Door:\n    wide: int | None",
        "Door = str | int",
        "def f(a: Callable[[str], int]):\n    return cast(list[str], a)",
        "def f():\n    _log.info('opened', door=1 + 1)",
        "def f(self):\n    self._log.warning('opened', self.door < 3)",
        "if TYPE_CHECKING:\n    import door",
        "if __name__ == '__main__':\n    main(1)",
    ],
)
def test_texts_types_and_log_lines_are_left_alone(source):
    assert changes(source) == set()


def test_what_logs_by_another_name_is_no_log_line():
    assert ("call", "pass") in changes("def f(self):\n    self.alarm.error(3)")


def test_what_is_no_python_is_no_valid_mutant():
    (mutant,) = [one for one in of("while a:\n    break\n") if one.operator == "keywords"]
    assert mutant.after == "return"
    assert not mutant.is_valid


def test_statement_of_a_mutant_is_all_of_it_or_its_head():
    found = of("""
        A = 1


        def f(
            a,
            b=2,
        ):
            if (
                a > 3
                and b
            ):
                return go(
                    a,
                    4,
                )
    """)
    by_number = {mutant.after: (mutant.statement, mutant.imported) for mutant in found if mutant.operator == "number"}
    assert by_number == {
        "A = 2": ((2, 2), True),
        "b=3,": ((5, 8), True),
        "a > 4": ((9, 12), False),
        "5,": ((13, 16), False),
    }


def test_statements_of_a_class_run_when_it_is_imported_and_its_methods_do_not():
    found = of("""
        class Door:
            width: int = 1

            def open(self):
                return 2
    """)
    assert {(mutant.after, mutant.imported) for mutant in found if mutant.operator == "number"} == {
        ("width: int = 2", True),
        ("return 3", False),
    }


def test_mutant_is_the_file_with_one_change():
    (mutant,) = [one for one in of("A = 1\n\nB = (\n    2\n)\n") if one.after == "3"]
    assert mutant.text == "A = 1\n\nB = (\n    3\n)\n"
    assert mutant.change == (["    2"], ["    3"])
    assert (mutant.before, mutant.line) == ("2", 4)


def test_line_that_goes_has_nothing_instead():
    found = of("def f():\n    return go(\n        a,\n        b,\n    )\n")
    assert ("a,", "") in {(one.before, one.after) for one in found}
