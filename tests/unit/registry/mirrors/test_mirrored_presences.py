"""Whether an image is still in its registry is for the registry to say, and for none of its mirrors."""

import pytest

from provider.registry.credentials.credential import Credential
from provider.registry.presence import PresenceState
from provider.registry.reference import parse
from provider.registry.store import Store

ME = Credential("me", "secret")
MIRROR = '[host."https://mirror.io"]\n'


@pytest.fixture
def store(mirrored, clock, observer):
    return Store(mirrored({"reg.io": MIRROR}), clock, observer, memory_bytes=1 << 20, tag_ttl=30.0)


@pytest.fixture
def look(run, store, make_call):
    """The answer about a reference."""
    return lambda reference: run(store.presence(reference, make_call(reg_io=ME)))


@pytest.fixture
def image(fleet):
    pushed = fleet["reg.io"].push_image("team/app", "v1")
    fleet["mirror.io"].push_image("team/app", "v1")
    return parse(f"reg.io/team/app@{pushed.digest}")


def test_mirror_is_not_asked_and_its_copy_is_no_image_that_lasts(look, fleet, image):
    look(image)
    fleet["reg.io"].forget("team/app", image.digest)
    found = look(image)
    assert found.state is PresenceState.GONE
    assert "nodes that pull by a mirror may find it there" in found.message
    assert fleet["mirror.io"].requests == []


def test_what_a_mirror_has_shown_says_nothing_of_who_may_ask_the_registry(look, run, store, make_call, fleet, image):
    run(store.manifest(image, make_call(reg_io=ME)))
    fleet["reg.io"].forget("team/app", image.digest)
    assert look(image).state is PresenceState.UNKNOWN


def test_registry_that_only_mirrors_answer_for_is_not_asked(mirrored, clock, observer, run, make_call, image):
    text = 'server = "https://mirror.io"\n'
    store = Store(mirrored({"reg.io": text}), clock, observer, memory_bytes=1 << 20, tag_ttl=30.0)
    assert run(store.presence(image, make_call(reg_io=ME))).state is PresenceState.UNKNOWN
