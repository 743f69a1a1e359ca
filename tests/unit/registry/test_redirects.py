"""Where redirects may lead."""

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.credentials import Credential
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings

IMAGE = parse("reg.io/team/app:v1")
ME = Credential("me", "secret")


def pushed(registry):
    return registry.push_image("team/app", "v1").config


def test_blob_is_read_from_where_the_registry_keeps_it(client, registry, call):
    digest = pushed(registry)
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}?signature=s"
    assert client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert [asked.host for asked in registry.requests] == ["reg.io", "store.io"]
    assert registry.requests[1].query == {"signature": ["s"]}


def test_relative_redirect_stays_with_the_registry(client, registry, call):
    digest = pushed(registry)
    registry.blob_location = lambda digest: f"/store/{digest}"
    assert client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert [asked.host for asked in registry.requests] == ["reg.io", "reg.io"]


def test_authorization_is_not_sent_to_another_origin(make_client, registry, call):
    digest = pushed(registry)
    registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
    make_client(reg_io=ME).blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert "Authorization" in registry.requests[1].headers
    assert "Authorization" not in registry.requests[2].headers


def test_authorization_is_not_sent_to_another_port(make_client, registry, call):
    digest = pushed(registry)
    registry.challenge, registry.authorizations = 'Basic realm="x"', {ME.basic}
    registry.blob_location = lambda digest: f"https://reg.io:8443/store/{digest}"
    make_client(reg_io=ME).blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert "Authorization" not in registry.requests[2].headers


def test_redirect_from_tls_to_plain_http_is_refused(client, registry, call):
    digest = pushed(registry)
    registry.blob_location = lambda digest: f"http://reg.io/store/{digest}"
    with pytest.raises(ImageError) as caught:
        client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert caught.value.reason is Reason.ADDRESS_REFUSED
    assert len(registry.requests) == 1


def test_redirect_from_tls_to_an_insecure_registry_is_refused(make_client, registry, call):
    digest = pushed(registry)
    registry.blob_location = lambda digest: f"http://other.io:5000/store/{digest}"
    settings = RegistrySettings(insecure_registries=frozenset({"other.io:5000"}))
    with pytest.raises(ImageError):
        make_client(settings).blob(IMAGE, digest, limits.CONFIG_BYTES, call)


def test_insecure_registry_may_redirect_to_itself_only(make_client, registry, call):
    digest = pushed(registry)
    client = make_client(RegistrySettings(insecure_registries=frozenset({"reg.io"})))
    registry.blob_location = lambda digest: f"http://reg.io/store/{digest}"
    assert client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    registry.blob_location = lambda digest: f"http://other.io/store/{digest}"
    with pytest.raises(ImageError):
        client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)


@pytest.mark.parametrize(
    "location", ["", "ftp://store.io/x", "https://", "https://me:pw@store.io/x", "https://store.io:x/", "https://[/x"]
)
def test_redirect_to_nowhere_is_an_error_of_the_registry(client, registry, call, location):
    digest = pushed(registry)
    registry.blob_location = lambda _: location
    with pytest.raises(ImageError) as caught:
        client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


def test_redirects_end(client, registry, call):
    digest = pushed(registry)
    registry.fail("any", 302, headers={"Location": "https://reg.io/round"})
    with pytest.raises(ImageError, match="redirects more than") as caught:
        client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert len(registry.requests) == limits.REDIRECTS + 1


def test_content_from_elsewhere_is_checked_as_well(client, registry, call):
    digest = pushed(registry)
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}"
    registry.fail("store", 200, body=b"other content")
    with pytest.raises(ImageError) as caught:
        client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert caught.value.reason is Reason.CONTENT_INVALID


def test_url_of_a_blob_store_stands_in_no_error(client, registry, call):
    digest = pushed(registry)
    registry.blob_location = lambda digest: f"https://store.io/store/{digest}?signature=secret"
    registry.fail("store", 403)
    with pytest.raises(ImageError) as caught:
        client.blob(IMAGE, digest, limits.CONFIG_BYTES, call)
    assert "secret" not in str(caught.value)
