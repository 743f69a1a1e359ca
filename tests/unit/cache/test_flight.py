"""Work that is shared while it goes on."""

import asyncio

import pytest

from provider.cache.flight import Flights
from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.turns.claim import Claim
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop


@pytest.fixture
def loop():
    """The loop; what it reports as lost fails the test."""
    lost = []
    loop = VirtualLoop(FakeClock())
    loop.set_exception_handler(lambda _, context: lost.append(context))
    yield loop
    loop.finish()
    assert not lost


@pytest.fixture
def flights():
    return Flights()


class Work:
    """Takes a second; `results` are given one after the other, an exception is raised."""

    def __init__(self, *results, seconds=1.0):
        self.results, self.seconds, self.runs = list(results), seconds, 0

    async def __call__(self):
        self.runs += 1
        result = self.results.pop(0)
        await asyncio.sleep(self.seconds)
        if isinstance(result, BaseException):
            raise result
        return result


def ask(loop, flights, work, key="key", *, seconds=30.0, urgency=None):
    """Somebody asks; gives the task."""
    deadline = Deadline.after(loop.clock, seconds)
    task = loop.create_task(flights.run(key, work, urgency or Claim("me"), deadline))
    loop.settle()
    return task


def test_admission_that_waited_for_what_is_said_to_audit_alone_does_the_work_itself(loop, flights):
    work = Work(ImageError(Reason.THROTTLED, "little is left", audit_only=True), "document")
    audits = [ask(loop, flights, work, urgency=Claim("audit", audit=True)) for _ in range(2)]
    admission = ask(loop, flights, work)
    assert loop.run_until_complete(admission) == "document"
    for audit in audits:
        with pytest.raises(ImageError):
            loop.run_until_complete(audit)
    assert work.runs == 2


def test_all_who_ask_the_same_share_the_work(loop, flights):
    work = Work("document")
    tasks = [ask(loop, flights, work) for _ in range(3)]
    assert len(flights) == 1
    assert [loop.run_until_complete(task) for task in tasks] == ["document"] * 3
    assert work.runs == 1
    assert len(flights) == 0


def test_two_who_ask_different_things_share_nothing(loop, flights):
    one, two = ask(loop, flights, Work(1), "a"), ask(loop, flights, Work(2), "b")
    assert [loop.run_until_complete(task) for task in (one, two)] == [1, 2]


def test_work_that_is_done_is_not_remembered(loop, flights):
    work = Work(1, 2)
    assert loop.run_until_complete(ask(loop, flights, work)) == 1
    assert loop.run_until_complete(ask(loop, flights, work)) == 2


def test_failure_is_shared_each_having_its_own_and_not_remembered(loop, flights):
    work = Work(ImageError(Reason.NOT_FOUND, "it is not there"), "again")
    tasks = [ask(loop, flights, work) for _ in range(3)]
    loop.run_for(2)
    errors = [task.exception() for task in tasks]
    assert {(error.reason, error.message) for error in errors} == {(Reason.NOT_FOUND, "it is not there")}
    # A traceback that several raise grows with each of them.
    assert len({id(error) for error in errors}) == 3
    assert work.runs == 1
    assert loop.run_until_complete(ask(loop, flights, work)) == "again"


def test_waiter_that_is_cancelled_cancels_nobody(loop, flights):
    work = Work("document")
    first, second, third = (ask(loop, flights, work) for _ in range(3))
    second.cancel()
    loop.settle()
    assert second.cancelled()
    assert [loop.run_until_complete(task) for task in (first, third)] == ["document"] * 2
    assert work.runs == 1


def test_whoever_asked_first_may_be_cancelled_and_the_others_get_their_answer(loop, flights):
    work = Work("document", "document")
    first, second, third = (ask(loop, flights, work) for _ in range(3))
    first.cancel()
    assert [loop.run_until_complete(task) for task in (second, third)] == ["document"] * 2
    assert work.runs <= 2
    assert len(flights) == 0


def test_work_that_nobody_waits_for_any_more_leaves_nothing(loop, flights):
    work = Work(ImageError(Reason.TIMEOUT, "no time"), "document")
    tasks = [ask(loop, flights, work) for _ in range(2)]
    for task in tasks:
        task.cancel()
    loop.run_for(3)
    assert all(task.cancelled() for task in tasks)
    assert len(flights) == 0


def test_who_has_more_time_than_the_one_who_worked_has_it_done_again(loop, flights):
    work = Work(ImageError(Reason.TIMEOUT, "no time"), "in time")
    first = ask(loop, flights, work, seconds=1.0)
    second, third = (ask(loop, flights, work, seconds=30.0) for _ in range(2))
    loop.run_for(5)
    assert first.exception().reason is Reason.TIMEOUT
    assert (second.result(), third.result()) == ("in time", "in time")
    assert work.runs == 2


def test_who_has_no_more_time_either_is_told_so(loop, flights):
    work = Work(ImageError(Reason.TIMEOUT, "no time"))
    tasks = [ask(loop, flights, work, seconds=0.5) for _ in range(2)]
    loop.run_for(5)
    assert [task.exception().reason for task in tasks] == [Reason.TIMEOUT] * 2
    assert work.runs == 1


def test_defect_is_raised_and_leaves_no_one_waiting(loop, flights):
    work = Work(KeyError("bug"), "document", KeyError("bug"))
    first, second = (ask(loop, flights, work) for _ in range(2))
    loop.run_for(5)
    assert isinstance(first.exception(), KeyError)
    assert second.done()
    assert len(flights) == 0


def test_admission_that_joins_audits_work_makes_it_urgent(loop, flights):
    audit = Claim("audit", audit=True)
    ask(loop, flights, Work("document"), urgency=audit)
    ask(loop, flights, Work(), urgency=Claim("another audit", audit=True))
    assert audit.audit
    ask(loop, flights, Work(), urgency=Claim("admission"))
    assert not audit.audit
    loop.run_for(2)
