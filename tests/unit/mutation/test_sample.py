"""Which mutants are tried."""

import pytest

from tests.mutation import mutants
from tests.mutation import sample as module
from tests.mutation.sample import sample

GUARD = "    if a > {0}:\n        return go(a, b, c, d, e, f)\n"
SOURCE = "def f(a):\n" + "".join(GUARD.format(number) for number in range(8))


@pytest.fixture
def found():
    return mutants.of("provider/shop/door.py", SOURCE)


def test_all_are_tried_where_there_are_few():
    few = mutants.of("provider/shop/door.py", "A = 1\nB = 2\n")
    assert sample(few) == few


def test_sample_is_always_the_same(found, monkeypatch):
    monkeypatch.setattr(module, "SIZE", 20)
    assert [one.text for one in sample(found)] == [
        one.text for one in sample(mutants.of("provider/shop/door.py", SOURCE))
    ]


def test_sample_has_its_size_and_the_order_of_the_code(found, monkeypatch):
    monkeypatch.setattr(module, "SIZE", 20)
    chosen = sample(found)
    assert len(chosen) == len(set(chosen)) == 20
    assert chosen == [one for one in found if one in chosen]


def test_each_operator_has_its_turn_on_each_line_before_one_has_its_second(found, monkeypatch):
    places = {(one.line, one.operator) for one in found}
    monkeypatch.setattr(module, "SIZE", len(places))
    assert {(one.line, one.operator) for one in sample(found)} == places


def test_what_is_not_valid_is_not_tried():
    assert (
        sample([one for one in mutants.of("provider/shop/door.py", "while a:\n    break\n") if not one.is_valid]) == []
    )
