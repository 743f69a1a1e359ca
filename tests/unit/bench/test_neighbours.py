import math
from dataclasses import replace

from tests.bench.load import LoadReport
from tests.bench.neighbours import p99_ratio

ALONE = LoadReport(requests=200, p50=40, p99=50, longest=60, per_second=20)


def test_neighbour_is_compared_by_what_all_but_one_of_a_hundred_take() -> None:
    assert p99_ratio(ALONE, replace(ALONE, p99=75, late=2)) == 1.5


def test_neighbour_without_answers_is_never_taken_for_a_quick_one() -> None:
    assert p99_ratio(ALONE, replace(ALONE, p99=75, late=3)) == math.inf
    assert p99_ratio(ALONE, replace(ALONE, p99=75, late=1, bad=2)) == math.inf
