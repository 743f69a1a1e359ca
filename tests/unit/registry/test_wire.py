"""One registry request: let through, given its turn, sent, timed, reported, its failure translated."""

import asyncio
import email.utils

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from provider import limits
from provider.errors import ImageError
from provider.observer import NullObserver, Operation
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.errand import Errand
from provider.registry.transport import (
    BrokenError,
    Cause,
    Request,
    Response,
    SilentError,
    TLSError,
    TooLargeError,
    UnreachableError,
)
from provider.registry.wire import Wire

REG, OTHER = "reg.io", "other.io"
LARGE = limits.SMALL_DOCUMENT_BYTES + 1


class Line:
    """A transport that does what a test says.

    Attributes:
        sent: requests in order, each with the limit of its body.
        failures: raised one after the other, before anything is answered.
        body: of every answer; a larger one than the limit is too large.
        answer: what is answered instead, by status and headers.
        seconds: how long an answer takes; None for ever.
        large, peak: how many requests for large documents are under way, and were at most.
    """

    def __init__(self):
        self.sent, self.failures = [], []
        self.body, self.answer, self.seconds = b"{}", (200, {}), 0.0
        self.large = self.peak = self.bytes_in_flight = 0

    async def send(self, request, limit, deadline):
        self.sent.append((request, limit))
        is_large = limit > limits.SMALL_DOCUMENT_BYTES
        self.large += is_large
        self.peak = max(self.peak, self.large)
        try:
            if self.failures:
                raise self.failures.pop(0)
            if self.seconds is None:
                await asyncio.get_running_loop().create_future()
            await asyncio.sleep(self.seconds)
            if len(self.body) > limit:
                raise TooLargeError(limit)
            return Response(*self.answer, self.body)
        finally:
            self.large -= is_large

    async def close(self):
        """Nothing to let go of."""


@pytest.fixture
def line():
    return Line()


class HeldPace(Pace):
    """A pace that a test can hold."""

    def __init__(self):
        super().__init__()
        self._going = None

    def hold(self):
        self._going = asyncio.Event()

    def release(self):
        self._going.set()

    async def wait(self):
        if self._going is not None:
            await self._going.wait()
        await super().wait()


@pytest.fixture
def pace():
    return HeldPace()


@pytest.fixture
def wire(line, clock, observer, pace):
    return Wire(line, clock, observer, "bestbefore/test", pace)


def errand(image="mine", size=0, limit=limits.MANIFEST_BYTES):
    return Errand(Operation.MANIFEST, f"manifest of {REG}/{image}:v1", f"{REG}/{image}", limit, size)


def send(wire, call, errand_=None, at=REG):
    return wire.send(Request("GET", origin.of_registry("https", at), "/v2/x"), errand_ or errand(), call)


def refusal(run, wire, call, errand_=None, at=REG):
    with pytest.raises(ImageError) as caught:
        run(send(wire, call, errand_, at))
    return caught.value


class TestThrottled:
    def test_429_is_told_and_the_registry_is_left_alone_until_the_moment_it_named(self, run, wire, line, call, clock):
        line.answer = (429, {"retry-after": "7"})
        assert refusal(run, wire, call).reason is Reason.THROTTLED
        line.answer = (200, {})
        error = refusal(run, wire, call, errand("other"))
        assert error.reason is Reason.THROTTLED
        assert "reg.io/other:v1" in error.message
        assert "mine" not in error.message
        assert len(line.sent) == 1
        clock.advance(7)
        assert run(send(wire, call)).status == 200

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("3", 3),
            ("  3 ", 3),
            ("100000", 60),
            ("99999999999999999999", 60),
            ("9" * 5000, 60),
            ("", 1),
            ("soon", 1),
            ("-5", 1),
            ("3.5", 1),
            ("٣", 1),
            ("3, 5", 1),
            ("date", 20),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 60),
            ("Fri, 31 Dec 99999 23:59:59 GMT", 1),
        ],
    )
    def test_time_to_come_back_is_read_and_bounded(self, run, wire, line, make_call, clock, header, seconds):
        text = email.utils.formatdate(clock.now() + 20, usegmt=True) if header == "date" else header
        line.answer = (429, {"retry-after": text})
        refusal(run, wire, make_call())
        line.answer = (200, {})
        clock.advance(seconds - 0.5)
        assert refusal(run, wire, make_call()).reason is Reason.THROTTLED
        clock.advance(0.5)
        assert run(send(wire, make_call())).status == 200

    @pytest.mark.parametrize("text", ["0", "Mon, 01 Jan 2001 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 +2359"])
    def test_moment_that_has_passed_closes_nothing(self, run, wire, line, call, text):
        line.answer = (429, {"retry-after": text})
        refusal(run, wire, call)
        line.answer = (200, {})
        assert run(send(wire, call)).status == 200

    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(text=st.text(max_size=40))
    def test_any_retry_after_is_seconds(self, wire, text):
        assert isinstance(wire._retry_after(Response(429, {"retry-after": text}, b"")), float)


class TestFailures:
    @pytest.mark.parametrize(
        ("failure", "reason", "code"),
        [
            (UnreachableError(Cause.TIMEOUT), Reason.TIMEOUT, "timeout"),
            (UnreachableError(Cause.BUDGET), Reason.TIMEOUT, "timeout"),
            (UnreachableError(Cause.CONNECTION), Reason.REGISTRY_UNAVAILABLE, "connection"),
            (UnreachableError(Cause.NAME), Reason.REGISTRY_UNAVAILABLE, "connection"),
            (SilentError(own=True), Reason.TIMEOUT, "timeout"),
            (SilentError(own=False), Reason.TIMEOUT, "timeout"),
            (BrokenError("the answer was cut short"), Reason.REGISTRY_UNAVAILABLE, "connection"),
            (TLSError("no"), Reason.REGISTRY_UNAVAILABLE, "tls"),
            (ImageError(Reason.ADDRESS_REFUSED, "no"), Reason.ADDRESS_REFUSED, "refused"),
            (ImageError(Reason.OVERLOADED, "no"), Reason.OVERLOADED, "connection"),
        ],
    )
    def test_failure_has_its_reason_and_is_reported(self, run, wire, line, call, observer, failure, reason, code):
        line.failures = [failure]
        error = refusal(run, wire, call)
        assert error.reason is reason
        assert not error.reason.durable
        assert observer.requests == [(REG, "manifest", code)]

    def test_cause_is_kept_for_the_log_and_not_told(self, run, wire, line, call):
        line.failures = [TLSError("secret detail")]
        error = refusal(run, wire, call)
        assert isinstance(error.__cause__, TLSError)
        assert "secret detail" not in str(error)

    def test_defect_of_ours_is_not_called_a_fault_of_the_registry(self, run, wire, line, call):
        line.failures = [KeyError("bug")]
        with pytest.raises(KeyError):
            run(send(wire, call))
        assert wire._turns.under_way() == 0
        assert run(send(wire, call)).status == 200

    def test_statuses_are_the_callers(self, run, wire, line, call, observer):
        line.answer = (503, {})
        assert run(send(wire, call)).status == 503
        assert observer.requests == [(REG, "manifest", "503")]

    def test_each_request_is_a_round_trip(self, run, wire, line, call):
        run(send(wire, call))
        line.failures = [SilentError(own=True)]
        refusal(run, wire, call)
        assert call.round_trips == 2


class TestClosedRegistry:
    @pytest.mark.parametrize("cause", [Cause.TIMEOUT, Cause.CONNECTION, Cause.NAME])
    def test_registry_that_takes_no_connection_is_told_at_once_to_others(self, run, wire, line, call, clock, cause):
        line.failures = [UnreachableError(cause)]
        first = refusal(run, wire, call, errand("private/secret-project"))
        second = refusal(run, wire, call, errand("other"))
        assert len(line.sent) == 1
        assert second.reason is first.reason
        assert "reg.io/other:v1" in second.message
        clock.advance(limits.UNREACHABLE_SECONDS)
        assert run(send(wire, call)).status == 200

    @pytest.mark.parametrize("cause", [Cause.TIMEOUT, Cause.CONNECTION, Cause.NAME])
    def test_sentence_of_a_closed_registry_names_nobody_elses_image(self, run, wire, line, call, cause):
        line.failures = [UnreachableError(cause)]
        refusal(run, wire, call, errand("private/secret-project"))
        assert "secret-project" not in refusal(run, wire, call, errand("other")).message

    @pytest.mark.parametrize("failure", [UnreachableError(Cause.BUDGET), SilentError(own=True)])
    def test_exhausted_time_of_a_caller_closes_no_registry(self, run, wire, line, make_call, failure):
        for number in range(10):
            line.failures = [failure]
            refusal(run, wire, make_call(), errand(f"{number}"))
        assert run(send(wire, make_call())).status == 200

    @pytest.mark.parametrize(
        "failure", [SilentError(own=False), BrokenError("cut"), TLSError("no"), ImageError(Reason.OVERLOADED, "no")]
    )
    def test_one_failure_after_connecting_closes_no_registry(self, run, wire, line, call, failure):
        line.failures = [failure]
        refusal(run, wire, call)
        assert run(send(wire, call)).status == 200

    def test_registry_that_answers_nobody_is_told_at_once_to_others(self, loop, run, wire, line, make_call):
        line.seconds = None
        for image in ("a", "b"):
            loop.create_task(send(wire, make_call(), errand(image)))
        loop.run_for(limits.SILENCE_SECONDS + 0.1)
        loop.create_task(send(wire, make_call(), errand("probe")))
        loop.settle()
        assert len(line.sent) == 3
        error = refusal(run, wire, make_call(), errand("mine"))
        assert error.reason is Reason.TIMEOUT
        assert error.message == "manifest of reg.io/mine:v1: reg.io answers nobody at the moment"
        assert len(line.sent) == 3

    def test_request_that_waited_for_its_turn_is_not_sent_to_a_registry_that_was_closed_meanwhile(
        self, loop, wire, line, make_call
    ):
        line.seconds = 0.2
        line.answer = (429, {"retry-after": "30"})
        tasks = [loop.create_task(send(wire, make_call(), errand(f"{number}"))) for number in range(20)]
        loop.run_for(1)
        assert len(line.sent) == limits.UNKNOWN_REGISTRY_REQUESTS
        assert {task.exception().reason for task in tasks} == {Reason.THROTTLED}


class TestTime:
    def test_nothing_is_sent_after_the_deadline(self, run, wire, line, make_call):
        assert refusal(run, wire, make_call(seconds=0)).reason is Reason.TIMEOUT
        assert line.sent == []

    def test_request_whose_turn_does_not_come_in_time_is_refused_and_not_sent(self, loop, run, wire, line, make_call):
        line.seconds = 10
        for number in range(limits.UNKNOWN_REGISTRY_REQUESTS):
            loop.create_task(send(wire, make_call(), errand(f"{number}")))
        loop.settle()
        assert refusal(run, wire, make_call(seconds=0.1)).reason is Reason.OVERLOADED
        assert len(line.sent) == limits.UNKNOWN_REGISTRY_REQUESTS


class TestCancelled:
    def test_cancelled_request_gives_its_place_back(self, loop, run, wire, line, make_call):
        line.seconds = None
        tasks = [loop.create_task(send(wire, make_call(), errand(f"{number}"))) for number in range(20)]
        loop.settle()
        for task in tasks:
            task.cancel()
        loop.settle()
        assert all(task.cancelled() for task in tasks)
        line.seconds = 0.0
        loop.run_for(10)
        assert run(send(wire, make_call())).status == 200
        assert wire._turns.under_way() == 0

    @pytest.mark.parametrize("size", [0, LARGE])
    def test_withdrawn_request_fails_as_a_slow_one_and_its_question_goes_on(self, loop, wire, line, make_call, size):
        line.seconds = None
        failed = []

        async def question():
            with pytest.raises(ImageError) as caught:
                await send(wire, make_call(), errand(size=size))
            failed.append(caught.value)
            assert asyncio.current_task().cancelling() == 0
            await asyncio.sleep(1)
            return "went on"

        task = loop.create_task(question())
        loop.settle()
        for turns in (wire._turns, wire._large):
            for turn in list(turns._all.turns):
                turn.withdraw()
        assert loop.run_until_complete(task) == "went on"
        [error] = failed
        assert error.reason is Reason.TIMEOUT
        assert "did not answer in time" in error.message
        assert (wire._turns.under_way(), wire._large.under_way()) == (0, 0)

    @pytest.mark.parametrize("size", [0, LARGE])
    def test_question_that_is_cancelled_as_its_request_is_withdrawn_is_cancelled(
        self, loop, wire, line, make_call, size
    ):
        line.seconds = None
        task = loop.create_task(send(wire, make_call(), errand(size=size)))
        loop.settle()
        for turn in list(wire._turns._all.turns):
            turn.withdraw()
        task.cancel()
        loop.settle()
        assert task.cancelled()
        assert (wire._turns.under_way(), wire._large.under_way()) == (0, 0)

    def test_stuck_request_of_a_caller_with_many_makes_room_for_somebody_else(self, loop, wire, line, make_call):
        line.seconds = None
        mine = object()
        tasks = [loop.create_task(send(wire, make_call(caller=mine), errand(f"{number}"))) for number in range(20)]
        loop.settle()
        theirs = loop.create_task(send(wire, make_call(), errand("theirs")))
        loop.run_for(1)
        sent = [request for request, _ in line.sent]
        # One of those that were withdrawn made room for theirs.
        assert sum(task.done() for task in tasks) >= 1
        assert len(sent) >= limits.UNKNOWN_REGISTRY_REQUESTS + 1
        assert not theirs.done()
        assert all(task.exception().reason is Reason.TIMEOUT for task in tasks if task.done())


class TestLargeDocuments:
    def test_document_is_first_asked_for_as_a_small_one(self, run, wire, line, call):
        assert run(send(wire, call)).body == b"{}"
        assert [limit for _, limit in line.sent] == [limits.SMALL_DOCUMENT_BYTES]

    def test_document_that_turns_out_to_be_large_is_asked_for_again(self, run, wire, line, call, observer):
        line.body = b" " * LARGE
        assert run(send(wire, call)).body == line.body
        assert [limit for _, limit in line.sent] == [limits.SMALL_DOCUMENT_BYTES, limits.MANIFEST_BYTES]
        assert observer.requests == [(REG, "manifest", "200")] * 2

    def test_document_that_is_said_to_be_large_is_asked_for_once(self, run, wire, line, call):
        line.body = b" " * LARGE
        assert run(send(wire, call, errand(size=LARGE, limit=LARGE))).body == line.body
        assert [limit for _, limit in line.sent] == [LARGE]

    @pytest.mark.parametrize(("size", "limit"), [(0, 10), (10, 10), (0, limits.MANIFEST_BYTES), (LARGE, LARGE)])
    def test_document_over_its_limit_is_refused_by_it_for_now(self, run, wire, line, call, size, limit):
        line.body = b" " * (limit + 1)
        error = refusal(run, wire, call, errand(size=size, limit=limit))
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert error.unfit
        assert f"more than {limit} bytes" in error.message

    @pytest.mark.parametrize("size", [0, LARGE])
    def test_large_documents_of_one_registry_come_a_few_at_a_time(self, loop, wire, line, make_call, size):
        line.body, line.seconds = b" " * LARGE, 0.1
        tasks = [loop.create_task(send(wire, make_call(), errand(size=size))) for _ in range(40)]
        loop.run_for(20)
        assert all(task.result().body == line.body for task in tasks)
        assert line.peak == limits.LARGE_DOCUMENTS // 2

    def test_large_documents_of_all_registries_come_a_few_at_a_time(self, loop, wire, line, make_call):
        line.body, line.seconds = b" " * LARGE, 0.1
        tasks = [
            loop.create_task(send(wire, make_call(), errand(size=LARGE), at=f"r{number}.io")) for number in range(40)
        ]
        loop.run_for(20)
        assert all(task.result().body == line.body for task in tasks)
        assert line.peak == limits.LARGE_DOCUMENTS

    def test_large_documents_hold_up_no_small_ones(self, loop, run, wire, line, make_call):
        line.seconds = 10
        for _ in range(40):
            loop.create_task(send(wire, make_call(seconds=60), errand(size=LARGE)))
        loop.settle()
        line.seconds = 0.1
        assert run(send(wire, make_call(seconds=1))).status == 200


class TestReading:
    """What is more than a step to read has its place until it may be read, so that what waits has a bound in bytes."""

    @pytest.fixture(autouse=True)
    def document(self, line):
        line.body = b" " * (limits.STEP_BYTES + 1)

    def test_document_keeps_its_place_until_it_may_be_read(self, loop, run, wire, make_call, pace):
        pace.hold()
        tasks = [loop.create_task(send(wire, make_call())) for _ in range(40)]
        loop.run_for(20)
        assert not any(task.done() for task in tasks)
        assert wire._turns.under_way() == limits.UNKNOWN_REGISTRY_REQUESTS
        pace.release()
        loop.run_for(1)
        assert all(task.result().body for task in tasks)
        assert wire._turns.under_way() == 0

    def test_document_that_waits_to_be_read_is_not_taken_for_a_stuck_request(self, loop, run, wire, make_call, pace):
        pace.hold()
        mine = object()
        tasks = [loop.create_task(send(wire, make_call(caller=mine))) for _ in range(20)]
        tasks.append(loop.create_task(send(wire, make_call())))
        loop.run_for(5)
        pace.release()
        loop.run_for(1)
        assert all(task.exception() is None for task in tasks)

    def test_cancelled_question_whose_document_waits_gives_its_place_back(self, loop, run, wire, make_call, pace):
        pace.hold()
        task = loop.create_task(send(wire, make_call()))
        loop.settle()
        task.cancel()
        loop.settle()
        assert task.cancelled()
        assert wire._turns.under_way() == 0
        pace.release()

    def test_who_has_waited_with_its_document_may_read_it_at_once(self, run, wire, line, call):
        run(send(wire, call))
        assert call.paced
        line.body = b"{}"
        run(send(wire, call))
        assert not call.paced


def test_request_says_who_asks_for_which_key_and_wants_it_as_it_is(run, wire, line, call):
    run(send(wire, call))
    [(request, _)] = line.sent
    assert request.headers == {
        "User-Agent": "bestbefore/test",
        "Accept-Encoding": "identity",
        "X-Request-Id": "0123456789ab",
    }


def test_request_without_a_key_has_no_request_id(run, wire, line, make_call):
    run(send(wire, make_call(ref=None)))
    assert "X-Request-Id" not in line.sent[0][0].headers


def test_observer_of_nothing_suffices(run, line, clock, call):
    assert run(send(Wire(line, clock, NullObserver(), "x", Pace()), call)).status == 200
