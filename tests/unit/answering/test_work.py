"""The rules of `provider.answering.work`: what is worked on, for how long, and what is remembered."""

from __future__ import annotations

import json

import pytest

from provider import limits
from provider.answering.work import Work, Works
from provider.errors import ImageError
from provider.questions import item_key
from provider.questions.answer import Proofs
from provider.questions.item_key import ItemKey, KeyKind
from provider.questions.puller import Puller
from provider.questions.question import FactQuestion, key_of, ref
from provider.reasons import EXPLANATIONS, Lifetime, Reason
from provider.registry.credentials.credentials import NoCredentials
from tests.simulators.inspector import DIGEST, facts
from tests.unit.conftest import TAG_TTL, World

IMAGE = "registry.example/app:1"
OTHER = "registry.example/other:1"
SENT = [reason for reason in Reason if EXPLANATIONS[reason].lifetime is not Lifetime.VERDICT]


def question(text: str = IMAGE) -> ItemKey:
    return item_key.read(KeyKind.QUESTION, text)


def tag(text: str = IMAGE) -> ItemKey:
    return item_key.read(KeyKind.TAG, text)


def asked(world: World, key: ItemKey | None = None, *, audit: bool = False) -> Work:
    """Join the work on a key or begin it, as a call does, and let it do what needs no time."""

    async def ask() -> Work:
        one = key or question()
        return world.works.join(one) or world.works.begin(one, "caller", audit=audit)

    work = world.loop.run(ask())
    world.loop.settle()
    return work


def failing(world: World, error: Exception) -> None:
    world.inspector.failures[IMAGE] = error


def test_steps_go_to_who_wants_to_know_them_under_the_keys_ref(world, monkeypatch):
    monkeypatch.setattr(world.observation, "recorder", lambda ref: f"recorder of {ref}")
    keys = [question(), tag()]
    for key in keys:
        asked(world, key)
    assert world.inspector.recorders == [f"recorder of {key.ref}" for key in keys]


def test_what_was_said_to_audit_alone_is_remembered_for_nobody(world):
    failing(world, ImageError(Reason.THROTTLED, "few requests are left", audit_only=True))
    assert asked(world, audit=True).result.reason is Reason.THROTTLED
    world.inspector.failures.clear()
    assert asked(world).result.reason is None


def test_admission_waits_less_for_a_busy_registry_than_audit(world):
    for audit in (False, True):
        asked(world, question(f"registry.example/app:{audit}"), audit=audit)
    assert world.inspector.patiences == [limits.ADMISSION_PATIENCE_SECONDS, limits.AUDIT_PATIENCE_SECONDS]


# One for each question, whoever asks


def test_question_that_is_worked_on_is_joined(world):
    world.inspector.holding = True
    work = asked(world)
    assert work.result is None
    assert asked(world) is work
    world.inspector.release()
    world.loop.settle()
    assert json.loads(work.result.item)["value"]["digest"] == DIGEST
    assert world.inspector.calls[IMAGE] == 1


def test_question_and_tag_of_the_same_text_are_two(world):
    world.inspector.holding = True
    assert asked(world) is not asked(world, tag())


def test_what_is_remembered_is_finished_at_once(world):
    first = asked(world)
    world.clock.advance(1.0)
    again = asked(world)
    assert again.result is first.result
    assert again.finished_at == again.begun == world.clock.monotonic()


def test_work_has_the_claim_of_who_asked_first(world):
    world.inspector.holding = True
    work = asked(world, audit=True)
    (claim,) = world.inspector.claims
    assert claim is work.claim
    assert (claim.caller, claim.audit) == ("caller", True)


def test_request_has_the_short_name_of_its_key_and_the_deadline_of_the_work(world, monkeypatch):
    calls = []
    inspect = world.inspector.inspect
    monkeypatch.setattr(world.inspector, "inspect", lambda key, call: calls.append(call) or inspect(key, call))
    asked(world)
    assert calls[0].ref == ref(IMAGE)
    assert calls[0].deadline.at == world.clock.monotonic() + limits.WORK_SECONDS


def test_who_waits_is_called_once_and_with_the_result(world):
    world.inspector.delays[IMAGE] = 1.0
    work = asked(world)
    results = []
    work.watchers.add(lambda finished: results.append(finished.result))
    world.loop.run_for(2.0)
    assert results == [work.result]
    assert work.result is not None
    assert work.watchers == set()


def test_who_waits_may_go_while_others_are_called(world):
    world.inspector.delays[IMAGE] = 1.0
    work = asked(world)
    called = []
    for number in range(3):
        work.watchers.add(lambda finished, number=number: (called.append(number), finished.watchers.clear()))
    world.loop.run_for(2.0)
    assert sorted(called) == [0, 1, 2]


# Work goes on after its callers have gone, for a time


def test_work_ends_when_it_has_had_its_time(world):
    world.inspector.holding = True
    work = asked(world)
    world.loop.run_for(limits.WORK_SECONDS - 0.1)
    assert work.result is None
    world.loop.run_for(limits.WORK_SWEEP_SECONDS + 0.2)
    assert work.result.reason is Reason.TIMEOUT
    assert "registry.example has not answered in time" in work.result.problem
    assert len(world.works) == 0


def test_younger_work_has_its_own_time(world):
    world.inspector.holding = True
    old = asked(world)
    world.loop.run_for(10.0)
    young = asked(world, question(OTHER))
    world.loop.run_for(limits.WORK_SECONDS - 10.0 + limits.WORK_SWEEP_SECONDS)
    assert old.result is not None
    assert young.result is None
    world.loop.run_for(10.0)
    assert young.result.reason is Reason.TIMEOUT


def test_nothing_looks_for_late_work_when_all_is_done(world):
    asked(world)
    world.loop.run_for(2 * limits.WORK_SWEEP_SECONDS)
    assert world.works._sweeping is None
    world.inspector.holding = True
    late = asked(world, question(OTHER))
    world.loop.run_for(limits.WORK_SECONDS + limits.WORK_SWEEP_SECONDS)
    assert late.result.reason is Reason.TIMEOUT


def test_no_work_is_kept_when_all_is_done(world):
    for number in range(100):
        asked(world, question(f"registry.example/app-{number}:1"), audit=number % 2 == 0)
    assert len(world.works) == 0
    assert world.works._audit == 0


# Not more than there is room for


def test_question_beyond_the_bound_is_told_at_once_and_not_remembered(world, monkeypatch):
    monkeypatch.setattr(limits, "QUESTIONS", 2)
    world.inspector.holding = True
    asked(world, question("registry.example/a1"))
    asked(world, question("registry.example/a2"))
    refused = asked(world)
    assert refused.result.reason is Reason.OVERLOADED
    assert refused.finished_at == refused.begun
    assert world.inspector.calls[IMAGE] == 0
    world.inspector.release()
    world.loop.settle()
    assert asked(world).result.reason is None


def test_audit_leaves_room_for_admission(world, monkeypatch):
    monkeypatch.setattr(limits, "AUDIT_QUESTIONS", 1)
    world.inspector.holding = True
    asked(world, question("registry.example/a1"), audit=True)
    assert asked(world, audit=True).result.reason is Reason.OVERLOADED
    assert asked(world).result is None


def test_audit_has_room_again_when_its_work_is_done(world, monkeypatch):
    monkeypatch.setattr(limits, "AUDIT_QUESTIONS", 1)
    for number in range(3):
        assert asked(world, question(f"registry.example/app-{number}"), audit=True).result.reason is None


def test_admission_that_joins_audits_work_does_not_free_its_place_twice(world, monkeypatch):
    monkeypatch.setattr(limits, "AUDIT_QUESTIONS", 1)
    world.inspector.holding = True
    work = asked(world, audit=True)
    work.claim.hurry()
    world.inspector.release()
    world.loop.settle()
    world.inspector.holding = True
    assert asked(world, question("registry.example/a1"), audit=True).result is None
    assert asked(world, question("registry.example/a2"), audit=True).result.reason is Reason.OVERLOADED


# What is remembered


def test_answer_is_remembered_as_long_as_the_tag_is_believed(world):
    asked(world)
    world.clock.advance(TAG_TTL - 0.1)
    asked(world)
    assert world.inspector.calls[IMAGE] == 1
    world.clock.advance(0.2)
    asked(world)
    assert world.inspector.calls[IMAGE] == 2


def test_answer_from_a_tag_that_was_seen_earlier_is_remembered_for_the_rest(world):
    world.inspector.images[IMAGE] = facts(observed_at="2026-11-25T00:00:00Z")
    world.clock._now = 1_795_564_800.0 + TAG_TTL - 10
    asked(world)
    world.clock.advance(9.9)
    asked(world)
    assert world.inspector.calls[IMAGE] == 1
    world.clock.advance(0.2)
    asked(world)
    assert world.inspector.calls[IMAGE] == 2


def test_answer_from_a_tag_that_was_seen_too_long_ago_is_not_remembered(world):
    world.inspector.images[IMAGE] = facts(observed_at="2020-01-01T00:00:00Z")
    assert asked(world).result.reason is None
    assert len(world.memory) == 0


def test_answer_that_was_seen_in_the_future_is_remembered_no_longer_than_others(world):
    world.inspector.images[IMAGE] = facts(observed_at="2099-01-01T00:00:00Z")
    asked(world)
    world.clock.advance(TAG_TTL + 0.1)
    asked(world)
    assert world.inspector.calls[IMAGE] == 2


def test_answer_whose_date_cannot_be_read_is_remembered_for_a_moment(world):
    world.inspector.images[IMAGE] = facts(observed_at="yesterday")
    asked(world)
    world.clock.advance(limits.PASSING_SECONDS - 0.1)
    asked(world)
    assert world.inspector.calls[IMAGE] == 1
    world.clock.advance(0.2)
    asked(world)
    assert world.inspector.calls[IMAGE] == 2


@pytest.mark.parametrize("tag_ttl", [2.0, TAG_TTL])
def test_what_a_tag_was_resolved_to_is_remembered_for_a_few_seconds_at_most(make_world, tag_ttl):
    world = make_world(tag_ttl=tag_ttl)
    asked(world, tag())
    world.clock.advance(min(tag_ttl, limits.RESOLVED_SECONDS) - 0.1)
    asked(world, tag())
    assert world.inspector.calls[IMAGE] == 1
    world.clock.advance(0.2)
    asked(world, tag())
    assert world.inspector.calls[IMAGE] == 2


def test_nothing_is_remembered_where_tags_are_not_believed(make_world):
    world = make_world(tag_ttl=0.0)
    for _ in range(2):
        asked(world)
        asked(world, tag(OTHER))
    assert world.inspector.calls == {IMAGE: 2, OTHER: 2}


@pytest.mark.parametrize("reason", SENT)
def test_failure_is_remembered_while_it_lasts(world, reason):
    failing(world, ImageError(reason, "a sentence"))
    asked(world)
    world.clock.advance(limits.PASSING_SECONDS - 0.1)
    assert asked(world).result.reason is reason
    assert world.inspector.calls[IMAGE] == 1
    world.clock.advance(0.2)
    asked(world)
    assert world.inspector.calls[IMAGE] == (1 if reason.durable else 2)
    world.clock.advance(TAG_TTL)
    calls = world.inspector.calls[IMAGE]
    asked(world)
    assert world.inspector.calls[IMAGE] == calls + 1


def test_work_that_had_its_time_is_begun_again_after_a_moment(world):
    world.inspector.holding = True
    late = asked(world)
    while late.result is None:
        world.loop.run_for(0.1)
    world.inspector.holding = False
    assert asked(world).result is late.result
    world.clock.advance(limits.PASSING_SECONDS)
    assert asked(world).result.reason is None


def test_what_nobody_expected_is_remembered_for_a_moment(world):
    failing(world, RuntimeError("so it goes"))
    first = asked(world)
    assert asked(world).result is first.result
    world.clock.advance(limits.PASSING_SECONDS)
    asked(world)
    assert world.inspector.calls[IMAGE] == 2


def test_memory_is_bounded(make_world):
    world = make_world(memory_bytes=100_000)
    for number in range(300):
        asked(world, question(f"registry.example/app-{number}"))
    assert world.memory.used <= 100_000
    assert len(world.memory) > 10


# What nobody expected


def test_what_nobody_expected_is_internal_passing_and_its_cause_is_logged(world):
    failing(world, RuntimeError("Bearer c2VjcmV0LXNlY3JldA== went wrong"))
    result = asked(world).result
    assert (result.reason, result.item) == (Reason.INTERNAL, None)
    (line,) = world.events("key.failed")
    assert (line["ref"], line["image"], line["level"]) == (ref(IMAGE), IMAGE, "error")
    assert "RuntimeError" in str(line["exception"])
    assert "c2VjcmV0" not in world.stream.getvalue()
    assert "RuntimeError" not in result.problem


def test_time_that_ran_out_within_the_work_is_nothing_that_was_expected(world):
    failing(world, TimeoutError())
    assert asked(world).result.reason is Reason.INTERNAL
    assert list(world.events("key.failed"))


def test_answer_that_cannot_be_written_down_is_a_durable_failure(world):
    world.inspector.images[IMAGE] = facts(config={"a": float("nan")})
    result = asked(world, question(key_of(FactQuestion(IMAGE, config=True)))).result
    assert result.reason is Reason.CONTENT_INVALID
    assert not list(world.events("key.failed"))


def test_proofs_that_may_be_incomplete_are_remembered_for_a_moment(world, monkeypatch):
    """A policy that wants the signature that could not be had shall not deny for as long as tags are believed."""
    proofs = Proofs(IMAGE, DIGEST, f"registry.example/app@{DIGEST}", [], "2026-11-24T22:40:00Z", complete=False)
    monkeypatch.setattr(world.inspector, "inspect", lambda *_: _given(proofs))
    asked(world)
    world.clock.advance(limits.PASSING_SECONDS - 0.1)
    assert world.memory.get(question().name) is not None
    world.clock.advance(0.2)
    assert world.memory.get(question().name) is None


async def _given(answer):
    return answer


def test_question_is_asked_with_the_credentials_of_the_settings(world):
    asked(world)
    [credentials] = world.inspector.credentials
    assert credentials.of("registry.example", "app").anonymous


def test_time_of_a_failure_is_what_it_took(world):
    world.inspector.delays[IMAGE] = 0.5
    failing(world, ImageError(Reason.NOT_FOUND, "it is not there"))
    work = asked(world)
    world.loop.run_for(1)
    assert work.result.log_fields["ms"] == pytest.approx(500)


def test_time_of_an_answer_is_what_it_took(world):
    world.inspector.delays[IMAGE] = 0.5
    work = asked(world)
    world.loop.run_for(1)
    assert work.result.log_fields["ms"] == pytest.approx(500)


# While a registry is away


@pytest.mark.parametrize("key", [question(), tag()], ids=["question", "tag"])
def test_what_was_seen_before_a_registry_went_away_is_an_item_and_is_asked_again_soon(world, key):
    world.inspector.stale = True
    found = asked(world, key).result
    assert (found.reason, found.stale, found.log_fields["stale"]) == (None, True, True)
    world.clock.advance(limits.RESOLVED_SECONDS)
    world.inspector.stale = False
    again = asked(world, key).result
    assert (again.stale, "stale" in again.log_fields) == (False, False)


def test_question_is_asked_by_whoever_it_names(world):
    """The credentials of the settings are not taken for those of a Pod."""
    pod = object()

    class Askers:
        def of(self, asked):
            return pod if asked.puller is not None else NoCredentials()

    works = Works(world.inspector, NoCredentials(), world.memory, world.observation, world.clock, 30, Askers())

    async def ask(key):
        return works.begin(key, "caller", audit=False)

    for puller in (Puller("shop", "", ("regcred",)), None):
        world.loop.run(ask(item_key.of(FactQuestion(IMAGE, puller=puller))))
        world.loop.settle()
    first, second = world.inspector.credentials
    assert first is pod
    assert second is not pod
