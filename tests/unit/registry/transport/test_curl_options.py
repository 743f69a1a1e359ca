"""How a libcurl handle is set: what was found by trying stands here as options; what they do, on sockets."""

import ipaddress

import pycurl
import pytest

from provider import limits
from provider.registry import origin
from provider.registry.transport import curl_options
from provider.registry.transport.curl_options import Callbacks
from provider.registry.transport.routes import Route
from provider.registry.transport.transport import BrokenError, Request

ADDRESS = ipaddress.ip_address("192.0.2.1")


class Handle:
    """Remembers what it was set to since it was reset."""

    def __init__(self):
        self.options = {"stale": True}
        self.unset = set()

    def reset(self):
        self.options = {}

    def setopt(self, option, value):
        self.options[option] = value

    def unsetopt(self, option):
        self.unset.add(option)
        self.options.pop(option, None)


def applied(
    url="https://reg.io/v2/x", method="GET", headers=None, body=None, address=ADDRESS, seconds=30.0, route=None
):
    where = origin.of_url(url)
    target = url.split("/", 3)[3] if url.count("/") > 2 else ""
    handle = Handle()
    callbacks = Callbacks(print, print, print, print)
    request = Request(method, where, f"/{target}", headers or {}, body)
    curl_options.apply(handle, request, route or Route(address, None, address), "/ca.pem", seconds, callbacks)
    return handle


def options(*args, **kwargs):
    return applied(*args, **kwargs).options


def test_nothing_of_the_last_request_stays():
    assert "stale" not in options()


@pytest.mark.parametrize(
    ("url", "address", "expected"),
    [
        ("https://reg.io/", "192.0.2.1", "::192.0.2.1:443"),
        ("http://reg.io:5000/", "192.0.2.1", "::192.0.2.1:5000"),
        ("https://reg.io:8443/", "2001:db8::1", "::[2001:db8::1]:8443"),
        ("https://[2001:db8::1]/", "2001:db8::1", "::[2001:db8::1]:443"),
        ("https://0x7f.1/", "192.0.2.1", "::192.0.2.1:443"),
    ],
)
def test_address_goes_in_for_any_host_and_port(url, address, expected):
    """Else libcurl would look up names, and make of a host what it likes."""
    set_ = options(url, address=ipaddress.ip_address(address))
    assert set_[pycurl.CONNECT_TO] == [expected]
    assert pycurl.RESOLVE not in set_


def test_unsafe_defaults_are_set_on_every_handle():
    for url in ("https://reg.io/", "http://reg.io/"):
        set_ = options(url)
        assert set_[pycurl.PROTOCOLS] == pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
        assert set_[pycurl.PROXY] == ""
        assert set_[pycurl.PATH_AS_IS] == 1
        assert set_[pycurl.FOLLOWLOCATION] == 0
        assert set_[pycurl.NOSIGNAL] == 1
        assert not {pycurl.USERPWD, pycurl.NETRC, pycurl.COOKIEFILE, pycurl.ACCEPT_ENCODING} & set(set_)


def test_servers_must_prove_themselves():
    handle = applied()
    assert handle.options[pycurl.SSL_VERIFYPEER] == 1
    assert handle.options[pycurl.SSL_VERIFYHOST] == 2
    assert handle.options[pycurl.CAINFO] == "/ca.pem"
    assert pycurl.CAPATH in handle.unset
    assert handle.options[pycurl.SSLVERSION] == pycurl.SSLVERSION_TLSv1_2


def test_http2_waits_for_the_first_connection():
    set_ = options()
    assert set_[pycurl.HTTP_VERSION] == pycurl.CURL_HTTP_VERSION_2TLS
    assert set_[pycurl.PIPEWAIT] == 1


def test_post_has_a_connection_of_its_own():
    """On one that has died it would be sent twice."""
    set_ = options(method="POST", body=b"a=b")
    assert set_[pycurl.FRESH_CONNECT] == 1
    assert set_[pycurl.FORBID_REUSE] == 1
    assert set_[pycurl.POSTFIELDS] == b"a=b"
    assert "Expect:" in set_[pycurl.HTTPHEADER]


def test_head_asks_for_no_body_and_get_for_one():
    assert options(method="HEAD")[pycurl.NOBODY] == 1
    assert pycurl.NOBODY not in options(method="GET")
    assert pycurl.POSTFIELDS not in options(method="GET")


@pytest.mark.parametrize(
    ("seconds", "whole", "connect"),
    [(30.0, 30_000, 1000), (0.5, 500, 500), (0.0001, 1, 1), (0.0, 1, 1), (-3.0, 1, 1)],
)
def test_every_exchange_has_an_end(seconds, whole, connect):
    """Nought would be none."""
    set_ = options(seconds=seconds)
    assert set_[pycurl.TIMEOUT_MS] == whole
    assert set_[pycurl.CONNECTTIMEOUT_MS] == connect
    assert limits.CONNECT_SECONDS == 1


def test_connections_are_not_kept_for_ever():
    assert options()[pycurl.MAXAGE_CONN] == limits.KEPT_CONNECTION_SECONDS


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nX-Evil: 1"},
        {"X": "a\nX-Evil: 1"},
        {"X": "a\rb"},
        {"X": "a\x00b"},
        {"X\r\nX-Evil": "1"},
        {"X": "a\x7f"},
        {"X": "\x1b[31m"},
    ],
)
def test_header_that_would_be_two_is_not_sent(headers):
    with pytest.raises(BrokenError, match="a header has characters"):
        applied(headers=headers)


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX-Evil: 1", "/a\n", "/a\x00", "/é", "/\x7f", "/\u2028"])
def test_target_that_would_be_more_than_one_is_not_sent(target):
    request = Request("GET", origin.of_url("https://reg.io"), target)
    with pytest.raises(BrokenError, match="its address has characters"):
        curl_options.apply(Handle(), request, ADDRESS, "/ca.pem", 1.0, Callbacks(print, print, print, print))


def test_headers_are_as_they_are_told():
    set_ = options(headers={"Accept": "a, b", "Authorization": "Bearer x"})
    assert set_[pycurl.HTTPHEADER] == ["Accept: a, b", "Authorization: Bearer x"]
    assert set_[pycurl.URL] == "https://reg.io/v2/x"
