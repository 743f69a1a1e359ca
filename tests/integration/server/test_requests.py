"""What travels over the connection."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time

import pytest

from provider import limits
from provider.questions.question import ref
from tests.integration.server.conftest import heard
from tests.simulators.gatekeeper import Answer, body

pytestmark = pytest.mark.integration

KEY = "registry.example/app:1"
_APPLICATION_DATA = 0x17


class Records:
    """A TLS client that counts the records, and the segments, in which answers come."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, outgoing, server_hostname="127.0.0.1")
        self._outgoing = outgoing
        while not self._shaken():
            self._incoming.write(self._socket.recv(65_536))
        self._send()

    def ask(self, content: bytes) -> tuple[list[bytes], bytes]:
        """What each `recv` returned, and the answer that was in them."""
        head = f"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: {len(content)}\r\n\r\n"
        self._tls.write(head.encode() + content)
        self._send()
        received, answer = [], b""
        while not _whole(answer):
            received.append(self._socket.recv(1_000_000))
            self._incoming.write(received[-1])
            answer += self._read()
        return received, answer

    def close(self) -> None:
        self._socket.close()

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send()
            return False
        return True

    def _send(self) -> None:
        self._socket.sendall(self._outgoing.read())

    def _read(self) -> bytes:
        parts = []
        try:
            while True:
                parts.append(self._tls.read(65_536))
        except ssl.SSLWantReadError:
            return b"".join(parts)


def _whole(answer: bytes) -> bool:
    head, separator, content = answer.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(separator) and len(content) == int(lengths[0])


def _records(data: bytes) -> list[int]:
    """The types of the TLS records."""
    types = []
    while data:
        types.append(data[0])
        data = data[5 + int.from_bytes(data[3:5], "big") :]
    return types


@pytest.fixture
def records(shared_provider, trusting):
    records = Records(shared_provider.port, trusting())
    yield records
    records.close()


def test_headers_and_body_come_in_one_record_and_one_segment(records):
    for _ in range(3):
        (segment,), answer = records.ask(body(KEY))
        assert _records(segment) == [_APPLICATION_DATA]
        assert set(Answer(answer.partition(b"\r\n\r\n")[2]).values) == {KEY}


def test_refusal_comes_in_one_record_and_one_segment(records):
    (segment,), answer = records.ask(b"{")
    assert _records(segment) == [_APPLICATION_DATA]
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_connection_is_kept_after_a_refusal(shared_provider, connect):
    client = connect(shared_provider)
    status, content = client.send(b"{")
    assert (status, Answer(content).items) == (400, [])
    first = client.connection.sock
    assert set(client.ask(KEY).values) == {KEY}
    assert client.connection.sock is first


def test_body_that_is_too_large_is_refused_in_the_words_of_the_wire(shared_provider, connect):
    status, content = connect(shared_provider).send(b" " * (limits.REQUEST_BYTES + 1))
    assert status == 413
    assert Answer(content).system_error.startswith("LimitExceeded: ")


def test_body_that_is_too_large_may_be_sent_to_its_end_after_the_refusal(shared_provider, connect):
    client, size = connect(shared_provider), limits.REQUEST_BYTES + 1
    connection = client.connection
    connection.putrequest("POST", "/validate")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    # The refusal is there before the first byte of the body.
    select.select([connection.sock], [], [], 20)
    connection.send(b" " * size)
    with connection.getresponse() as response:
        assert response.status == 413
        assert Answer(response.read()).system_error.startswith("LimitExceeded: ")
    first = connection.sock
    assert first is not None
    assert set(client.ask(KEY).values) == {KEY}
    assert connection.sock is first


@pytest.mark.parametrize("request_line", [b"rubbish", b"GET", b"POST /validate HTTP/9.9", b"\x00\x01\x02"])
def test_what_is_no_http_is_refused_as_json(shared_provider, trusting, request_line):
    with (
        socket.create_connection(("127.0.0.1", shared_provider.port), timeout=20) as plain,
        trusting().wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(request_line + b"\r\n\r\n")
        received = connection.recv(10_000)
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert received.endswith(b'{"error": "this is no HTTP request"}')


def test_late_key_is_left_out_in_time_and_found_by_a_retry(shared_provider, connect):
    slow = "registry.example/app-held-2:1"
    client = connect(shared_provider)
    answer = client.ask(slow, KEY)
    assert set(answer.values) == {KEY}
    assert answer.reasons() == {ref(slow): "Timeout"}
    # The wait of the image is spent: the answer is immediate until the work is done.
    while not (answer := client.ask(slow)).values:
        assert answer.reasons() == {ref(slow): "Timeout"}
    assert set(answer.values) == {slow}


def test_many_clients_at_the_same_time_are_answered(shared_provider, connect):
    clients = [connect(shared_provider) for _ in range(30)]
    answers = []

    def ask(client, number):
        answers.append(client.ask(f"registry.example/app-held-0.2:{number % 3}", KEY))

    threads = [threading.Thread(target=ask, args=(client, number)) for number, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [len(answer.values) for answer in answers] == [2] * 30


def test_loop_that_does_not_turn_is_told_to_the_probe_and_holds_up_nothing_that_is_remembered(provider, connect):
    client, blocks, other = connect(provider), "registry.example/app-blocks-8:1", "registry.example/other:1"
    client.ask(KEY)
    assert client.ask(blocks).reasons() == {ref(blocks): "Timeout"}
    assert set(client.ask(KEY).values) == {KEY}
    assert client.ask(other).reasons() == {ref(other): "Timeout"}
    while provider.plain("/healthz")[0] == 200:
        assert not client.ask(other).values, "the loop turns again, and no probe was told"
    assert provider.plain("/healthz") == (503, "stuck: the event loop does not turn\n")
    while provider.plain("/healthz")[0] != 200:
        time.sleep(0.05)
    assert set(client.ask(blocks, other).values) == {blocks, other}


def test_plain_port_has_metrics_and_probes(shared_provider):
    assert shared_provider.plain("/healthz") == (200, "ok\n")
    assert shared_provider.plain("/readyz") == (200, "ok\n")
    status, text = shared_provider.plain("/metrics")
    assert status == 200
    assert 'bestbefore_certificate_expiry_timestamp_seconds{certificate="server"}' in text


def test_silent_strangers_on_the_plain_port_push_each_other_out_and_hold_up_no_probe(shared_provider, stranger):
    strangers = [stranger(shared_provider.plain_port) for _ in range(limits.PLAIN_CONNECTIONS * 2)]
    assert shared_provider.plain("/healthz")[0] == 200
    strangers[0].settimeout(limits.PLAIN_SECONDS / 2)
    assert heard(strangers[0]) == b""


def test_stranger_on_the_plain_port_who_never_comes_to_an_end_is_dropped(shared_provider, stranger):
    connection = stranger(shared_provider.plain_port)
    connection.settimeout(0.25)
    assert any(_hung_up(connection) for _ in range(round(limits.PLAIN_SECONDS * 2 / 0.25)))


def _hung_up(connection: socket.socket) -> bool:
    """Send one byte more of a request that has no end."""
    try:
        connection.sendall(b"G")
        return connection.recv(1000) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
