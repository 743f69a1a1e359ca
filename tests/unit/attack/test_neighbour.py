"""How a neighbour's times are judged."""

from __future__ import annotations

import math

import pytest

from tests.attack import bounds
from tests.attack.neighbour import Latencies, beside, percentile


@pytest.mark.parametrize(("share", "value"), [(0.99, 99.0), (0.5, 50.0), (1.0, 100.0), (0.001, 1.0)])
def test_percentile_is_the_value_at_its_rank(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(1, 101)], share) == value


def test_percentile_of_nothing_is_beyond_all_bounds() -> None:
    assert percentile([], 0.99) == math.inf
    assert Latencies([], []).p99 == math.inf


def test_neighbour_may_take_twice_as_long() -> None:
    assert bounds.bearable_ms(100.0) == 200.0


def test_what_is_noise_however_short_the_answers_are_is_not_held_against_it() -> None:
    assert bounds.bearable_ms(2.0) == 22.0


def test_neighbour_who_waits_longer_than_that_is_told() -> None:
    alone = Latencies([10.0] * 100, [])
    assert all(check.held for check in beside(alone, Latencies([30.0] * 100, [])))
    (slow,) = beside(alone, Latencies([31.0] * 100, []))
    assert (slow.text, slow.held) == ("neighbour's p99 31 ms, alone 10", False)


def test_machine_that_is_too_busy_to_tell_lets_nothing_hold() -> None:
    (busy,) = beside(Latencies([300.0] * 100, []), Latencies([300.0] * 100, []))
    assert (busy.text, busy.held) == ("neighbour's p99 300 ms, alone 300: the machine is too busy to tell", False)


def test_neighbour_without_a_value_is_told_with_the_reason_most_of_them_have() -> None:
    attacked = Latencies([10.0] * 4, ["Timeout", "Overloaded", "Timeout"])
    assert beside(Latencies([10.0], []), attacked)[1].text == "3 of its 4 answers without a value (Timeout)"
    assert not beside(Latencies([10.0], []), attacked)[1].held


def test_neighbour_who_had_no_answer_at_all_is_told() -> None:
    assert not beside(Latencies([10.0], []), Latencies([], []))[0].held
