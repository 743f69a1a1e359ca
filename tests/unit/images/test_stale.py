"""While a registry is away what was seen before is answered, and says so; what a registry says is always believed."""

import pytest

from provider import limits
from provider.reasons import Reason
from tests.unit.images.world import World

LATER = "2026-02-02T00:00:00Z"
STALE = 3600.0


@pytest.fixture
def world():
    world = World(stale_seconds=STALE)
    world.push("v1")
    yield world
    world.loop.finish()


@pytest.fixture
def seen(world):
    """The image was seen, and the tag is not believed any more."""
    answer = world.ask()
    world.clock.advance(31)
    return answer


# Nobody there; a connection and then nothing; an error of its own; come back later.
AWAY = [("unreachable", 500), ("close", 500), ("silent", 500), ("answer", 500), ("answer", 503), ("answer", 429)]


@pytest.mark.parametrize(("how", "status"), AWAY)
def test_registry_that_is_away_is_no_outage(world, seen, how, status):
    world.registry.fail("any", status, how=how)
    found = world.ask()
    assert (found.digest, found.created, found.observed_at) == (seen.digest, seen.created, seen.observed_at)
    assert (found.stale, seen.stale) == (True, False)
    assert found.to_json("r")["stale"] is True
    assert "stale" not in seen.to_json("r")


@pytest.mark.parametrize(("how", "status"), AWAY)
def test_tag_is_resolved_for_a_mutation_too(world, seen, how, status):
    world.registry.fail("any", status, how=how)
    assert world.resolve("reg.io/team/app:v1") == f"reg.io/team/app:v1@{seen.digest}"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, Reason.UNAUTHORIZED), (403, Reason.UNAUTHORIZED), (404, Reason.NOT_FOUND)],
)  # fmt: skip
def test_no_of_a_registry_is_believed_at_once_and_when_it_is_away_after_it(world, seen, status, reason):
    world.registry.fail("manifest", status)
    assert world.refused().reason is reason
    world.registry.heal()
    world.registry.fail("any", 503)
    assert world.refused().reason is Reason.REGISTRY_UNAVAILABLE


def test_what_is_older_is_not_answered(world, seen):
    world.clock.advance(STALE)
    world.registry.fail("any", 503)
    assert world.refused().reason is Reason.REGISTRY_UNAVAILABLE


def test_what_was_never_seen_is_not_answered(world):
    world.registry.fail("any", how="unreachable")
    assert not world.refused().reason.durable


def test_it_can_be_switched_off():
    world = World(stale_seconds=0.0)
    world.push("v1")
    world.ask()
    world.clock.advance(31)
    world.registry.fail("any", 503)
    assert world.refused().reason is Reason.REGISTRY_UNAVAILABLE
    world.loop.finish()


def test_silence_is_waited_for_a_part_of_the_wait_only(world, seen):
    world.registry.fail("any", how="silent")
    began = world.clock.monotonic()
    assert world.ask().stale
    assert world.clock.monotonic() - began == pytest.approx(limits.STALE_WAIT_SECONDS, abs=0.01)


def test_look_up_goes_on_so_that_the_next_question_finds_what_it_gave(world, seen):
    world.registry.delay = 2 * limits.STALE_WAIT_SECONDS
    assert world.ask().stale
    world.loop.run_for(2)
    world.registry.requests.clear()
    found = world.ask()
    assert not found.stale
    assert world.registry.requests == []


def test_registry_that_is_back_is_believed(world, seen):
    world.registry.fail("any", 503)
    assert world.ask().stale
    world.registry.heal()
    moved = world.push("v1", LATER)
    found = world.ask()
    assert (found.digest, found.stale) == (moved.digest, False)


def test_digest_is_never_stale(world, seen):
    world.registry.fail("any", how="unreachable")
    assert not world.ask(f"reg.io/team/app@{seen.digest}").stale


def test_mismatch_is_no_absence(world, seen):
    """A registry that sends something else is there, and lies."""
    moved = world.push("v1", LATER)
    world.registry.tamper("team/app", moved.digest, b"{}")
    assert world.refused().reason is Reason.REGISTRY_UNAVAILABLE
