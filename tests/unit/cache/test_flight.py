"""Work that is shared while it goes on."""

import threading

import pytest

from provider.cache.flight import Flights
from provider.clock import Deadline, SystemClock
from provider.errors import ImageError
from provider.reasons import Reason
from tests.simulators.clock import FakeClock


def soon():
    return Deadline.after(SystemClock(), 10)


class Work:
    """Waits until a test lets it go on."""

    def __init__(self, result=None, error=None):
        self.started = threading.Event()
        self.release = threading.Event()
        self.result, self.error, self.runs = result, error, 0

    def __call__(self):
        self.runs += 1
        self.started.set()
        assert self.release.wait(10)
        if self.error:
            raise self.error
        return self.result


def in_thread(work):
    results = []

    def run():
        try:
            results.append(work())
        except ImageError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_two_who_ask_the_same_share_the_work():
    flights, work = Flights(), Work(result="document")
    first, one = in_thread(lambda: flights.run("key", work, soon()))
    work.started.wait(10)
    second, two = in_thread(lambda: flights.run("key", work, soon()))
    while not second.is_alive():
        pass
    work.release.set()
    first.join()
    second.join()
    assert one == two == ["document"]
    assert len(flights) == 0


def test_two_who_ask_different_things_share_nothing():
    flights = Flights()
    assert flights.run("a", lambda: 1, soon()) == 1
    assert flights.run("b", lambda: 2, soon()) == 2


def test_work_that_is_done_is_not_remembered():
    flights = Flights()
    assert flights.run("a", lambda: 1, soon()) == 1
    assert flights.run("a", lambda: 2, soon()) == 2


def test_failure_is_shared_and_not_remembered():
    flights, work = Flights(), Work(error=ImageError(Reason.NOT_FOUND, "it is not there"))
    first, one = in_thread(lambda: flights.run("key", work, soon()))
    work.started.wait(10)
    second, two = in_thread(lambda: flights.run("key", lambda: "again", soon()))
    work.release.set()
    first.join()
    second.join()
    assert one[0].reason is Reason.NOT_FOUND
    assert two[0] == "again" or two[0].reason is Reason.NOT_FOUND
    assert two[0] is not one[0]
    assert flights.run("key", lambda: "again", soon()) == "again"


def test_who_has_less_time_than_the_work_takes_leaves_with_a_timeout():
    flights, work = Flights(), Work(result="document")
    first, one = in_thread(lambda: flights.run("key", work, soon()))
    work.started.wait(10)
    with pytest.raises(ImageError) as caught:
        flights.run("key", work, Deadline.after(FakeClock(), 0))
    assert caught.value.reason is Reason.TIMEOUT
    work.release.set()
    first.join()
    assert one == ["document"]
    assert work.runs == 1


def test_who_has_more_time_than_the_one_who_worked_tries_again():
    flights, work = Flights(), Work(error=ImageError(Reason.TIMEOUT, "no time"))
    first, _ = in_thread(lambda: flights.run("key", work, soon()))
    work.started.wait(10)
    second, two = in_thread(lambda: flights.run("key", lambda: "in time", soon()))
    work.release.set()
    first.join()
    second.join()
    assert two == ["in time"]
