"""The steps of an answer: what was asked of whom, as whom, and what that took."""

from __future__ import annotations

import asyncio

import pytest

from provider.errors import ImageError
from provider.questions import item_key
from provider.questions.question import FactQuestion
from provider.registry.call import Call
from provider.registry.credentials.credential import ANONYMOUS, Credential
from tests.simulators.steps import StepList
from tests.unit.images.world import IMAGE, OLD

PRIVATE = Credential("me", "the-password", name="auths['reg.io'] of config.json")


class Account:
    """Who we are at every registry."""

    def __init__(self, credential: Credential = ANONYMOUS) -> None:
        self._credential = credential

    async def prepare(self, registry: str, repository: str) -> None:
        pass

    def of(self, registry: str, repository: str) -> Credential:
        return self._credential


@pytest.fixture
def steps(world):
    """The steps of an answer, or of no answer."""

    def steps(image=IMAGE, credential=ANONYMOUS):
        recorder = StepList()
        call = world.call()
        call.recorder, call.credentials = recorder, Account(credential)
        try:
            world.loop.run(world.inspector.inspect(item_key.of(FactQuestion(image)), call))
        except ImageError as error:
            recorder.failed = error
        return recorder

    return steps


def test_single_image_takes_its_manifest_and_its_configuration(world, steps):
    world.push("v1")
    assert steps().told("asked", "purpose", "method", "source", "host", "trip", "status", "account") == [
        ("manifest", "image", "GET", "registry", "reg.io", 1, 200, "anonymous"),
        ("blob", "configuration", "GET", "registry", "reg.io", 2, 200, "anonymous"),
    ]


def test_index_takes_three_trips_one_after_the_other(world, steps):
    world.index(world.push(), world.push(created=OLD, architecture="arm64"))
    assert steps().told("asked", "purpose", "trip") == [
        ("index", "image", 1),
        ("manifest", "platform", 2),
        ("manifest", "platform", 2),
        ("blob", "configuration", 3),
        ("blob", "configuration", 3),
    ]


def test_what_was_looked_at_before_takes_no_trip_and_a_tag_that_got_old_takes_a_head(world, steps):
    world.push("v1")
    steps()
    assert steps().told("asked", "source", "method", "trip", "account") == [
        ("tag", "memory", "", 0, ""),
        ("manifest", "memory", "", 0, ""),
        ("blob", "memory", "", 0, ""),
    ]
    world.clock.advance(31)
    assert steps().told("asked", "source", "method", "trip") == [
        ("manifest", "registry", "HEAD", 1),
        ("blob", "memory", "", 0),
    ]


def test_bytes_and_milliseconds_are_those_of_the_answer(world, steps):
    pushed = world.push("v1")
    world.registry.delay = 0.25
    manifest, _ = steps().steps
    assert manifest.bytes == pushed.size
    assert manifest.ms == pytest.approx(250, abs=1)
    assert manifest.what == "manifest of reg.io/team/app:v1"


def test_token_is_a_step_and_the_credential_stands_with_its_name_where_it_was_shown(world, steps):
    world.push("v1")
    world.registry.require_token("https://reg.io/token")
    found = steps(credential=PRIVATE)
    name = "auths['reg.io'] of config.json"
    assert found.told("asked", "status", "account", "trip") == [
        ("manifest", 401, "anonymous", 1),
        ("token", 200, name, 2),
        ("manifest", 200, name, 3),
        ("blob", 200, name, 4),
    ]


def test_no_step_has_a_secret(world, steps):
    world.push("v1")
    world.registry.require_token("https://reg.io/token")
    found = steps(credential=PRIVATE)
    text = repr(found.steps) + repr([step.to_json() for step in found.steps])
    assert not [secret for secret in ("the-password", PRIVATE.basic, "Bearer") if secret in text]


def test_where_blobs_lie_no_credential_is_shown(world, steps):
    world.push("v1")
    world.registry.challenge, world.registry.authorizations = 'Basic realm="r"', {PRIVATE.basic}
    world.registry.blob_location = lambda digest: f"https://blobs.example/store/{digest}"
    assert steps(credential=PRIVATE).told("host", "status", "account")[-2:] == [
        ("reg.io", 307, PRIVATE.name),
        ("blobs.example", 200, "anonymous"),
    ]


def test_work_of_another_caller_is_a_step_without_a_trip(world):
    world.push("v1")
    world.registry.delay = 0.5

    async def both():
        calls: list[Call] = [world.call(), world.call()]
        for call in calls:
            call.recorder = StepList()
        key = item_key.of(FactQuestion(IMAGE))
        await asyncio.gather(*(world.inspector.inspect(key, call) for call in calls))
        return [call.recorder for call in calls]

    first, second = world.loop.run(both())
    assert first.told("source", "trip") == [("registry", 1), ("registry", 2)]
    assert second.told("asked", "source", "trip") == [("tag", "flight", 0), ("blob", "flight", 0)]
    assert [step.ms for step in second.steps] == pytest.approx([500, 500], abs=1)


def test_request_without_an_answer_says_why(world, steps):
    world.push("v1")
    world.registry.fail("manifest", how="silent")
    (step,) = steps().steps
    assert (step.status, step.reason, step.trip) == (None, "Timeout", 1)


def test_refusal_has_its_status(world, steps):
    assert steps().told("asked", "status", "reason") == [("manifest", 404, "")]


def test_registry_that_is_left_alone_is_a_step_that_was_not_sent(world, steps):
    world.push("v1")
    world.registry.fail("manifest", 429, headers={"Retry-After": "30"})
    assert steps().told("status", "reason", "trip") == [(429, "Throttled", 1)]
    assert steps().told("status", "reason", "trip", "source") == [(None, "Throttled", 0, "registry")]
