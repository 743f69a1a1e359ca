"""What a registry's "no" is worth: a 404 counts only for who has had this digest from it before."""

import pytest

from provider.reasons import Reason
from provider.registry.credentials.credential import Credential
from provider.registry.presence import PRESENT, PresenceState
from provider.registry.reference import parse
from provider.registry.store import Store

ME, YOU = Credential("me", "secret"), Credential("you", "secret")


@pytest.fixture
def image(registry):
    pushed = registry.push_image("team/app", "v1")
    return parse(f"reg.io/team/app@{pushed.digest}")


@pytest.fixture
def store(client, clock, observer):
    return Store(client, clock, observer, memory_bytes=1 << 20, tag_ttl=30.0)


@pytest.fixture
def look(run, store, make_call):
    """The answer about a reference, by a credential."""
    return lambda reference, credential=ME: run(store.presence(reference, make_call(reg_io=credential)))


def test_what_is_there_costs_one_head_each_time(look, registry, image):
    assert [look(image), look(image)] == [PRESENT, PRESENT]
    assert registry.counts == {"HEAD manifest": 2}


def test_what_was_there_when_it_was_looked_at_before_is_gone(look, registry, image):
    look(image)
    registry.forget("team/app", image.digest)
    found = look(image)
    assert (found.state, found.reason) == (PresenceState.GONE, Reason.NOT_FOUND)
    assert found.message == f"reg.io had {image.name}, and has it no more"


def test_what_somebody_has_read_before_is_gone_after_a_second_question(look, run, store, make_call, registry, image):
    run(store.manifest(image, make_call(reg_io=ME)))
    registry.forget("team/app", image.digest)
    registry.requests.clear()
    assert look(image).state is PresenceState.GONE
    assert registry.counts == {"HEAD manifest": 1, "manifest": 1}


def test_registry_that_knows_no_head_has_lost_nothing(look, run, store, make_call, registry, image):
    run(store.manifest(image, make_call(reg_io=ME)))
    registry.fail("manifest", 404, times=1)
    assert look(image) == PRESENT


def test_404_to_a_stranger_is_no_answer(look, registry, image):
    look(image, YOU)
    registry.forget("team/app", image.digest)
    found = look(image, ME)
    assert (found.state, found.reason) == (PresenceState.UNKNOWN, Reason.NOT_FOUND)
    assert "has not seen it there before" in found.message


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_what_is_no_404_is_no_answer(look, registry, image, status):
    look(image)
    registry.fail("any", status)
    assert look(image).state is PresenceState.UNKNOWN


@pytest.mark.parametrize("how", ["silent", "unreachable", "close"])
def test_registry_that_is_away_has_lost_nothing(look, registry, image, how):
    look(image)
    registry.fail("any", how=how)
    assert look(image).state is PresenceState.UNKNOWN


def test_child_of_an_index_is_asked_for_by_its_own_digest(look, registry):
    child = registry.push_image("team/app")
    index = registry.push_index("team/app", "v2", [child])
    part = parse(f"reg.io/team/app@{child.digest}")
    look(part)
    registry.forget("team/app", child.digest)
    assert look(part).state is PresenceState.GONE
    assert look(parse(f"reg.io/team/app@{index.digest}")) == PRESENT


def test_tag_that_names_another_image_can_be_pulled(look, registry, image):
    tagged = parse(f"reg.io/team/app:v1@{image.digest}")
    look(tagged)
    registry.forget("team/app", image.digest)
    assert look(tagged) == PRESENT


def test_tag_that_is_gone_with_its_image_is_gone(look, registry, image):
    tagged = parse(f"reg.io/team/app:v1@{image.digest}")
    look(tagged)
    registry.forget("team/app", image.digest)
    registry.forget("team/app", "v1")
    assert look(tagged).state is PresenceState.GONE


def test_pushed_again_is_there_again(look, registry, image):
    look(image)
    registry.forget("team/app", image.digest)
    look(image)
    registry.push_image("team/app", "v1")
    assert look(image) == PRESENT
