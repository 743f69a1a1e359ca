"""Steps that hold the interpreter: one in a turn of the loop."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from provider import limits
from provider.pace import Pace
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop


@pytest.fixture
def loop():
    loop = VirtualLoop(FakeClock())
    yield loop
    loop.finish()


class Turns:
    """Counts the turns of the running loop."""

    def __init__(self):
        self.count = 0
        self._tick()

    def _tick(self):
        self.count += 1
        asyncio.get_running_loop().call_soon(self._tick)


LONG = limits.PACE_SECONDS + 0.001
SHORT = limits.PACE_SECONDS / 10


def taken(loop, steps, seconds):
    """In which turn of the loop each of so many steps is taken that are ready in the same one and take so long."""

    async def run():
        pace, turns, found = Pace(), Turns(), []

        async def step():
            await pace.wait()
            found.append(turns.count)
            loop.clock.advance(seconds)

        await asyncio.gather(*(step() for _ in range(steps)))
        return found

    return loop.run(run())


def test_long_steps_that_are_ready_in_the_same_turn_run_in_turns_of_their_own(loop):
    assert len(set(taken(loop, 30, LONG))) == 30


def test_short_steps_share_a_turn_as_long_as_it_has_time(loop):
    found = taken(loop, 60, SHORT)
    assert len(found) == 60
    assert 6 <= len(set(found)) <= 12
    assert max(found.count(turn) for turn in set(found)) <= 11


def test_steps_of_one_task_run_in_turns_of_their_own_too(loop):
    async def run():
        pace, turns, steps = Pace(), Turns(), []
        for _ in range(10):
            await pace.wait()
            steps.append(turns.count)
            loop.clock.advance(LONG)
        return steps

    assert len(set(loop.run(run()))) == 10


def test_step_that_nobody_holds_up_begins_at_once(loop):
    async def run():
        turns = Turns()
        before = turns.count
        await Pace().wait()
        return turns.count - before

    assert loop.run(run()) == 0


def test_steps_run_in_the_order_in_which_they_were_ready(loop):
    async def run():
        pace, order = Pace(), []

        async def step(number):
            await pace.wait()
            order.append(number)
            loop.clock.advance(SHORT * (number % 7))

        await asyncio.gather(*(step(number) for number in range(60)))
        return order

    assert loop.run(run()) == list(range(60))


def test_step_that_raises_bars_the_way_to_nobody(loop):
    async def run():
        pace = Pace()
        with contextlib.suppress(ValueError):
            await pace.wait()
            raise ValueError
        await pace.wait()
        return "done"

    assert loop.run(run()) == "done"


def test_step_that_was_given_up_while_it_waited_bars_the_way_to_nobody(loop):
    async def run():
        pace, done = Pace(), []

        async def step(number):
            await pace.wait()
            done.append(number)
            loop.clock.advance(LONG)

        tasks = [asyncio.create_task(step(number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return done

    assert loop.run(run()) == [0, 2, 3]


class Reader:
    """Who reads documents."""

    def __init__(self, paced=False):
        self.paced = paced


@pytest.mark.parametrize(
    ("size", "paced", "waits"),
    [(limits.STEP_BYTES, False, False), (limits.STEP_BYTES + 1, False, True), (limits.STEP_BYTES + 1, True, False)],
)
def test_large_document_is_read_at_a_pace_unless_it_has_just_come_at_one(loop, size, paced, waits):
    async def run():
        pace, turns = Pace(), Turns()
        await pace.wait()
        loop.clock.advance(LONG)
        before = turns.count
        reader = Reader(paced)
        await pace.wait_to_read(size, reader)
        assert not reader.paced
        return turns.count > before

    assert loop.run(run()) is waits
