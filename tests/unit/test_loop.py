"""The event loop on a thread of its own."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from provider import limits
from provider.loop import EventLoop, gathered, let_go
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop

# How long something is waited for that happens at once, seconds.
SOON = 20.0


class Reports:
    """Keeps what it is told."""

    def __init__(self):
        self.lags = []
        self.failures = []
        self.endings = []
        self.beaten = threading.Condition()
        self.ended = threading.Event()

    def loop_lagged(self, seconds):
        with self.beaten:
            self.lags.append(seconds)
            self.beaten.notify_all()

    def loop_failed(self, message, error):
        self.failures.append((message, error))

    def loop_ended(self, error):
        self.endings.append(error)
        self.ended.set()

    def await_beats(self, count):
        """Wait until the pulse has beaten that many times more."""
        with self.beaten:
            wanted = len(self.lags) + count
            assert self.beaten.wait_for(lambda: len(self.lags) >= wanted, SOON)


@pytest.fixture
def reports():
    return Reports()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def loop(clock, reports):
    loop = EventLoop(clock, reports)
    yield loop
    loop.stop()


@pytest.fixture
def turning(loop):
    loop.start()
    return loop


def done(loop):
    """Let the loop do all that was handed over before."""

    async def nothing():
        return None

    loop.run(nothing())


def await_end(loop, reports):
    """Wait until a loop has ended by itself, and its thread too."""
    assert reports.ended.wait(SOON)
    loop._thread.join(SOON)


def raises(error):
    raise error


# Start, hand, run, stop


def test_function_that_is_handed_over_is_called_on_the_thread_of_the_loop(turning):
    threads = []
    turning.hand(lambda number: threads.append((number, threading.current_thread().name)), 7)
    done(turning)
    assert threads == [(7, "loop")]
    assert threading.current_thread().name != "loop"


def test_functions_are_called_in_the_order_in_which_they_were_handed_over(turning):
    called = []
    for number in range(100):
        turning.hand(called.append, number)
    done(turning)
    assert called == list(range(100))


def test_coroutine_gives_its_result_to_who_waits(turning):
    async def work():
        await asyncio.sleep(0)
        return threading.current_thread().name

    assert turning.run(work()) == "loop"


def test_coroutine_that_raises_does_so_where_it_is_waited_for(turning, reports):
    async def work():
        raise ValueError("so it goes")

    with pytest.raises(ValueError, match="so it goes"):
        turning.run(work())
    done(turning)
    assert reports.failures == []


def test_many_threads_hand_over_at_the_same_time(turning):
    called = []
    threads = [threading.Thread(target=lambda: [turning.hand(called.append, 1) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    done(turning)
    assert len(called) == 400


def test_loop_that_was_not_started_takes_nothing(loop):
    with pytest.raises(RuntimeError):
        loop.hand(print)
    work = asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        loop.run(work)
    work.close()


def test_loop_that_was_stopped_takes_nothing(turning):
    turning.stop()
    with pytest.raises(RuntimeError):
        turning.hand(print)
    work = asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        turning.run(work)
    work.close()


def test_stop_ends_the_thread_and_is_no_failure(turning, reports):
    turning.stop()
    assert not [thread for thread in threading.enumerate() if thread is turning._thread]
    assert reports.endings == []


def test_stop_may_be_said_twice_and_before_the_start(clock, reports):
    loop = EventLoop(clock, reports)
    loop.stop()
    loop = EventLoop(clock, reports)
    loop.start()
    loop.stop()
    loop.stop()
    assert reports.endings == []


def test_what_is_unfinished_when_the_loop_is_stopped_is_given_up_and_not_reported_as_lost(clock, reports):
    ended = []

    async def never(began):
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    def run():
        loop, began, tasks = EventLoop(clock, reports), threading.Event(), []
        loop.start()
        loop.hand(lambda: tasks.append(asyncio.ensure_future(never(began))))
        assert began.wait(SOON)
        loop.stop()

    # A loop that was not closed would be a warning, which is an error here.
    run()
    gc.collect()
    assert ended == [True]
    assert reports.failures == []


def test_who_waits_for_a_coroutine_when_the_loop_is_stopped_waits_no_longer(turning):
    began, waited = threading.Event(), []

    async def never():
        began.set()
        await asyncio.get_running_loop().create_future()

    def run():
        try:
            turning.run(never())
        except BaseException as error:  # noqa: BLE001 - whatever ends the wait
            waited.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert began.wait(SOON)
    turning.stop()
    thread.join(SOON)
    assert len(waited) == 1


# Failures


def test_callback_that_raises_is_reported_and_the_loop_goes_on(turning, reports):
    error = ValueError("so it goes")
    turning.hand(raises, error)
    done(turning)
    ((message, reported),) = reports.failures
    assert reported is error
    assert "Exception in callback" in message
    assert reports.endings == []


def test_task_that_failed_and_that_nobody_looked_at_is_reported(turning, reports):
    async def work():
        raise ValueError("so it goes")

    tasks = []
    turning.hand(lambda: tasks.append(asyncio.ensure_future(work())))
    done(turning)
    tasks.clear()
    gc.collect()
    done(turning)
    ((_, error),) = reports.failures
    assert str(error) == "so it goes"


def test_loop_that_ends_by_itself_says_so(turning, reports):
    turning.hand(lambda: asyncio.get_running_loop().stop())
    await_end(turning, reports)
    assert reports.endings == [None]


def test_loop_that_something_ends_says_what(turning, reports):
    error = KeyboardInterrupt("so it goes")
    turning.hand(raises, error)
    await_end(turning, reports)
    assert reports.endings == [error]


def test_loop_that_cannot_begin_says_so_and_holds_up_nobody(loop, reports, monkeypatch):
    error = OSError("too many open files")
    monkeypatch.setattr(asyncio, "new_event_loop", lambda: raises(error))
    loop.start()
    await_end(loop, reports)
    assert reports.endings == [error]
    with pytest.raises(RuntimeError):
        loop.hand(print)


# The pulse


@pytest.fixture
def fast(monkeypatch):
    """A pulse that beats without being waited for."""
    monkeypatch.setattr(limits, "LOOP_PULSE_SECONDS", 0.001)


class Hold:
    """Holds the loop: it does not turn until it is let go."""

    def __init__(self, loop):
        self._held, self._go = threading.Event(), threading.Event()
        loop.hand(self._hold)
        assert self._held.wait(SOON)

    def let_go(self):
        self._go.set()

    def _hold(self):
        self._held.set()
        self._go.wait(SOON)


def test_loop_that_turns_is_not_stuck_and_not_late(fast, turning, reports):
    reports.await_beats(3)
    assert not turning.stuck()
    assert max(reports.lags) == 0.0


def test_loop_that_has_not_turned_for_a_while_is_stuck_until_it_turns_again(fast, turning, clock, reports):
    hold = Hold(turning)
    clock.advance(limits.LOOP_STUCK_SECONDS)
    assert not turning.stuck()
    clock.advance(0.1)
    assert turning.stuck()
    hold.let_go()
    reports.await_beats(2)
    assert not turning.stuck()


def test_how_late_the_loop_was_is_told_once(fast, turning, clock, reports):
    hold = Hold(turning)
    clock.advance(2.0)
    hold.let_go()
    reports.await_beats(3)
    assert [lag for lag in reports.lags if lag] == [pytest.approx(2.0 - limits.LOOP_PULSE_SECONDS)]


def test_loop_that_was_not_started_is_not_stuck(loop, clock):
    clock.advance(100.0)
    assert not loop.stuck()


def test_time_before_the_start_does_not_count(loop, clock):
    clock.advance(100.0)
    loop.start()
    assert not loop.stuck()


def test_loop_that_has_ended_is_stuck(turning, clock, reports):
    turning.hand(lambda: asyncio.get_running_loop().stop())
    await_end(turning, reports)
    clock.advance(limits.LOOP_STUCK_SECONDS + 0.1)
    assert turning.stuck()
    with pytest.raises(RuntimeError):
        turning.hand(print)


# Works side by side


@pytest.fixture
def virtual(clock):
    loop = VirtualLoop(clock)
    yield loop
    loop.finish()


async def after(seconds, what):
    await asyncio.sleep(seconds)
    if isinstance(what, Exception):
        raise what
    return what


def test_works_are_done_side_by_side_and_give_their_results_in_order(virtual, clock):
    begun = clock.monotonic()
    assert virtual.run(gathered([after(0.3, "a"), after(0.1, "b"), after(0.2, "c")])) == ["a", "b", "c"]
    assert clock.monotonic() - begun == pytest.approx(0.3)


def test_nothing_to_do_gives_nothing(virtual):
    assert virtual.run(gathered([])) == []


def test_work_that_fails_ends_the_others_and_its_error_is_raised(virtual, clock):
    begun, ended = clock.monotonic(), []

    async def long():
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(True)

    with pytest.raises(ValueError, match="so it goes"):
        virtual.run(gathered([long(), after(0.1, ValueError("so it goes"))]))
    assert ended == [True]
    assert clock.monotonic() - begun == pytest.approx(0.1)


def test_who_is_cancelled_cancels_the_works(virtual):
    ended = []

    async def long():
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(True)

    async def run():
        async with asyncio.timeout(0.1):
            await gathered([long(), long()])

    with pytest.raises(TimeoutError):
        virtual.run(run())
    assert ended == [True, True]


def test_error_of_a_task_that_was_let_go_is_not_reported(virtual):
    reported = []
    virtual.set_exception_handler(lambda _, context: reported.append(context))

    async def run(*, let_it_go):
        task = asyncio.ensure_future(after(0.0, ValueError("so it goes")))
        if let_it_go:
            let_go(task)
        await asyncio.sleep(0.1)

    virtual.run(run(let_it_go=True))
    gc.collect()
    assert reported == []
    virtual.run(run(let_it_go=False))
    gc.collect()
    assert len(reported) == 1


def test_task_that_was_let_go_may_be_cancelled(virtual):
    async def run():
        task = asyncio.ensure_future(asyncio.sleep(10))
        let_go(task)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0.1)
        return task.cancelled()

    assert virtual.run(run())
