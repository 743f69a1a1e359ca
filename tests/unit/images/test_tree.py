"""The way through an image: how many requests, how deep, how wide, what keeps us from an answer."""

from __future__ import annotations

import asyncio
import gc

import pytest

from provider import limits
from provider.errors import ImageError
from provider.images import leaf
from provider.questions import item_key
from provider.questions.question import FactQuestion
from provider.reasons import Reason
from provider.registry.client import Content
from provider.registry.content import media_types
from provider.registry.memory import documents
from tests.simulators.registry import descriptor
from tests.unit.images.world import FRESH, IMAGE, OLD, World

PLAIN_TYPES = sorted(media_types.VAGUE)


def test_what_a_registry_says_to_audit_alone_stays_so_in_policy_controllers_words(world):
    world.index(world.push(), world.push(architecture="arm64"))
    call = world.call()
    call.claim.audit = True
    world.registry.quota = {"RateLimit-Limit": "100;w=60", "RateLimit-Remaining": "3;w=60"}
    with pytest.raises(ImageError) as caught:
        world.loop.run(world.inspector.inspect(item_key.of(FactQuestion(IMAGE, config=True)), call))
    assert (caught.value.reason, caught.value.audit_only) == (Reason.THROTTLED, True)


# The cold path, sequential requests; then from memory.


def test_single_image_takes_two_round_trips(world):
    world.push("v1")
    world.ask()
    world.ask()
    assert world.trips.counts == [2, 0]
    assert world.registry.counts == {"manifest": 1, "blob": 1}


def test_index_takes_three_round_trips_however_many_children_it_has(world):
    world.index(*[world.push(architecture=f"a{n}") for n in range(5)])
    world.ask()
    world.ask()
    assert world.trips.counts == [3, 0]
    assert world.registry.counts == {"manifest": 6, "blob": 5}


def test_index_within_an_index_takes_two_more(world):
    inner = world.index(world.push(created=OLD, architecture="arm64"), tag=None)
    world.index(inner, world.push())
    world.ask()
    assert world.trips.counts == [5]


def test_known_digest_takes_two(world):
    pushed = world.push("v1")
    world.ask(f"reg.io/team/app@{pushed.digest}")
    assert world.trips.counts == [2]


def test_token_takes_two_more_once(world):
    world.push("v1")
    world.push("v2", created=OLD)
    world.registry.require_token("https://reg.io/token")
    world.ask()
    world.ask("reg.io/team/app:v2")
    assert world.trips.counts == [4, 2]


def test_redirected_blob_takes_one_more(world):
    world.push("v1")
    world.registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
    world.ask()
    assert world.trips.counts == [3]


def test_children_with_one_configuration_share_it(world):
    first = world.push()
    world.index(first, first)
    world.ask()
    assert world.registry.counts == {"manifest": 2, "blob": 1}


def test_configuration_is_fetched_before_its_siblings_manifests_are_there(world):
    quick, slow = world.push(), world.push(architecture="arm64")
    world.index(quick, slow)
    world.registry.fail("manifest", how="silent", match=slow.digest)
    with pytest.raises(ImageError):
        world.ask(seconds=0.5)
    assert world.registry.counts["blob"] == 1


# What is visited.


def test_nested_index_is_followed(world):
    inner = world.index(world.push(created=OLD, architecture="arm64"), tag=None)
    world.index(inner, world.push())
    facts = world.ask()
    assert set(facts.platforms) == {"linux/arm64", "linux/amd64"}
    assert facts.created == OLD


@pytest.mark.parametrize("media_type", PLAIN_TYPES)
@pytest.mark.parametrize("platform", [True, False])
def test_old_child_that_the_index_gives_no_type_of_is_not_passed_over(world, media_type, platform):
    entry = descriptor(world.push(created=OLD)) | {"mediaType": media_type}
    if not platform:
        del entry["platform"]
    world.index(world.push(architecture="arm64"), entry)
    assert world.ask().created == OLD


def test_old_child_without_the_field_is_not_passed_over(world):
    entry = descriptor(world.push(created=OLD))
    del entry["mediaType"]
    world.index(world.push(architecture="arm64"), entry)
    assert world.ask().created == OLD


@pytest.mark.parametrize("media_type", PLAIN_TYPES)
def test_index_within_an_index_that_nobody_calls_one_is_followed(world, media_type):
    inner = descriptor(world.index(world.push(created=OLD), tag=None)) | {"mediaType": media_type}
    world.index(world.push(architecture="arm64"), inner)
    assert world.ask().created == OLD


def test_child_that_the_index_calls_something_else_is_judged_if_it_has_a_platform(world):
    """CRI-O and Docker choose by the platform, whatever the type."""
    entry = descriptor(world.push(created=OLD)) | {"mediaType": "application/vnd.example+json"}
    world.index(world.push(architecture="arm64"), entry)
    assert world.ask().created == OLD


def test_child_of_a_foreign_type_without_a_platform_is_left_out(world):
    entry = {"mediaType": "application/vnd.example+json", "digest": "sha256:" + "e" * 64, "size": 2}
    world.index(world.push(), entry)
    assert world.ask().created == FRESH
    assert world.registry.counts == {"manifest": 2, "blob": 1}


# How deep, how wide.


def test_indexes_within_indexes_end(world):
    inner = world.index(world.push(), tag=None)
    for depth in range(limits.INDEX_DEPTH):
        inner = world.index(inner, tag=f"deep{depth}")
    assert world.ask(f"reg.io/team/app:deep{limits.INDEX_DEPTH - 2}").created == FRESH
    error = world.refused(f"reg.io/team/app:deep{limits.INDEX_DEPTH - 1}")
    assert error.reason is Reason.CONTENT_INVALID
    assert "more than 3 deep" in error.message


def test_index_of_too_many_is_refused_without_a_further_request(world):
    image = world.push()
    world.index(*[image] * (limits.INDEX_MANIFESTS + 1))
    assert world.refused().reason is Reason.LIMIT_EXCEEDED
    assert world.registry.counts == {"manifest": 1}


def test_indexes_that_are_too_wide_together_are_refused(world):
    image = world.push()
    inner = [world.index(*[image] * (10 + n), tag=None) for n in range(9)]
    world.index(*inner)
    error = world.refused()
    assert error.reason is Reason.LIMIT_EXCEEDED
    assert "more than 100 manifests" in error.message
    assert world.registry.counts == {"manifest": 10}


def test_as_many_as_may_be_are_visited(world):
    world.index(*[world.push(architecture=f"a{n}") for n in range(limits.INDEX_MANIFESTS)])
    assert len(world.ask().platforms) == limits.INDEX_MANIFESTS


# What keeps us from an answer.


def test_platform_that_is_not_there_is_named_beside_those_that_are(world):
    """A sparse index, as mirrors keep one."""
    there, gone = world.push(), world.push(architecture="arm64")
    world.index(there, gone)
    world.registry.forget("team/app", gone.digest)
    found = world.ask().to_json("")
    assert found["platforms"]["linux/arm64"] == {"digest": gone.digest, "gone": True}
    assert found["platforms"]["linux/amd64"]["created"] == FRESH
    # Of the image as a whole nobody can say how old it is.
    assert found["created"] is found["createdNs"] is None


def test_platform_that_is_gone_counts_before_another_of_its_name(world):
    there, gone = world.push(), world.push(created="2020-01-01T00:00:00Z")
    world.index(there, gone)
    world.registry.forget("team/app", gone.digest)
    assert world.ask().to_json("")["platforms"] == {"linux/amd64": {"digest": gone.digest, "gone": True}}


def test_configuration_that_is_gone_takes_its_platform_along(world):
    there, gone = world.push(), world.push(architecture="arm64")
    world.index(there, gone)
    world.registry.forget("team/app", gone.config)
    assert world.ask().to_json("")["platforms"]["linux/arm64"] == {"digest": gone.digest, "gone": True}


def test_image_of_which_no_platform_is_there_has_no_answer(world):
    children = [world.push(), world.push(architecture="arm64")]
    world.index(*children)
    for child in children:
        world.registry.forget("team/app", child.digest)
    assert world.refused().reason is Reason.NOT_FOUND


def test_child_that_is_not_there_and_names_no_platform_leaves_the_image_without_an_answer(world):
    gone = world.push(architecture="arm64")
    world.index(world.push(), descriptor(gone) | {"platform": None})
    world.registry.forget("team/app", gone.digest)
    assert world.refused().reason is Reason.NOT_FOUND


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_platform_that_is_withheld_is_not_gone(world, status):
    away = world.push(architecture="arm64")
    world.index(world.push(), away)
    world.registry.fail("manifest", status, match=away.digest)
    assert world.refused().reason is not Reason.NOT_FOUND


def test_what_fails_for_now_comes_before_what_fails_for_good(world):
    gone = world.push(architecture="arm64")
    bad = world.registry.push_manifest("team/app", None, b"{}", media_types.OCI_MANIFEST)
    world.index(bad, gone)
    world.registry.forget("team/app", gone.digest)
    assert not world.refused().reason.durable
    assert not world.refused(config=True).reason.durable


@pytest.mark.parametrize("order", [1, -1])
def test_what_fails_for_now_comes_first_wherever_it_stands(world, order):
    bad = world.registry.push_manifest("team/app", None, b"{}", media_types.OCI_MANIFEST)
    away = world.push(architecture="arm64")
    world.index(*[bad, away][::order])
    world.registry.fail("manifest", 500, match=away.digest)
    assert world.refused().reason is Reason.REGISTRY_UNAVAILABLE
    world.registry.heal()
    assert world.refused().reason is Reason.CONTENT_INVALID


def test_missing_image_is_told_in_upstream_words(world):
    error = world.refused("reg.io/team/app:none", config=True)
    assert error.reason is Reason.NOT_FOUND
    assert error.message == (
        "failed to get ref reg.io/team/app:none : "
        "GET https://reg.io/v2/team/app/manifests/none: MANIFEST_UNKNOWN: manifest unknown"
    )


def test_missing_child_is_told_in_upstream_words(world):
    gone = world.push(architecture="arm64")
    world.index(world.push(), gone)
    world.registry.forget("team/app", gone.digest)
    error = world.refused(config=True)
    assert error.reason is Reason.NOT_FOUND
    assert error.message == (
        f"failed to get a ConfigFile: [failed to get ref reg.io/team/app@{gone.digest} : "
        f"GET https://reg.io/v2/team/app/manifests/{gone.digest}: MANIFEST_UNKNOWN: manifest unknown]"
    )


@pytest.mark.parametrize("named", ["config", "child"])
@pytest.mark.parametrize("off", [-1, 1])
def test_configuration_of_another_length_than_announced_is_refused(world, named, off):
    """No more is read than was announced, so one that is longer cannot be compared with its digest."""
    pushed = world.push("v1" if named == "config" else None)
    body = world.registry._blobs["team/app", pushed.config]
    config = {"mediaType": media_types.OCI_CONFIG, "digest": pushed.config, "size": len(body) + off}
    lying = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": config, "layers": []}
    child = world.registry.push_manifest("team/app", "v1" if named == "config" else None, lying)
    if named == "child":
        world.index(world.push(architecture="arm64"), child)
    assert world.refused().reason is (Reason.CONTENT_INVALID if off > 0 else Reason.REGISTRY_UNAVAILABLE)


# What it costs others.


def test_documents_of_children_are_let_go_of_when_they_are_read():
    world = World(memory_bytes=0)
    slow = world.push(architecture="slow")
    world.index(slow, *[world.push(architecture=f"a{n}") for n in range(20)])
    world.registry.fail("blob", how="silent", match=slow.config)
    gc.collect()
    before = _documents()
    asking = world.loop.create_task(world.inspect())
    world.loop.settle()
    assert world.registry.counts == {"manifest": 22, "blob": 21}
    # The index and the manifest of the one that is waited for, and no other.
    assert _documents() - before <= 2
    asking.cancel()
    world.loop.finish()


def _documents():
    return sum(isinstance(one, Content) for one in gc.get_objects())


@pytest.mark.parametrize("same_caller", [True, False])
def test_children_that_hang_do_not_hold_up_another_image_of_the_registry(world, same_caller):
    heavy = [world.registry.push_image("team/heavy", architecture=f"a{n}") for n in range(99)]
    world.registry.push_index("team/heavy", "v1", heavy)
    world.push("v1")
    world.registry.fail("manifest", how="silent", match="team/heavy/manifests/sha256:")
    caller = object()

    async def other():
        began = world.clock.monotonic()
        await asyncio.sleep(0.5)
        facts = await world.inspect(IMAGE, caller=caller if same_caller else object())
        return facts.created, world.clock.monotonic() - began - 0.5

    async def both():
        hanging = asyncio.ensure_future(world.inspect("reg.io/team/heavy:v1", caller=caller))
        found = await other()
        assert not hanging.done()
        assert world.registry.counts["manifest"] <= 2 + limits.REGISTRY_REQUESTS // 2
        with pytest.raises(ImageError) as caught:
            await hanging
        return (*found, caught.value.reason)

    created, seconds, reason = world.loop.run(both())
    assert (created, reason) == (FRESH, Reason.TIMEOUT)
    assert seconds < 0.01


@pytest.mark.parametrize(("size", "apart"), [(limits.STEP_BYTES + 1, True), (limits.STEP_BYTES // 4, False)])
def test_large_configurations_are_read_one_in_a_turn_of_the_loop(world, size, apart, monkeypatch):
    notes = [{"created_by": "x" * size}]
    children = [world.push(architecture=f"a{n}", history=notes) for n in range(10)]
    steps = _steps(monkeypatch, leaf, "read", world.loop)
    world.registry.delay = 0.1
    world.index(*children)
    assert len(world.ask().platforms) == 10
    assert len(steps) == 10
    # All of them came at the same moment.
    assert len(set(steps)) == (10 if apart else 1)


def test_large_indexes_are_read_one_in_a_turn_of_the_loop(world, monkeypatch):
    image = world.push()
    note = {"annotations": {"note": "x" * limits.STEP_BYTES}}
    inner = [world.index(descriptor(image) | note | {"size": n}, tag=None) for n in range(5)]
    steps = _steps(monkeypatch, documents, "parsed", world.loop)
    world.registry.delay = 0.1
    world.index(*inner)
    world.ask()
    assert len(set(steps[1:6])) == 5


def _steps(monkeypatch, module, name, loop):
    """In which turn of the loop each call of a function is, which takes longer than one turn has for steps."""
    steps = []
    function = getattr(module, name)

    def step(*arguments, **more):
        steps.append(loop.turns)
        loop.clock.advance(2 * limits.PACE_SECONDS)
        return function(*arguments, **more)

    monkeypatch.setattr(module, name, step)
    return steps


def test_manifests_are_counted_over_all_levels(world):
    image = world.push()
    inner = world.index(*[image] * (limits.INDEX_MANIFESTS // 2), tag=None)
    world.index(inner, *[image] * (limits.INDEX_MANIFESTS // 2))
    error = world.refused()
    assert error.reason is Reason.LIMIT_EXCEEDED
    assert f"more than {limits.INDEX_MANIFESTS} manifests" in error.message


def test_facts_tell_of_a_child_in_its_own_words(world):
    """Policy-controller's words are for its document, which facts alone do not ask for."""
    gone = world.push()
    world.index(gone)
    world.registry.forget("team/app", gone.digest)
    message = world.refused().message
    assert "ConfigFile" not in message
    assert gone.digest in message
