"""Who may ask, and what a stranger can do: nothing."""

from __future__ import annotations

import socket
import ssl
import time

import pytest

from provider import limits
from tests.integration.server.conftest import heard
from tests.simulators.certificates import Authority

pytestmark = pytest.mark.integration

KEY = "registry.example/app:1"
REFUSED = (ssl.SSLError, ConnectionError)


def test_gatekeeper_is_answered(shared_provider, connect):
    client = connect(shared_provider)
    assert set(client.ask(KEY).values) == {KEY}
    assert client.connection.sock.version() == "TLSv1.3"


def test_tls_1_2_is_refused(shared_provider, connect, trusting):
    context = trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        connect(shared_provider, context).ask(KEY)


def test_client_without_a_certificate_is_refused(shared_provider, connect, trusting):
    with pytest.raises(REFUSED):
        connect(shared_provider, trusting(certified_by=None)).ask(KEY)


def test_client_of_another_authority_is_refused(shared_provider, connect, trusting):
    with pytest.raises(REFUSED):
        connect(shared_provider, trusting(certified_by=Authority())).ask(KEY)


def test_plain_http_is_refused(shared_provider, stranger):
    connection = stranger(shared_provider.port)
    connection.sendall(b"GET /validate HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"HTTP" not in heard(connection)


def test_refused_handshake_is_told(provider, stranger):
    stranger(provider.port).sendall(b"no handshake at all, but long enough")
    told = provider.await_event("handshake.failed")
    assert (told["cause"], told["peer"]) == ("tls", "127.0.0.1")


def test_silent_stranger_is_dropped(provider, stranger):
    connection = stranger(provider.port)
    assert heard(connection) == b""
    assert provider.await_event("handshake.failed")["cause"] == "silent"


def test_stranger_who_stops_in_the_middle_of_a_handshake_is_dropped(provider, stranger):
    connection = stranger(provider.port)
    connection.sendall(b"\x16\x03\x01\x02\x00\x01")
    assert heard(connection) == b""


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_silent_strangers_hold_up_nobody(provider, stranger, connect, first):
    """More than there are threads; while they last, a client is answered as if they were not there."""
    strangers = [stranger(provider.port) for _ in range(100)]
    for connection in strangers:
        connection.sendall(first)
    begun = time.monotonic()
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert time.monotonic() - begun < limits.HANDSHAKE_SECONDS / 2


def test_strangers_beyond_the_bound_push_out_the_oldest(provider, stranger, connect):
    strangers = [stranger(provider.port) for _ in range(limits.HANDSHAKES + 1)]
    strangers[0].settimeout(limits.HANDSHAKE_SECONDS / 2)
    assert heard(strangers[0]) == b""
    assert set(connect(provider).ask(KEY).values) == {KEY}


def test_client_that_says_nothing_after_its_handshake_holds_up_nobody(provider, connect, trusting):
    context = trusting()
    silent = [
        context.wrap_socket(socket.create_connection(("127.0.0.1", provider.port)), server_hostname="127.0.0.1")
        for _ in range(60)
    ]
    begun = time.monotonic()
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert time.monotonic() - begun < limits.CLIENT_SECONDS / 2
    for connection in silent:
        connection.close()


def test_client_that_stops_in_the_middle_of_a_request_is_dropped(provider, trusting):
    with (
        socket.create_connection(("127.0.0.1", provider.port), timeout=20) as plain,
        trusting().wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        received = heard(connection)
    assert received == b"" or received.startswith(b"HTTP/1.1 400")


def test_replaced_certificate_is_shown_to_the_next_client(provider, connect, authority):
    def shown():
        client = connect(provider)
        client.ask(KEY)
        return client.connection.sock.getpeercert(binary_form=True)

    before = shown()
    authority.server(provider.files.certificate.parent)
    assert shown() != before
    assert provider.await_event("certificate.reloaded")


def test_replaced_client_authority_is_in_force_for_the_next_client(provider, connect, trusting):
    other = Authority()
    kept = connect(provider)
    kept.ask(KEY)
    provider.files.client_ca.write_bytes(other.pem)
    assert set(connect(provider, trusting(certified_by=other)).ask(KEY).values) == {KEY}
    with pytest.raises(REFUSED):
        connect(provider).ask(KEY)
    assert set(kept.ask(KEY).values) == {KEY}


def test_broken_replacement_leaves_the_old_certificate_in_force(provider, connect):
    provider.files.certificate.write_bytes(b"broken")
    assert set(connect(provider).ask(KEY).values) == {KEY}
    assert "tls_cert" in provider.await_event("certificate.rejected")["problem"]
    assert "bestbefore_certificate_rejections_total 1.0" in provider.plain("/metrics")[1]
