"""Manifests and indexes: what they mean, and that they mean one thing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.content import manifest, media_types
from provider.registry.content.manifest import Index, Manifest, Platform, parse

DIGEST = "sha256:" + "a1" * 32
OTHER = "sha256:" + "b2" * 32
CONFIG = {"mediaType": media_types.OCI_CONFIG, "digest": DIGEST, "size": 7}
MANIFEST = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": CONFIG, "layers": []}
CHILD = {"mediaType": media_types.OCI_MANIFEST, "digest": DIGEST, "size": 7}
INDEX = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": [CHILD]}


def read(document, content_type=None):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    if content_type is None:
        content_type = document.get("mediaType", "") if isinstance(document, dict) else media_types.OCI_MANIFEST
    return parse(body, content_type, OTHER, "manifest of reg.io/app")


def refused(document, content_type=None):
    with pytest.raises(ImageError) as caught:
        read(document, content_type)
    return caught.value


def test_manifest_names_its_configuration():
    found = read(MANIFEST)
    assert isinstance(found, Manifest)
    assert (found.digest, found.config.digest, found.config.media_type) == (OTHER, DIGEST, media_types.OCI_CONFIG)


def test_docker_manifest_is_read_alike():
    assert isinstance(read(MANIFEST | {"mediaType": media_types.DOCKER_MANIFEST}), Manifest)
    assert isinstance(read(INDEX | {"mediaType": media_types.DOCKER_LIST}), Index)


def test_index_names_its_manifests():
    entry = CHILD | {
        "platform": {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    found = read(INDEX | {"manifests": [CHILD, entry]})
    assert isinstance(found, Index)
    assert [one.platform and one.platform.name for one in found.manifests] == [None, "linux/arm64/v8:1"]
    assert [one.attestation for one in found.manifests] == [False, True]


@pytest.mark.parametrize("document", [INDEX | {"manifests": []}, INDEX | {"manifests": None}])
def test_index_may_be_empty(document):
    found = read(document)
    assert isinstance(found, Index)
    assert found.manifests == ()


@pytest.mark.parametrize("header", ["", "application/json", "text/plain; charset=utf-8", "application/octet-stream"])
def test_vague_content_type_leaves_it_to_the_document(header):
    assert isinstance(read(MANIFEST, header), Manifest)
    assert isinstance(read(INDEX, header), Index)


def test_content_type_says_what_a_document_without_media_type_is():
    document = {name: value for name, value in MANIFEST.items() if name != "mediaType"}
    assert isinstance(read(document, media_types.OCI_MANIFEST + "; charset=utf-8"), Manifest)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.artifact.manifest.v1+json",
        "text/html",
        "image/png\r\nX: y",
    ],
)
def test_foreign_media_type_is_refused(content_type):
    error = refused(MANIFEST, content_type)
    assert error.reason is Reason.CONTENT_INVALID
    assert error.message.isprintable()


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        (MANIFEST, media_types.OCI_INDEX),
        (INDEX, media_types.OCI_MANIFEST),
        (MANIFEST, media_types.DOCKER_MANIFEST),
        (MANIFEST | {"manifests": [CHILD]}, media_types.OCI_MANIFEST),
        (INDEX | {"config": CONFIG}, media_types.OCI_INDEX),
        (INDEX | {"layers": []}, media_types.OCI_INDEX),
        (MANIFEST | {"Manifests": [CHILD]}, media_types.OCI_MANIFEST),
    ],
)
def test_document_that_is_two_things_is_refused(document, content_type):
    assert refused(document, content_type).reason is Reason.CONTENT_INVALID


@pytest.mark.parametrize(
    "pair",
    [
        ("config", "config"),
        ("config", "Config"),
        ("Config", "CONFIG"),
    ],
)
def test_document_with_keys_that_runtimes_take_for_one_is_refused(pair):
    config = json.dumps(CONFIG)
    text = f'{{"schemaVersion": 2, "{pair[0]}": {config}, "{pair[1]}": {config.replace(DIGEST, OTHER)}}}'
    assert refused(text.encode(), media_types.OCI_MANIFEST).reason is Reason.CONTENT_INVALID


def test_double_digest_in_a_descriptor_is_refused():
    config = json.dumps(CONFIG)[:-1] + f', "dige\u017ft": "{OTHER}"}}'
    text = f'{{"schemaVersion": 2, "config": {config}}}'
    assert refused(text.encode(), media_types.OCI_MANIFEST).reason is Reason.CONTENT_INVALID


def test_keys_are_known_in_any_case_as_runtimes_know_them():
    found = read({"SCHEMAVERSION": 2, "Config": {"Digest": DIGEST, "MediaType": "x"}}, media_types.OCI_MANIFEST)
    assert isinstance(found, Manifest)
    assert found.config.digest == DIGEST


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"null",
        b'{"schemaVersion": 2',
        b"\xff\xfe",
        {"schemaVersion": 1, "mediaType": "", "fsLayers": []},
        MANIFEST | {"schemaVersion": 1},
        MANIFEST | {"fsLayers": []},
        MANIFEST | {"config": None},
        MANIFEST | {"config": [CONFIG]},
        MANIFEST | {"config": {}},
        MANIFEST | {"config": CONFIG | {"digest": "sha256:abc"}},
        MANIFEST | {"config": CONFIG | {"digest": "sha384:" + "a" * 96}},
        MANIFEST | {"config": CONFIG | {"digest": "sha256:../../../etc"}},
        MANIFEST | {"config": CONFIG | {"digest": 7}},
        MANIFEST | {"config": CONFIG | {"size": -1}},
        MANIFEST | {"config": CONFIG | {"size": "7"}},
        MANIFEST | {"config": CONFIG | {"size": True}},
        MANIFEST | {"config": CONFIG | {"mediaType": 7}},
        MANIFEST | {"config": CONFIG | {"annotations": []}},
        MANIFEST | {"config": CONFIG | {"annotations": "x"}},
        MANIFEST | {"mediaType": 7},
    ],
)
def test_broken_manifest_is_refused(document):
    assert refused(document, media_types.OCI_MANIFEST).reason is Reason.CONTENT_INVALID


@pytest.mark.parametrize(
    "manifests",
    [
        {},
        "x",
        [None],
        ["x"],
        [CHILD | {"platform": "linux"}],
        [CHILD | {"platform": {"os": 7}}],
        [CHILD | {"digest": None}],
    ],
)
def test_broken_index_is_refused_by_the_place(manifests):
    error = refused(INDEX | {"manifests": manifests})
    assert error.reason is Reason.CONTENT_INVALID
    assert "manifests" in error.message


def test_index_with_too_many_manifests_is_refused():
    error = refused(INDEX | {"manifests": [CHILD] * (limits.INDEX_MANIFESTS + 1)})
    assert error.reason is Reason.LIMIT_EXCEEDED


def test_document_that_would_build_too_much_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(manifest.json, "loads", lambda *_, **__: pytest.fail("it was read"))
    for text in (b"{},", b"[],", b"1,"):
        body = b'{"config":' + json.dumps(CONFIG).encode() + b',"history":[' + text * limits.JSON_PARTS + b"0]}"
        assert len(body) <= limits.MANIFEST_BYTES
        error = refused(body, media_types.OCI_MANIFEST)
        assert error.reason is Reason.LIMIT_EXCEEDED
        assert str(limits.JSON_PARTS) in error.message


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[1," * 20_000 + b"x",
        b'{"x":' * 600 + b'"\\u0000"' + b"}" * 600,
        b'{"config": {}, "x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_document_that_is_nested_without_end_is_refused_by_a_limit(body):
    assert refused(body, media_types.OCI_MANIFEST).reason is Reason.LIMIT_EXCEEDED


def test_text_that_is_no_json_is_explained_by_nobody():
    """To say where a text of megabytes goes wrong may take seconds; of this one it is said only that it is none."""
    error = refused(b'{"config": [1, 1, x' + b" " * 100_000, media_types.OCI_MANIFEST)
    assert error.reason is Reason.CONTENT_INVALID
    assert error.message == "manifest of reg.io/app: it is no JSON"


@pytest.mark.parametrize("media_type", [media_types.OCI_MANIFEST, media_types.DOCKER_LIST])
@pytest.mark.parametrize("vague", sorted(media_types.VAGUE))
def test_vague_media_type_of_the_document_itself_is_no_image(vague, media_type):
    """A child of an index that says nothing of itself must not pass as something that does not run."""
    document = {name: value for name, value in MANIFEST.items() if name != "mediaType"}
    assert refused(document | ({"mediaType": vague} if vague else {}), vague).reason is Reason.CONTENT_INVALID
    assert refused(document | {"mediaType": "text/plain"}, media_type).reason is Reason.CONTENT_INVALID


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        (Platform(), ""),
        (Platform("", "amd64"), ""),
        (Platform("linux"), "linux"),
        (Platform("linux", "", "v7"), "linux/v7"),
        (Platform("linux", "arm", "v7"), "linux/arm/v7"),
        (Platform("windows", "amd64", "", "10.0.1"), "windows/amd64:10.0.1"),
    ],
)
def test_platform_is_named_as_upstream_names_it(platform, name):
    assert platform.name == name


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([DIGEST, media_types.OCI_CONFIG]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["config", "manifests", "mediaType", "digest", "size", "platform", "annotations", "os", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON, st.sampled_from([media_types.OCI_MANIFEST, media_types.OCI_INDEX, "", "text/html"]))
def test_any_document_is_read_or_refused(document, content_type):
    try:
        found = read(json.dumps(document).encode(), content_type)
    except ImageError as error:
        assert error.reason in {Reason.CONTENT_INVALID, Reason.LIMIT_EXCEEDED}  # noqa: PT017 - or it passes
    else:
        assert isinstance(found, Manifest | Index)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body):
    with pytest.raises(ImageError):
        read(body, media_types.OCI_MANIFEST)
