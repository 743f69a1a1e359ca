"""One call's waiting."""

from __future__ import annotations

from collections import Counter

import pytest

from provider import limits
from provider.answering.attendance import Attendance
from provider.answering.waits import Waits
from provider.questions import item_key
from provider.questions.item_key import KeyKind
from provider.questions.question import FactQuestion, key_of
from provider.reasons import Reason

IMAGE = "registry.example/app:1"
OTHER = "registry.example/other:1"
WITH_CONFIG = key_of(FactQuestion(IMAGE, config=True))


class Call:
    """A call on the loop of a world.

    Attributes:
        ends: when it was told that it is over, seconds after it began.
    """

    def __init__(self, world, waits, *texts, audit=False, wait=True):
        self._clock = world.clock
        self._begun = world.clock.monotonic()
        self.ends = []
        self.attendance = Attendance(world.works, waits, world.clock, audit=audit)
        keys = [item_key.read(KeyKind.QUESTION, text) for text in texts]
        world.loop.call_soon(lambda: self.attendance.begin(keys, self._done, wait=wait))
        world.loop.settle()

    @property
    def ended(self):
        """When it ended; None before."""
        assert len(self.ends) < 2
        return pytest.approx(self.ends[0], abs=1e-6) if self.ends else None

    def reasons(self):
        """What became of each key that is finished."""
        return {text: work.result.reason for text, work in self.attendance.works.items() if work.result}

    def _done(self):
        self.ends.append(self._clock.monotonic() - self._begun)


@pytest.fixture
def waits():
    return Waits(1.0)


@pytest.fixture
def call(world, waits):
    return lambda *texts, **settings: Call(world, waits, *texts, **settings)


@pytest.fixture
def left(world, waits):
    """How much of an image's wait is left."""

    def left(image):
        now = world.clock.monotonic()
        until = waits.begin(image, now)
        waits.end(image, now)
        return pytest.approx(until - now, abs=1e-6)

    return left


def test_call_ends_when_the_last_key_is_done(world, call):
    world.inspector.delays = {IMAGE: 0.2, OTHER: 0.6}
    made = call(IMAGE, OTHER)
    world.loop.run_for(5.0)
    assert made.ended == 0.6
    assert made.reasons() == {IMAGE: None, OTHER: None}


def test_call_whose_keys_are_all_done_ends_at_once(world, call):
    call(IMAGE)
    begun = world.clock.monotonic()
    assert call(IMAGE).ended == 0
    assert world.clock.monotonic() == begun


def test_call_ends_when_the_wait_is_over(world, call):
    world.inspector.holding = True
    made = call(IMAGE, OTHER)
    world.loop.run_for(5.0)
    assert made.ended == 1.0
    assert made.reasons() == {}


def test_call_without_keys_ends_at_once(call):
    assert call().ended == 0


def test_call_waits_as_long_as_any_of_its_unfinished_images_may_be_waited_for(world, call):
    world.inspector.holding = True
    first = call(IMAGE)
    world.loop.run_for(0.7)
    second = call(IMAGE, OTHER)
    world.loop.run_for(5.0)
    assert (first.ended, second.ended) == (1.0, 1.0)


def test_call_ends_as_soon_as_nothing_that_is_unfinished_may_be_waited_for(world, call):
    """The image that had time left is done; the one that is not had none."""
    world.inspector.held.add(IMAGE)
    world.inspector.delays[OTHER] = 0.5
    call(IMAGE)
    world.loop.run_for(0.9)
    made = call(IMAGE, OTHER)
    world.loop.run_for(5.0)
    assert made.ended == 0.5
    assert made.reasons() == {OTHER: None}


def test_call_waits_on_for_an_image_that_has_time_left_after_another_was_done(world, call):
    world.inspector.held.add(IMAGE)
    world.inspector.delays[OTHER] = 0.5
    made = call(IMAGE, OTHER)
    world.loop.run_for(5.0)
    assert made.ended == 1.0


def test_one_key_of_an_image_that_is_done_does_not_end_the_wait_for_another(world, call, monkeypatch):
    world.inspector.held.add(IMAGE)
    first = call(IMAGE)
    world.inspector.held.clear()
    world.inspector.delays[IMAGE] = 0.3
    second = call(IMAGE, WITH_CONFIG)
    world.loop.run_for(0.4)
    assert second.reasons() == {WITH_CONFIG: None}
    assert (first.ended, second.ended) == (None, None)
    world.inspector.release()
    world.loop.run_for(0.35)
    assert first.reasons() == {IMAGE: None}
    assert second.ended == first.ended


def test_call_that_is_not_to_wait_begins_its_work_and_ends(world, call, left):
    world.inspector.delays[IMAGE] = 0.5
    made = call(IMAGE, wait=False)
    assert made.ended == 0
    assert left(IMAGE) == 1.0
    world.loop.run_for(1.0)
    assert made.reasons() == {IMAGE: None}


def test_wait_of_an_image_is_spent_until_its_last_answer(world, call, left):
    world.inspector.delays[IMAGE] = 0.25
    world.inspector.held.add(OTHER)
    call(IMAGE, OTHER)
    world.loop.run_for(1.5)
    assert left(IMAGE) == 0.75
    assert left(OTHER) == 0.0


def test_image_that_was_in_memory_is_not_waited_for(world, call, left):
    call(IMAGE)
    world.inspector.held.add(OTHER)
    call(IMAGE, OTHER)
    world.loop.run_for(1.5)
    assert left(IMAGE) == 1.0


def test_work_that_goes_on_is_joined_and_counted(world, call):
    world.inspector.holding = True
    first = call(IMAGE)
    second = call(OTHER, IMAGE)
    assert (first.attendance.joined, second.attendance.joined) == (0, 1)
    assert second.attendance.works[IMAGE] is first.attendance.works[IMAGE]
    assert world.inspector.calls == {IMAGE: 1, OTHER: 1}


@pytest.mark.parametrize("audit", [True, False])
def test_only_an_admission_moves_up_what_audit_began(world, call, audit):
    world.inspector.holding = True
    call(IMAGE, audit=True)
    call(IMAGE, audit=audit)
    (claim,) = world.inspector.claims
    assert claim.audit is audit


def test_question_that_finds_no_room_is_done_at_once(world, call, monkeypatch):
    monkeypatch.setattr(limits, "QUESTIONS", 1)
    world.inspector.holding = True
    made = call(IMAGE, OTHER)
    assert made.reasons() == {OTHER: Reason.OVERLOADED}
    world.inspector.release()
    world.loop.run_for(0.1)
    assert made.ended == 0


def test_keys_are_begun_a_few_in_each_turn_of_the_loop(world, call, monkeypatch):
    keys = [f"registry.example/app-{number}:1" for number in range(5 * limits.KEYS_A_TURN)]
    turn, begun = [0], Counter()
    begin = world.works.begin

    def counted(*args, **settings):
        begun[turn[0]] += 1
        return begin(*args, **settings)

    def tick():
        turn[0] += 1
        world.loop.call_soon(tick)

    monkeypatch.setattr(world.works, "begin", counted)
    tick()
    made = call(*keys)
    assert set(begun.values()) == {limits.KEYS_A_TURN}
    assert len(made.reasons()) == len(keys)
    assert made.ended == 0


def test_work_that_lands_before_all_keys_are_begun_is_not_waited_for(world, call, left):
    keys = [f"registry.example/app-{number}:1" for number in range(3 * limits.KEYS_A_TURN)]
    world.inspector.held.add(keys[-1])
    made = call(*keys)
    world.loop.run_for(2.0)
    assert made.ended == 1.0
    assert (left(keys[0]), left(keys[-1])) == (1.0, 0.0)


def test_call_that_has_ended_leaves_nothing_behind(world, call):
    world.inspector.holding = True
    calls = [call(IMAGE, OTHER) for _ in range(50)]
    world.loop.run_for(2.0)
    works = calls[0].attendance.works.values()
    assert [work.result for work in works] == [None, None]
    assert [len(work.watchers) for work in works] == [0, 0]
    assert all(made.ended is not None for made in calls)


def test_call_that_has_ended_is_not_told_again_when_its_work_is_done(world, call):
    world.inspector.holding = True
    made = call(IMAGE, OTHER)
    world.loop.run_for(2.0)
    world.inspector.release()
    world.loop.run_for(2.0)
    assert made.ended == 1.0
    assert made.reasons() == {IMAGE: None, OTHER: None}


def test_call_that_ended_early_is_not_told_again_when_its_wait_would_be_over(world, call):
    world.inspector.delays[IMAGE] = 0.2
    made = call(IMAGE)
    world.loop.run_for(5.0)
    assert made.ended == 0.2


def test_calls_that_wait_for_the_same_work_all_end_with_it(world, call):
    world.inspector.delays[IMAGE] = 0.4
    first = call(IMAGE)
    world.loop.run_for(0.1)
    others = [call(IMAGE) for _ in range(5)]
    world.loop.run_for(2.0)
    assert first.ended == 0.4
    assert [made.ended for made in others] == [0.3] * 5


def test_every_work_that_is_joined_is_counted(world, call):
    world.inspector.holding = True
    call(IMAGE, OTHER, WITH_CONFIG)
    assert call(IMAGE, OTHER, WITH_CONFIG).attendance.joined == 3
