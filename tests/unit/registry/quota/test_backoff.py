"""Waits that grow."""

from hypothesis import given
from hypothesis import strategies as st

from provider.registry.quota.backoff import Backoff


def test_bound_doubles_up_to_the_longest():
    backoff = Backoff(0.5, 3, lambda: 1.0)
    assert [backoff.seconds(tries) for tries in range(5)] == [0.5, 1, 2, 3, 3]


@given(st.floats(0, 1), st.integers(0, 10**6))
def test_any_part_of_it_is_waited(chance, tries):
    assert 0 <= Backoff(0.5, 3, lambda: chance).seconds(tries) <= 3
    assert Backoff(0.5, 3, lambda: 0.5).seconds(tries) * 2 == Backoff(0.5, 3, lambda: 1.0).seconds(tries)


def test_waits_are_not_the_same_everywhere():
    assert len({Backoff(1, 1).seconds(0) for _ in range(10)}) > 1
