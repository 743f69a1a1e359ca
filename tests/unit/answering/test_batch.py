"""The rules of `provider.answering.batch`, in its own order."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider.answering.workers import Workers

from provider import limits
from provider.answering.batch import Batch, BatchSettings, Endpoint
from provider.errors import ImageError
from provider.questions.question import FactQuestion, key_of, ref
from provider.reasons import EXPLANATIONS, Lifetime, Reason
from provider.telemetry.logs import KeyRecords
from tests.simulators.inspector import DIGEST, facts
from tests.unit.conftest import World

KEY = "registry.example/app:1"
OTHER = "registry.example/other:1"
WITH_CONFIG = key_of(FactQuestion(KEY, config=True))
SENT = [reason for reason in Reason if EXPLANATIONS[reason].lifetime is not Lifetime.VERDICT]


def failing(world: World, reason: Reason, image: str = KEY) -> None:
    world.inspector.failures[image] = ImageError(reason, "a sentence")


# 1. Deadline


@pytest.mark.parametrize(("endpoint", "seconds"), [(Endpoint.VALIDATE, 1.2), (Endpoint.AUDIT, 9.0)])
def test_call_waits_as_long_as_its_endpoint_allows(world, endpoint, seconds):
    world.pool.holding = True
    answer = world.ask(KEY, endpoint=endpoint)
    assert world.waited == [pytest.approx(seconds)]
    assert answer.items == []
    assert answer.reasons() == {ref(KEY): "Timeout"}


def test_what_is_done_in_time_is_answered_although_another_key_is_not(world):
    world.ask(KEY)
    world.pool.holding = True
    answer = world.ask(KEY, OTHER)
    assert set(answer.values) == {KEY}
    assert answer.reasons() == {ref(OTHER): "Timeout"}


def test_work_goes_on_after_the_call_so_that_a_retry_finds_it(world):
    world.pool.holding = True
    world.ask(KEY)
    world.pool.release()
    assert set(world.ask(KEY).values) == {KEY}
    assert world.inspector.calls[KEY] == 1


def test_work_that_found_no_thread_in_time_is_given_up(world):
    world.pool.holding = True
    world.ask(KEY)
    world.clock.advance(limits.WORK_SECONDS)
    world.pool.release()
    assert world.inspector.calls[KEY] == 0
    assert world.ask(KEY).reasons() == {ref(KEY): "Timeout"}


def test_work_that_never_ends_does_not_make_its_key_fail_for_ever(world):
    world.pool.holding = True
    world.ask(KEY)
    world.pool.held.clear()
    world.clock.advance(limits.WORK_SECONDS)
    world.ask(KEY)
    world.pool.release()
    assert set(world.ask(KEY).values) == {KEY}


def test_keys_of_one_call_share_its_wait(world):
    world.pool.holding = True
    world.ask(*(f"registry.example/app-{number}:1" for number in range(20)))
    assert sum(world.waited) == pytest.approx(1.2)


# 2. The wait belongs to the image


def test_later_kind_that_asks_about_the_same_image_is_told_at_once(world):
    world.pool.holding = True
    world.ask(KEY)
    world.waited.clear()
    answer = world.ask(WITH_CONFIG)
    assert sum(world.waited) == pytest.approx(0)
    assert answer.reasons() == {ref(WITH_CONFIG): "Timeout"}


def test_spelling_of_the_image_makes_no_difference(world):
    world.pool.holding = True
    world.ask("alpine")
    world.waited.clear()
    world.ask("docker.io/library/alpine:latest")
    assert sum(world.waited) == pytest.approx(0)


def test_ten_kinds_about_one_image_wait_once(world):
    world.pool.holding = True
    for number in range(10):
        world.ask(KEY if number % 2 else WITH_CONFIG)
    assert sum(world.waited) == pytest.approx(1.2)


def test_image_is_waited_for_again_after_its_window(world):
    world.pool.holding = True
    world.ask(KEY)
    world.waited.clear()
    world.clock.advance(limits.WAIT_WINDOW_SECONDS - 1.2)
    world.ask(KEY)
    assert sum(world.waited) == pytest.approx(1.2)


def test_another_image_in_the_same_call_has_its_own_wait(world):
    world.pool.holding = True
    world.ask(KEY)
    world.waited.clear()
    world.ask(KEY, OTHER)
    assert sum(world.waited) == pytest.approx(1.2)


def test_wait_that_was_not_spent_is_left_for_the_next_question(world):
    world.ask(KEY)
    world.clock.advance(2)
    world.pool.holding = True
    world.ask(WITH_CONFIG)
    assert world.waited == [pytest.approx(1.2)]


def test_image_that_was_answered_does_not_pay_for_another_in_the_same_call(world):
    world.pool.holding_hosts.add("slow.example")
    world.ask(KEY, "slow.example/app")
    world.waited.clear()
    world.pool.holding = True
    world.ask(WITH_CONFIG)
    assert world.waited == [pytest.approx(1.2)]


def test_audit_does_not_spend_the_wait_of_admission(world):
    world.pool.holding = True
    world.ask(KEY, endpoint=Endpoint.AUDIT)
    world.waited.clear()
    world.ask(KEY)
    assert world.waited == [pytest.approx(1.2)]


# 3. Sharing


def test_key_that_stands_twice_is_answered_and_worked_on_once(world):
    assert len(world.ask(KEY, KEY).items) == 1
    assert world.inspector.calls[KEY] == 1


def test_items_stand_in_the_order_of_the_request(world):
    world.ask(OTHER)
    assert [item["key"] for item in world.ask("b.example/b", OTHER, KEY).items] == ["b.example/b", OTHER, KEY]


def test_two_requests_at_the_same_time_work_once(world):
    world.pool.holding = True
    answers = []
    world.on_wait = lambda: None if answers else (answers.append(1), world.ask(KEY), world.pool.release())
    assert set(world.ask(KEY).values) == {KEY}
    assert world.inspector.calls[KEY] == 1


def test_work_that_was_finished_since_the_call_looked_is_not_done_again(world, monkeypatch):
    world.ask(KEY)
    answers = iter([None])
    known = world.batch.memory.get
    monkeypatch.setattr(world.batch.memory, "get", lambda name: next(answers, known(name)))
    assert set(world.ask(KEY).values) == {KEY}
    assert world.inspector.calls[KEY] == 1


def test_work_of_audit_is_moved_up_when_an_admission_asks_the_same(world):
    world.pool.holding = True
    world.ask(KEY, endpoint=Endpoint.AUDIT)
    world.ask(KEY)
    world.ask(KEY)
    assert [task.audit for task in world.pool.held] == [True, False]
    world.pool.release()
    assert world.inspector.calls[KEY] == 1


def test_work_of_audit_goes_on_when_there_is_no_room_to_move_it_up(world):
    world.pool.holding = True
    world.ask(KEY, endpoint=Endpoint.AUDIT)
    world.pool.full = True
    assert world.ask(KEY).reasons() == {ref(KEY): "Timeout"}
    world.pool.release()
    assert set(world.ask(KEY).values) == {KEY}


def test_mutation_asks_another_question_than_validation(world):
    assert world.ask(KEY, endpoint=Endpoint.MUTATE).values == {KEY: f"{KEY}@{DIGEST}"}
    assert world.ask(KEY).values[KEY]["digest"] == DIGEST


def test_same_questions_from_many_threads_are_worked_on_once(world):
    batch = Batch(world.inspector, Workers(), KeyRecords(world.log), world.clock, BatchSettings())
    world.inspector.held.add(KEY)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(batch.answer(Endpoint.VALIDATE, [KEY, OTHER]))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    world.inspector.release()
    for thread in threads:
        thread.join(10)
    assert [len(answer.results) for answer in answers] == [2] * 8
    assert all(result.reason is None for answer in answers for result in answer.results)
    assert world.inspector.calls == {KEY: 1, OTHER: 1}


# 4. Nobody takes all


def test_host_of_the_work_is_the_registry(world):
    world.pool.holding = True
    world.ask("alpine", "registry.example:5000/app")
    assert [task.host for task in world.pool.held] == ["index.docker.io", "registry.example:5000"]


def test_full_pool_is_told_at_once_and_not_remembered(world):
    world.pool.full = True
    answer = world.ask(KEY)
    assert answer.reasons() == {ref(KEY): "Overloaded"}
    assert world.waited == []
    world.pool.full = False
    assert set(world.ask(KEY).values) == {KEY}


@pytest.mark.parametrize(("endpoint", "places"), [(Endpoint.VALIDATE, 4), (Endpoint.MUTATE, 4), (Endpoint.AUDIT, 2)])
def test_call_beyond_the_places_is_shed_without_waiting(endpoint, places):
    world = World(server_threads=8)
    world.pool.holding = True
    answers = []

    def ask_again():
        if len(answers) < 10:
            answers.append(len(answers))
            inner = f"registry.example/app-{len(answers)}"
            answers.append(world.batch.answer(endpoint, [inner]))

    world.on_wait = ask_again
    world.batch.answer(endpoint, [KEY])
    outcomes = [answer.shed for answer in answers if not isinstance(answer, int)]
    assert outcomes == [True] + [False] * (places - 1)


def test_shed_call_is_overloaded_and_its_work_goes_on():
    world = World(server_threads=1)
    world.pool.holding = True
    answers = []
    world.on_wait = lambda: None if answers else answers.append(world.ask(OTHER))
    world.ask(KEY)
    assert answers[0].reasons() == {ref(OTHER): "Overloaded"}
    world.pool.release()
    assert set(world.ask(OTHER).values) == {OTHER}


def test_answer_from_memory_needs_no_place():
    world = World(server_threads=1)
    world.ask(OTHER)
    world.pool.holding = True
    answers = []
    world.on_wait = lambda: None if answers else answers.append(world.ask(OTHER))
    world.ask(KEY)
    assert set(answers[0].values) == {OTHER}


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
    world.pool.holding = True
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


def test_what_does_not_fit_into_the_batch_is_left_to_a_retry(world):
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
    assert [json.loads(f"{{{result.record}}}")["outcome"] for result in results] == ["answered"] * 4 + [
        "unfinished"
    ] * 2


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


# 6. What is remembered


def test_answer_is_remembered_as_long_as_the_tag_is_believed(world):
    world.ask(KEY)
    world.clock.advance(29.9)
    world.ask(KEY)
    assert world.inspector.calls[KEY] == 1
    world.clock.advance(0.2)
    world.ask(KEY)
    assert world.inspector.calls[KEY] == 2


def test_answer_from_a_tag_that_was_seen_earlier_is_remembered_for_the_rest(world):
    world.inspector.images[KEY] = facts(observed_at="2026-11-25T00:00:00Z")
    world.clock._now = 1_795_564_800.0 + 20  # 2026-11-25T00:00:20Z
    world.ask(KEY)
    world.clock.advance(10.1)
    world.ask(KEY)
    assert world.inspector.calls[KEY] == 2


def test_answer_whose_date_cannot_be_read_is_remembered_for_a_moment(world):
    world.inspector.images[KEY] = facts(observed_at="yesterday")
    world.ask(KEY)
    world.clock.advance(limits.PASSING_SECONDS + 0.1)
    world.ask(KEY)
    assert world.inspector.calls[KEY] == 2


def test_nothing_is_remembered_where_tags_are_not_believed():
    world = World(tag_ttl=0.0)
    for _ in range(2):
        world.ask(KEY)
        world.ask("registry.example/app-a:1", endpoint=Endpoint.MUTATE)
    assert world.inspector.calls == {KEY: 2, "registry.example/app-a:1": 2}


@pytest.mark.parametrize("reason", SENT)
def test_failure_is_remembered_while_it_lasts(world, reason):
    failing(world, reason)
    world.ask(KEY)
    world.clock.advance(0.9)
    world.ask(KEY)
    assert world.inspector.calls[KEY] == 1
    world.clock.advance(0.2)
    world.ask(KEY)
    assert world.inspector.calls[KEY] == (1 if reason.durable else 2)


def test_memory_is_bounded():
    world = World(memory_bytes=100_000)
    for number in range(1000):
        world.ask(f"registry.example/app-{number}")
    assert world.batch.memory.used <= 100_000
    assert len(world.batch.memory) > 10


def test_no_work_is_kept_when_all_is_done(world):
    for number in range(100):
        world.ask(f"registry.example/app-{number}", "Bad Reference")
    assert world.batch._flights == {}


# 7. Nothing else gets out


def test_what_nobody_expected_is_internal_and_its_cause_is_logged(world):
    world.inspector.failures[KEY] = RuntimeError("Bearer c2VjcmV0LXNlY3JldA== went wrong")
    answer = world.ask(KEY, OTHER)
    assert set(answer.values) == {OTHER}
    assert answer.reasons() == {ref(KEY): "Internal"}
    (line,) = world.events("key.failed")
    assert (line["ref"], line["level"]) == (ref(KEY), "error")
    assert "RuntimeError" in str(line["exception"])
    assert "c2VjcmV0" not in world.stream.getvalue()


plain = st.sampled_from([KEY, OTHER, "alpine", "Bad Reference", ""])
questions = st.builds(lambda image, config: key_of(FactQuestion(image, config)), plain, st.booleans())
keys = st.lists(plain | questions | st.text() | st.just("{}") | st.just('{"v":9}'), max_size=8)


@given(keys, st.sampled_from(Endpoint), st.booleans(), st.sampled_from([None, *SENT]))
def test_answer_covers_exactly_the_keys_that_were_asked(asked, endpoint, late, reason):
    world = World()
    world.pool.holding = late
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
