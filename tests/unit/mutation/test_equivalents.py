"""The list of mutants that no test can notice."""

import pytest

from tests.mutation import equivalents, mutants, rego_mutants
from tests.mutation.equivalents import Equivalent
from tests.programs import ROOT

ENTRY = Equivalent("provider/shop/door.py", "number", "A = 1", "A = 2", "nobody reads it")
LISTED = equivalents.load()


def of(source, file="provider/shop/door.py"):
    return mutants.of(file, source)


def test_entry_is_found_wherever_its_line_stands():
    assert equivalents.outdated([ENTRY], of("\n\nclass B:\n    A = 1\n")) == []


@pytest.mark.parametrize(
    "found", [[], of("A = 3\n"), of("A = 1\n", "provider/shop/window.py"), of("A = -1\n"), of("A = f(1)\n")]
)
def test_entry_that_matches_nothing_is_outdated(found):
    assert equivalents.outdated([ENTRY], found) == [ENTRY]


def test_entry_speaks_of_one_mutant_of_its_line():
    assert [one.after for one in of("A = 1\n") if ENTRY.matches(one)] == ["A = 2"]


def test_entry_without_a_reason_is_refused(tmp_path):
    path = tmp_path / "equivalents.toml"
    path.write_text('[[equivalent]]\nfile = "a"\noperator = "b"\nbefore = "c"\nafter = "d"\n')
    with pytest.raises(TypeError, match="reason"):
        equivalents.load(path)


def test_nothing_is_listed_twice():
    assert len(LISTED) == len(set(LISTED))


def test_every_entry_speaks_of_the_code_as_it_is():
    for file in {one.file for one in LISTED}:
        entries = [one for one in LISTED if one.file == file]
        assert all(one.reason for one in entries)
        of = rego_mutants.of if file.endswith(".rego") else mutants.of
        assert equivalents.outdated(entries, of(file, (ROOT / file).read_text(encoding="utf-8"))) == []
