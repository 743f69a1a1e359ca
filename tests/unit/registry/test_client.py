"""The client on a registry in memory."""

import warnings

import pytest

from provider import limits
from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import client as client_module
from provider.registry import media_types
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.version import VERSION
from tests.simulators.registry import canonical, sha256

IMAGE = parse("reg.io/team/app:v1")


def reason(ask, *args):
    with pytest.raises(ImageError) as caught:
        ask(*args)
    assert caught.value.message.isprintable()
    return caught.value.reason


def test_manifest_by_tag_is_one_request_and_no_head(client, registry, call):
    pushed = registry.push_image("team/app", "v1")
    fetched = client.manifest(IMAGE, call)
    assert fetched.digest == pushed.digest
    assert fetched.media_type == media_types.OCI_MANIFEST
    assert registry.counts == {"manifest": 1}
    assert call.round_trips == 1


def test_all_media_types_are_asked_for(client, registry, call):
    registry.push_image("team/app", "v1")
    client.manifest(IMAGE, call)
    accept = registry.requests[0].headers["Accept"]
    assert all(name in accept for name in media_types.MANIFESTS | media_types.INDEXES)


def test_request_says_who_asks_and_for_which_key(client, registry, call):
    registry.push_image("team/app", "v1")
    client.manifest(IMAGE, call)
    headers = registry.requests[0].headers
    assert headers["User-Agent"] == f"bestbefore/{VERSION}"
    assert headers["X-Request-Id"] == "0123456789ab"
    assert headers["Accept-Encoding"] == "identity"


def test_request_without_a_key_has_no_request_id(client, registry, call):
    registry.push_image("team/app", "v1")
    call.ref = None
    client.manifest(IMAGE, call)
    assert "X-Request-Id" not in registry.requests[0].headers


def test_content_that_does_not_match_the_asked_digest_is_refused(client, registry, call):
    pushed = registry.push_image("team/app", "v1")
    registry.tamper("team/app", pushed.digest, b"{}")
    assert reason(client.manifest, IMAGE.at(pushed.digest), call) is Reason.CONTENT_INVALID


def test_content_that_does_not_match_the_announced_digest_is_refused(client, registry, call):
    registry.push_image("team/app", "v1")
    registry.content_digest = "sha256:" + "0" * 64
    assert reason(client.manifest, IMAGE, call) is Reason.CONTENT_INVALID


@pytest.mark.parametrize("announced", ["sha512:" + "0" * 128, "", "nonsense"])
def test_digest_announced_by_another_algorithm_is_not_compared(client, registry, call, announced):
    pushed = registry.push_image("team/app", "v1")
    registry.fail("manifest", 200, headers={"Docker-Content-Digest": announced}, body=b"{}")
    assert client.manifest(IMAGE, call).digest == sha256(b"{}")
    assert pushed


def test_blob_that_does_not_match_its_digest_is_refused(client, registry, call):
    pushed = registry.push_image("team/app", "v1")
    registry.tamper("team/app", pushed.config, b'{"created": "2030-01-01T00:00:00Z"}')
    assert reason(client.blob, IMAGE, pushed.config, limits.CONFIG_BYTES, call) is Reason.CONTENT_INVALID


def test_manifest_of_a_hundred_megabytes_is_cut_off(client, registry, call):
    registry.push_manifest("team/app", "v1", b" " * (limits.MANIFEST_BYTES + 1))
    assert reason(client.manifest, IMAGE, call) is Reason.LIMIT_EXCEEDED


def test_blob_over_its_limit_is_cut_off(client, registry, call):
    digest = registry.push_blob("team/app", b" " * 101)
    assert reason(client.blob, IMAGE, digest, 100, call) is Reason.LIMIT_EXCEEDED
    assert client.blob(IMAGE, digest, 101, call)


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
        (204, Reason.REGISTRY_UNAVAILABLE),
        (206, Reason.REGISTRY_UNAVAILABLE),
        (304, Reason.REGISTRY_UNAVAILABLE),
    ],
)
def test_refusal_of_a_registry_has_its_reason(client, registry, call, status, expected):
    registry.fail("manifest", status, body=b"\x1b[31m remote words")
    with pytest.raises(ImageError) as caught:
        client.manifest(IMAGE, call)
    assert caught.value.reason is expected
    assert not caught.value.reason.durable
    assert "remote words" not in caught.value.message
    assert "reg.io/team/app:v1" in caught.value.message


@pytest.mark.parametrize(
    ("how", "expected", "code"),
    [
        ("silent", Reason.TIMEOUT, "timeout"),
        ("unreachable", Reason.REGISTRY_UNAVAILABLE, "connection"),
        ("cut", Reason.REGISTRY_UNAVAILABLE, "connection"),
        ("close", Reason.REGISTRY_UNAVAILABLE, "connection"),
    ],
)
def test_registry_that_breaks_off_has_its_reason(client, registry, call, observer, how, expected, code):
    registry.push_image("team/app", "v1")
    registry.fail("manifest", how=how)
    assert reason(client.manifest, IMAGE, call) is expected
    assert observer.requests == [("reg.io", "resolve", code)]


def test_nothing_is_asked_after_the_deadline(client, registry, call, clock):
    call.deadline = Deadline.after(clock, 0)
    assert reason(client.manifest, IMAGE, call) is Reason.TIMEOUT
    assert registry.requests == []


def test_registry_that_takes_longer_than_the_deadline_times_out(client, registry, call, clock):
    registry.push_image("team/app", "v1")
    registry.delay = 2.0
    call.deadline = Deadline.after(clock, 1.0)
    assert reason(client.manifest, IMAGE, call) is Reason.TIMEOUT


def test_each_round_trip_is_reported(client, registry, call, observer):
    pushed = registry.push_image("team/app", "v1")
    client.manifest(IMAGE, call)
    client.manifest(IMAGE.at(pushed.digest), call)
    client.blob(IMAGE, pushed.config, limits.CONFIG_BYTES, call)
    assert observer.requests == [("reg.io", "resolve", "200"), ("reg.io", "manifest", "200"), ("reg.io", "blob", "200")]


def test_proof_of_the_right_to_read_moves_no_content(client, registry, call):
    pushed = registry.push_image("team/app", "v1")
    client.prove_manifest(IMAGE.at(pushed.digest), call)
    client.prove_blob(IMAGE, pushed.config, call)
    assert registry.counts == {"HEAD manifest": 1, "HEAD blob": 1}
    assert reason(client.prove_blob, IMAGE, "sha256:" + "0" * 64, call) is Reason.NOT_FOUND


def test_url_of_a_manifest_is_as_it_is_asked_for(make_client):
    settings = RegistrySettings(insecure_registries=frozenset({"localhost:5000"}))
    client = make_client(settings)
    assert client.url(parse("localhost:5000/app:v1")) == "http://localhost:5000/v2/app/manifests/v1"
    assert client.url(parse("alpine")) == "https://index.docker.io/v2/library/alpine/manifests/latest"


def test_package_underneath_changes_no_warning_filters():
    assert client_module
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", UserWarning, stacklevel=1)


def test_manifest_is_as_it_came(client, registry, call):
    body = canonical({"schemaVersion": 2, "x": "é"})
    registry.push_manifest("team/app", "v1", body)
    assert client.manifest(IMAGE, call).body == body
