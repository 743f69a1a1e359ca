"""Which tests a mutant meets."""

import pytest

from tests.mutation import mutants
from tests.mutation.covering import Coverage

SOURCE = """A = 1


def shut(a):
    return go(
        a,
        2,
    )


def open(a):
    if a > 3:
        return 4
"""
NEAR, OTHER, FAR = (
    "tests/unit/shop/test_door.py::test_door_is_shut[a::b/c]",
    "tests/unit/shop/test_door.py::test_door_is_open",
    "tests/unit/cli/test_main.py::test_shop",
)
COVERING = Coverage(
    {
        "provider/shop/door.py": {1: [""], 4: [""], 7: [FAR, NEAR, ""], 12: [OTHER], 13: ["test that failed"]},
        "provider/shop/window.py": {3: [FAR]},
    },
    {FAR: 9.0, NEAR: 1.0, OTHER: 2.0},
)


def rounds(number, file="provider/shop/door.py", source=SOURCE):
    (mutant,) = [one for one in mutants.of(file, source) if one.operator == "number" and number in one.before]
    return [list(tests.items()) for tests in COVERING.rounds(mutant)]


def test_tests_that_run_any_line_of_the_statement_meet_it_and_those_nearby_are_first():
    assert rounds("2") == [[(NEAR, 1.0)], [(FAR, 9.0)]]


def test_body_of_a_statement_is_not_its_head():
    assert rounds("3") == [[(OTHER, 2.0)]]


def test_test_that_did_not_pass_meets_nothing():
    assert rounds("4") == []


def test_what_runs_at_import_is_met_by_all_tests_of_its_file():
    assert rounds("1") == [[(NEAR, 1.0), (OTHER, 2.0)], [(FAR, 9.0)]]


@pytest.mark.parametrize("file", ["provider/shop/window.py", "provider/shop/sizes.py"])
def test_file_of_constants_is_met_by_all_tests_of_the_folder_unless_it_has_some_of_its_own(file):
    everything = [[(NEAR, 1.0), (OTHER, 2.0)], [(FAR, 9.0)]]
    assert rounds("7", file, "A = 7\n") == ([[(FAR, 9.0)]] if file.endswith("window.py") else everything)
