"""One suite for every registry that tests use: where it passes, a simulated answer is worth a real one."""

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import manifest, media_types
from provider.registry.manifest import Index, Manifest
from provider.registry.reference import parse
from tests.integration.registry.conftest import copy

pytestmark = pytest.mark.integration


class Place:
    """A registry with a world in it, and a client for it."""

    def __init__(self, client, address, pushed):
        self.client, self.address, self.pushed = client, address, pushed

    def reference(self, name):
        return parse(f"{self.address}/{name}")


@pytest.fixture(params=["simulator", "simulator on sockets", "go-containerregistry"])
def place(request, registry, make_client):
    repository = "conformance/app"
    image = registry.push_image(repository, "v1")
    docker = registry.push_image(repository, "docker", docker=True, created="2025-01-01T00:00:00Z")
    index = registry.push_index(repository, "index", [image, docker])
    pushed = {"v1": image, "docker": docker, "index": index}
    if request.param == "simulator":
        yield Place(make_client(registry), "reg.io", pushed)
    elif request.param == "simulator on sockets":
        with registry.serve() as address:
            yield Place(make_client(insecure_registries=frozenset({address})), address, pushed)
    else:
        address = request.getfixturevalue("real_registry")
        copy(registry, address)
        yield Place(make_client(insecure_registries=frozenset({address})), address, pushed)


@pytest.mark.parametrize(
    ("tag", "media_type"),
    [
        ("v1", media_types.OCI_MANIFEST),
        ("docker", media_types.DOCKER_MANIFEST),
        ("index", media_types.OCI_INDEX),
    ],
)
def test_manifest_is_found_by_tag_and_by_digest(place, call, tag, media_type):
    reference = place.reference(f"conformance/app:{tag}")
    by_tag = place.client.manifest(reference, call)
    by_digest = place.client.manifest(reference.at(by_tag.digest), call)
    assert by_tag == by_digest
    assert by_tag.digest == place.pushed[tag].digest
    assert by_tag.media_type == media_type


def test_documents_are_read(place, call):
    for tag, kind in (("v1", Manifest), ("docker", Manifest), ("index", Index)):
        fetched = place.client.manifest(place.reference(f"conformance/app:{tag}"), call)
        assert isinstance(manifest.parse(fetched.body, fetched.media_type, fetched.digest, tag), kind)


def test_blob_is_found_by_digest(place, call):
    reference = place.reference("conformance/app:v1")
    body = place.client.blob(reference, place.pushed["v1"].config, limits.CONFIG_BYTES, call)
    assert b'"created"' in body


@pytest.mark.parametrize("name", ["conformance/app:none", "conformance/none:v1", "conformance/app@sha256:" + "0" * 64])
def test_manifest_that_is_not_there_is_not_found(place, call, name):
    with pytest.raises(ImageError) as caught:
        place.client.manifest(place.reference(name), call)
    assert caught.value.reason is Reason.NOT_FOUND


def test_blob_that_is_not_there_is_not_found(place, call):
    with pytest.raises(ImageError) as caught:
        place.client.blob(place.reference("conformance/app:v1"), "sha256:" + "0" * 64, 100, call)
    assert caught.value.reason is Reason.NOT_FOUND


def test_proof_of_the_right_to_read_tells_what_is_there(place, call):
    pushed = place.pushed["v1"]
    reference = place.reference(f"conformance/app@{pushed.digest}")
    place.client.prove_manifest(reference, call)
    place.client.prove_blob(reference, pushed.config, call)
    for ask in (
        lambda: place.client.prove_manifest(reference.at("sha256:" + "0" * 64), call),
        lambda: place.client.prove_blob(reference, "sha256:" + "0" * 64, call),
    ):
        with pytest.raises(ImageError) as caught:
            ask()
        assert caught.value.reason is Reason.NOT_FOUND


def test_content_over_its_limit_is_cut_off(place, call):
    with pytest.raises(ImageError) as caught:
        place.client.blob(place.reference("conformance/app:v1"), place.pushed["v1"].config, 10, call)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
