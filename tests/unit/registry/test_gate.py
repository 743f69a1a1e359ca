"""How much is asked of a registry, and when it is left alone."""

import email.utils
import threading

import pytest

from provider import limits
from provider.clock import Deadline, SystemClock
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.gate import Gate
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings

REG = origin.of_url("https://reg.io")
OTHER = origin.of_url("https://other.io")


@pytest.fixture
def gate(clock, observer):
    return Gate(RegistrySettings(), clock, observer)


def refusal(gate, where, clock, subject="reg.io/new"):
    with pytest.raises(ImageError) as caught, gate.visit(where, subject, Deadline.after(clock, 1)):
        pass
    return caught.value.reason


def test_registries_that_no_setting_names_share_a_quarter_of_the_slots(gate, clock):
    visits = [gate.visit(origin.of_url(f"https://r{n}.io"), "s", Deadline.after(clock, 0)) for n in range(9)]
    for visit in visits[:8]:
        visit.__enter__()
    with pytest.raises(ImageError) as caught:
        visits[8].__enter__()
    assert caught.value.reason is Reason.OVERLOADED
    visits[0].__exit__(None, None, None)
    with gate.visit(REG, "s", Deadline.after(clock, 0)):
        pass
    for visit in visits[1:8]:
        visit.__exit__(None, None, None)


def test_named_registry_has_all_its_slots_to_itself(clock, observer):
    gate = Gate(RegistrySettings(named_registries=frozenset({"reg.io"})), clock, observer)
    for n in range(8):
        gate.visit(origin.of_url(f"https://r{n}.io"), "s", Deadline.after(clock, 0)).__enter__()
    visits = [gate.visit(REG, "s", Deadline.after(clock, 0)) for _ in range(limits.REGISTRY_REQUESTS)]
    for visit in visits:
        visit.__enter__()
    with pytest.raises(ImageError), gate.visit(REG, "s", Deadline.after(clock, 0)):
        pass
    assert ("reg.io", "local_limit") in observer.throttled


def test_request_waits_for_a_slot(clock, observer):
    gate = Gate(RegistrySettings(), SystemClock(), observer)
    visits = [gate.visit(REG, "s", Deadline.after(SystemClock(), 0)) for _ in range(8)]
    for visit in visits:
        visit.__enter__()
    threading.Thread(target=visits[0].__exit__, args=(None, None, None)).start()
    with gate.visit(REG, "s", Deadline.after(SystemClock(), 5)):
        pass


def test_registry_that_is_full_of_requests_is_left_alone_until_it_said(client, registry, call, clock):
    registry.push_image("app", "v1")
    registry.fail("manifest", 429, headers={"Retry-After": "7"}, times=1)
    with pytest.raises(ImageError) as caught:
        client.manifest(parse("reg.io/app:v1"), call)
    assert caught.value.reason is Reason.THROTTLED
    with pytest.raises(ImageError) as caught:
        client.manifest(parse("reg.io/app:v1"), call)
    assert caught.value.reason is Reason.THROTTLED
    assert len(registry.requests) == 1
    clock.advance(7)
    assert client.manifest(parse("reg.io/app:v1"), call)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("100000", 60), ("", 1), ("soon", 1), ("-5", 1), ("9" * 400, 1), ("date", 20)],
)
def test_time_to_come_back_is_read_and_bounded(client, registry, call, clock, header, seconds):
    registry.push_image("app", "v1")
    text = email.utils.formatdate(clock.now() + 20, usegmt=True) if header == "date" else header
    registry.fail("manifest", 429, headers={"Retry-After": text}, times=1)
    with pytest.raises(ImageError):
        client.manifest(parse("reg.io/app:v1"), call)
    call.deadline = Deadline.after(clock, 1000)
    clock.advance(seconds - 0.5)
    with pytest.raises(ImageError):
        client.manifest(parse("reg.io/app:v1"), call)
    clock.advance(0.5)
    assert client.manifest(parse("reg.io/app:v1"), call)


def test_throttled_registry_does_not_hold_back_another(gate, clock):
    gate.leave_alone(REG, 5)
    assert refusal(gate, REG, clock) is Reason.THROTTLED
    with gate.visit(OTHER, "s", Deadline.after(clock, 1)):
        pass


def test_registry_that_cannot_be_reached_is_told_at_once_to_others(client, registry, call, clock, observer):
    registry.push_image("app", "v1")
    registry.fail("any", how="unreachable", times=1)
    for _ in range(2):
        with pytest.raises(ImageError) as caught:
            client.manifest(parse("reg.io/app:v1"), call)
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert len(registry.requests) == 1
    assert observer.throttled == [("reg.io", "unreachable")]
    clock.advance(limits.UNREACHABLE_SECONDS)
    assert client.manifest(parse("reg.io/app:v1"), call)


def test_one_heavy_image_does_not_make_its_registry_look_dead(gate, clock):
    deadline = Deadline.after(clock, 30)
    with gate.visit(REG, "reg.io/heavy", deadline), gate.visit(REG, "reg.io/heavy", deadline):
        clock.advance(5)
        with gate.visit(REG, "reg.io/a", deadline), gate.visit(REG, "reg.io/b", deadline):
            pass


def test_registry_that_answers_somebody_is_not_silent(gate, clock):
    deadline = Deadline.after(clock, 30)
    with gate.visit(REG, "reg.io/a", deadline), gate.visit(REG, "reg.io/b", deadline):
        clock.advance(5)
        with gate.visit(REG, "reg.io/light", deadline) as visit:
            visit.answered = True
        with gate.visit(REG, "reg.io/c", deadline), gate.visit(REG, "reg.io/d", deadline):
            pass


def test_registry_that_answers_nobody_is_told_at_once_to_others(gate, clock):
    deadline = Deadline.after(clock, 30)
    with gate.visit(REG, "reg.io/a", deadline), gate.visit(REG, "reg.io/b", deadline):
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        with gate.visit(REG, "reg.io/probe", deadline):
            assert refusal(gate, REG, clock) is Reason.TIMEOUT
            assert refusal(gate, REG, clock) is Reason.TIMEOUT


def test_one_request_a_second_finds_out_whether_a_silent_registry_is_back(gate, clock):
    deadline = Deadline.after(clock, 30)
    with gate.visit(REG, "reg.io/a", deadline), gate.visit(REG, "reg.io/b", deadline):
        clock.advance(limits.SILENCE_SECONDS + 0.1)
        with gate.visit(REG, "reg.io/probe", deadline):
            clock.advance(limits.SILENCE_SECONDS)
            with gate.visit(REG, "reg.io/next", deadline) as visit:
                visit.answered = True
        for _ in range(3):
            with gate.visit(REG, "reg.io/more", deadline):
                pass


def test_many_registries_are_forgotten_again(gate, clock):
    for n in range(3000):
        with gate.visit(origin.of_url(f"https://r{n}.io"), "s", Deadline.after(clock, 1)):
            pass
    assert len(gate._hosts) <= 1024
