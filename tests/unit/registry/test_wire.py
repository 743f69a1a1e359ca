"""One registry request: let through, given its turn, sent, timed, reported, its failure translated."""

import asyncio
import contextlib
import email.utils
from dataclasses import replace

import pytest

from provider import limits
from provider.errors import ImageError
from provider.observer import NullObserver, Operation
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.errand import Errand
from provider.registry.transport.transport import (
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
from tests.simulators.steps import StepList

REG, OTHER = "reg.io", "other.io"
LARGE = limits.SMALL_DOCUMENT_BYTES + 1
# Of Docker Hub.
LITTLE = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "24;w=21600"}


class Line:
    """A transport that does what a test says.

    Attributes:
        sent: requests in order, each with the limit of its body.
        failures: raised one after the other, before anything is answered.
        body: of every answer; a larger one than the limit is too large.
        answer: what is answered instead, by status and headers.
        answers: the same of the first ones, before it.
        seconds: how long an answer takes; None for ever.
        large, peak: how many requests for large documents are under way, and were at most.
    """

    def __init__(self):
        self.sent, self.failures, self.answers = [], [], []
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
            return Response(*(self.answers.pop(0) if self.answers else self.answer), self.body)
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
    # Each wait is as long as it may be.
    return Wire(line, clock, observer, "bestbefore/test", pace, lambda: 1.0)


def errand(image="mine", size=0, limit=limits.MANIFEST_BYTES):
    return Errand(Operation.MANIFEST, f"manifest of {REG}/{image}:v1", f"{REG}/{image}", limit, size)


def send(wire, call, errand_=None, at=REG):
    return wire.send(Request("GET", origin.of_registry("https", at), "/v2/x"), errand_ or errand(), call)


def refusal(run, wire, call, errand_=None, at=REG):
    with pytest.raises(ImageError) as caught:
        run(send(wire, call, errand_, at))
    return caught.value


class TestLed:
    """A registry that leads elsewhere closes that way, and for nobody else."""

    @pytest.fixture
    def led(self, wire):
        def led(call, by):
            request = Request("GET", origin.of_registry("https", OTHER), "/v2/x", led_by=by)
            return wire.send(request, errand(), call)

        return led

    @pytest.mark.parametrize(
        "met", [(429, {"retry-after": "60"}), (503, {"retry-after": "60"}), UnreachableError(Cause.CONNECTION)], ids=str
    )
    def test_what_is_met_where_a_registry_leads_closes_no_registry(self, run, line, led, wire, make_call, met):
        if isinstance(met, Exception):
            line.failures = [met]
        else:
            line.answers = [met]
        with contextlib.suppress(ImageError):
            run(led(make_call(), "evil.io"))
        sent = len(line.sent)
        with pytest.raises(ImageError):
            run(led(make_call(), "evil.io"))
        assert len(line.sent) == sent
        assert run(send(wire, make_call(), at=OTHER)).status == 200
        assert run(led(make_call(), REG)).status == 200

    def test_ways_that_are_remembered_have_a_bound(self, run, line, led, wire, make_call):
        line.answers = [(429, {"retry-after": "60"})]
        with pytest.raises(ImageError):
            run(led(make_call(), "first.io"))
        for number in range(limits.LEADING_REGISTRIES):
            run(led(make_call(), f"r{number}.io"))
        assert len(wire._gates._led) == limits.LEADING_REGISTRIES
        assert run(led(make_call(), "first.io")).status == 200


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
            ("3, 5", 5),
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


class TestPatience:
    """A registry that is busy is asked again, as far as the call can wait."""

    @pytest.fixture
    def patient(self, make_call):
        def patient(patience, **settings):
            call = make_call(**settings)
            call.patience = patience
            return call

        return patient

    @pytest.mark.parametrize("status", [502, 503, 504])
    def test_busy_registry_is_asked_again_after_a_while(self, run, wire, line, patient, clock, observer, status):
        line.answers = [(status, {})]
        started = clock.monotonic()
        assert run(send(wire, patient(1))).status == 200
        assert clock.monotonic() - started == pytest.approx(limits.BACKOFF_SECONDS)
        assert observer.retried == [REG]

    def test_it_is_not_asked_again_and_again(self, run, wire, line, patient):
        line.answer = (503, {})
        assert run(send(wire, patient(60))).status == 503
        assert len(line.sent) == limits.ATTEMPTS

    @pytest.mark.parametrize("status", [200, 401, 403, 404, 500, 501])
    def test_other_answers_are_answers(self, run, wire, line, patient, status):
        line.answer = (status, {})
        assert run(send(wire, patient(60))).status == status
        assert len(line.sent) == 1

    def test_who_cannot_wait_is_told_at_once(self, run, wire, line, call):
        line.answer = (503, {})
        assert run(send(wire, call)).status == 503
        assert len(line.sent) == 1

    @pytest.mark.parametrize("header", [{"retry-after": "5"}, {"ratelimit-remaining": "0", "ratelimit-reset": "5"}])
    def test_429_is_waited_for_as_long_as_it_says(self, run, wire, line, patient, clock, header):
        line.answers = [(429, header)]
        started = clock.monotonic()
        assert run(send(wire, patient(6))).status == 200
        assert clock.monotonic() - started == pytest.approx(5, abs=0.01)

    def test_429_that_says_longer_than_anybody_waits_is_told_at_once(self, run, wire, line, patient, clock):
        line.answers = [(429, {"retry-after": "5"})]
        started = clock.monotonic()
        assert refusal(run, wire, patient(5)).reason is Reason.THROTTLED
        assert clock.monotonic() == started
        assert len(line.sent) == 1

    def test_nobody_waits_beyond_the_deadline(self, run, wire, line, patient):
        line.answers = [(429, {"retry-after": "5"})]
        assert refusal(run, wire, patient(60, seconds=4)).reason is Reason.THROTTLED

    def test_those_that_come_meanwhile_wait_too(self, run, wire, line, patient, call):
        line.answers = [(429, {"retry-after": "5"})]
        refusal(run, wire, call)
        assert run(send(wire, patient(6))).status == 200
        assert len(line.sent) == 2

    def test_each_time_is_a_step(self, run, wire, line, patient):
        line.answers = [(503, {})]
        call = patient(1)
        call.recorder = StepList()
        run(send(wire, call))
        assert call.recorder.told("trip", "status") == [(1, 503), (2, 200)]


class TestOutage:
    @pytest.fixture
    def fail(self, run, wire, line, make_call):
        """Requests about two images that fail."""

        def fail(times=limits.CIRCUIT_FAILURES, at=REG, failure=None):
            for number in range(times):
                line.failures = [failure] if failure else []
                line.answer = (500, {})
                try:
                    run(send(wire, make_call(), errand(f"{number % 2}"), at))
                except ImageError:
                    continue
            line.answer = (200, {})

        return fail

    @pytest.mark.parametrize(
        ("failure", "reason"),
        [
            (None, Reason.REGISTRY_UNAVAILABLE),
            (BrokenError("cut"), Reason.REGISTRY_UNAVAILABLE),
            (TLSError("no"), Reason.REGISTRY_UNAVAILABLE),
            (SilentError(own=False), Reason.TIMEOUT),
        ],
    )
    def test_registry_that_fails_several_times_is_left_alone(self, run, wire, line, call, fail, failure, reason):
        fail(failure=failure)
        sent = len(line.sent)
        error = refusal(run, wire, call)
        assert (error.reason, len(line.sent)) == (reason, sent)
        assert not error.reason.durable
        assert error.message == "manifest of reg.io/mine:v1: reg.io has failed several times in a row"

    def test_its_neighbours_are_asked_as_before(self, run, wire, call, fail):
        fail()
        assert run(send(wire, call, at=OTHER)).status == 200

    @pytest.mark.parametrize("failure", [SilentError(own=True), UnreachableError(Cause.BUDGET)])
    def test_callers_without_time_open_nothing(self, run, wire, call, fail, failure):
        fail(times=50, failure=failure)
        assert run(send(wire, call)).status == 200

    @pytest.mark.parametrize("status", [400, 401, 404, 501])
    def test_answers_that_say_no_open_nothing(self, run, wire, line, call, status):
        line.answer = (status, {})
        for number in range(10):
            run(send(wire, call, errand(f"{number}")))
        line.answer = (200, {})
        assert run(send(wire, call)).status == 200

    def test_one_request_finds_out_whether_it_is_back(self, loop, run, wire, line, make_call, clock, fail):
        fail()
        clock.advance(limits.CIRCUIT_SECONDS)
        line.seconds, sent = 0.5, len(line.sent)
        tasks = [loop.create_task(send(wire, make_call(), errand(f"{number}"))) for number in range(10)]
        loop.settle()
        assert len(line.sent) == sent + 1
        loop.run_for(1)
        assert [task.exception() is None for task in tasks] == [True] + [False] * 9
        assert run(send(wire, make_call())).status == 200

    def test_request_that_finds_out_and_runs_out_of_time_makes_room_for_the_next(
        self, run, wire, line, make_call, clock, fail
    ):
        fail()
        clock.advance(limits.CIRCUIT_SECONDS)
        line.failures = [SilentError(own=True)]
        refusal(run, wire, make_call())
        assert run(send(wire, make_call())).status == 200

    def test_who_has_patience_waits_for_that_request(self, loop, wire, line, make_call, clock, fail):
        fail()
        clock.advance(limits.CIRCUIT_SECONDS)
        line.seconds = 0.1
        calls = [make_call() for _ in range(10)]
        for call in calls:
            call.patience = limits.ADMISSION_PATIENCE_SECONDS
        tasks = [loop.create_task(send(wire, call, errand(f"{n}"))) for n, call in enumerate(calls)]
        loop.run_for(1)
        assert {task.result().status for task in tasks} == {200}

    def test_503_that_says_when_is_left_alone_until_then(self, run, wire, line, make_call, clock):
        line.answers = [(503, {"retry-after": "7"})]
        assert run(send(wire, make_call())).status == 503
        clock.advance(6.9)
        error = refusal(run, wire, make_call())
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert error.message == "manifest of reg.io/mine:v1: reg.io asked us to come back later (status 503)"
        clock.advance(0.2)
        assert run(send(wire, make_call())).status == 200


class TestQuota:
    def test_what_is_left_is_reported(self, run, wire, line, call, observer):
        line.answer = (200, LITTLE)
        run(send(wire, call))
        assert observer.quotas == [(REG, "anonymous", 24, 100)]

    def test_last_quarter_is_for_admissions(self, run, wire, line, make_call, observer):
        line.answer = (200, LITTLE)
        run(send(wire, make_call(audit=True)))
        error = refusal(run, wire, make_call(audit=True))
        assert (error.reason, error.audit_only, len(line.sent)) == (Reason.THROTTLED, True, 1)
        assert error.message == (
            "manifest of reg.io/mine:v1: reg.io says that few requests are left, which are kept for admissions: "
            "audit goes on later"
        )
        assert observer.throttled == [(REG, "quota")]
        assert run(send(wire, make_call())).status == 200

    def test_one_request_of_audit_looks_again_after_a_while(self, loop, run, wire, line, make_call, clock):
        line.answer = (200, LITTLE)
        run(send(wire, make_call(audit=True)))
        clock.advance(limits.QUOTA_SECONDS)
        line.seconds = 0.5
        for number in range(10):
            loop.create_task(send(wire, make_call(audit=True), errand(f"{number}"))).add_done_callback(
                lambda task: task.exception()
            )
        loop.run_for(1)
        assert len(line.sent) == 2

    def test_audit_goes_on_when_there_are_more(self, run, wire, line, make_call):
        line.answer = (200, LITTLE)
        run(send(wire, make_call()))
        line.answer = (200, {**LITTLE, "ratelimit-remaining": "100;w=21600"})
        run(send(wire, make_call()))
        assert run(send(wire, make_call(audit=True))).status == 200

    def test_audit_goes_on_when_the_window_has_ended(self, run, wire, line, make_call, clock):
        line.answer = (200, {"ratelimit-remaining": "1", "ratelimit-limit": "100", "ratelimit-reset": "5"})
        run(send(wire, make_call()))
        assert refusal(run, wire, make_call(audit=True)).audit_only
        clock.advance(5)
        assert run(send(wire, make_call(audit=True))).status == 200

    def test_other_accounts_and_other_registries_have_quotas_of_their_own(self, run, wire, line, make_call):
        line.answer = (200, LITTLE)
        run(send(wire, make_call(audit=True)))
        other = replace(Request("GET", origin.of_registry("https", REG), "/v2/x"), account="auths['reg.io'] of f")
        assert run(wire.send(other, errand(), make_call(audit=True))).status == 200
        assert run(send(wire, make_call(audit=True), at=OTHER)).status == 200

    def test_429_to_one_account_keeps_no_other_away(self, run, wire, line, make_call):
        line.answers = [(429, {"retry-after": "30"})]
        refusal(run, wire, make_call())
        other = replace(Request("GET", origin.of_registry("https", REG), "/v2/x"), account="auths['reg.io'] of f")
        assert run(wire.send(other, errand(), make_call())).status == 200
        assert refusal(run, wire, make_call()).reason is Reason.THROTTLED

    def test_who_says_it_all_the_time_is_asked_less_and_less_often(self, run, wire, line, make_call, clock):
        line.answer = (429, {"retry-after": "0"})
        started, waits = clock.monotonic(), []
        for _ in range(5):
            refusal(run, wire, make_call())
            waits.append(wire._gates._own.pause(REG, "anonymous"))
            clock.advance(waits[-1])
        assert waits == pytest.approx([0, 1, 2, 4, 8])
        line.answer = (200, {})
        run(send(wire, make_call()))
        line.answer = (429, {"retry-after": "0"})
        refusal(run, wire, make_call())
        assert wire._gates._own.pause(REG, "anonymous") == 0
        assert clock.monotonic() > started

    def test_source_of_a_limit_is_told_to_nobody(self, run, wire, line, call, observer):
        line.answer = (429, {**LITTLE, "docker-ratelimit-source": "203.0.113.7"})
        call.recorder = StepList()
        error = refusal(run, wire, call)
        told = [error.message, repr(call.recorder.steps), repr(observer.quotas), repr(observer.throttled)]
        assert not [text for text in told if "203.0.113.7" in text]
        assert call.recorder.told("remaining") == [(24,)]


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
