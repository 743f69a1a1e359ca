"""When a registry is left alone."""

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.quota.gate import Gate
from provider.registry.quota.rate_limit import RateLimit

REG, OTHER = "reg.io", "other.io"


@pytest.fixture
def gate(clock, observer):
    return Gate(clock, observer)


def refusal(gate, authority=REG, what="manifest of reg.io/mine:v1"):
    """Why a request is not let through; None when it is."""
    try:
        gate.check(authority, what)
    except ImageError as error:
        return error
    return None


def reason(gate, authority=REG):
    error = refusal(gate, authority)
    return error and error.reason


class TestThrottled:
    def test_registry_that_said_429_is_left_alone_for_so_long(self, gate, clock, observer):
        gate.leave_alone(REG, 7)
        clock.advance(6.9)
        assert reason(gate) is Reason.THROTTLED
        clock.advance(0.1)
        assert reason(gate) is None
        assert observer.throttled == [(REG, "status"), (REG, "retry_after")]

    @pytest.mark.parametrize(("told", "seconds"), [(1e300, 60), (60.5, 60), (float("inf"), 60)])
    def test_nobody_closes_a_registry_for_longer_than_a_minute(self, gate, clock, told, seconds):
        gate.leave_alone(REG, told)
        clock.advance(seconds - 0.1)
        assert reason(gate) is Reason.THROTTLED
        clock.advance(0.1)
        assert reason(gate) is None

    @pytest.mark.parametrize("told", [0, -5, float("-inf")])
    def test_moment_that_has_passed_closes_nothing(self, gate, told):
        gate.leave_alone(REG, told)
        assert reason(gate) is None

    @pytest.mark.parametrize(
        "sooner",
        [
            lambda gate: gate.leave_alone(REG, 1),
            lambda gate: gate.leave_alone(REG, 0),
            lambda gate: gate.unreachable(REG, Reason.REGISTRY_UNAVAILABLE, "refused a connection a moment ago"),
        ],
        ids=["sooner", "at once", "unreachable"],
    )
    def test_what_others_met_meanwhile_does_not_shorten_it(self, gate, clock, sooner):
        gate.leave_alone(REG, 50)
        sooner(gate)
        clock.advance(49.9)
        assert reason(gate) is Reason.THROTTLED
        clock.advance(0.1)
        assert reason(gate) is None

    def test_longer_one_lengthens_it(self, gate, clock):
        gate.unreachable(REG, Reason.REGISTRY_UNAVAILABLE, "refused a connection a moment ago")
        gate.leave_alone(REG, 50)
        clock.advance(49.9)
        assert reason(gate) is Reason.THROTTLED

    def test_other_registries_and_other_ports_are_asked_as_before(self, gate):
        gate.leave_alone(REG, 7)
        assert reason(gate, OTHER) is None
        assert reason(gate, "reg.io:5000") is None

    def test_next_caller_is_told_of_his_own_image(self, gate):
        gate.leave_alone(REG, 7)
        message = refusal(gate).message
        assert message == "manifest of reg.io/mine:v1: reg.io asked us to come back later (status 429)"


class TestUnreachable:
    def test_registry_that_takes_no_connection_is_left_alone_for_a_moment(self, gate, clock, observer):
        gate.unreachable(REG, Reason.REGISTRY_UNAVAILABLE, "refused a connection a moment ago")
        clock.advance(limits.UNREACHABLE_SECONDS - 0.1)
        error = refusal(gate)
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert error.message == "manifest of reg.io/mine:v1: reg.io refused a connection a moment ago"
        assert observer.throttled == [(REG, "unreachable")]
        clock.advance(0.1)
        assert reason(gate) is None

    def test_other_registries_are_asked_as_before(self, gate):
        gate.unreachable(REG, Reason.TIMEOUT, "did not take a connection a moment ago")
        assert reason(gate) is Reason.TIMEOUT
        assert reason(gate, OTHER) is None

    def test_one_request_finds_out_whether_it_is_back_and_the_others_wait_for_it(self, gate, clock):
        gate.unreachable(REG, Reason.REGISTRY_UNAVAILABLE, "refused a connection a moment ago")
        clock.advance(limits.UNREACHABLE_SECONDS)
        visit = gate.enter(REG, "reg.io/mine")
        assert reason(gate) is Reason.REGISTRY_UNAVAILABLE
        assert gate.pause(REG, "") == limits.PROBE_LOOK_SECONDS
        gate.leave(REG, visit, answered=True)
        assert reason(gate) is None
        assert gate.pause(REG, "") == 0


class TestAccounts:
    """Quotas are those of a credential."""

    @staticmethod
    def closed(gate, account, seconds, clock):
        """Whether it is left alone for so long with a credential, and no longer."""
        clock.advance(seconds - 0.1)
        with pytest.raises(ImageError):
            gate.check(REG, "x", account)
        clock.advance(0.2)
        gate.check(REG, "x", account)
        return True

    def test_other_credentials_are_not_held_back(self, gate):
        gate.leave_alone(REG, 7, "mine")
        gate.check(REG, "x", "yours")
        assert gate.pause(REG, "yours") == 0
        assert gate.pause(REG, "mine") == 7

    def test_who_goes_on_saying_so_is_asked_less_and_less_often(self, clock, observer):
        gate, least = Gate(clock, observer, lambda: 1.0), limits.RETRY_AFTER_DEFAULT_SECONDS
        for seconds in (0.5, least, 2 * least, 4 * least):
            gate.leave_alone(REG, 0.5, "mine")
            assert self.closed(gate, "mine", seconds, clock)

    def test_good_answer_between_is_the_end_of_the_row(self, clock, observer):
        gate = Gate(clock, observer, lambda: 1.0)
        gate.leave_alone(REG, 0.5, "mine")
        gate.welcomed(REG, "mine")
        clock.advance(1)
        gate.leave_alone(REG, 0.5, "mine")
        assert self.closed(gate, "mine", 0.5, clock)

    def test_of_many_the_one_that_was_met_longest_ago_is_forgotten(self, gate):
        for number in range(limits.QUOTA_ACCOUNTS + 1):
            gate.leave_alone(REG, 7, f"account-{number}")
        gate.check(REG, "x", "account-0")
        for number in (1, limits.QUOTA_ACCOUNTS):
            assert gate.pause(REG, f"account-{number}") == 7


class TestQuota:
    """What a registry says is left is for admissions first."""

    LITTLE = RateLimit(1, 100)

    @staticmethod
    def held_back(gate, account="mine"):
        """Whether audit is; an admission never is."""
        gate.check(REG, "x", account)
        try:
            gate.check(REG, "x", account, audit=True)
        except ImageError as error:
            return error.audit_only and error.reason is Reason.THROTTLED
        return False

    def test_audit_waits_while_little_is_left(self, gate, clock):
        gate.counted(REG, "mine", self.LITTLE)
        assert self.held_back(gate)
        assert not self.held_back(gate, "yours")
        clock.advance(limits.QUOTA_SECONDS)
        assert not self.held_back(gate)

    @pytest.mark.parametrize(("told", "seconds"), [(5.0, 5.0), (1e9, limits.QUOTA_SECONDS)])
    def test_it_waits_until_there_are_more_and_never_longer_than_a_while(self, gate, clock, told, seconds):
        gate.counted(REG, "mine", RateLimit(1, 100, told))
        clock.advance(seconds - 0.1)
        assert self.held_back(gate)
        clock.advance(0.1)
        assert not self.held_back(gate)

    def test_answer_that_says_there_are_more_ends_it(self, gate):
        gate.counted(REG, "mine", self.LITTLE)
        gate.counted(REG, "mine", RateLimit(90, 100))
        assert not self.held_back(gate)

    def test_one_request_of_audit_looks_again_and_the_others_wait_for_it(self, gate, clock):
        gate.counted(REG, "mine", self.LITTLE)
        clock.advance(limits.QUOTA_SECONDS)
        gate.enter(REG, "reg.io/mine", "mine", audit=True)
        assert self.held_back(gate)
        clock.advance(limits.PROBE_SECONDS)
        assert not self.held_back(gate)


class TestSilence:
    """A registry that accepts connections and says nothing."""

    @staticmethod
    def enter(gate, *subjects, authority=REG):
        return [gate.enter(authority, subject) for subject in subjects]

    def test_one_heavy_image_does_not_make_its_registry_look_dead(self, gate, clock):
        self.enter(gate, *["reg.io/heavy"] * 5)
        clock.advance(5)
        assert not self.probed(gate)

    def test_registry_that_answers_nobody_is_told_at_once_to_others(self, gate, clock, observer):
        self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        # One goes through, to find out; it may look several times before it is sent.
        assert [reason(gate) for _ in range(3)] == [None] * 3
        self.enter(gate, "reg.io/probe")
        error = refusal(gate)
        assert error.reason is Reason.TIMEOUT
        assert error.message == "manifest of reg.io/mine:v1: reg.io answers nobody at the moment"
        assert observer.throttled == [(REG, "unreachable")]

    def probed(self, gate):
        """Whether a second request is refused after a first."""
        assert reason(gate) is None
        self.enter(gate, "reg.io/probe")
        return reason(gate) is Reason.TIMEOUT

    def test_other_registries_are_asked_as_before(self, gate, clock):
        self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        assert self.probed(gate)
        assert reason(gate, OTHER) is None

    def test_silence_of_less_than_its_time_is_none(self, gate, clock):
        self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(limits.SILENCE_SECONDS)
        assert not self.probed(gate)

    def test_two_of_which_one_was_asked_just_now_are_no_silence(self, gate, clock):
        self.enter(gate, "reg.io/a")
        clock.advance(5)
        self.enter(gate, "reg.io/b")
        assert not self.probed(gate)

    def test_registry_that_answers_somebody_is_not_silent(self, gate, clock):
        self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(5)
        [light] = self.enter(gate, "reg.io/light")
        gate.leave(REG, light, answered=True)
        assert not self.probed(gate)

    def test_request_that_failed_without_an_answer_is_no_sign_of_life(self, gate, clock):
        self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(5)
        [other] = self.enter(gate, "reg.io/c")
        gate.leave(REG, other, answered=False)
        clock.advance(5)
        assert self.probed(gate)

    def test_one_request_a_second_goes_through(self, gate, clock):
        self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        for _ in range(3):
            assert self.probed(gate)
            clock.advance(limits.SILENCE_SECONDS)

    def test_registry_that_is_back_is_open_to_all(self, gate, clock):
        self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        [probe] = self.enter(gate, "reg.io/probe")
        assert reason(gate) is Reason.TIMEOUT
        gate.leave(REG, probe, answered=True)
        assert not self.probed(gate)

    def test_silence_ends_with_the_requests_that_waited(self, gate, clock):
        waiting = self.enter(gate, "reg.io/a", "reg.io/b")
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        for visit in waiting:
            gate.leave(REG, visit, answered=False)
        assert not self.probed(gate)


class TestMemory:
    def test_registries_that_nobody_asks_any_more_are_forgotten(self, gate):
        for number in range(3000):
            visit = gate.enter(f"r{number}.io", "s")
            gate.leave(f"r{number}.io", visit, answered=True)
        assert len(gate._registries) <= 1024

    def test_registries_that_are_left_alone_are_not_remembered_without_a_bound(self, gate):
        for number in range(3000):
            gate.unreachable(f"r{number}.io", Reason.REGISTRY_UNAVAILABLE, "refused a connection a moment ago")
        assert len(gate._registries) <= 1024
        assert reason(gate, "r2999.io") is Reason.REGISTRY_UNAVAILABLE

    def test_registry_is_remembered_while_something_is_under_way(self, gate, clock, monkeypatch):
        monkeypatch.setattr(limits, "REGISTRIES", 10)
        for subject in ("a", "b"):
            gate.enter(REG, subject)
        for number in range(30):
            gate.enter(f"r{number}.io", "s")
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        gate.enter(REG, "probe")
        assert reason(gate) is Reason.TIMEOUT

    def test_what_is_left_alone_is_forgotten_after_what_is_not(self, gate, monkeypatch):
        monkeypatch.setattr(limits, "REGISTRIES", 10)
        gate.leave_alone(REG, 30)
        for number in range(30):
            visit = gate.enter(f"r{number}.io", "s")
            gate.leave(f"r{number}.io", visit, answered=True)
        assert reason(gate) is Reason.THROTTLED
