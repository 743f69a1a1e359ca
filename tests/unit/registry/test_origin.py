"""Origins and how registries are reached."""

import pytest

from provider.registry import origin
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://reg.io", Origin("https", "reg.io", 443)),
        ("https://REG.io:443/v2/", Origin("https", "reg.io", 443)),
        ("http://reg.io:5000/?q", Origin("http", "reg.io", 5000)),
        ("http://[::1]:5000", Origin("http", "::1", 5000)),
    ],
)
def test_origin_of_a_url(url, expected):
    assert origin.of_url(url) == expected


@pytest.mark.parametrize(
    "url", ["", "ftp://reg.io", "reg.io/x", "https://", "https://user:pw@reg.io", "https://reg.io:x", "https://ré.io"]
)
def test_url_without_a_usable_origin_is_refused(url):
    with pytest.raises(ValueError, match=r".+"):
        origin.of_url(url)


def test_authority_leaves_out_the_default_port():
    assert str(Origin("https", "reg.io", 443)) == "https://reg.io"
    assert str(Origin("http", "reg.io", 443)) == "http://reg.io:443"
    assert str(Origin("http", "::1", 5000)) == "http://[::1]:5000"


def test_registry_is_reached_by_tls():
    assert RegistrySettings().origin("reg.io").secure
    assert RegistrySettings().origin("localhost:5000").secure


def test_insecure_registry_is_reached_over_plain_http():
    settings = RegistrySettings(insecure_registries=frozenset({"reg.io:5000"}))
    assert str(settings.origin("reg.io:5000")) == "http://reg.io:5000"
    assert settings.origin("reg.io").secure


@pytest.mark.parametrize("registry", ["localhost:5000", "app.localhost:80", "127.0.0.2:5000", "[::1]:5000"])
def test_commands_speak_plain_http_to_loopback(registry):
    assert not RegistrySettings(allow_loopback_http=True).origin(registry).secure


@pytest.mark.parametrize("registry", ["reg.io", "10.0.0.1:5000", "localhost.evil.io:5000"])
def test_commands_speak_tls_to_all_others(registry):
    assert RegistrySettings(allow_loopback_http=True).origin(registry).secure
