"""One suite for every registry that tests use: where it passes, a simulated answer is worth a real one."""

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.content import manifest, media_types
from provider.registry.content.manifest import Descriptor, Index, Manifest
from provider.registry.reference import parse
from tests.integration.registry.conftest import copy

pytestmark = pytest.mark.integration

ABSENT = "sha256:" + "0" * 64


class Place:
    """A registry with a world in it, and a client for it."""

    def __init__(self, client, address, pushed, sizes):
        self.client, self.address, self.pushed, self.sizes = client, address, pushed, sizes

    def reference(self, name):
        return parse(f"{self.address}/{name}")

    def config(self, tag):
        """The descriptor of an image's configuration."""
        digest = self.pushed[tag].config
        return Descriptor(media_types.OCI_CONFIG, digest, self.sizes[digest])


@pytest.fixture(params=["simulator", "simulator on sockets", "go-containerregistry"])
def place(request, registry, make_client):
    repository = "conformance/app"
    image = registry.push_image(repository, "v1")
    docker = registry.push_image(repository, "docker", docker=True, created="2025-01-01T00:00:00Z")
    index = registry.push_index(repository, "index", [image, docker])
    pushed = {"v1": image, "docker": docker, "index": index}
    sizes = {digest: len(body) for _, _, digest, body in registry.documents()}
    if request.param == "simulator":
        yield Place(make_client(registry), "reg.io", pushed, sizes)
    elif request.param == "simulator on sockets":
        with registry.serve() as address:
            yield Place(make_client(insecure_registries={address}), address, pushed, sizes)
    else:
        address = request.getfixturevalue("real_registry")
        copy(registry, address)
        yield Place(make_client(insecure_registries={address}), address, pushed, sizes)


@pytest.fixture
def refused(run):
    def refused(question):
        with pytest.raises(ImageError) as caught:
            run(question)
        return caught.value.reason

    return refused


@pytest.mark.parametrize(
    ("tag", "media_type"),
    [
        ("v1", media_types.OCI_MANIFEST),
        ("docker", media_types.DOCKER_MANIFEST),
        ("index", media_types.OCI_INDEX),
    ],
)
def test_manifest_is_found_by_tag_and_by_digest(run, place, call, tag, media_type):
    reference = place.reference(f"conformance/app:{tag}")
    by_tag = run(place.client.manifest(reference, call))
    by_digest = run(place.client.manifest(reference.at(by_tag.digest), call))
    assert by_tag == by_digest
    assert by_tag.digest == place.pushed[tag].digest
    assert by_tag.media_type == media_type
    assert by_tag.vouched


def test_documents_are_read(run, place, call):
    for tag, kind in (("v1", Manifest), ("docker", Manifest), ("index", Index)):
        fetched = run(place.client.manifest(place.reference(f"conformance/app:{tag}"), call))
        assert isinstance(manifest.parse(fetched.body, fetched.media_type, fetched.digest, tag), kind)


def test_tag_is_told_by_head(run, place, call):
    assert run(place.client.tag(place.reference("conformance/app:v1"), call)) == place.pushed["v1"].digest


def test_tag_that_is_not_there_is_not_told_by_head(run, place, call):
    assert run(place.client.tag(place.reference("conformance/app:none"), call)) == ""


def test_blob_is_found_by_digest(run, place, call):
    reference = place.reference("conformance/app:v1")
    assert b'"created"' in run(place.client.blob(reference, place.config("v1"), limits.CONFIG_BYTES, call))


@pytest.mark.parametrize("name", ["conformance/app:none", "conformance/none:v1", f"conformance/app@{ABSENT}"])
def test_manifest_that_is_not_there_is_not_found(place, call, refused, name):
    assert refused(place.client.manifest(place.reference(name), call)) is Reason.NOT_FOUND


def test_blob_that_is_not_there_is_not_found(place, call, refused):
    descriptor = Descriptor("", ABSENT, 100)
    assert refused(place.client.blob(place.reference("conformance/app:v1"), descriptor, 100, call)) is Reason.NOT_FOUND


def test_proof_of_the_right_to_read_tells_what_is_there(run, place, call, refused):
    reference = place.reference(f"conformance/app@{place.pushed['v1'].digest}")
    run(place.client.prove_manifest(reference, call))
    run(place.client.prove_blob(reference, place.config("v1"), call))
    assert refused(place.client.prove_manifest(reference.at(ABSENT), call)) is Reason.NOT_FOUND
    assert refused(place.client.prove_blob(reference, Descriptor("", ABSENT, 1), call)) is Reason.NOT_FOUND


def test_registry_without_the_referrers_interface_has_no_list(run, place, call):
    reference = place.reference(f"conformance/app@{place.pushed['v1'].digest}")
    assert run(place.client.referrers(reference, call)) is None


def test_content_longer_than_its_descriptor_says_is_cut_off(place, call, refused):
    config = place.config("v1")
    short = Descriptor(config.media_type, config.digest, 10)
    reference = place.reference("conformance/app:v1")
    assert refused(place.client.blob(reference, short, limits.CONFIG_BYTES, call)) is Reason.REGISTRY_UNAVAILABLE
    assert refused(place.client.blob(reference, config, 10, call)) is Reason.LIMIT_EXCEEDED
