"""When a worker that has died is replaced."""

from __future__ import annotations

from provider import limits
from provider.server.restarts import Restarts


def pauses(lives):
    """How long each worker's successor waits, when they live so long."""
    restarts, now, found = Restarts(), 1000.0, []
    restarts.begin(now)
    for life in lives:
        now += life
        died = now
        while not restarts.may_begin(now):
            now += 0.5
        found.append(now - died)
        restarts.begin(now)
    return found


def test_worker_that_died_is_replaced_at_once():
    assert pauses([0.0]) == [0.0]
    assert pauses([3600.0, 3600.0, 3600.0]) == [0.0, 0.0, 0.0]


def test_workers_that_die_at_every_start_are_replaced_ever_later_up_to_a_bound():
    found = pauses([0.0] * 8)
    assert found[:4] == [0.0, 1.0, 2.0, 4.0]
    assert found == sorted(found)
    assert found[-1] == limits.WORKER_LONGEST_PAUSE_SECONDS


def test_worker_that_lived_long_ends_the_pauses():
    assert pauses([0.0, 0.0, 0.0, limits.WORKER_YOUNG_SECONDS * 2, 0.0])[-1] == 0.0
