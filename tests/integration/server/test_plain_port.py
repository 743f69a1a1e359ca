"""The plain port: whoever reaches it may say anything, and keeps nobody else from being answered."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from provider import limits
from provider.clock import SystemClock
from provider.server import plain_port
from provider.server.plain_port import PlainServer

pytestmark = pytest.mark.integration

GOOD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def say(port: int, said: bytes) -> bytes:
    """All that comes back."""
    received = []
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while data := connection.recv(100_000):
                received.append(data)
    return b"".join(received)


# What is said, and how the answer begins.
SAID = {
    "good": (GOOD, b"HTTP/1.0 200 "),
    "HEAD": (b"HEAD /healthz HTTP/1.1\r\n\r\n", b"HTTP/1.0 200 "),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", b"ok"),
    "another method": (b"POST /healthz HTTP/1.1\r\nContent-Length: 5\r\n\r\n", b"HTTP/1.0 405 "),
    "another path": (b"GET /nowhere HTTP/1.1\r\n\r\n", b"HTTP/1.0 404 "),
    "path that is no text": (b"GET /%00%ff HTTP/1.1\r\nHost: [\r\n\r\n", b"HTTP/1.0 404 "),
    "headers that are none": (b"GET /healthz HTTP/1.1\r\nHost: \xff\r\nContent-Length: -1\r\n: \r\n\r\n", b"HTTP/1.0 "),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\r\n", b""),
    "garbage": (b"a b c d\r\n\r\n", b"<!DOCTYPE "),
    "another version": (b"GET / HTTP/9.9\r\n\r\n", b"<!DOCTYPE "),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 150 + b"\r\n", b"HTTP/1.0 431 "),
    "large header": (b"GET / HTTP/1.1\r\nX: " + b"y" * limits.PLAIN_BYTES, b"HTTP/1.0 431 "),
    "large headers": (b"GET / HTTP/1.1\r\n" + (b"X: " + b"y" * 900 + b"\r\n") * 20, b"HTTP/1.0 431 "),
    "endless headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1_000_000, b""),
    "large line": (b"GET /" + b"a" * limits.PLAIN_BYTES, b"HTTP/1.0 414 "),
    "nothing": (b"", b""),
    "an empty line": (b"\r\n", b""),
}


@pytest.mark.parametrize("case", SAID)
def test_whatever_is_said_gets_its_answer_and_no_fault_of_ours(shared_provider, case):
    said, answer = SAID[case]
    assert say(shared_provider.plain_port, said).startswith(answer)
    assert say(shared_provider.plain_port, GOOD).startswith(b"HTTP/1.0 200 ")
    assert "Traceback" not in shared_provider.log.read_text()


@pytest.fixture
def serve():
    """Serves an application; returns the port."""
    with contextlib.ExitStack() as stack:

        def serve(app) -> int:
            listener = socket.create_server(("127.0.0.1", 0))
            server = PlainServer(listener, app, SystemClock())
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            server.start()
            return listener.getsockname()[1]

        yield serve


def test_answers_are_made_one_at_a_time(serve):
    together = threading.Barrier(2)

    def app(_, start_response):
        try:
            together.wait(0.3)
        except threading.BrokenBarrierError:
            start_response("200 OK", [])
            return [b"alone"]
        start_response("200 OK", [])
        return [b"together"]

    port = serve(app)
    received = []
    threads = [threading.Thread(target=lambda: received.append(say(port, GOOD))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [answer.rpartition(b"\r\n")[2] for answer in received] == [b"alone", b"alone"]


def test_client_that_takes_no_answer_is_let_go_without_a_word(serve, monkeypatch, capfd):
    monkeypatch.setattr(plain_port._Handler, "timeout", 0.2)
    done = threading.Event()

    def app(_, start_response):
        start_response("200 OK", [])
        return Parts()

    class Parts(list):
        def __iter__(self):
            return iter([b"a" * 50_000_000])

        def close(self):
            done.set()

    with socket.create_connection(("127.0.0.1", serve(app))) as connection:
        connection.sendall(GOOD)
        assert done.wait(20)
        while connection.recv(1_000_000):
            pass
    assert capfd.readouterr().err == ""


def test_fault_of_the_application_is_told(serve, capfd):
    def app(*_):
        raise ZeroDivisionError

    assert say(serve(app), GOOD).startswith(b"HTTP/1.0 500 ")
    assert "ZeroDivisionError" in capfd.readouterr().err
