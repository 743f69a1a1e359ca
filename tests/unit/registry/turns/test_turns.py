"""Who may send the next request."""

import asyncio
from collections import Counter

import pytest
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.observer import NullObserver
from provider.reasons import Reason
from provider.registry.turns.bounds import LARGE_BOUNDS, Bounds, affordable
from provider.registry.turns.claim import Claim
from provider.registry.turns.turns import Turns
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop

# Turns of the loop that a request needs at most to notice what happened.
STEPS = 8
REG, OTHER, THIRD = "reg.io", "other.io", "third.io"


def settle(loop):
    """Do what can be done without time passing."""

    async def steps():
        for _ in range(STEPS):
            await asyncio.sleep(0)

    loop.run(steps())


class Desk:
    """Turns, and the requests that wait for them or have them, each a task of its own.

    A request goes on until a test ends it; one that was withdrawn is in `withdrawn`.
    """

    def __init__(self, loop, observer, bounds=None):
        self.loop = loop
        self.turns = Turns(loop.clock, observer, *([bounds] if bounds else []))
        self.under_way = []
        self.started = []
        self.withdrawn = []
        self.refused = []

    def ask(self, name, claim=None, *, at=REG, seconds=30.0):
        """A request begins to wait, or is sent; gives its task."""
        task = self.loop.create_task(self._request(name, claim or Claim(name), at, seconds))
        settle(self.loop)
        return task

    def ask_many(self, number, claim=None, *, at=REG, prefix=""):
        for index in range(number):
            self.ask(f"{prefix}{index}", claim, at=at)

    def end(self, name, *, answered=True):
        """A request is done."""
        done = next(one for one in self.under_way if one[0] == name)
        self.under_way.remove(done)
        done[1].set_result(answered)
        settle(self.loop)

    def greet(self, *registries, seconds=0.0):
        """Let registries answer, so that they are known."""
        for at in registries:
            self.ask("greeting", at=at)
            self.loop.run_for(seconds)
            self.end("greeting")
        self.started.clear()

    @property
    def names(self):
        return [name for name, _ in self.under_way]

    async def _request(self, name, claim, at, seconds):
        try:
            turn = await self.turns.take(at, claim, Deadline.after(self.loop.clock, seconds))
        except ImageError as error:
            self.refused.append((name, error))
            return
        done = self.loop.create_future()
        entry = (name, done)
        self.under_way.append(entry)
        self.started.append(name)
        answered = False
        try:
            answered = await done
        except asyncio.CancelledError:
            self.under_way.remove(entry)
            if not turn.withdrawn:
                raise
            asyncio.current_task().uncancel()
            self.withdrawn.append(name)
        finally:
            turn.end(answered=answered)


@pytest.fixture
def desk(loop, observer):
    return Desk(loop, observer)


@pytest.fixture
def make_desk(loop, observer):
    """Desks of other bounds: few places, so that a test can say what becomes of each."""

    def make(registry=4, unknown=4, all=100, reserved=0, reserved_all=0):  # noqa: A002 - as the field is called
        return Desk(loop, observer, Bounds(registry, unknown, all, reserved, reserved_all))

    return make


class TestBounds:
    def test_registry_that_has_answered_gets_32_requests_at_a_time(self, desk):
        desk.greet(REG)
        desk.ask_many(40)
        assert len(desk.under_way) == limits.REGISTRY_REQUESTS == 32
        desk.end("0")
        assert len(desk.under_way) == 32

    def test_registry_that_has_not_answered_yet_gets_8(self, desk):
        desk.ask_many(40)
        assert len(desk.under_way) == limits.UNKNOWN_REGISTRY_REQUESTS == 8
        desk.end("0", answered=False)
        assert len(desk.under_way) == 8

    def test_first_answer_opens_the_rest(self, desk):
        desk.ask_many(40)
        desk.end("3")
        assert len(desk.under_way) == 32

    def test_registry_that_fell_silent_is_as_good_as_unknown(self, desk):
        desk.greet(REG)
        desk.ask_many(40)
        desk.loop.run_for(limits.SILENCE_SECONDS + 0.1)
        desk.end("0", answered=False)
        assert len(desk.under_way) == 31
        for number in range(1, 25):
            desk.end(f"{number}", answered=False)
        assert len(desk.under_way) == 8

    def test_registry_that_fell_silent_and_answers_again_is_known_again(self, desk):
        desk.greet(REG)
        desk.ask_many(80)
        desk.loop.run_for(limits.SILENCE_SECONDS + 0.1)
        desk.end("0", answered=False)
        desk.end("1")
        assert len(desk.under_way) == 32

    def test_quick_failure_of_a_known_registry_is_no_silence(self, desk):
        desk.greet(REG)
        desk.ask_many(40)
        desk.loop.run_for(limits.SILENCE_SECONDS - 0.1)
        desk.end("0", answered=False)
        assert len(desk.under_way) == 32

    def test_one_registry_takes_no_place_of_another(self, desk):
        desk.greet(REG, OTHER)
        desk.ask_many(40, prefix="a")
        desk.ask_many(40, at=OTHER, prefix="b")
        assert len(desk.under_way) == 64

    def test_all_registries_together_get_256(self, desk):
        registries = [f"r{number}.io" for number in range(12)]
        desk.greet(*registries)
        for at in registries:
            desk.ask_many(32, at=at, prefix=at)
        assert len(desk.under_way) == limits.ALL_REQUESTS == 256
        assert desk.turns.under_way() == 256

    def test_large_documents_in_flight_are_8_at_most_so_that_their_bytes_have_a_bound(self, loop, observer):
        desk = Desk(loop, observer, LARGE_BOUNDS)
        registries = [f"r{number}.io" for number in range(5)]
        desk.greet(*registries)
        for at in registries:
            desk.ask_many(8, at=at, prefix=at)
        assert len(desk.under_way) == limits.LARGE_DOCUMENTS
        assert limits.LARGE_DOCUMENTS * limits.MANIFEST_BYTES <= 32 * limits.MIB

    def test_more_than_may_wait_are_refused_at_once(self, desk, monkeypatch, observer):
        monkeypatch.setattr(limits, "WAITING_REQUESTS", 5)
        desk.ask_many(8 + 5)
        desk.ask("one more")
        assert [(name, error.reason) for name, error in desk.refused] == [("one more", Reason.OVERLOADED)]
        assert observer.throttled == [(REG, "local_limit")]
        desk.end("0")
        assert len(desk.refused) == 1


class TestOrder:
    def test_admission_comes_before_audit(self, make_desk):
        desk = make_desk(registry=2, unknown=2)
        desk.ask_many(2)
        desk.ask("audit", Claim("a", audit=True))
        desk.ask("admission")
        desk.end("0")
        assert desk.started[-1] == "admission"
        desk.end("1")
        assert desk.started[-1] == "audit"

    def test_audit_has_half_of_a_registry_at_most(self, desk):
        desk.greet(REG)
        for number in range(20):
            desk.ask(f"audit{number}", Claim(number, audit=True))
        assert len(desk.under_way) == 16
        desk.ask_many(16)
        assert len(desk.under_way) == 32

    def test_audit_has_half_of_all_at_most(self, make_desk):
        desk = make_desk(all=4)
        for number in range(4):
            desk.ask(f"audit{number}", Claim(number, audit=True), at=f"r{number}.io")
        assert desk.names == ["audit0", "audit1"]
        desk.ask("admission", at="r9.io")
        assert "admission" in desk.names

    def test_audit_of_another_registry_gets_a_place_that_audit_gave_back(self, make_desk):
        """The place came free at a registry that nobody waits for, and fewer than all were taken."""
        desk = make_desk(all=4)
        for number in range(3):
            desk.ask(f"audit{number}", Claim(number, audit=True), at=f"r{number}.io")
        desk.end("audit0")
        assert desk.names == ["audit1", "audit2"]

    def test_audit_gets_one_place_where_there_is_one(self, make_desk):
        desk = make_desk(registry=1, unknown=1)
        desk.ask("audit", Claim("a", audit=True))
        assert desk.names == ["audit"]

    def test_caller_with_the_fewest_requests_under_way_comes_first(self, make_desk):
        desk = make_desk()
        for number in range(3):
            desk.ask(f"big{number}", Claim("big"))
        desk.ask("small0", Claim("small"))
        desk.ask("big3", Claim("big"))
        desk.ask("small1", Claim("small"))
        desk.end("big0")
        assert desk.started[-1] == "small1"
        desk.end("big1")
        assert desk.started[-1] == "big3"

    def test_callers_of_the_same_number_take_turns(self, make_desk):
        desk = make_desk(registry=1, unknown=1)
        desk.ask("first")
        for caller in "abc":
            for number in range(3):
                desk.ask(f"{caller}{number}", Claim(caller))
        for _ in range(9):
            desk.end(desk.names[0])
        assert desk.started == ["first", "a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]

    def test_single_key_of_somebody_else_does_not_wait_for_hundreds(self, desk):
        desk.greet(REG)
        for caller in range(3):
            for number in range(60):
                desk.ask(f"{caller}/{number}", Claim(caller))
        assert len(desk.under_way) == 32
        desk.ask("mine")
        for _ in range(3):
            desk.end(desk.names[0])
        assert desk.started[-3:] == ["1/0", "2/0", "mine"]

    def test_registries_take_turns_for_places_that_all_share(self, make_desk):
        desk = make_desk(all=1)
        desk.ask("first")
        for at in (REG, OTHER, THIRD):
            for number in range(2):
                desk.ask(f"{at}/{number}", Claim(at), at=at)
        for _ in range(6):
            desk.end(desk.names[0])
        assert desk.started == ["first", *(f"{at}/{number}" for number in range(2) for at in (REG, OTHER, THIRD))]

    def test_what_was_begun_is_finished_before_a_callers_next_question_is(self, make_desk):
        """Some answers in time are better than none."""
        desk = make_desk(registry=1, unknown=1)
        begun = Claim("me")
        desk.ask("manifest of the first", begun)
        for number in range(3):
            desk.ask(f"manifest {number}", Claim("me"))
        desk.ask("configuration of the first", begun)
        desk.end("manifest of the first")
        assert desk.names == ["configuration of the first"]


class TestHurry:
    def test_question_that_an_admission_joins_moves_up(self, make_desk):
        desk = make_desk(registry=1, unknown=1)
        desk.ask("first")
        joined = Claim("a", audit=True)
        desk.ask("audit0", Claim("b", audit=True))
        desk.ask("audit1", joined)
        joined.hurry()
        desk.end("first")
        assert desk.started[-1] == "audit1"

    def test_question_that_an_admission_joins_leaves_audits_half_at_once(self, make_desk):
        """There was room, only not for audit."""
        desk = make_desk()
        for number in range(2):
            desk.ask(f"audit{number}", Claim(number, audit=True))
        joined = Claim("joined", audit=True)
        desk.ask("joined", joined)
        assert "joined" not in desk.names
        joined.hurry()
        settle(desk.loop)
        assert "joined" in desk.names

    def test_request_under_way_that_an_admission_joins_counts_as_audit_no_more(self, make_desk):
        desk = make_desk()
        joined = Claim("joined", audit=True)
        desk.ask("joined", joined)
        desk.ask("audit0", Claim(0, audit=True))
        desk.ask("audit1", Claim(1, audit=True))
        assert desk.names == ["joined", "audit0"]
        joined.hurry()
        desk.ask("passing")
        desk.end("passing")
        assert desk.names == ["joined", "audit0", "audit1"]

    def test_every_request_of_the_question_moves_up(self, make_desk):
        desk = make_desk()
        desk.ask_many(4)
        joined = Claim("a", audit=True)
        desk.ask("other", Claim("b", audit=True))
        desk.ask("one", joined)
        desk.ask("two", joined)
        joined.hurry()
        joined.hurry()
        for _ in range(4):
            desk.end(desk.names[0])
        assert set(desk.started[4:6]) == {"one", "two"}
        assert desk.started[6:] == ["other"]


class TestShares:
    def test_one_question_has_half_of_a_registry_at_most(self, desk):
        desk.greet(REG)
        index = Claim("me")
        desk.ask_many(40, index)
        assert len(desk.under_way) == 16
        desk.ask("another question of mine", Claim("me"))
        assert len(desk.under_way) == 17

    def test_question_that_has_its_half_holds_up_no_other_of_its_caller(self, make_desk):
        desk = make_desk()
        index = Claim("me")
        desk.ask_many(5, index)
        desk.ask("next", Claim("me"))
        assert desk.names == ["0", "1", "next"]

    def test_caller_that_is_alone_may_have_all_places(self, make_desk):
        desk = make_desk(reserved=1)
        for number in range(6):
            desk.ask(f"{number}", Claim("me"))
        assert len(desk.under_way) == 4

    def test_last_places_are_for_callers_that_have_none(self, make_desk):
        desk = make_desk(reserved=1)
        desk.ask("theirs", Claim("they"))
        for number in range(4):
            desk.ask(f"mine{number}", Claim("me"))
        assert desk.names == ["theirs", "mine0", "mine1"]
        desk.ask("somebody's")
        assert desk.names == ["theirs", "mine0", "mine1", "somebody's"]

    @pytest.mark.parametrize("how", ["cancelled", "refused"])
    def test_last_places_are_anybodys_when_nobody_else_waits_any_more(self, make_desk, how):
        desk = make_desk(reserved=1)
        # I am alone with my requests, and have audit's half; so an audit of theirs waits, and my next one for them.
        for name, audit in (("audit0", True), ("audit1", True), ("mine0", False)):
            desk.ask(name, Claim("me", audit=audit))
        waiting = desk.ask("theirs", Claim("they", audit=True), seconds=0.1)
        desk.ask("mine1", Claim("me"))
        assert desk.names == ["audit0", "audit1", "mine0"]
        if how == "cancelled":
            waiting.cancel()
            settle(desk.loop)
        else:
            desk.loop.run_for(0.11)
        assert "mine1" in desk.names

    def test_last_places_of_all_are_for_callers_that_have_none(self, make_desk):
        desk = make_desk(all=4, reserved_all=2)
        for number in range(4):
            desk.ask(f"mine{number}", Claim("me"), at=f"r{number}.io")
        assert desk.names == ["mine0", "mine1"]
        desk.ask("theirs", at="r9.io")
        desk.ask("somebody's", at="r9.io")
        assert desk.names == ["mine0", "mine1", "theirs", "somebody's"]

    def test_twelve_silent_registries_leave_places_for_a_caller_that_has_none(self, desk):
        for number in range(40):
            desk.ask_many(8, Claim("one"), at=f"silent{number}.io", prefix=f"{number}a")
            desk.ask_many(8, Claim("one"), at=f"silent{number}.io", prefix=f"{number}b")
        desk.ask("healthy", at="healthy.io")
        assert "healthy" in desk.names


class TestStuck:
    """Usually these registries answer in a tenth of a second."""

    def test_stuck_request_gives_up_its_place_to_a_caller_that_has_none(self, make_desk):
        desk = make_desk()
        desk.greet(REG, seconds=0.1)
        for number in range(4):
            desk.ask(f"big{number}", Claim("big"))
        desk.ask("small")
        desk.loop.run_for(0.39)
        assert desk.withdrawn == []
        desk.loop.run_for(0.3)
        assert desk.withdrawn == ["big0"]
        assert "small" in desk.names

    def test_slow_request_keeps_its_place_while_nobody_waits(self, make_desk):
        desk = make_desk()
        desk.greet(REG, seconds=0.1)
        for number in range(4):
            desk.ask(f"big{number}", Claim("big"))
        desk.loop.run_for(20)
        assert desk.withdrawn == []

    def test_slow_request_keeps_its_place_from_its_own_caller(self, make_desk):
        desk = make_desk()
        desk.greet(REG, seconds=0.1)
        for number in range(6):
            desk.ask(f"big{number}", Claim("big"))
        desk.loop.run_for(20)
        assert desk.withdrawn == []

    def test_caller_with_no_more_places_than_who_waits_would_have_keeps_them(self, make_desk):
        desk = make_desk()
        desk.greet(REG, seconds=0.1)
        desk.ask_many(4)
        desk.ask("fifth")
        desk.loop.run_for(20)
        assert desk.withdrawn == []
        assert desk.names == ["0", "1", "2", "3"]

    def test_so_many_are_withdrawn_as_wait_and_no_more(self, make_desk):
        desk = make_desk(registry=8, unknown=8)
        desk.greet(REG, seconds=0.1)
        for number in range(8):
            desk.ask(f"big{number}", Claim("big"))
            # Or one question would have no more than half.
        for caller in "abc":
            desk.ask(caller)
        desk.loop.run_for(2)
        assert desk.withdrawn == ["big0", "big1", "big2"]
        assert set("abc") <= set(desk.names)

    def test_usually_slow_registry_has_more_patience_up_to_a_second(self, make_desk):
        desk = make_desk()
        desk.greet(REG, seconds=2.0)
        for number in range(4):
            desk.ask(f"big{number}", Claim("big"))
        desk.ask("small")
        desk.loop.run_for(0.95)
        assert desk.withdrawn == []
        desk.loop.run_for(0.6)
        assert desk.withdrawn == ["big0"]

    def test_registry_that_never_answered_has_the_least_patience(self, make_desk):
        desk = make_desk()
        for number in range(4):
            desk.ask(f"big{number}", Claim("big"))
        desk.ask("small")
        desk.loop.run_for(0.4)
        assert desk.withdrawn == ["big0"]

    def test_stuck_request_of_another_registry_gives_up_a_place_of_all(self, make_desk):
        desk = make_desk(all=4)
        desk.greet(REG, OTHER, seconds=0.1)
        for number in range(4):
            desk.ask(f"big{number}", Claim("big"))
        desk.ask("small", at=OTHER)
        desk.loop.run_for(0.7)
        assert desk.withdrawn == ["big0"]
        assert "small" in desk.names

    def test_request_is_measured_by_its_own_registry(self, make_desk):
        """What waits at a fast registry ends no request at a slow one before that one's time."""
        desk = make_desk(all=4)
        desk.greet(REG, seconds=0.2)
        desk.greet(OTHER, seconds=0.01)
        for number in range(4):
            desk.ask(f"big{number}", Claim("big"))
        desk.ask("small", at=OTHER)
        desk.loop.run_for(0.7)
        assert desk.withdrawn == []
        desk.loop.run_for(0.5)
        assert desk.withdrawn == ["big0"]

    def test_nothing_is_withdrawn_where_places_are_not_what_is_missing(self, make_desk):
        """Audit has its half, so that it waits; neither this registry nor all of them are full."""
        desk = make_desk(registry=8, unknown=8)
        desk.greet(REG, OTHER, seconds=0.01)
        for number in range(6):
            desk.ask(f"elsewhere{number}", Claim("big"), at=OTHER)
        for number in range(5):
            desk.ask(f"audit{number}", Claim(number, audit=True))
        desk.loop.run_for(20)
        assert desk.withdrawn == []
        assert len(desk.under_way) == 10

    def test_admission_is_not_withdrawn_for_audit_that_has_its_half(self, make_desk):
        desk = make_desk()
        desk.greet(REG, seconds=0.01)
        for number in range(2):
            desk.ask(f"audit{number}", Claim(number, audit=True))
        for number in range(2):
            desk.ask(f"admission{number}", Claim("big"))
        desk.ask("audit2", Claim(2, audit=True))
        desk.loop.run_for(20)
        assert desk.withdrawn == []

    def test_withdrawn_place_counts_as_free_only_when_the_request_has_ended(self, make_desk):
        desk = make_desk()
        desk.greet(REG, seconds=0.1)
        for number in range(4):
            desk.ask(f"big{number}", Claim("big"))
        desk.ask("small")
        desk.loop.run_for(5)
        assert len(desk.under_way) == 4
        assert desk.turns.under_way() == 4


class TestEnd:
    def test_request_whose_turn_does_not_come_in_time_is_refused_then(self, make_desk, observer):
        desk = make_desk(registry=1, unknown=1)
        desk.ask("first")
        desk.ask("second", seconds=2.0)
        desk.loop.run_for(1.99)
        assert desk.refused == []
        desk.loop.run_for(0.02)
        [(name, error)] = desk.refused
        assert (name, error.reason) == ("second", Reason.OVERLOADED)
        assert not error.reason.durable
        assert REG in error.message
        assert observer.throttled == [(REG, "local_limit")]

    def test_refused_request_gets_no_turn_later(self, make_desk):
        desk = make_desk(registry=1, unknown=1)
        desk.ask("first")
        desk.ask("second", seconds=2.0)
        desk.loop.run_for(3)
        desk.end("first")
        assert desk.turns.under_way() == 0
        desk.ask("third")
        assert desk.names == ["third"]

    def test_cancelled_request_that_waits_leaves_its_place_to_the_next(self, make_desk):
        desk = make_desk(registry=1, unknown=1)
        desk.ask("first")
        second = desk.ask("second")
        desk.ask("third")
        second.cancel()
        desk.end("first")
        assert desk.names == ["third"]

    def test_cancelled_request_that_was_just_given_its_turn_gives_it_back(self, make_desk):
        desk = make_desk(registry=1, unknown=1)
        desk.ask("first")
        claim = Claim("second")
        second = desk.ask("second", claim)
        desk.ask("third")
        desk.under_way.pop()[1].set_result(True)
        while claim.waiting:
            # One turn of the loop.
            desk.loop.call_soon(desk.loop.stop)
            desk.loop.run_forever()
        # The place is given, and the second has not noticed yet.
        assert desk.names == []
        second.cancel()
        settle(desk.loop)
        assert second.cancelled()
        assert desk.names == ["third"]

    def test_cancelled_request_under_way_gives_its_place_back(self, make_desk):
        desk = make_desk(registry=1, unknown=1)
        first = desk.ask("first")
        desk.ask("second")
        first.cancel()
        settle(desk.loop)
        assert desk.names == ["second"]


class TestMemory:
    def test_registries_that_nobody_asks_any_more_are_forgotten(self, desk):
        for number in range(3000):
            desk.ask("x", at=f"r{number}.io")
            desk.end("x")
        assert len(desk.turns._registries) <= 1024

    def test_registries_are_not_forgotten_while_something_is_under_way(self, desk, monkeypatch):
        monkeypatch.setattr(limits, "REGISTRIES", 10)
        desk.ask_many(8)
        for number in range(30):
            desk.ask("x", at=f"r{number}.io")
            desk.end("x")
        desk.ask("ninth")
        assert "ninth" not in desk.names

    def test_more_registries_than_are_remembered_may_be_busy_at_once(self, desk, monkeypatch):
        monkeypatch.setattr(limits, "REGISTRIES", 10)
        for number in range(30):
            desk.ask(f"{number}", at=f"r{number}.io")
        assert len(desk.under_way) == 30
        for number in range(30):
            desk.end(f"{number}")
        desk.ask("x", at="another.io")
        desk.end("x")
        assert desk.turns.under_way() == 0


class TurnsMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: no bound is exceeded, and nobody waits while there is a place."""

    BOUNDS = Bounds(registry=4, unknown=2, all=6, reserved=1, reserved_all=2)
    REGISTRIES = ("a.io", "b.io", "c.io")
    _registries = st.sampled_from(REGISTRIES)

    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop(FakeClock())
        self.lost = []
        self.loop.set_exception_handler(lambda _, context: self.lost.append(context))
        self.desk = Desk(self.loop, NullObserver(), self.BOUNDS)
        self.tasks = {}
        self.claims = {}
        self.at = {}
        self.number = 0

    def teardown(self):
        for task in self.tasks.values():
            task.cancel()
        settle(self.loop)
        assert self.desk.turns.under_way() == 0
        assert self.desk.turns._waiting == 0
        assert not self.desk.turns._waited_for
        assert not self.desk.turns._callers_waiting
        self.loop.finish()
        assert not self.lost

    @rule(at=_registries, caller=st.integers(0, 2), audit=st.booleans(), seconds=st.sampled_from([0.1, 30.0]))
    def ask(self, at, caller, audit, seconds):
        name = self.number = self.number + 1
        self.at[name], self.claims[name] = at, Claim(caller, audit=audit)
        self.tasks[name] = self.desk.ask(name, self.claims[name], at=at, seconds=seconds)

    @rule(at=_registries, data=st.data())
    def ask_another(self, at, data):
        """Of a question that has asked already."""
        if self.claims:
            name = self.number = self.number + 1
            self.at[name], self.claims[name] = at, self.claims[data.draw(st.sampled_from(sorted(self.claims)))]
            self.tasks[name] = self.desk.ask(name, self.claims[name], at=at)

    @rule(data=st.data(), answered=st.booleans())
    def end(self, data, answered):
        if self.desk.under_way:
            self.desk.end(data.draw(st.sampled_from(sorted(self.desk.names))), answered=answered)

    @rule(data=st.data())
    def cancel(self, data):
        going_on = sorted(name for name, task in self.tasks.items() if not task.done())
        if going_on:
            self.tasks[data.draw(st.sampled_from(going_on))].cancel()
            settle(self.loop)

    @rule(data=st.data())
    def hurry(self, data):
        if self.claims:
            self.claims[data.draw(st.sampled_from(sorted(self.claims)))].hurry()
            settle(self.loop)

    @rule(seconds=st.sampled_from([0.05, 0.3, 2.0]))
    def wait(self, seconds):
        self.loop.run_for(seconds)
        settle(self.loop)

    @invariant()
    def bounds_hold(self):
        under_way = self.desk.names
        by_registry = Counter(self.at[name] for name in under_way)
        assert len(under_way) == self.desk.turns.under_way() <= self.BOUNDS.all
        assert all(number <= self.BOUNDS.registry for number in by_registry.values())

    @invariant()
    def who_waits_waits_for_a_reason(self):
        for at, registry in self.desk.turns._registries.items():
            for lane in registry.lanes.values():
                for ticket in lane:
                    assert not self.desk.turns._fits(registry, ticket.claim), at

    @invariant()
    def what_is_counted_is_what_is_there(self):
        waiting = [task for name, task in self.tasks.items() if not task.done() and name not in self.desk.names]
        assert self.desk.turns._waiting == len(waiting)


TestAnyInterleaving = TurnsMachine.TestCase
# Without making a failure smaller: that would take minutes.
TestAnyInterleaving.settings = hypothesis_settings(
    max_examples=100, stateful_step_count=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)


@pytest.mark.parametrize(
    ("files", "every"),
    [(1_000_000, limits.ALL_REQUESTS), (512, 256), (200, 100), (20, 10), (1, limits.UNKNOWN_REGISTRY_REQUESTS)],
)
def test_process_that_may_open_few_files_sends_fewer_requests_at_a_time(files, every):
    bounds = affordable(files)
    assert (bounds.all, bounds.registry) == (every, limits.REGISTRY_REQUESTS)
    assert bounds.reserved_all < bounds.all
