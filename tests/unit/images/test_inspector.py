"""Questions about images in a registry in memory, and what it takes to answer them."""

import pytest

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.images.inspector import ImageInspector
from provider.observer import NullObserver
from provider.questions.question import FactQuestion, key_of, ref
from provider.reasons import Reason
from provider.registry import media_types
from provider.registry.client import RegistryClient
from provider.registry.content import Content
from provider.registry.credentials import NoCredentials
from provider.registry.settings import RegistrySettings
from tests.simulators.clock import FakeClock
from tests.simulators.registry import RegistrySimulator, descriptor

IMAGE = "reg.io/team/app:v1"
FRESH, OLD, OLDER = "2026-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2023-01-01T00:00:00Z"


class Trips(NullObserver):
    """Remembers how many round trips each question took."""

    def __init__(self):
        self.counts = []

    def round_trips(self, count):
        self.counts.append(count)


class World:
    """An inspector over a registry in memory."""

    def __init__(self):
        self.clock = FakeClock()
        self.registry = RegistrySimulator(self.clock)
        self.trips = Trips()
        client = RegistryClient(
            RegistrySettings(), self.clock, transport=self.registry, credentials=NoCredentials(), observer=self.trips
        )
        content = Content(client, self.clock, self.trips, memory_bytes=1 << 20, tag_ttl=30)
        self.inspector = ImageInspector(content, client, self.trips, 4)

    def ask(self, image=IMAGE, *, config=False, seconds=30):
        return self.inspector.inspect(FactQuestion(image, config), Deadline.after(self.clock, seconds))

    def refused(self, image=IMAGE, *, config=False):
        with pytest.raises(ImageError) as caught:
            self.ask(image, config=config)
        assert caught.value.message.isprintable()
        return caught.value

    def push(self, tag=None, created=FRESH, **fields):
        return self.registry.push_image("team/app", tag, created=created, **fields)

    def index(self, *children, tag="v1"):
        return self.registry.push_index("team/app", tag, children)


@pytest.fixture
def world():
    world = World()
    yield world
    world.inspector.close()


class TestFacts:
    def test_single_image_says_when_it_was_created(self, world):
        pushed = world.push("v1")
        facts = world.ask()
        assert (facts.image, facts.digest) == (IMAGE, pushed.digest)
        assert facts.reference == f"reg.io/team/app@{pushed.digest}"
        assert (facts.created, facts.created_ns) == (FRESH, 1_767_225_600_000_000_000)
        assert list(facts.platforms) == ["linux/amd64"]
        assert facts.platforms["linux/amd64"].digest == pushed.digest
        assert facts.config is None
        assert facts.observed_at == "2026-11-24T22:40:00Z"

    def test_docker_image_is_read_alike(self, world):
        world.push("v1", docker=True)
        assert world.ask().created == FRESH

    def test_index_is_as_old_as_its_oldest_platform(self, world):
        children = world.push(created=FRESH), world.push(created=OLD, architecture="arm64", variant="v8")
        pushed = world.index(*children)
        facts = world.ask()
        assert facts.digest == pushed.digest
        assert facts.created == OLD
        assert {name: one.created for name, one in facts.platforms.items()} == {
            "linux/amd64": FRESH,
            "linux/arm64/v8": OLD,
        }

    @pytest.mark.parametrize("created", [None, "yesterday", "", 1_700_000_000])
    def test_index_is_undated_when_any_platform_is(self, world, created):
        world.index(world.push(created=FRESH), world.push(created=created, architecture="arm64"))
        facts = world.ask()
        assert (facts.created, facts.created_ns) == (None, None)

    def test_unreadable_date_is_told_as_found(self, world):
        world.push("v1", created="yesterday")
        found = world.ask().platforms["linux/amd64"]
        assert (found.created, found.created_ns) == ("yesterday", None)

    @pytest.mark.parametrize("created", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
    def test_epoch_and_future_are_told_as_found(self, world, created):
        world.push("v1", created=created)
        facts = world.ask()
        assert facts.created == created
        assert facts.created_ns is not None

    def test_attestation_is_no_platform_and_is_not_fetched(self, world):
        image = world.push()
        world.index(image, world.registry.push_attestation("team/app", image))
        assert list(world.ask().platforms) == ["linux/amd64"]
        assert world.registry.counts == {"manifest": 2, "blob": 1}

    def test_platform_that_only_calls_itself_an_attestation_is_judged(self, world):
        """Runtimes choose by the platform and do not know BuildKit's mark, so it may hide nothing."""
        note = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        world.index(world.push(), descriptor(world.push(created=OLD, architecture="arm64")) | note)
        assert world.ask().created == OLD

    def test_attestation_without_a_platform_is_judged_by_its_configuration(self, world):
        note = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        hidden = descriptor(world.push(created=OLD)) | note
        shown = descriptor(world.push(created=None, os=None, architecture=None)) | note
        del hidden["platform"], shown["platform"]
        world.index(world.push(architecture="arm64"), hidden, shown)
        assert set(world.ask().platforms) == {"linux/arm64", "linux/amd64"}

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_two_images_for_one_platform_the_older_one_counts(self, world, order):
        world.index(*[world.push(created=created) for created in (OLD, FRESH)][::order])
        assert world.ask().platforms["linux/amd64"].created == OLD

    def test_platform_is_named_by_the_configuration(self, world):
        lie = descriptor(world.push(architecture="riscv64")) | {"platform": {"os": "linux", "architecture": "amd64"}}
        world.index(lie)
        assert list(world.ask().platforms) == ["linux/riscv64"]

    def test_configuration_that_calls_itself_unknown_hides_no_platform(self, world):
        lie = descriptor(world.push(created=OLD, os="unknown", architecture="unknown"))
        world.index(lie | {"platform": {"os": "linux", "architecture": "amd64"}})
        assert world.ask().platforms["linux/amd64"].created == OLD

    def test_image_without_a_platform_still_has_its_date(self, world):
        world.push("v1", os=None, architecture=None)
        assert list(world.ask().platforms) == ["unknown"]

    def test_image_with_a_foreign_configuration_type_is_judged_if_it_could_run(self, world):
        world.push("v1", created=OLD, config_type="application/octet-stream")
        assert world.ask().created == OLD

    def test_nested_index_is_followed(self, world):
        inner = world.index(world.push(created=OLD, architecture="arm64"), tag=None)
        world.index(inner, world.push())
        assert set(world.ask().platforms) == {"linux/arm64", "linux/amd64"}

    def test_digest_is_asked_for_as_it_is(self, world):
        pushed = world.push("v1")
        facts = world.ask(f"reg.io/team/app:other@{pushed.digest}")
        assert facts.image == facts.reference == f"reg.io/team/app@{pushed.digest}"


class TestRoundTrips:
    """The cold path, sequential requests; then from memory."""

    def test_single_image_takes_two(self, world):
        world.push("v1")
        world.ask()
        world.ask()
        assert world.trips.counts == [2, 0]
        assert world.registry.counts == {"manifest": 1, "blob": 1}

    def test_index_takes_three(self, world):
        world.index(*[world.push(architecture=f"a{n}") for n in range(5)])
        world.ask()
        world.ask()
        assert world.trips.counts == [3, 0]
        assert world.registry.counts == {"manifest": 6, "blob": 5}

    def test_known_digest_takes_two(self, world):
        pushed = world.push("v1")
        world.ask(f"reg.io/team/app@{pushed.digest}")
        assert world.trips.counts == [2]

    def test_token_takes_two_more_once(self, world):
        world.push("v1")
        world.push("v2", created=OLD)
        world.registry.require_token("https://reg.io/token")
        world.ask()
        world.ask("reg.io/team/app:v2")
        assert world.trips.counts == [4, 2]

    def test_redirected_blob_takes_one_more(self, world):
        world.push("v1")
        world.registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
        world.ask()
        assert world.trips.counts == [3]

    def test_children_with_one_configuration_share_it(self, world):
        first = world.push()
        world.registry._manifests["team/app", "copy"] = world.registry._manifests["team/app", first.digest]
        world.index(first, first)
        world.ask()
        assert world.registry.counts == {"manifest": 2, "blob": 1}


class TestConfig:
    def test_document_of_every_platform_is_told_by_its_name(self, world):
        image = world.push(created=FRESH)
        world.index(
            image, world.push(created=OLD, architecture="arm64"), world.registry.push_attestation("team/app", image)
        )
        facts = world.ask(config=True)
        assert {name: one["created"] for name, one in facts.config.items()} == {
            "linux/amd64": FRESH,
            "linux/arm64": OLD,
            "unknown/unknown": "0001-01-01T00:00:00Z",
        }
        assert set(facts.platforms) == {"linux/amd64", "linux/arm64"}

    def test_later_of_two_documents_with_one_name_counts_as_upstream(self, world):
        world.index(world.push(created=OLD), world.push(created=FRESH))
        assert world.ask(config=True).config["linux/amd64"]["created"] == FRESH

    def test_empty_index_has_no_documents(self, world):
        world.index()
        facts = world.ask(config=True)
        assert (facts.config, facts.platforms, facts.created) == ({}, {}, None)

    def test_artifact_has_a_document_without_a_name(self, world):
        world.push("v1", config=b'{"name": "chart"}', config_type="application/vnd.cncf.helm.config.v1+json")
        assert list(world.ask(config=True).config) == [""]

    def test_configuration_that_go_would_not_decode_is_refused_in_upstream_words(self, world):
        world.push("v1", created="yesterday")
        error = world.refused(config=True)
        assert error.reason is Reason.CONTENT_INVALID
        assert error.message == (
            f"getting ConfigFile for {IMAGE}: "
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'
        )

    def test_child_that_go_would_not_decode_is_named(self, world):
        bad = world.push(created=7, architecture="arm64")
        world.index(world.push(), bad)
        assert world.refused(config=True).message == (
            f"failed to get a ConfigFile: [getting ConfigFile for reg.io/team/app@{bad.digest}: "
            "Time.UnmarshalJSON: input is not a JSON string]"
        )

    def test_missing_image_is_told_in_upstream_words(self, world):
        error = world.refused("reg.io/team/app:none", config=True)
        assert error.reason is Reason.NOT_FOUND
        assert error.message == (
            "failed to get ref reg.io/team/app:none : "
            "GET https://reg.io/v2/team/app/manifests/none: MANIFEST_UNKNOWN: manifest unknown"
        )

    def test_missing_child_is_told_in_upstream_words(self, world):
        gone = world.push(architecture="arm64")
        world.index(world.push(), gone)
        world.registry.forget("team/app", gone.digest)
        error = world.refused(config=True)
        assert error.reason is Reason.NOT_FOUND
        assert error.message == (
            f"failed to get a ConfigFile: [failed to get ref reg.io/team/app@{gone.digest} : "
            f"GET https://reg.io/v2/team/app/manifests/{gone.digest}: MANIFEST_UNKNOWN: manifest unknown]"
        )

    def test_what_fails_for_now_comes_before_what_fails_for_good(self, world):
        gone = world.push(architecture="arm64")
        bad = world.registry.push_manifest("team/app", None, b"{}", media_types.OCI_MANIFEST)
        world.index(bad, gone)
        world.registry.forget("team/app", gone.digest)
        assert not world.refused().reason.durable
        assert not world.refused(config=True).reason.durable


class TestBadInput:
    """Each gets a clear answer with its reason."""

    @pytest.mark.parametrize("image", ["UPPER/case", "", "ubuntu:", "https://reg.io/app", "ubuntu@sha256:abc"])
    def test_malformed_reference(self, world, image):
        assert world.refused(image).reason is Reason.REFERENCE_INVALID
        assert world.registry.requests == []

    @pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"{}", b'{"schemaVersion": 1, "fsLayers": []}'])
    def test_broken_manifest(self, world, body):
        world.registry.push_manifest("team/app", "v1", body)
        assert world.refused().reason is Reason.CONTENT_INVALID

    def test_manifest_of_a_foreign_media_type(self, world):
        world.registry.push_manifest("team/app", "v1", b"{}", "application/vnd.docker.distribution.manifest.v1+json")
        assert world.refused().reason is Reason.CONTENT_INVALID

    def test_manifest_that_is_too_large(self, world):
        world.registry.push_manifest("team/app", "v1", b" " * (limits.MANIFEST_BYTES + 1))
        assert world.refused().reason is Reason.LIMIT_EXCEEDED

    def test_configuration_of_four_megabytes(self, world):
        world.push("v1", config=b" " * (4 * limits.MIB))
        assert world.refused().reason is Reason.LIMIT_EXCEEDED
        assert world.registry.counts == {"manifest": 1}

    def test_configuration_that_is_longer_than_announced(self, world):
        pushed = world.push("v1")
        world.registry.tamper("team/app", pushed.config, b" " * (limits.CONFIG_BYTES + 1))
        assert world.refused().reason is Reason.LIMIT_EXCEEDED

    def test_configuration_that_does_not_match_its_digest(self, world):
        pushed = world.push("v1", created=OLD)
        world.registry.tamper("team/app", pushed.config, b'{"created": "2026-01-01T00:00:00Z"}')
        assert world.refused().reason is Reason.CONTENT_INVALID

    def test_child_that_does_not_match_its_digest(self, world):
        child = world.push(created=OLD)
        world.index(child)
        world.registry.tamper("team/app", child.digest, world.registry._manifests["team/app", "v1"][1])
        assert world.refused().reason is Reason.CONTENT_INVALID

    @pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"7", b"null"])
    def test_configuration_that_is_no_object(self, world, body):
        world.push("v1", config=body)
        assert world.refused().reason is Reason.CONTENT_INVALID

    def test_index_without_a_runnable_platform(self, world):
        image = world.push()
        world.index(world.registry.push_attestation("team/app", image))
        assert world.refused().reason is Reason.CONTENT_INVALID

    def test_artifact_that_is_no_image(self, world):
        world.push("v1", config=b'{"name": "chart"}', config_type="application/vnd.cncf.helm.config.v1+json")
        error = world.refused()
        assert error.reason is Reason.CONTENT_INVALID
        assert "helm" in error.message

    def test_artifact_beside_an_image_is_left_out(self, world):
        chart = world.push(config=b'{"name": "chart"}', config_type="application/vnd.cncf.helm.config.v1+json")
        entry = descriptor(chart)
        del entry["platform"]
        world.index(world.push(), entry)
        assert list(world.ask().platforms) == ["linux/amd64"]

    def test_indexes_within_indexes_end(self, world):
        inner = world.index(world.push(), tag=None)
        for depth in range(limits.INDEX_DEPTH):
            inner = world.index(inner, tag=f"deep{depth}")
        assert world.ask(f"reg.io/team/app:deep{limits.INDEX_DEPTH - 2}").created == FRESH
        assert world.refused(f"reg.io/team/app:deep{limits.INDEX_DEPTH - 1}").reason is Reason.CONTENT_INVALID

    def test_indexes_that_are_too_wide_together(self, world):
        image = world.push()
        inner = [world.index(*[image] * (10 + n), tag=None) for n in range(9)]
        world.index(*inner)
        assert world.refused().reason is Reason.LIMIT_EXCEEDED

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (401, Reason.UNAUTHORIZED),
            (403, Reason.UNAUTHORIZED),
            (404, Reason.NOT_FOUND),
            (429, Reason.THROTTLED),
            (500, Reason.REGISTRY_UNAVAILABLE),
        ],
    )
    @pytest.mark.parametrize("kind", ["manifest", "blob"])
    def test_registry_that_refuses(self, world, kind, status, reason):
        world.push("v1")
        world.registry.fail(kind, status)
        assert world.refused().reason is reason

    def test_registry_that_answers_nothing(self, world):
        world.push("v1")
        world.registry.fail("any", how="silent")
        assert world.refused().reason is Reason.TIMEOUT

    def test_registry_that_is_slow_over_many_requests(self, world):
        world.index(world.push())
        world.registry.delay = 0.5
        with pytest.raises(ImageError) as caught:
            world.ask(seconds=1.2)
        assert caught.value.reason is Reason.TIMEOUT
        world.registry.delay = 0.0
        assert world.ask().created == FRESH


class TestResolve:
    @pytest.mark.parametrize(
        ("image", "written"),
        [
            ("reg.io/team/app:v1", "reg.io/team/app:v1@"),
            ("reg.io/team/app", "reg.io/team/app@"),
            ("alpine", "alpine@"),
            ("docker.io/alpine:3", "docker.io/alpine:3@"),
        ],
    )
    def test_digest_is_put_behind_what_was_written(self, world, image, written):
        for repository, tag in (("team/app", "v1"), ("team/app", "latest"), ("library/alpine", "latest")):
            pushed = world.registry.push_image(repository, tag)
        world.registry.tag("library/alpine", "3", pushed.digest)
        assert world.inspector.resolve(image, Deadline.after(world.clock, 1)) == written + pushed.digest
        assert world.registry.counts == {"manifest": 1}

    def test_pinned_image_stays_as_it_is_without_a_request(self, world):
        image = "alpine:3@sha256:" + "a" * 64
        assert world.inspector.resolve(image, Deadline.after(world.clock, 1)) == image
        assert world.registry.requests == []

    def test_image_that_is_not_there_is_refused(self, world):
        with pytest.raises(ImageError) as caught:
            world.inspector.resolve("alpine", Deadline.after(world.clock, 1))
        assert caught.value.reason is Reason.NOT_FOUND


def test_request_carries_the_name_of_the_key_that_asked(world):
    world.push("v1")
    world.ask()
    question = FactQuestion(IMAGE)
    assert {asked.headers["X-Request-Id"] for asked in world.registry.requests} == {ref(key_of(question))}
