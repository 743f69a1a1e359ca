"""Whatever a client with a certificate sends gets an answer of the 400 class, or is hung up on: never our failure."""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import ssl
from collections.abc import Iterator

import pytest

from provider import limits
from tests.integration.server.conftest import workers
from tests.simulators.gatekeeper import Answer, body

pytestmark = pytest.mark.integration

KEY = "registry.example/app:1"
BODY = body(KEY)
CHUNKED = b"POST /validate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def post(*fields: bytes, path: bytes = b"/validate") -> bytes:
    """A good request with these header fields beside its own."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + lines + LENGTH


@pytest.fixture
def send(shared_provider, trusting):
    """Sends bytes, and nothing after them; returns all that comes back."""

    def send(*parts: bytes) -> bytes:
        plain = socket.create_connection(("127.0.0.1", shared_provider.port), timeout=20)
        with trusting().wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            received = []
            try:
                for part in parts:
                    connection.sendall(part)
                _say_no_more(connection)
                while data := connection.recv(100_000):
                    received.append(data)
            except OSError:
                # It hangs up before all is sent.
                return b"".join(received)
        return b"".join(received)

    return send


def _say_no_more(connection: ssl.SSLSocket) -> None:
    """Tell TLS so, without waiting for the other side to do it, too."""
    connection.settimeout(0)
    with contextlib.suppress(ssl.SSLError):
        connection.unwrap()
    connection.settimeout(20)


def refused(received: bytes) -> bool:
    """Whether that is one answer of the 400 class, as JSON."""
    head, _, content = received.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(content)
    return bool(re.match(rb"HTTP/1\.1 4\d\d ", head))


@pytest.fixture(autouse=True)
def no_fault_of_ours(shared_provider) -> Iterator[None]:
    """The worker is the same after a test, and has told of no failure of its own."""
    before, told = workers(shared_provider), shared_provider.log.stat().st_size
    yield
    log = shared_provider.log.read_text()[told:]
    assert workers(shared_provider) == before
    assert "Traceback" not in log
    assert '"level": "error"' not in log


CHUNKS = {
    "size that is no number": b"zz\r\nab\r\n0\r\n\r\n",
    "no size": b"\r\nab\r\n0\r\n\r\n",
    "negative size": b"-1\r\nab\r\n0\r\n\r\n",
    "size with a sign": b"+2\r\nab\r\n0\r\n\r\n",
    "size with 0x": b"0x2\r\nab\r\n0\r\n\r\n",
    "size with underscores": b"1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n",
    "size with a space before it": b" 2\r\nab\r\n0\r\n\r\n",
    "size with NUL": b"2\x00\r\nab\r\n0\r\n\r\n",
    "size beyond all bounds": b"f" * 64 + b"\r\nab",
    "size in Arabic digits": "\N{ARABIC-INDIC DIGIT TWO}\r\nab\r\n0\r\n\r\n".encode(),
    "chunk that is shorter than its size": chunk(BODY)[:-10] + b"\r\n0\r\n\r\n",
    "chunk that is longer than its size": b"2\r\nabc\r\n0\r\n\r\n",
    "chunk without an end of line": b"2\r\nab0\r\n\r\n",
    "line that ends with LF only": b"2\nab\n0\n\n",
    "chunk that is cut short": b"ffff\r\n" + BODY,
    "size that is cut short": b"ff",
    "no last chunk": chunk(BODY),
    "no end after the last chunk": chunk(BODY) + b"0\r\n",
    "extension with NUL": b"2;a=\x00\r\nab\r\n0\r\n\r\n",
    "extension with a bare CR": b"2;a\rb\r\nab\r\n0\r\n\r\n",
    "extension without an end": b"2;a=" + b"b" * 20_000,
    "extension of spaces": b"2;a" + b" " * 8000 + b"x\r\nab\r\n0\r\n\r\n",
    "extensions without an end": (b'1;a="' + b"b" * 8000 + b'"\r\n \r\n') * 400,
    "trailer that is none": chunk(BODY) + b"0\r\nno trailer\r\n\r\n",
    "trailer that changes the length": chunk(BODY) + b"0\r\nContent-Length: 5\r\n\r\n",
    "trailers without an end": chunk(BODY) + b"0\r\n" + b"a: b\r\n" * 400_000,
}
# What does not end by itself: it may be hung up on before all is sent, and before an answer is read.
ENDLESS = {
    "chunks of one byte": CHUNKED + b"1\r\n \r\n" * 1_000_000,
    "one large chunk": CHUNKED + b"ffffffffff\r\n" + b" " * 8_000_000,
    "half a request line": b"POST /vali",
    "half the headers": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Len",
    "no line at all": b"\x05\x01\x00",
}

HEADS = {
    "two lengths": post(b"Content-Length: 5"),
    "two lengths that agree": post(b"Content-Length: %d" % len(BODY)),
    "two lengths in one": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nabcde",
    "length and chunks": post(b"Transfer-Encoding: chunked"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked"),
    "chunked and something after it": post(b"Transfer-Encoding: chunked, gzip"),
    "another coding": post(b"Transfer-Encoding: gzip"),
    "a coding that nobody knows": post(b"Transfer-Encoding: \x0bchunked"),
    "length with a sign": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde",
    "negative length": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nabcde",
    "length that is no number": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\nabcde",
    "length in superscript": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: \xb2\r\n\r\nab",
    "length of 100 digits": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 100 + b"\r\n\r\n",
    "length of 5000 digits": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "length that is longer than the body": b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + BODY,
    "chunks in HTTP/1.0": b"POST /validate HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(BODY) + b"0\r\n\r\n",
    "field that is too long": post(b"X: " + b"a" * 10_000),
    "name that is too long": post(b"X" * 10_000 + b": a"),
    "too many fields": post(*(b"X-%d: a" % number for number in range(200))),
    "fields without an end": b"POST /validate HTTP/1.1\r\n" + b"X: a\r\n" * 400_000,
    "folded field": post(b"X: a\r\n b"),
    "field that begins folded": b"POST /validate HTTP/1.1\r\n X: a\r\nHost: a\r\n" + LENGTH,
    "NUL in a value": post(b"X: \x00"),
    "NUL in a name": post(b"X\x00: a"),
    "bare CR in a value": post(b"X: a\rb"),
    "bare LF": b"POST /validate HTTP/1.1\nHost: a\n\n",
    "no colon": post(b"X"),
    "no name": post(b": a"),
    "space in a name": post(b"X : a"),
    "name that is not ASCII": post(b"\xff: a"),
    "two hosts": post(b"Host: b"),
    "expectation that nobody knows": post(b"Expect: the unexpected"),
    "NUL in the path": post(path=b"/\x00"),
    "path that is not ASCII": post(path=b"/\xff"),
    "path that is too long": post(path=b"/" + b"a" * 10_000),
    "path of a broken address": post(path=b"//[::1"),
    "method in lower case": b"post /validate HTTP/1.1\r\nHost: a\r\n" + LENGTH,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"POST /validate\r\nHost: a\r\n" + LENGTH,
}


@pytest.mark.parametrize("case", CHUNKS)
def test_body_in_bad_chunks_is_no_fault_of_ours(send, case):
    assert refused(send(CHUNKED, CHUNKS[case]))


@pytest.mark.parametrize("case", HEADS)
def test_bad_headers_are_no_fault_of_ours(send, case):
    assert refused(send(HEADS[case]))


@pytest.mark.parametrize("case", ENDLESS)
def test_request_without_an_end_is_no_fault_of_ours(send, case):
    received = send(ENDLESS[case])
    assert received == b"" or refused(received)


@pytest.mark.parametrize("case", ["size that is no number", "chunk that is longer than its size", "no last chunk"])
def test_bad_chunk_is_answered_in_the_words_of_the_wire_and_the_connection_ends(send, case):
    head, _, content = send(CHUNKED, CHUNKS[case]).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in head.lower()
    assert Answer(content).system_error.startswith("KeyInvalid: ")


@pytest.mark.parametrize("path", [b"/nowhere", b"/"])
def test_bad_chunk_that_nobody_reads_gets_one_answer_only(send, path):
    received = send(CHUNKED.replace(b"/validate", path), CHUNKS["size that is no number"])
    assert received.startswith(b"HTTP/1.1 404 ")
    assert received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "content",
    [
        chunk(BODY) + b"0\r\n\r\n",
        b"".join(chunk(BODY[place : place + 1]) for place in range(len(BODY))) + b"0\r\n\r\n",
        b"%x;name=value;other\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
        chunk(BODY) + b"0\r\nX-Sum: abc\r\n\r\n",
    ],
)
def test_body_in_good_chunks_is_answered(send, content):
    head, _, answer = send(CHUNKED, content).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert set(Answer(answer).values) == {KEY}


def test_no_header_tells_who_the_client_is_or_where_the_application_is(send):
    fields = b"SCRIPT_NAME: /x", b"X-Forwarded-Proto: http", b"X-Forwarded-For: 192.0.2.1", b"Forwarded: for=a"
    assert send(post(*fields)).startswith(b"HTTP/1.1 200 ")


def test_each_request_of_a_connection_has_bounds_of_its_own(shared_provider, connect):
    client = connect(shared_provider)
    large = BODY.ljust(limits.REQUEST_BYTES)
    assert [client.send(large)[0] for _ in range(3)] == [200, 200, 200]


def test_request_in_tiny_pieces_is_cut_off(send):
    pieces = limits.REQUEST_WIRE_BYTES // limits.REQUEST_PIECE_BYTES
    field = b"X: " + b"a" * (pieces + 1)
    assert send(post(field)).startswith(b"HTTP/1.1 200 ")
    assert send(*(bytes([byte]) for byte in post(field))) == b""


def test_changed_bytes_are_no_fault_of_ours(send):
    """A sample of what is near to a good request; the seed is fixed."""
    chance = random.Random(8)
    good = CHUNKED + chunk(BODY[:100]) + chunk(BODY[100:]) + b"0\r\nX: y\r\n\r\n"
    pieces = [b"\r\n", b"\r", b"\n", b"\0", b";", b":", b" ", b"0\r\n\r\n", b"FFFFFFFF", b"-", b"\xff", b""]
    for _ in range(150):
        changed = bytearray(good)
        for _ in range(chance.choice([1, 1, 2, 5])):
            place = chance.randrange(len(changed))
            changed[place : place + chance.choice([0, 1, 3])] = chance.choice(pieces)
        received = send(bytes(changed))
        assert re.match(rb"HTTP/1\.1 (200|4\d\d) |$", received), changed
