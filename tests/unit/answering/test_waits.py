"""How long callers may wait for an image."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.answering.waits import Waits


def test_first_question_about_an_image_has_the_whole_wait():
    assert Waits(1.2).begin("a", 10.0) == 11.2


def test_later_question_gets_what_is_left():
    waits = Waits(1.2)
    waits.begin("a", 10.0)
    waits.end("a", 10.5)
    assert waits.begin("a", 10.6) == 10.6 + 0.7


def test_question_after_the_wait_was_spent_is_not_waited_for():
    waits = Waits(1.2)
    waits.begin("a", 10.0)
    waits.end("a", 11.2)
    assert waits.begin("a", 11.3) == 11.3


def test_two_who_wait_at_the_same_time_spend_the_wait_once():
    waits = Waits(1.0)
    waits.begin("a", 10.0)
    assert waits.begin("a", 10.25) == 11.0
    waits.end("a", 10.5)
    waits.end("a", 10.5)
    assert waits.begin("a", 11.0) == 11.5


def test_image_that_was_answered_at_once_has_its_wait_left():
    waits = Waits(1.0)
    waits.begin("a", 10.0)
    waits.end("a", 10.0)
    assert waits.begin("a", 12.0) == 13.0


def test_another_image_has_a_wait_of_its_own():
    waits = Waits(1.0)
    waits.begin("a", 10.0)
    waits.end("a", 11.0)
    assert waits.begin("b", 11.0) == 12.0


def test_new_window_opens_after_the_old_one():
    waits = Waits(1.0)
    waits.begin("a", 10.0)
    waits.end("a", 11.0)
    assert waits.begin("a", 12.75) == 12.75
    waits.end("a", 12.75)
    assert waits.begin("a", 10.0 + limits.WAIT_WINDOW_SECONDS) == 11.0 + limits.WAIT_WINDOW_SECONDS


def test_new_window_opens_although_somebody_still_waits_for_the_image():
    waits = Waits(1.0)
    waits.begin("a", 10.0)
    assert waits.begin("a", 13.0) == 14.0
    waits.end("a", 13.5)
    waits.end("a", 13.5)
    assert waits.begin("a", 13.5) == 14.0


def test_window_is_never_shorter_than_the_wait():
    waits = Waits(9.0)
    waits.begin("a", 10.0)
    assert waits.begin("a", 18.0) == 19.0


def test_images_that_are_over_are_forgotten():
    waits = Waits(1.0)
    for number in range(1000):
        waits.begin(f"image {number}", float(number))
        waits.end(f"image {number}", float(number))
    assert len(waits._windows) < 20


def test_images_that_are_asked_about_at_once_are_bounded():
    waits = Waits(1.0)
    for number in range(limits.WAITS + 500):
        waits.begin(f"image {number}", 10.0)
        waits.end(f"image {number}", 10.0)
    assert len(waits._windows) <= limits.WAITS


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 2)), max_size=40))
def test_one_after_the_other_all_questions_of_a_window_wait_no_longer_than_the_wait(steps):
    """The pauses before each question, and how long its answer takes."""
    waits, now, waited = Waits(1.2), 100.0, 0.0
    for pause, takes in steps:
        now += pause
        if now - 100.0 >= limits.WAIT_WINDOW_SECONDS:
            break
        until = min(now + takes, waits.begin("a", now))
        waited += until - now
        now = until
        waits.end("a", now)
    assert waited <= 1.2 + 1e-6


def test_answer_that_came_before_anybody_waited_spends_nothing():
    waits = Waits(1.0)
    waits.begin("a", 10.0)
    waits.end("a", 9.0)
    assert waits.begin("a", 10.0) == 11.0


def test_window_of_an_image_that_somebody_waits_for_is_not_forgotten():
    waits = Waits(1.0)
    waits.begin("a", 10.0)
    for number in range(100):
        waits.begin(f"image {number}", 20.0 + number)
        waits.end(f"image {number}", 20.0 + number)
    waits.end("a", 120.0)
    assert waits.begin("a", 120.0) == 121.0
