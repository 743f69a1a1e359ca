"""The rules of `provider.answering.batch`, in its own order."""

from __future__ import annotations

import contextlib
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.answering.batch import Batch, BatchSettings
from provider.clock import SystemClock
from provider.errors import ImageError
from provider.loop import EventLoop
from provider.questions.endpoint import Endpoint
from provider.questions.question import FactQuestion, key_of, ref
from provider.reasons import EXPLANATIONS, Lifetime, Reason
from tests.simulators.inspector import DIGEST, facts
from tests.unit.conftest import World

KEY = "registry.example/app:1"
OTHER = "registry.example/other:1"
WITH_CONFIG = key_of(FactQuestion(KEY, config=True))
SENT = [reason for reason in Reason if EXPLANATIONS[reason].lifetime is not Lifetime.VERDICT]


def failing(world: World, reason: Reason, image: str = KEY) -> None:
    world.inspector.failures[image] = ImageError(reason, "a sentence")


def meanwhile(world: World, *calls):
    """Have calls made while the next request waits, one after the other; gives their results as they come."""
    results, left = [], list(calls)

    def on_wait():
        if left:
            results.append(left.pop(0)())

    world.on_wait = on_wait
    return results


# 1. Deadline


@pytest.mark.parametrize(("endpoint", "seconds"), [(Endpoint.VALIDATE, 1.2), (Endpoint.AUDIT, 9.0)])
def test_call_waits_as_long_as_its_endpoint_allows(world, endpoint, seconds):
    world.inspector.holding = True
    answer = world.ask(KEY, endpoint=endpoint)
    assert world.waited == [pytest.approx(seconds)]
    assert answer.items == []
    assert answer.reasons() == {ref(KEY): "Timeout"}


def test_call_is_answered_as_soon_as_all_is_done(world):
    world.inspector.delays = {KEY: 0.3, OTHER: 0.5}
    assert set(world.ask(KEY, OTHER).values) == {KEY, OTHER}
    assert world.waited == [pytest.approx(0.5)]


def test_what_is_done_in_time_is_answered_although_another_key_is_not(world):
    world.inspector.held.add(OTHER)
    answer = world.ask(KEY, OTHER)
    assert set(answer.values) == {KEY}
    assert answer.reasons() == {ref(OTHER): "Timeout"}


def test_work_goes_on_after_the_call_so_that_a_retry_finds_it(world):
    world.inspector.delays[KEY] = 3.0
    world.ask(KEY)
    world.loop.run_for(2.0)
    world.waits.clear()
    assert set(world.ask(KEY).values) == {KEY}
    assert world.waited == []
    assert world.inspector.calls[KEY] == 1


def test_work_that_never_ends_does_not_make_its_key_fail_for_ever(world):
    world.inspector.holding = True
    world.ask(KEY)
    world.inspector.holding = False
    world.loop.run_for(limits.WORK_SECONDS + limits.WORK_SWEEP_SECONDS + limits.PASSING_SECONDS)
    assert set(world.ask(KEY).values) == {KEY}


def test_keys_of_one_call_share_its_wait(world):
    world.inspector.holding = True
    world.ask(*(f"registry.example/app-{number}:1" for number in range(20)))
    assert world.waited == [pytest.approx(1.2)]


def test_call_waits_hardly_longer_for_a_loop_that_does_not_turn(world, monkeypatch):
    monkeypatch.setattr(world.batch, "_hand", lambda _: None)
    answer = world.ask(KEY)
    assert world.waited == [pytest.approx(1.2 + limits.LOOP_GRACE_SECONDS)]
    assert answer.reasons() == {ref(KEY): "Timeout"}


class OneTurn(threading.Event):
    """Waits for one turn of a loop that is late."""

    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def wait(self, timeout=None):
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()
        return self.is_set()


def test_keys_that_a_late_loop_has_not_come_to_are_left_to_a_retry(world, monkeypatch):
    keys = [f"registry.example/app-{number}:1" for number in range(3 * limits.KEYS_A_TURN)]
    with monkeypatch.context() as patch:
        patch.setattr(world.batch, "_event", lambda: OneTurn(world.loop))
        answer = world.ask(*keys)
    assert len(world.works) < len(keys)
    assert answer.reasons() == {ref(key): "Timeout" for key in keys}
    world.loop.settle()
    assert list(world.ask(*keys).values) == keys
    assert set(world.inspector.calls.values()) == {1}


# 2. The wait belongs to the image


def test_later_kind_that_asks_about_the_same_image_is_told_at_once(world):
    world.inspector.holding = True
    world.ask(KEY)
    world.waits.clear()
    answer = world.ask(WITH_CONFIG)
    assert world.waited == []
    assert answer.reasons() == {ref(WITH_CONFIG): "Timeout"}


def test_spelling_of_the_image_makes_no_difference(world):
    world.inspector.holding = True
    world.ask("alpine")
    world.waits.clear()
    world.ask("docker.io/library/alpine:latest")
    assert world.waited == []


def test_ten_kinds_about_one_image_wait_once(world):
    world.inspector.holding = True
    for number in range(10):
        world.ask(KEY if number % 2 else WITH_CONFIG)
    assert sum(world.waited) == pytest.approx(1.2)


def test_image_is_waited_for_again_after_its_window(world):
    world.inspector.holding = True
    world.ask(KEY)
    world.waits.clear()
    world.clock.advance(limits.WAIT_WINDOW_SECONDS - 1.2)
    world.ask(KEY)
    assert world.waited == [pytest.approx(1.2)]


def test_another_image_in_the_same_call_has_its_own_wait(world):
    world.inspector.holding = True
    world.ask(KEY)
    world.waits.clear()
    world.ask(KEY, OTHER)
    assert world.waited == [pytest.approx(1.2)]


def test_wait_that_was_not_spent_is_left_for_the_next_question(world):
    world.ask(KEY)
    world.clock.advance(2)
    world.inspector.holding = True
    world.ask(WITH_CONFIG)
    assert world.waited == [pytest.approx(1.2)]


def test_image_that_was_answered_does_not_pay_for_another_in_the_same_call(world):
    world.inspector.held_hosts.add("slow.example")
    world.ask(KEY, "slow.example/app")
    world.waits.clear()
    world.inspector.holding = True
    world.ask(WITH_CONFIG)
    assert world.waited == [pytest.approx(1.2)]


def test_audit_does_not_spend_the_wait_of_admission(world):
    world.inspector.holding = True
    world.ask(KEY, endpoint=Endpoint.AUDIT)
    world.waits.clear()
    world.ask(KEY)
    assert world.waited == [pytest.approx(1.2)]


# 3. Sharing


def test_key_that_stands_twice_is_answered_and_worked_on_once(world):
    assert len(world.ask(KEY, KEY).items) == 1
    assert world.inspector.calls[KEY] == 1


def test_items_stand_in_the_order_of_the_request(world):
    world.ask(OTHER)
    assert [item["key"] for item in world.ask("b.example/b", OTHER, KEY).items] == ["b.example/b", OTHER, KEY]


def test_keys_are_worked_on_side_by_side(world):
    keys = [f"registry.example/app-{number}:1" for number in range(limits.REQUEST_KEYS)]
    world.inspector.delays = dict.fromkeys(keys, 1.0)
    assert list(world.ask(*keys).values) == keys


def test_two_requests_at_the_same_time_work_once(world):
    world.inspector.held.add(KEY)
    world.loop.call_later(0.5, world.inspector.release)
    answers = meanwhile(world, lambda: world.ask(KEY, endpoint=Endpoint.AUDIT))
    assert set(world.ask(KEY).values) == {KEY}
    assert set(answers[0].values) == {KEY}
    assert world.inspector.calls[KEY] == 1


def test_work_that_was_finished_since_the_call_looked_is_not_done_again(world, monkeypatch):
    world.ask(KEY)
    answers = iter([None])
    known = world.batch.memory.get
    monkeypatch.setattr(world.batch.memory, "get", lambda name: next(answers, known(name)))
    assert set(world.ask(KEY).values) == {KEY}
    assert world.inspector.calls[KEY] == 1


def test_work_of_audit_is_moved_up_when_an_admission_asks_the_same(world):
    world.inspector.holding = True
    world.ask(KEY, OTHER, endpoint=Endpoint.AUDIT)
    assert [claim.audit for claim in world.inspector.claims] == [True, True]
    world.ask(KEY)
    world.ask(KEY, endpoint=Endpoint.AUDIT)
    assert [claim.audit for claim in world.inspector.claims] == [False, True]


def test_work_that_goes_on_is_joined_although_there_is_no_room_for_more(world, monkeypatch):
    monkeypatch.setattr(limits, "QUESTIONS", 1)
    world.inspector.delays[KEY] = 2.0
    world.ask(KEY, endpoint=Endpoint.VALIDATE)
    answered = world.batch.answer(Endpoint.AUDIT, [KEY])
    assert [result.reason for result in answered.results] == [None]
    assert answered.joined == 1


def test_mutation_asks_another_question_than_validation(world):
    assert world.ask(KEY, endpoint=Endpoint.MUTATE).values == {KEY: f"{KEY}@{DIGEST}"}
    assert world.ask(KEY).values[KEY]["digest"] == DIGEST


class _NoObserver:
    """Watches no loop."""

    def loop_lagged(self, seconds): ...

    def loop_failed(self, message, error): ...

    def loop_ended(self, error): ...


def test_same_questions_from_many_threads_are_worked_on_once(world):
    loop = EventLoop(SystemClock(), _NoObserver())
    settings = BatchSettings(dict.fromkeys(Endpoint, 20.0))
    batch = Batch(world.works, world.memory, loop.hand, SystemClock(), settings)
    world.works._clock = world.inspector._clock = SystemClock()
    world.inspector.held.add(KEY)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(batch.answer(Endpoint.VALIDATE, [KEY, OTHER]))) for _ in range(8)
    ]
    loop.start()
    for thread in threads:
        thread.start()
    loop.hand(world.inspector.release)
    for thread in threads:
        thread.join(20)
    loop.stop()
    assert [len(answer.results) for answer in answers] == [2] * 8
    assert all(result.reason is None for answer in answers for result in answer.results)
    assert world.inspector.calls == {KEY: 1, OTHER: 1}


# 4. Nobody takes all


def test_turns_go_round_calls(world):
    world.ask(KEY, OTHER)
    world.ask("registry.example/third:1")
    first, second, third = (claim.caller for claim in world.inspector.claims)
    assert first is second
    assert third is not first


@pytest.mark.parametrize(("endpoint", "places"), [(Endpoint.VALIDATE, 4), (Endpoint.MUTATE, 4), (Endpoint.AUDIT, 2)])
def test_call_beyond_the_places_is_shed_without_waiting(make_world, endpoint, places):
    world = make_world(server_threads=8)
    world.inspector.holding = True
    number = iter(range(10))

    def call():
        return world.batch.answer(endpoint, [f"registry.example/app-{next(number)}"])

    answers = meanwhile(world, *[call] * 7)
    answers.append(call())
    assert sum(not answer.shed for answer in answers) == places
    waited = [event.waited for event, _ in zip(reversed(world.waits), range(8 - places), strict=False)]
    assert waited == [pytest.approx(0, abs=1e-6)] * (8 - places)


def test_admission_and_audit_have_places_of_their_own_and_mutation_has_admissions(make_world):
    world = make_world(server_threads=2)
    world.inspector.holding = True
    nested = meanwhile(
        world,
        lambda: world.batch.answer(Endpoint.MUTATE, ["registry.example/app-1"]).shed,
        lambda: world.batch.answer(Endpoint.AUDIT, ["registry.example/app-2"]).shed,
    )
    assert world.batch.answer(Endpoint.VALIDATE, [KEY]).shed is False
    # The last that came is the first that is answered.
    assert nested == [False, True]


def test_place_is_given_back(make_world):
    world = make_world(server_threads=1)
    world.inspector.held.add(KEY)
    world.ask(KEY)
    assert set(world.ask(OTHER).values) == {OTHER}


def test_place_is_given_back_when_there_is_no_loop(make_world, monkeypatch):
    world = make_world(server_threads=1)
    with monkeypatch.context() as patch:
        patch.setattr(world.batch, "_hand", EventLoop(world.clock, _NoObserver()).hand)
        with pytest.raises(RuntimeError):
            world.ask(KEY)
    assert set(world.ask(OTHER).values) == {OTHER}


def test_shed_call_is_overloaded_and_its_work_goes_on(make_world):
    world = make_world(server_threads=1)
    world.inspector.holding = True
    answers = meanwhile(world, lambda: world.ask(OTHER))
    world.ask(KEY)
    assert answers[0].reasons() == {ref(OTHER): "Overloaded"}
    world.inspector.release()
    world.loop.settle()
    assert set(world.ask(OTHER).values) == {OTHER}
    assert world.inspector.calls[OTHER] == 1


def test_shed_call_does_not_spend_the_wait_of_its_image(make_world):
    world = make_world(server_threads=1)
    world.inspector.holding = True
    meanwhile(world, lambda: world.ask(OTHER))
    world.ask(KEY)
    world.waits.clear()
    world.ask(OTHER)
    assert world.waited == [pytest.approx(1.2)]


def test_answer_from_memory_needs_neither_a_place_nor_the_loop(make_world, monkeypatch):
    world = make_world(server_threads=1)
    world.ask(OTHER)
    world.inspector.holding = True
    answers = meanwhile(world, lambda: world.batch.answer(Endpoint.VALIDATE, [OTHER]))
    world.ask(KEY)
    assert not answers[0].shed
    assert answers[0].worked == frozenset()
    monkeypatch.setattr(world.batch, "_hand", EventLoop(world.clock, _NoObserver()).hand)
    assert set(world.ask(OTHER).values) == {OTHER}


# 5. What reaches the caller


@pytest.mark.parametrize("reason", SENT)
@pytest.mark.parametrize("endpoint", [Endpoint.VALIDATE, Endpoint.AUDIT])
def test_durable_reason_is_an_item_error_and_a_passing_one_is_left_out(world, reason, endpoint):
    failing(world, reason)
    answer = world.ask(KEY, OTHER, endpoint=endpoint)
    assert OTHER in answer.values
    if reason.durable:
        assert answer.errors == {KEY: f"{reason}: a sentence"}
        assert answer.system_error == ""
    else:
        assert answer.errors == {}
        assert answer.problems == {ref(KEY): {"reason": reason, "message": "a sentence"}}


@pytest.mark.parametrize("reason", SENT)
def test_on_mutate_every_failure_is_an_item_error(world, reason):
    failing(world, reason)
    answer = world.ask(KEY, OTHER, endpoint=Endpoint.MUTATE)
    assert answer.errors == {KEY: f"{reason}: a sentence"}
    assert set(answer.values) == {OTHER}
    assert answer.system_error == ""


def test_on_mutate_what_is_late_is_an_item_error(world):
    world.inspector.holding = True
    answer = world.ask(KEY, endpoint=Endpoint.MUTATE)
    assert world.waited == [pytest.approx(0.7)]
    assert answer.errors[KEY].startswith("Timeout: ")
    assert answer.system_error == ""


def test_reference_with_a_digest_is_mutated_to_itself(world):
    pinned = f"{KEY}@{DIGEST}"
    assert world.ask(pinned, endpoint=Endpoint.MUTATE).values == {pinned: pinned}


def test_value_is_the_fact_sheet_with_the_short_name_of_the_key(world):
    world.inspector.images[KEY] = facts(created="2020-01-01T00:00:00Z")
    value = world.ask(WITH_CONFIG).values[WITH_CONFIG]
    assert (value["created"], value["ref"]) == ("2020-01-01T00:00:00Z", ref(WITH_CONFIG))
    assert value["config"] == {"linux/amd64": {"created": "2020-01-01T00:00:00Z"}}


def test_malformed_reference_is_refused_without_work(world):
    answer = world.ask("Bad Reference", OTHER)
    assert answer.errors["Bad Reference"].startswith("ReferenceInvalid: ")
    assert set(answer.values) == {OTHER}
    assert list(world.inspector.calls) == [OTHER]


def test_request_that_nobody_can_read_takes_no_turn_of_the_loop(world):
    world.ask("Bad Reference")
    assert world.waits == []


def test_question_of_another_version_is_left_to_a_retry(world):
    key = '{"v":2,"image":"registry.example/app:1"}'
    assert world.ask(key).reasons() == {ref(key): "QuestionUnsupported"}


def test_key_of_a_megabyte_is_refused_but_never_made_an_item_that_is_cached(world):
    key = "a" * limits.MIB
    answer = world.ask(key, OTHER)
    assert set(answer.values) == {OTHER}
    assert answer.errors == {}
    assert answer.reasons() == {ref(key): "KeyInvalid"}


def test_key_of_a_megabyte_on_mutate_is_an_item_error(world):
    key = "a" * limits.MIB
    assert world.ask(key, endpoint=Endpoint.MUTATE).errors[key].startswith("KeyInvalid: ")


def test_item_that_is_too_large_is_refused_for_good(world):
    world.inspector.images[KEY] = facts(config={"a": "x" * limits.ITEM_BYTES})
    answer = world.ask(WITH_CONFIG, OTHER)
    assert answer.errors[WITH_CONFIG].startswith("LimitExceeded: the answer has 262")
    assert set(answer.values) == {OTHER}


def test_what_does_not_fit_into_the_batch_is_left_to_a_retry(make_world):
    world = make_world(memory_bytes=16 * limits.MIB)
    keys = []
    for number in range(6):
        image = f"registry.example/app-{number}:1"
        world.inspector.images[image] = facts(config={"a": "x" * (limits.ITEM_BYTES - 2000)})
        keys.append(key_of(FactQuestion(image, config=True)))
    answer = world.ask(*keys, OTHER)
    assert set(answer.values) == {*keys[:4], OTHER}
    assert answer.reasons() == {ref(key): "Overloaded" for key in keys[4:]}
    assert set(world.ask(*keys[4:]).values) == set(keys[4:])
    results = world.batch.answer(Endpoint.VALIDATE, keys).results
    assert [result.log_fields["outcome"] for result in results] == ["answered"] * 4 + ["unfinished"] * 2


def test_number_that_json_has_not_spoils_only_its_own_key(world):
    world.inspector.images[KEY] = facts(config={"a": float("nan")})
    answer = world.ask(WITH_CONFIG, OTHER)
    assert answer.errors[WITH_CONFIG].startswith("ContentInvalid: ")
    assert set(answer.values) == {OTHER}


def test_document_that_is_nested_too_deeply_spoils_only_its_own_key(world):
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    world.inspector.images[KEY] = facts(config={"a": deep})
    answer = world.ask(WITH_CONFIG, OTHER)
    assert answer.errors[WITH_CONFIG].startswith("LimitExceeded: ")
    assert set(answer.values) == {OTHER}


def test_what_nobody_expected_spoils_only_its_own_key(world):
    world.inspector.failures[KEY] = RuntimeError("so it goes")
    answer = world.ask(KEY, OTHER)
    assert set(answer.values) == {OTHER}
    assert answer.reasons() == {ref(KEY): "Internal"}


def test_response_tells_what_was_worked_on_and_what_was_joined(world):
    world.ask(OTHER)
    world.inspector.delays[KEY] = 2.0
    world.ask(KEY)
    answered = world.batch.answer(Endpoint.AUDIT, [OTHER, KEY, "registry.example/new:1", "Bad Reference"])
    assert answered.worked == {ref(KEY), ref("registry.example/new:1"), ref("Bad Reference")}
    assert (answered.joined, answered.shed) == (1, False)


plain = st.sampled_from([KEY, OTHER, "alpine", "Bad Reference", ""])
questions = st.builds(lambda image, config: key_of(FactQuestion(image, config)), plain, st.booleans())
keys = st.lists(plain | questions | st.text() | st.just("{}") | st.just('{"v":9}'), max_size=8)


@given(keys, st.sampled_from(Endpoint), st.booleans(), st.sampled_from([None, *SENT]))
def test_answer_covers_exactly_the_keys_that_were_asked(asked, endpoint, late, reason):
    with contextlib.closing(World()) as world:
        world.inspector.holding = late
        if reason:
            failing(world, reason)
        answer = world.ask(*asked, endpoint=endpoint)
    told = [item["key"] for item in answer.items]
    assert sorted(told) == sorted(set(told))
    unanswered = {key for key in asked if key not in told}
    assert set(answer.problems) == {ref(key) for key in unanswered}
    assert set(told) | unanswered == set(asked)
    for error in answer.errors.values():
        assert error.split(": ")[0] in set(Reason)
    for problem in answer.problems.values():
        assert set(problem) == {"reason", "message"}
    json.dumps(answer.items)


def test_answers_that_fill_a_response_to_the_last_byte_are_all_given(world, monkeypatch):
    world.ask(KEY, OTHER)
    sizes = [len(world.memory.get(f"question {key}").item) for key in (KEY, OTHER)]
    monkeypatch.setattr(limits, "BATCH_BYTES", sum(sizes))
    assert set(world.ask(KEY, OTHER).values) == {KEY, OTHER}
    monkeypatch.setattr(limits, "BATCH_BYTES", sum(sizes) - 1)
    assert set(world.ask(KEY, OTHER).values) == {KEY}
    monkeypatch.setattr(limits, "BATCH_BYTES", sizes[0])
    assert set(world.ask(KEY, OTHER).values) == {KEY}
