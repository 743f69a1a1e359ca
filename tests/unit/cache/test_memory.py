"""A bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.cache.memory import Memory
from tests.simulators.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


def test_value_is_remembered(clock):
    memory = Memory(clock, 10)
    memory.put("a", 1)
    assert memory.get("a") == 1
    assert memory.get("b") is None


def test_least_recently_used_leaves_first(clock):
    memory = Memory(clock, 2)
    memory.put("a", 1)
    memory.put("b", 2)
    memory.get("a")
    memory.put("c", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)


def test_value_is_forgotten_when_its_time_is_over(clock):
    memory = Memory(clock, 10)
    memory.put("a", 1, 30)
    clock.advance(29.9)
    assert memory.get("a") == 1
    clock.advance(0.1)
    assert memory.get("a") is None
    assert memory.used == 0


def test_many_keys_are_looked_up_as_each_of_them(clock):
    memory = Memory(clock, 2)
    memory.put("a", 1, 30)
    memory.put("b", 2)
    assert memory.get_all(["b", "none", "a"]) == [2, None, 1]
    memory.put("c", 3)
    assert memory.get_all(["b", "a", "c"]) == [None, 1, 3]
    clock.advance(30)
    assert memory.get_all(["a", "a", "c"]) == [None, None, 3]
    assert memory.used == 1
    assert memory.get_all([]) == []


def test_value_of_no_time_is_never_given(clock):
    memory = Memory(clock, 10)
    memory.put("a", 1, 0)
    assert memory.get("a") is None


def test_reading_does_not_prolong(clock):
    memory = Memory(clock, 10)
    memory.put("a", 1, 30)
    clock.advance(20)
    memory.get("a")
    clock.advance(10)
    assert memory.get("a") is None


def test_value_that_exceeds_the_bound_drives_nothing_out(clock):
    memory = Memory(clock, 10, len)
    memory.put("a", b"12345")
    memory.put("b", b"x" * 11)
    assert memory.get("a") == b"12345"
    assert memory.get("b") is None


def test_replaced_value_costs_once(clock):
    memory = Memory(clock, 10, len)
    memory.put("a", b"12345")
    memory.put("a", b"123")
    assert memory.used == 3
    assert len(memory) == 1


def test_discarded_value_is_gone(clock):
    memory = Memory(clock, 10, len)
    memory.put("a", b"12345")
    memory.discard("a")
    memory.discard("a")
    assert memory.get("a") is None
    assert memory.used == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=8))))
def test_bound_always_holds(puts):
    memory = Memory(FakeClock(), 12, len)
    for key, value in puts:
        memory.put(key, value)
        assert memory.used <= 12
        assert memory.get(key) == value
