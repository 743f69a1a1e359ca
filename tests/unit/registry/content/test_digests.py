"""Digests of both algorithms, and images that are named by either."""

import hashlib
import json

import pytest

from provider import limits
from provider.errors import ImageError
from provider.images.tree import Tree
from provider.observer import NullObserver
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry.content import digests, media_types
from provider.registry.reference import parse
from provider.registry.store import Store
from tests.simulators.clock import FakeClock

BODY = b"{}"
SHA256 = "sha256:" + hashlib.sha256(BODY).hexdigest()
SHA512 = "sha512:" + hashlib.sha512(BODY).hexdigest()


@pytest.mark.parametrize("digest", [SHA256, SHA512])
def test_digest_has_one_way_to_be_written(digest):
    assert digests.is_digest(digest)
    for wrong in (digest.upper(), digest + "\n", digest[:-1], digest + "0", f" {digest}", digest.replace(":", "-")):
        assert not digests.is_digest(wrong)


@pytest.mark.parametrize(
    "digest", ["sha512:" + "a" * 64, "sha256:" + "a" * 128, "sha384:" + "a" * 96, "md5:" + "a" * 32]
)
def test_other_algorithms_and_lengths_are_none(digest):
    assert not digests.is_digest(digest)


def test_document_matches_by_the_algorithm_of_the_digest_alone():
    assert digests.matches(SHA256, BODY)
    assert digests.matches(SHA512, BODY)
    assert not digests.matches(SHA512, b"[]")
    # The first half of one is no digest of the other algorithm.
    assert not digests.matches("sha256:" + digests.encoded(SHA512)[:64], BODY)


def test_tag_of_what_refers_to_a_digest_is_cut_to_fit():
    assert digests.tag(SHA256) == SHA256.replace(":", "-")
    assert digests.tag(SHA512) == f"sha512-{digests.encoded(SHA512)[:64]}"


class TestImage:
    """An image whose index, manifest and configuration are all named by SHA-512."""

    @pytest.fixture(autouse=True)
    def image(self, registry):
        self.config = json.dumps({"os": "linux", "architecture": "amd64", "created": "2026-01-01T00:00:00Z"}).encode()
        self.config_digest = digests.of(self.config, SHA512)
        registry.hold("blob", "team/app", self.config_digest, self.config)
        manifest = self.push(
            registry,
            {
                "schemaVersion": 2,
                "mediaType": media_types.OCI_MANIFEST,
                "config": {
                    "mediaType": media_types.OCI_CONFIG,
                    "digest": self.config_digest,
                    "size": len(self.config),
                },
                "layers": [],
            },
            media_types.OCI_MANIFEST,
        )
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": manifest, "size": 1}
        body = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": [entry]}
        self.index = self.push(registry, body, media_types.OCI_INDEX)
        self.manifest = manifest

    @staticmethod
    def push(registry, document, media_type):
        body = json.dumps(document).encode()
        digest = digests.of(body, SHA512)
        registry.hold("manifest", "team/app", digest, body, media_type)
        return digest

    @pytest.fixture
    def leaves(self, run, client, make_call):
        def leaves(text):
            store = Store(client, FakeClock(), NullObserver(), memory_bytes=1 << 20, tag_ttl=30)
            found = run(store.resolve(parse(text), make_call()))
            tree = Tree(store, Pace(), config=False)
            return found.document.digest, run(tree.leaves(parse(text), found.document, make_call()))

        return leaves

    def test_every_document_is_read_and_named_by_its_own_digest(self, leaves):
        digest, [leaf] = leaves(f"reg.io/team/app@{self.index}")
        assert digest == self.index
        assert leaf.manifest.digest == self.manifest
        assert leaf.config.created == "2026-01-01T00:00:00Z"

    @pytest.mark.parametrize("which", ["index", "manifest", "config_digest"])
    def test_other_bytes_are_refused_wherever_they_stand(self, leaves, registry, which):
        registry.tamper("team/app", getattr(self, which), b"{}")
        with pytest.raises(ImageError, match="does not match its digest") as caught:
            leaves(f"reg.io/team/app@{self.index}")
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE

    def test_tag_means_the_digest_that_the_registry_gives(self, leaves, registry):
        registry.tag("team/app", "v1", self.manifest)
        registry.content_digest = self.manifest
        digest, [leaf] = leaves("reg.io/team/app:v1")
        assert digest == leaf.manifest.digest == self.manifest

    def test_tag_whose_digest_is_not_that_of_the_bytes_is_refused(self, leaves, registry):
        registry.tag("team/app", "v1", self.index)
        registry.content_digest = self.manifest
        with pytest.raises(ImageError, match="does not match its digest"):
            leaves("reg.io/team/app:v1")

    def test_descriptor_with_a_digest_of_an_unknown_algorithm_is_invalid(self, leaves, registry):
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": "sha384:" + "a" * 96, "size": 1}
        body = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": [entry]}
        with pytest.raises(ImageError, match="its digest is not sha256") as caught:
            leaves(f"reg.io/team/app@{self.push(registry, body, media_types.OCI_INDEX)}")
        assert caught.value.reason is Reason.CONTENT_INVALID

    def test_list_of_what_refers_to_it_is_found_under_the_tag_that_fits(self, run, client, registry, make_call):
        registry.push_manifest("team/app", digests.tag(self.manifest), {"mediaType": media_types.OCI_INDEX})
        store = Store(client, FakeClock(), NullObserver(), memory_bytes=1 << 20, tag_ttl=30)
        assert run(store.referrers(parse(f"reg.io/team/app@{self.manifest}"), make_call())).absent
        assert registry.requests[-1].path.endswith(f"/manifests/{digests.tag(self.manifest)}")
        assert len(digests.tag(self.manifest)) <= limits.TAG_CHARACTERS
