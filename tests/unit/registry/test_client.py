"""The client on a registry in memory."""

import dataclasses

import pytest

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.client import Page
from provider.registry.content import media_types
from provider.registry.content.manifest import Descriptor
from provider.registry.mirrors.host import RegistryHost
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.version import VERSION
from tests.simulators.registry import canonical, sha256

IMAGE = parse("reg.io/team/app:v1")
ABSENT = "sha256:" + "0" * 64


@pytest.fixture
def refused(run):
    """The error of a question."""

    def refused(question):
        with pytest.raises(ImageError) as caught:
            run(question)
        assert caught.value.message.isprintable()
        return caught.value

    return refused


def config_of(registry, pushed, repository="team/app", **changes):
    """The descriptor of an image's configuration."""
    body = next(body for _, place, digest, body in registry.documents() if (place, digest) == (repository, pushed))
    return dataclasses.replace(Descriptor(media_types.OCI_CONFIG, pushed, len(body)), **changes)


class TestManifest:
    def test_manifest_by_tag_is_one_request_and_no_head(self, run, client, registry, call):
        pushed = registry.push_image("team/app", "v1")
        fetched = run(client.manifest(IMAGE, call))
        assert fetched.digest == pushed.digest
        assert fetched.media_type == media_types.OCI_MANIFEST
        assert fetched.vouched
        assert registry.counts == {"manifest": 1}
        assert call.round_trips == 1

    def test_manifest_is_as_it_came(self, run, client, registry, call):
        body = canonical({"schemaVersion": 2, "x": "é"})
        registry.push_manifest("team/app", "v1", body)
        assert run(client.manifest(IMAGE, call)).body == body

    def test_all_media_types_are_asked_for(self, run, client, registry, call):
        registry.push_image("team/app", "v1")
        run(client.manifest(IMAGE, call))
        accept = registry.requests[0].headers["Accept"]
        assert all(name in accept for name in media_types.MANIFESTS | media_types.INDEXES)

    def test_request_says_who_asks_and_for_which_key(self, run, client, registry, call):
        registry.push_image("team/app", "v1")
        run(client.manifest(IMAGE, call))
        headers = registry.requests[0].headers
        assert headers["User-Agent"] == f"bestbefore/{VERSION}"
        assert headers["X-Request-Id"] == "0123456789ab"
        assert headers["Accept-Encoding"] == "identity"

    def test_content_that_does_not_match_the_asked_digest_is_refused_for_now(self, client, registry, call, refused):
        pushed = registry.push_image("team/app", "v1")
        registry.tamper("team/app", pushed.digest, b"{}")
        error = refused(client.manifest(IMAGE.at(pushed.digest), call))
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert error.unfit
        assert "does not match its digest" in error.message

    def test_content_that_does_not_match_the_announced_digest_is_refused_for_now(self, client, registry, call, refused):
        registry.push_image("team/app", "v1")
        registry.content_digest = ABSENT
        error = refused(client.manifest(IMAGE, call))
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert "does not match its digest" in error.message

    @pytest.mark.parametrize("announced", ["sha384:" + "0" * 96, "", "nonsense", "SHA256:" + "0" * 64])
    def test_digest_announced_by_another_algorithm_is_not_compared_and_vouches_for_nothing(
        self, run, client, registry, call, announced
    ):
        registry.fail("manifest", 200, headers={"Docker-Content-Digest": announced}, body=b"{}")
        fetched = run(client.manifest(IMAGE, call))
        assert fetched.digest == sha256(b"{}")
        assert not fetched.vouched

    def test_manifest_of_a_hundred_megabytes_is_cut_off(self, client, registry, call, refused):
        registry.push_manifest("team/app", "v1", b" " * (limits.MANIFEST_BYTES + 1))
        error = refused(client.manifest(IMAGE, call))
        # It matched no digest, for it was not read to its end.
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert f"more than {limits.MANIFEST_BYTES} bytes" in error.message

    def test_manifest_of_the_largest_size_is_read(self, run, client, registry, call):
        registry.push_manifest("team/app", "v1", b" " * limits.MANIFEST_BYTES)
        assert len(run(client.manifest(IMAGE, call)).body) == limits.MANIFEST_BYTES


class TestVouched:
    """What came by a tag is true of the image only if a digest says so, and if it is no web page."""

    @pytest.mark.parametrize(
        ("content_type", "vouched"),
        [
            (media_types.OCI_MANIFEST, True),
            (media_types.DOCKER_LIST + "; charset=utf-8", True),
            ("application/vnd.docker.distribution.manifest.v1+prettyjws", True),
            ("application/vnd.acme.something+json", True),
            ("application/json", True),
            ("", True),
            ("text/html", False),
            ("text/html; charset=utf-8", False),
            ("application/xml", False),
            ("application/problem+json", False),
        ],
    )
    def test_document_with_its_digest_is_vouched_for_unless_it_is_called_something_else(
        self, run, client, registry, call, content_type, vouched
    ):
        headers = {"Docker-Content-Digest": sha256(b"{}"), "Content-Type": content_type}
        registry.fail("manifest", 200, headers=headers, body=b"{}")
        assert run(client.manifest(IMAGE, call)).vouched is vouched

    def test_document_without_a_digest_is_not_vouched_for(self, run, client, registry, call):
        registry.fail("manifest", 200, headers={"Content-Type": media_types.OCI_MANIFEST}, body=b"{}")
        assert not run(client.manifest(IMAGE, call)).vouched

    def test_document_that_matched_the_asked_digest_is_vouched_for(self, run, client, registry, call):
        registry.fail("manifest", 200, headers={"Content-Type": "text/html"}, body=b"{}")
        assert run(client.manifest(IMAGE.at(sha256(b"{}")), call)).vouched


class TestTag:
    def test_what_a_tag_points_to_is_told_without_moving_content(self, run, client, registry, call):
        pushed = registry.push_image("team/app", "v1")
        assert run(client.tag(IMAGE, call)) == pushed.digest
        assert registry.counts == {"HEAD manifest": 1}
        assert media_types.OCI_INDEX in registry.requests[0].headers["Accept"]

    @pytest.mark.parametrize("headers", [{}, {"Docker-Content-Digest": "sha384:" + "0" * 96}])
    def test_registry_that_does_not_say_without_the_manifest_is_no_error(self, run, client, registry, call, headers):
        registry.fail("manifest", 200, headers=headers)
        assert run(client.tag(IMAGE, call)) == ""

    @pytest.mark.parametrize("status", [400, 404, 405, 406, 501])
    def test_registry_that_knows_no_head_is_no_error(self, run, client, registry, call, status):
        registry.fail("manifest", status)
        assert run(client.tag(IMAGE, call)) == ""

    @pytest.mark.parametrize(
        ("status", "reason"),
        [(401, Reason.UNAUTHORIZED), (403, Reason.UNAUTHORIZED), (429, Reason.THROTTLED), (500, None), (204, None)],
    )
    def test_refusal_is_told(self, client, registry, call, refused, status, reason):
        registry.push_image("team/app", "v1")
        registry.fail("manifest", status)
        assert refused(client.tag(IMAGE, call)).reason is (reason or Reason.REGISTRY_UNAVAILABLE)


class TestBlob:
    def test_blob_is_read(self, run, client, registry, call):
        pushed = registry.push_image("team/app", "v1")
        body = run(client.blob(IMAGE, config_of(registry, pushed.config), limits.CONFIG_BYTES, call))
        assert sha256(body) == pushed.config

    def test_blob_that_does_not_match_its_digest_is_refused_for_now(self, client, registry, call, refused):
        pushed = registry.push_image("team/app", "v1")
        registry.tamper("team/app", pushed.config, b'{"created": "2030-01-01T00:00:00Z"}')
        descriptor = config_of(registry, pushed.config, size=1000)
        error = refused(client.blob(IMAGE, descriptor, limits.CONFIG_BYTES, call))
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert error.unfit
        assert "does not match its digest" in error.message

    def test_blob_that_is_said_to_be_over_the_limit_is_not_asked_for(self, client, registry, call, refused):
        digest = registry.push_blob("team/app", b" " * 101)
        error = refused(client.blob(IMAGE, Descriptor("", digest, 101), 100, call))
        assert error.reason is Reason.LIMIT_EXCEEDED
        assert registry.requests == []

    def test_blob_of_the_largest_size_is_read(self, run, client, registry, call):
        digest = registry.push_blob("team/app", b" " * 101)
        assert run(client.blob(IMAGE, Descriptor("", digest, 101), 101, call))

    def test_no_more_is_read_of_a_blob_than_its_descriptor_says(self, client, registry, call, refused):
        digest = registry.push_blob("team/app", b" " * 101)
        error = refused(client.blob(IMAGE, Descriptor("", digest, 100), 1000, call))
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert "more than 100 bytes" in error.message

    def test_blob_that_is_shorter_than_its_descriptor_says_is_refused_for_good(self, client, registry, call, refused):
        """Its bytes matched the digest, so that it will never be otherwise."""
        digest = registry.push_blob("team/app", b" " * 100)
        error = refused(client.blob(IMAGE, Descriptor("", digest, 101), 1000, call))
        assert error.reason is Reason.CONTENT_INVALID
        assert "100 bytes, its descriptor says 101" in error.message


class TestProof:
    def test_proof_of_the_right_to_read_moves_no_content(self, run, client, registry, call, refused):
        pushed = registry.push_image("team/app", "v1")
        run(client.prove_manifest(IMAGE.at(pushed.digest), call))
        run(client.prove_blob(IMAGE, config_of(registry, pushed.config), call))
        assert registry.counts == {"HEAD manifest": 1, "HEAD blob": 1}
        assert refused(client.prove_blob(IMAGE, Descriptor("", ABSENT, 1), call)).reason is Reason.NOT_FOUND
        assert refused(client.prove_manifest(IMAGE.at(ABSENT), call)).reason is Reason.NOT_FOUND


class TestReferrers:
    DIGEST = "sha256:" + "a" * 64

    def refer(self, registry, number):
        subject = {"mediaType": media_types.OCI_MANIFEST, "digest": self.DIGEST, "size": 1}
        for index in range(number):
            registry.push_manifest(
                "team/app", None, {"schemaVersion": 2, "subject": subject, "artifactType": str(index)}
            )

    def test_pages_follow_each_other(self, run, client, registry, call):
        registry.referrers_page = 2
        self.refer(registry, 3)
        first = run(client.referrers(IMAGE.at(self.DIGEST), call))
        second = run(client.referrers_page(IMAGE.at(self.DIGEST), call, first))
        assert (first.body.count(b"artifactType"), second.body.count(b"artifactType")) == (2, 1)
        assert second.next == ""
        assert registry.counts == {"referrer": 2}

    @pytest.mark.parametrize("status", [400, 404, 405, 406])
    def test_registry_without_the_interface_has_none(self, run, client, registry, call, status):
        registry.fail("referrer", status)
        assert run(client.referrers(IMAGE.at(self.DIGEST), call)) is None

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("text/html", b"<html>Sign in</html>"),
            ("application/json", b"{}"),
            (media_types.OCI_MANIFEST, b'{"manifests": []}'),
            (media_types.DOCKER_LIST, b'{"manifests": []}'),
            ("", b'{"manifests": []}'),
            (media_types.OCI_INDEX, b""),
            (media_types.OCI_INDEX, b" \n"),
        ],
    )
    def test_answer_that_is_called_no_index_is_that_of_a_registry_without_the_interface(
        self, run, client, registry, call, kind, body
    ):
        registry.fail("referrer", 200, headers={"Content-Type": kind} if kind else {}, body=body)
        assert run(client.referrers(IMAGE.at(self.DIGEST), call)) is None

    def test_parameters_of_its_type_make_it_no_other(self, run, client, registry, call):
        headers = {"Content-Type": "Application/vnd.oci.image.index.v1+json; charset=utf-8"}
        registry.fail("referrer", 200, headers=headers, body=b'{"manifests": []}')
        assert run(client.referrers(IMAGE.at(self.DIGEST), call)) is not None

    def test_page_that_is_not_there_any_more_is_an_error(self, client, registry, call, refused):
        registry.fail("referrer", 404)
        page = Page(b"", "?last=1", RegistryHost())
        assert refused(client.referrers_page(IMAGE.at(self.DIGEST), call, page)).reason is Reason.NOT_FOUND

    @pytest.mark.parametrize("status", [401, 403, 500])
    def test_refusal_is_told(self, client, registry, call, refused, status):
        registry.fail("referrer", status)
        assert not refused(client.referrers(IMAGE.at(self.DIGEST), call)).reason.durable

    def test_next_page_elsewhere_is_an_error_of_the_registry(self, client, registry, call, refused):
        headers = {"Content-Type": media_types.OCI_INDEX, "Link": '<https://evil.io/x>; rel="next"'}
        registry.fail("referrer", 200, headers=headers, body=b"{}")
        error = refused(client.referrers(IMAGE.at(self.DIGEST), call))
        assert error.reason is Reason.REGISTRY_UNAVAILABLE
        assert "leads elsewhere" in error.message


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (301, Reason.REGISTRY_UNAVAILABLE),
            (400, Reason.REGISTRY_UNAVAILABLE),
            (401, Reason.UNAUTHORIZED),
            (403, Reason.UNAUTHORIZED),
            (404, Reason.NOT_FOUND),
            (406, Reason.REGISTRY_UNAVAILABLE),
            (429, Reason.THROTTLED),
            (500, Reason.REGISTRY_UNAVAILABLE),
            (502, Reason.REGISTRY_UNAVAILABLE),
            (599, Reason.REGISTRY_UNAVAILABLE),
            (101, Reason.REGISTRY_UNAVAILABLE),
            (204, Reason.REGISTRY_UNAVAILABLE),
            (206, Reason.REGISTRY_UNAVAILABLE),
            (304, Reason.REGISTRY_UNAVAILABLE),
        ],
    )
    def test_refusal_of_a_registry_has_its_reason(self, client, registry, call, refused, status, expected):
        registry.fail("manifest", status, body=b"\x1b[31m remote words")
        error = refused(client.manifest(IMAGE, call))
        assert error.reason is expected
        assert not error.reason.durable
        assert "remote words" not in error.message
        assert "reg.io/team/app:v1" in error.message

    @pytest.mark.parametrize(
        ("how", "expected", "code"),
        [
            ("silent", Reason.TIMEOUT, "timeout"),
            ("unreachable", Reason.REGISTRY_UNAVAILABLE, "connection"),
            ("cut", Reason.REGISTRY_UNAVAILABLE, "connection"),
            ("close", Reason.REGISTRY_UNAVAILABLE, "connection"),
        ],
    )
    def test_registry_that_breaks_off_has_its_reason(
        self, client, registry, call, observer, refused, how, expected, code
    ):
        registry.push_image("team/app", "v1")
        registry.fail("manifest", how=how)
        assert refused(client.manifest(IMAGE, call)).reason is expected
        assert observer.requests == [("reg.io", "resolve", code)]

    def test_nothing_is_asked_after_the_deadline(self, client, registry, call, clock, refused):
        call.deadline = Deadline.after(clock, 0)
        assert refused(client.manifest(IMAGE, call)).reason is Reason.TIMEOUT
        assert registry.requests == []

    def test_registry_that_takes_longer_than_the_deadline_times_out(self, client, registry, call, clock, refused):
        registry.push_image("team/app", "v1")
        registry.delay = 2.0
        call.deadline = Deadline.after(clock, 1.0)
        assert refused(client.manifest(IMAGE, call)).reason is Reason.TIMEOUT


def test_each_round_trip_is_reported(run, client, registry, call, observer):
    pushed = registry.push_image("team/app", "v1")
    run(client.manifest(IMAGE, call))
    run(client.manifest(IMAGE.at(pushed.digest), call))
    run(client.blob(IMAGE, config_of(registry, pushed.config), limits.CONFIG_BYTES, call))
    run(client.tag(IMAGE, call))
    run(client.referrers(IMAGE.at(pushed.digest), call))
    assert [operation for _, operation, _ in observer.requests] == [
        "resolve",
        "manifest",
        "blob",
        "resolve",
        "referrers",
    ]
    assert call.round_trips == 5


def test_url_of_a_manifest_is_as_it_is_asked_for(make_client):
    settings = RegistrySettings(insecure_registries=frozenset({"localhost:5000"}))
    client = make_client(settings)
    assert client.url(parse("localhost:5000/app:v1")) == "http://localhost:5000/v2/app/manifests/v1"
    assert client.url(parse("alpine")) == "https://index.docker.io/v2/library/alpine/manifests/latest"
