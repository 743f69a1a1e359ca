"""What is stored beside images."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.content import artifact, media_types

DIGEST, OTHER = "sha256:" + "a1" * 32, "sha256:" + "b2" * 32
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
LAYER = {
    "mediaType": SIMPLE,
    "digest": DIGEST,
    "size": 7,
    "annotations": {"dev.cosignproject.cosign/signature": "MEU="},
}
SUBJECT = {"mediaType": media_types.OCI_MANIFEST, "digest": OTHER, "size": 9}
MANIFEST = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "layers": [LAYER]}
ENTRY = {"mediaType": media_types.OCI_MANIFEST, "digest": DIGEST, "size": 7, "artifactType": "application/x"}


def encoded(document):
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def read(document):
    return artifact.read(encoded(document), "signature")


def read_referrers(document):
    return artifact.read_referrers(encoded(document), "referrers")


def refused(reader, document):
    with pytest.raises(ImageError) as caught:
        reader(document)
    return caught.value.reason


class TestArtifact:
    def test_layers_are_in_order_and_as_they_are_written(self):
        second = {"mediaType": "Application/X; a=b", "digest": OTHER, "size": 0}
        found = read(MANIFEST | {"layers": [LAYER, second]})
        assert [layer.digest for layer in found.layers] == [DIGEST, OTHER]
        # Signatures are told apart by it, so that it is not made alike.
        assert [layer.media_type for layer in found.layers] == [SIMPLE, "Application/X; a=b"]
        assert found.layers[0].annotations == {"dev.cosignproject.cosign/signature": "MEU="}

    def test_what_it_does_not_say_is_empty(self):
        found = read({"schemaVersion": 2})
        assert (found.artifact_type, found.layers, found.subject, found.annotations) == ("", (), "", {})
        assert read({"layers": None, "annotations": None, "artifactType": None, "subject": None}) == found

    def test_subject_type_and_notes_are_read(self):
        found = read(MANIFEST | {"artifactType": "application/x", "subject": SUBJECT, "annotations": {"a": "b"}})
        assert (found.artifact_type, found.subject, found.annotations) == ("application/x", OTHER, {"a": "b"})

    @pytest.mark.parametrize(
        "document",
        [
            b"",
            b"[]",
            b"null",
            b"<html>",
            MANIFEST | {"manifests": []},
            MANIFEST | {"Manifests": []},
            MANIFEST | {"fsLayers": []},
            MANIFEST | {"layers": {"a": 1}},
            MANIFEST | {"layers": [None]},
            MANIFEST | {"layers": [LAYER | {"digest": "sha256:abc"}]},
            MANIFEST | {"layers": [LAYER | {"mediaType": 7}]},
            MANIFEST | {"layers": [LAYER | {"size": -1}]},
            MANIFEST | {"layers": [LAYER | {"annotations": {"a": 1}}]},
            MANIFEST | {"layers": [LAYER | {"annotations": []}]},
            MANIFEST | {"annotations": "x"},
            MANIFEST | {"artifactType": 7},
            MANIFEST | {"subject": "x"},
            MANIFEST | {"subject": {"digest": "x"}},
            b'{"layers": [], "layers": []}',
            b'{"layers": [], "Layers": []}',
            b'{"annotations": {"a": "b", "A": "c"}}',
            b'{"annotations": {"a": "b", "a": "c"}}',
        ],
    )
    def test_broken_manifest_is_refused(self, document):
        assert refused(read, document) is Reason.CONTENT_INVALID

    def test_manifest_that_would_build_too_much_is_refused_before_it_is_read(self):
        body = b'{"x":[' + b"{}," * limits.JSON_PARTS + b"{}]}"
        assert refused(read, body) is Reason.LIMIT_EXCEEDED

    @given(st.binary(max_size=100))
    def test_any_bytes_are_read_or_refused(self, body):
        try:
            read(body)
        except ImageError as error:
            assert error.reason is Reason.CONTENT_INVALID  # noqa: PT017 - or it passes


BAD_ENTRIES = [
    None,
    7,
    "x",
    [],
    ENTRY | {"digest": "sha384:" + "a" * 96},
    ENTRY | {"digest": "x"},
    ENTRY | {"digest": None},
    ENTRY | {"size": -1},
    ENTRY | {"size": "7"},
    ENTRY | {"size": 1.5},
    ENTRY | {"mediaType": 7},
    ENTRY | {"annotations": {"a": 1}},
    ENTRY | {"annotations": {"a": "b", "A": "c"}},
    ENTRY | {"annotations": [1]},
    ENTRY | {"platform": "linux"},
]


class TestLayers:
    @pytest.mark.parametrize("bad", [*BAD_ENTRIES, LAYER | {"annotations": {"a": {}}}])
    def test_layer_that_cannot_be_read_is_named_and_those_beside_it_are_read(self, bad):
        found = artifact.read_layers(encoded(MANIFEST | {"layers": [LAYER, bad, LAYER]}), "signatures")
        assert [layer.digest for layer in found.entries] == [DIGEST, DIGEST]
        [problem] = found.problems
        assert problem.startswith("signatures: layers[1]")

    @pytest.mark.parametrize(
        "rest", [{"annotations": {"a": 1}}, {"subject": {"digest": "sha512:x"}}, {"artifactType": 7}, {"config": 7}]
    )
    def test_what_stands_beside_the_layers_spoils_none_of_them(self, rest):
        assert len(artifact.read_layers(encoded(MANIFEST | rest), "signatures").entries) == 1

    @pytest.mark.parametrize("annotations", [None, {}, {"a": None}])
    def test_null_is_as_good_as_none(self, annotations):
        [layer] = artifact.read_layers(
            encoded(MANIFEST | {"layers": [LAYER | {"annotations": annotations}]}), "x"
        ).entries
        assert set(layer.annotations.values()) <= {""}

    def test_layer_of_no_size_or_a_huge_one_or_an_unknown_type_is_an_entry_as_any_other(self):
        layers = [LAYER | {"size": None}, LAYER | {"size": 10**30}, LAYER | {"mediaType": "a/b"}]
        assert len(artifact.read_layers(encoded(MANIFEST | {"layers": layers}), "x").entries) == 3

    @pytest.mark.parametrize(
        "document", [b"", b"[]", b"<html>", MANIFEST | {"manifests": []}, MANIFEST | {"layers": 1}]
    )
    def test_what_is_no_manifest_is_refused(self, document):
        with pytest.raises(ImageError) as caught:
            artifact.read_layers(encoded(document), "signatures")
        assert caught.value.reason is Reason.CONTENT_INVALID


class TestReferrers:
    def test_entries_are_in_order_with_their_type_and_notes(self):
        second = ENTRY | {"digest": OTHER, "annotations": {"a": "b"}}
        found = read_referrers({"schemaVersion": 2, "manifests": [ENTRY, second]}).entries
        assert [(one.digest, one.artifact_type, dict(one.annotations)) for one in found] == [
            (DIGEST, "application/x", {}),
            (OTHER, "application/x", {"a": "b"}),
        ]

    @pytest.mark.parametrize("document", [{"manifests": None}, {"manifests": []}, {"mediaType": media_types.OCI_INDEX}])
    def test_there_may_be_none(self, document):
        assert read_referrers(document).entries == ()

    @pytest.mark.parametrize("document", [{}, {"errors": []}, {"mediaType": media_types.OCI_MANIFEST, "layers": []}])
    def test_object_that_names_no_manifests_is_no_list(self, document):
        assert read_referrers(document) is None

    def test_as_many_as_are_looked_at_are_read_and_one_more_is_refused(self):
        assert len(read_referrers({"manifests": [ENTRY] * limits.REFERRERS}).entries) == limits.REFERRERS
        assert refused(read_referrers, {"manifests": [ENTRY] * (limits.REFERRERS + 1)}) is Reason.LIMIT_EXCEEDED

    @pytest.mark.parametrize("bad", BAD_ENTRIES)
    def test_entry_that_cannot_be_read_is_named_and_those_beside_it_are_read(self, bad):
        found = read_referrers({"manifests": [bad, ENTRY]})
        assert [one.digest for one in found.entries] == [DIGEST]
        assert found.problems[0].startswith("referrers: manifests[0]")

    @pytest.mark.parametrize("document", [b"<html>", {"manifests": {"a": 1}}, b'{"manifests": [], "Manifests": []}'])
    def test_broken_list_is_refused(self, document):
        assert refused(read_referrers, document) is Reason.CONTENT_INVALID
