"""The table of cache keys, a test a row: what an answer depends on is in the key, what it does not is not."""

import pytest

from provider.cache import keys
from provider.clock import Deadline
from provider.errors import ImageError
from provider.observer import NullObserver
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.content import manifest, media_types
from provider.registry.credentials.credential import ANONYMOUS, Credential
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.registry.store import Store
from provider.registry.turns.claim import Claim
from tests.simulators.clock import FakeClock
from tests.simulators.loop import VirtualLoop
from tests.simulators.registry import RegistrySimulator

IMAGE = parse("reg.io/team/app:v1")
ME = Credential("me", "x")


class OneCredential:
    """One credential for everything."""

    def __init__(self, credential):
        self.credential = credential

    async def prepare(self, registry, repository):
        pass

    def of(self, registry, repository):
        return self.credential


class World:
    """A store over a registry in memory."""

    def __init__(self, memory_bytes=1 << 20):
        self.clock = FakeClock()
        self.loop = VirtualLoop(self.clock)
        self.registry = RegistrySimulator()
        client = RegistryClient(RegistrySettings(), self.registry, self.clock, NullObserver())
        self.store = Store(client, self.clock, NullObserver(), memory_bytes=memory_bytes, tag_ttl=30)

    def call(self, credential=ANONYMOUS):
        return Call(Deadline.after(self.clock, 30), Claim(object()), OneCredential(credential))

    def resolve(self, reference=IMAGE, credential=ANONYMOUS):
        """What the reference points to."""
        return self.loop.run(self.store.resolve(reference, self.call(credential)))

    def read(self, reference=IMAGE, credential=ANONYMOUS):
        """Manifest and configuration; gives what was asked for them."""
        self.registry.requests.clear()
        document = self.resolve(reference, credential).document
        config = manifest.parse(document.body, document.media_type, document.digest, "x").config
        self.loop.run(self.store.blob(reference, config, 1 << 20, self.call(credential)))
        return self.registry.counts


@pytest.fixture
def world():
    world = World()
    world.registry.push_image("team/app", "v1")
    yield world
    world.loop.finish()


def test_every_row_has_its_tests():
    """Whoever adds a key adds a row and its tests."""
    rows = {
        TestContent: keys.ContentKey,
        TestTag: keys.TagKey,
        TestToken: keys.TokenKey,
        TestChallenge: keys.ChallengeKey,
    }
    others = {keys.Right, keys.FetchKey, keys.ResultKey}
    classes = {value for value in vars(keys).values() if isinstance(value, type) and value.__module__ == keys.__name__}
    assert classes == {*rows.values(), *others}
    for name in ("blob, manifest", "tag → digest", "referrers", "cryptographic result", "token", "challenge"):
        assert f"| {name} " in (keys.__doc__ or "")


class TestContent:
    """blob, manifest: digest."""

    def test_content_is_kept_for_good(self, world):
        digest = world.resolve().document.digest
        world.read()
        world.clock.advance(1e9)
        assert world.read(IMAGE.at(digest)) == {}

    def test_content_of_two_tags_is_one(self, world):
        digest = world.resolve().document.digest
        world.read()
        world.registry.tag("team/app", "v2", digest)
        assert world.read(parse("reg.io/team/app:v2")) == {"manifest": 1}

    def test_content_that_one_credential_fetched_needs_a_head_of_another(self, world):
        digest = world.resolve().document.digest
        world.read()
        assert world.read(IMAGE.at(digest), ME) == {"HEAD manifest": 1, "HEAD blob": 1}
        assert world.read(IMAGE.at(digest), ME) == {}

    def test_content_is_not_given_to_a_credential_that_may_not_read_it(self, world):
        digest = world.resolve().document.digest
        world.registry.fail("manifest", 403)
        with pytest.raises(ImageError) as caught:
            world.resolve(IMAGE.at(digest), ME)
        assert caught.value.reason is Reason.UNAUTHORIZED

    def test_content_is_not_given_from_a_repository_that_does_not_hold_it(self, world):
        digest = world.resolve().document.digest
        with pytest.raises(ImageError) as caught:
            world.resolve(parse(f"reg.io/other/app@{digest}"))
        assert caught.value.reason is Reason.NOT_FOUND

    def test_another_registry_must_send_the_content_and_not_just_say_that_it_has_it(self, world):
        digest = world.resolve().document.digest
        world.read()
        assert world.read(parse(f"evil.io/team/app@{digest}")) == {"manifest": 1, "blob": 1}
        assert {asked.host for asked in world.registry.requests} == {"evil.io"}


class TestTag:
    """tag → digest, referrers: repository, tag or digest, credential; for a time."""

    def test_tag_is_believed_for_its_time(self, world):
        first = world.resolve()
        world.read()
        world.registry.push_image("team/app", "v1", created="2026-02-02T00:00:00Z")
        world.clock.advance(29.9)
        assert world.read() == {}
        assert world.resolve() == first
        world.clock.advance(0.1)
        assert world.resolve().document.digest != first.document.digest

    @pytest.mark.parametrize("other", ["reg.io/team/app:v2", "reg.io/team/other:v1", "other.io/team/app:v1"])
    def test_tag_is_of_one_repository(self, world, other):
        world.read()
        world.registry.push_image("team/app", "v2", created="2026-02-02T00:00:00Z")
        world.registry.push_image("team/other", "v1", created="2026-02-02T00:00:00Z")
        assert world.read(parse(other))["manifest"] == 1

    def test_tag_as_one_credential_sees_it_is_not_shown_to_another(self, world):
        world.read()
        assert world.read(credential=ME)["manifest"] == 1

    @pytest.mark.parametrize("status", [401, 403, 404, 500])
    def test_absence_is_not_remembered(self, world, status):
        world.registry.fail("manifest", status, times=1)
        with pytest.raises(ImageError):
            world.resolve()
        assert world.resolve()

    def test_referrers_are_of_one_repository_digest_and_credential(self, world):
        world.registry.referrers_page = 10
        digest = world.resolve().document.digest
        subject = {"mediaType": media_types.OCI_MANIFEST, "digest": digest, "size": 1}
        world.registry.push_manifest("team/app", None, {"schemaVersion": 2, "subject": subject})

        def asked(reference, credential=ANONYMOUS):
            world.registry.requests.clear()
            world.loop.run(world.store.referrers(reference, world.call(credential)))
            return world.registry.counts["referrer"]

        assert asked(IMAGE.at(digest)) == 1
        assert asked(IMAGE.at(digest)) == 0
        assert asked(IMAGE.at(digest), ME) == 1
        assert asked(parse(f"reg.io/team/other@{digest}")) == 1
        assert asked(parse(f"other.io/team/app@{digest}")) == 1
        world.clock.advance(30)
        assert asked(IMAGE.at(digest)) == 1


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
        assert world.read(credential=ME)["token"] == 1


class TestChallenge:
    """challenge: registry; repository, where its scope is good for that one alone."""

    @pytest.fixture(autouse=True)
    def other(self, world):
        world.registry.push_image("team/other", "v1")
        world.registry.require_token("https://reg.io/token")

    def without_token(self, world):
        return [
            one for one in world.registry.requests if one.kind == "manifest" and not one.headers.get("Authorization")
        ]

    @pytest.mark.parametrize("scope", ["aws", "repository:{repository}:pull"])
    def test_challenge_of_a_registry_serves_its_repositories(self, world, scope):
        world.registry.challenge = f'Bearer realm="https://reg.io/token",scope="{scope}"'
        world.read()
        world.read(parse("reg.io/team/other:v1"))
        assert not self.without_token(world)

    def test_challenge_for_one_repository_does_not_serve_another(self, world):
        world.registry.challenge = 'Bearer realm="https://reg.io/token",scope="repository:all:admin"'
        world.read()
        world.read(parse("reg.io/team/other:v1"))
        assert len(self.without_token(world)) == 1

    def test_challenge_of_one_registry_does_not_serve_another(self, world):
        world.read()
        world.read(parse("other.io/team/app:v1"))
        assert len(self.without_token(world)) == 1


def test_memory_stays_within_its_bound():
    world = World(memory_bytes=20_000)
    for n in range(50):
        world.registry.push_image("team/app", f"v{n}", config=b'{"os": "linux", "x": "' + b"x" * 1000 + b'%d"}' % n)
        assert world.read(parse(f"reg.io/team/app:v{n}"))
    assert 0 < world.store.used <= 20_000
    world.loop.finish()
