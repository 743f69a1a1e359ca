"""One registry's circuit."""

import pytest

from provider import limits
from provider.observer import ThrottleCause
from provider.reasons import EXPLANATIONS, Lifetime, Reason
from provider.registry.quota.backoff import Backoff
from provider.registry.quota.circuit import Circuit

AWAY = Reason.REGISTRY_UNAVAILABLE
FIRST, LONGEST = limits.CIRCUIT_SECONDS, limits.CIRCUIT_LONGEST_SECONDS


@pytest.fixture
def circuit():
    """One that is open for as long as it may be."""
    return Circuit(Backoff(FIRST, LONGEST, lambda: 1.0))


def fail(circuit, now=0.0, times=limits.CIRCUIT_FAILURES, subjects=("reg.io/a", "reg.io/b"), reason=AWAY):
    for number in range(times):
        circuit.failed(subjects[number % len(subjects)], reason, now)


def probe(circuit, now):
    """A request that is let through and fails."""
    assert not circuit.refuses(now)
    circuit.sent(now)
    circuit.failed("reg.io/a", AWAY, now)


def test_it_opens_after_several_failures_in_a_row(circuit):
    fail(circuit, times=limits.CIRCUIT_FAILURES - 1)
    assert not circuit.refuses(0)
    fail(circuit, times=1)
    assert circuit.refuses(0)
    assert (circuit.reason, circuit.cause) == (AWAY, ThrottleCause.CIRCUIT)


def test_one_image_that_fails_for_ever_does_not_keep_others_away(circuit):
    fail(circuit, times=100, subjects=("reg.io/broken",))
    assert not circuit.refuses(0)


def test_an_answer_between_is_the_end_of_the_row(circuit):
    fail(circuit, times=limits.CIRCUIT_FAILURES - 1)
    circuit.succeeded()
    fail(circuit, times=limits.CIRCUIT_FAILURES - 1)
    assert not circuit.refuses(0)


def test_one_request_finds_out_and_the_others_wait_for_it(circuit):
    fail(circuit)
    assert not circuit.refuses(FIRST)
    circuit.sent(FIRST)
    assert circuit.refuses(FIRST)
    assert circuit.pause(FIRST) == limits.PROBE_LOOK_SECONDS
    circuit.succeeded()
    assert not circuit.refuses(FIRST)


def test_request_that_finds_out_and_takes_long_is_followed_by_another(circuit):
    fail(circuit)
    circuit.sent(FIRST)
    assert circuit.refuses(FIRST + limits.PROBE_SECONDS - 0.1)
    assert not circuit.refuses(FIRST + limits.PROBE_SECONDS)


def test_request_whose_caller_went_away_says_nothing_and_another_one_finds_out(circuit):
    fail(circuit)
    circuit.sent(FIRST)
    circuit.done()
    assert not circuit.refuses(FIRST)


def test_it_is_open_longer_each_time_up_to_a_limit(circuit):
    fail(circuit)
    now, waits = 0.0, []
    for _ in range(8):
        waits.append(circuit.pause(now))
        now = circuit.until
        probe(circuit, now)
    assert waits == [1, 2, 4, 8, LONGEST, LONGEST, LONGEST, LONGEST]


def test_after_an_answer_it_opens_as_if_for_the_first_time(circuit):
    fail(circuit)
    for _ in range(3):
        probe(circuit, circuit.until)
    circuit.succeeded()
    fail(circuit, now=100)
    assert circuit.pause(100) == FIRST


def test_failures_of_requests_that_were_sent_before_do_not_lengthen_it(circuit):
    fail(circuit, times=50)
    assert circuit.until == FIRST


def test_what_nobody_has_asked_for_long_is_asked_by_all(circuit):
    fail(circuit)
    now = FIRST + limits.CIRCUIT_MEMORY_SECONDS
    circuit.sent(now - 1)
    assert not circuit.refuses(now)
    circuit.sent(now)
    assert not circuit.refuses(now)


def test_moment_that_somebody_named_is_not_shortened_by_failures(circuit):
    circuit.open(0, 50, Reason.TIMEOUT, "said so", ThrottleCause.RETRY_AFTER)
    circuit.open(0, 5, AWAY, "refused", ThrottleCause.UNREACHABLE)
    fail(circuit)
    assert circuit.refuses(49)
    assert circuit.reason is Reason.TIMEOUT


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.REGISTRY_UNAVAILABLE])
def test_its_reason_is_that_of_the_failures_and_passes(circuit, reason):
    fail(circuit, reason=reason)
    assert circuit.reason is reason
    assert EXPLANATIONS[reason].lifetime is Lifetime.PASSING
