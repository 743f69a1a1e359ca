"""How many calls may wait at a time."""

from __future__ import annotations

import threading

import pytest

from provider.answering.places import CallPlaces


def test_there_are_as_many_as_were_set():
    places = CallPlaces(3)
    assert [places.take() for _ in range(5)] == [True, True, True, False, False]


def test_place_that_was_given_back_can_be_taken():
    places = CallPlaces(1)
    assert places.take()
    assert not places.take()
    places.give_back()
    assert places.take()
    assert not places.take()


@pytest.mark.parametrize("count", [0, -1])
def test_there_is_always_one(count):
    places = CallPlaces(count)
    assert [places.take(), places.take()] == [True, False]


def test_threads_never_take_more_than_there_are():
    places = CallPlaces(2)
    gate = threading.Barrier(8)
    taken = []

    def run():
        gate.wait(10)
        taken.append(places.take())

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(taken) == [False] * 6 + [True] * 2
