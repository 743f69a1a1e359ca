"""The table of cache keys, a test a row: what an answer depends on is in the key, what it does not is not."""

import pytest

from provider.clock import Deadline
from provider.errors import ImageError
from provider.observer import NullObserver
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.content import Content
from provider.registry.credentials import ANONYMOUS, Credential
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from tests.simulators.clock import FakeClock
from tests.simulators.registry import RegistrySimulator

IMAGE = parse("reg.io/team/app:v1")


class Someone:
    """One credential for everything, which a test may change."""

    def __init__(self):
        self.credential = ANONYMOUS

    def of(self, registry, repository):
        return self.credential


class World:
    """Content over a registry in memory."""

    def __init__(self):
        self.clock = FakeClock()
        self.registry = RegistrySimulator(self.clock)
        self.someone = Someone()
        observer = NullObserver()
        client = RegistryClient(
            RegistrySettings(), self.clock, transport=self.registry, credentials=self.someone, observer=observer
        )
        self.content = Content(client, self.clock, observer, memory_bytes=1 << 20, tag_ttl=30)

    def call(self):
        return Call(Deadline.after(self.clock, 30))

    def read(self, reference=IMAGE):
        """Manifest and configuration; gives what was asked for them."""
        self.registry.requests.clear()
        seen = self.content.seen(reference, self.call())
        self.content.config(reference, seen.document.config, self.call())
        return self.registry.counts


@pytest.fixture
def world():
    world = World()
    world.registry.push_image("team/app", "v1")
    return world


class TestContent:
    """blob, manifest: digest."""

    def test_content_is_kept_for_good(self, world):
        digest = world.content.seen(IMAGE, world.call()).document.digest
        world.read()
        world.clock.advance(1e9)
        assert world.read(IMAGE.at(digest)) == {}

    def test_content_of_two_tags_is_one(self, world):
        digest = world.content.seen(IMAGE, world.call()).document.digest
        world.read()
        world.registry.tag("team/app", "v2", digest)
        assert world.read(parse("reg.io/team/app:v2")) == {"manifest": 1}

    def test_content_that_one_credential_fetched_needs_a_head_of_another(self, world):
        digest = world.content.seen(IMAGE, world.call()).document.digest
        world.read()
        world.someone.credential = Credential("me", "x")
        assert world.read(IMAGE.at(digest)) == {"HEAD manifest": 1, "HEAD blob": 1}
        assert world.read(IMAGE.at(digest)) == {}

    def test_content_is_not_given_to_a_credential_that_may_not_read_it(self, world):
        digest = world.content.seen(IMAGE, world.call()).document.digest
        world.someone.credential = Credential("stranger", "x")
        world.registry.fail("manifest", 403)
        with pytest.raises(ImageError) as caught:
            world.content.seen(IMAGE.at(digest), world.call())
        assert caught.value.reason is Reason.UNAUTHORIZED

    def test_content_is_not_given_from_a_repository_that_does_not_hold_it(self, world):
        digest = world.content.seen(IMAGE, world.call()).document.digest
        with pytest.raises(ImageError) as caught:
            world.content.seen(parse(f"reg.io/other/app@{digest}"), world.call())
        assert caught.value.reason is Reason.NOT_FOUND

    def test_another_registry_must_send_the_content_and_not_just_say_that_it_has_it(self, world):
        digest = world.content.seen(IMAGE, world.call()).document.digest
        world.read()
        assert world.read(parse(f"evil.io/team/app@{digest}")) == {"manifest": 1, "blob": 1}
        assert {asked.host for asked in world.registry.requests} == {"evil.io"}


class TestTag:
    """tag → digest: repository, tag, credential; for a time."""

    def test_tag_is_believed_for_its_time(self, world):
        first = world.content.seen(IMAGE, world.call())
        world.read()
        world.registry.push_image("team/app", "v1", created="2026-02-02T00:00:00Z")
        world.clock.advance(29.9)
        assert world.read() == {}
        assert world.content.seen(IMAGE, world.call()) == first
        world.clock.advance(0.1)
        assert world.content.seen(IMAGE, world.call()).document.digest != first.document.digest

    def test_tag_says_when_it_was_last_seen(self, world):
        first = world.content.seen(IMAGE, world.call()).observed_at
        world.clock.advance(20)
        assert world.content.seen(IMAGE, world.call()).observed_at == first
        world.clock.advance(20)
        assert world.content.seen(IMAGE, world.call()).observed_at > first

    @pytest.mark.parametrize("other", ["reg.io/team/app:v2", "reg.io/team/other:v1", "other.io/team/app:v1"])
    def test_tag_is_of_one_repository(self, world, other):
        world.read()
        world.registry.push_image("team/app", "v2", created="2026-02-02T00:00:00Z")
        world.registry.push_image("team/other", "v1", created="2026-02-02T00:00:00Z")
        assert world.read(parse(other))["manifest"] == 1

    def test_tag_as_one_credential_sees_it_is_not_shown_to_another(self, world):
        world.read()
        world.someone.credential = Credential("me", "x")
        assert world.read()["manifest"] == 1

    @pytest.mark.parametrize("status", [401, 403, 404, 500])
    def test_absence_is_not_remembered(self, world, status):
        world.registry.fail("manifest", status, times=1)
        with pytest.raises(ImageError):
            world.content.seen(IMAGE, world.call())
        assert world.content.seen(IMAGE, world.call())


class TestToken:
    """token: realm, service, scope, credential; as its issuer says."""

    def test_token_of_one_repository_does_not_serve_another(self, world):
        world.registry.push_image("team/other", "v1")
        world.registry.require_token("https://reg.io/token")
        world.read()
        assert world.read(parse("reg.io/team/other:v1"))["token"] == 1

    def test_token_of_one_credential_does_not_serve_another(self, world):
        world.registry.require_token("https://reg.io/token")
        world.read()
        world.someone.credential = Credential("me", "x")
        assert world.read()["token"] == 1


def test_memory_stays_within_its_bound():
    world = World()
    content = Content(world.content._client, world.clock, NullObserver(), memory_bytes=20_000, tag_ttl=30)
    for n in range(50):
        world.registry.push_image("team/app", f"v{n}", config=b'{"os": "linux", "x": "' + b"x" * 1000 + b'%d"}' % n)
        reference = parse(f"reg.io/team/app:v{n}")
        seen = content.seen(reference, world.call())
        assert content.config(reference, seen.document.config, world.call())
    assert content._kept.used <= 20_000
