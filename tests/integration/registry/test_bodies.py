"""Bad answers on sockets: each ends within a bound of bytes, pieces or time, and says what is wrong with it."""

import asyncio
import gzip
import threading

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.reference import parse
from provider.registry.transport.curl_answer import Answer
from provider.registry.transport.transport import BrokenError, SilentError, TooLargeError, TransportError
from tests.integration.registry.conftest import gather, get, soon
from tests.simulators.raw_server import RawServer

pytestmark = pytest.mark.integration

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def ask(run, make_transport):
    """Asks a server that answers so: bytes, or a function that sends."""

    def ask(answer, limit=1000, seconds=10.0, method="GET"):
        def respond(connection):
            connection.ask()
            if isinstance(answer, bytes):
                connection.send(answer)
            else:
                answer(connection)

        with RawServer(respond) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            try:
                return run(get(transport, f"http://{host}", limit=limit, seconds=seconds, method=method))
            finally:
                run(transport.close())

    return ask


@pytest.fixture
def refused(ask):
    def refused(kind, *args, **kwargs):
        with pytest.raises(kind) as caught:
            ask(*args, **kwargs)
        return caught.value

    return refused


def endless(head, piece):
    """Sends until nobody reads any more."""

    def send(connection):
        connection.send(head)
        while not connection.stopping.is_set():
            connection.send(piece)

    return send


class TestNoHTTP:
    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/9.9 200 OK\r\n\r\n",
            b"200 OK\r\n\r\n{}",
            OK + b"no header\r\n\r\n",
            OK + b": empty\r\nContent-Length: 0\r\n\r\nx",
            CHUNKED + b"zz\r\n",
            CHUNKED + b"-1\r\n\r\n",
            CHUNKED + b"ffffffffffffffffff\r\n",
            CHUNKED + b"2\r\n{}",
            CHUNKED + b"2\r\n{}\r\n",
            OK + b"Content-Length: 5\r\n\r\n{}",
            OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
            OK + b"Content-Length: -2\r\n\r\n{}",
            OK + b"Transfer-Encoding: nonsense\r\n\r\n{}",
            b"\x15\x03\x01\x00\x02\x02\x28",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n{}",
        ],
    )
    def test_answer_that_is_no_http_is_no_answer(self, ask, answer):
        try:
            response = ask(answer, seconds=3)
        except BrokenError as error:
            told = str(error)
        else:
            # Or an answer that is nobody's manifest.
            told = str(response.status)
            assert response.status != 200 or response.body != b"{}"
        assert told.isprintable()

    @pytest.mark.parametrize("how", ["cut", "close"])
    def test_answer_that_is_cut_short_is_told_so_and_passes(self, run, registry, make_client, call, how):
        registry.push_image("team/app", "v1")
        registry.fail("manifest", how=how)
        with registry.serve() as address:
            client = make_client(insecure_registries={address})
            with pytest.raises(ImageError) as caught:
                run(client.manifest(parse(f"{address}/team/app:v1"), call))
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE


class TestSize:
    @pytest.mark.parametrize(
        "head",
        [
            OK + b"Content-Length: 100000000\r\n\r\n",
            OK + b"Content-Length: 999999999999999999\r\n\r\n",
            OK + b"\r\n",
            OK + b"Connection: close\r\n\r\n",
        ],
    )
    def test_endless_body_is_cut_off(self, refused, head):
        assert refused(TooLargeError, endless(head, b"x" * 65536), limit=100_000).limit == 100_000

    def test_endless_chunks_are_cut_off(self, refused):
        chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
        assert refused(TooLargeError, endless(CHUNKED, chunk), limit=100_000).limit == 100_000

    @pytest.mark.parametrize("length", [b"9" * 5000, b"nonsense", b"0x10", b"1e3"])
    def test_length_that_is_no_number_is_not_waited_for(self, refused, length):
        error = refused(TransportError, endless(OK + b"Content-Length: " + length + b"\r\n\r\n", b"x" * 65536))
        assert isinstance(error, BrokenError | TooLargeError)

    def test_long_text_of_an_error_is_not_read_to_its_end(self, ask):
        answer = ask(endless(b"HTTP/1.1 500 Oops\r\nContent-Length: 100000000\r\n\r\n", b"x" * 65536))
        assert answer.status == 500
        assert answer.body == b"x" * limits.ERROR_BYTES

    def test_head_with_a_body_is_answered_without_it(self, ask):
        response = ask(OK + b"Content-Length: 100000000\r\n\r\n" + b"x" * 1000, limit=0, method="HEAD")
        assert (response.status, response.body) == (200, b"")

    @pytest.mark.parametrize(
        ("head", "line"),
        [
            (OK, b"X: " + b"y" * 1000 + b"\r\n"),
            (OK, b"X: y\r\n"),
            (OK + b"X: ", b"y" * 1000),
            (OK + b"X: y\r\n", b" folded\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
            (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: " + b"y" * 1000 + b"\r\n"),
            (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n"),
        ],
        ids=["headers", "short headers", "one header", "folded", "continue", "hints", "trailers", "short trailers"],
    )
    def test_headers_preliminary_answers_and_trailers_without_end_end(self, refused, head, line):
        error = refused(TransportError, endless(head, line))
        assert isinstance(error, TooLargeError | BrokenError)

    def test_headers_below_the_bound_are_read(self, ask):
        headers = b"".join(b"X%d: %s\r\n" % (number, b"y" * 1000) for number in range(50))
        assert len(ask(OK + headers + b"Content-Length: 2\r\n\r\n{}").headers) == 51

    def test_folded_header_is_one_header(self, ask):
        response = ask(OK + b"X: a\r\n  b\r\nContent-Length: 2\r\n\r\n{}")
        assert "b" not in response.headers
        assert response.body == b"{}"


class TestPieces:
    def test_chunks_of_two_bytes_end_after_some_hundreds(self, refused):
        error = refused(BrokenError, endless(CHUNKED, b"2\r\nxx\r\n"), limit=limits.MANIFEST_BYTES)
        assert str(error) == "the answer comes in pieces that are too small"

    def test_usual_chunks_are_one_body(self, ask):
        body = b"".join(b"%x\r\n%s\r\n" % (1000, b"x" * 1000) for _ in range(100))
        assert ask(CHUNKED + body + b"0\r\n\r\n", limit=100_000).body == b"x" * 100_000

    def test_extensions_of_chunks_without_end_end_with_the_time_of_a_body(self, refused, monkeypatch):
        """They reach nobody who counts."""
        monkeypatch.setattr(limits, "BODY_SECONDS", 0.5)
        error = refused(TransportError, endless(CHUNKED + b"2;x=", b"y" * 1000))
        assert isinstance(error, SilentError | BrokenError)

    def test_many_chunks_with_long_extensions_end(self, refused, monkeypatch):
        monkeypatch.setattr(limits, "BODY_SECONDS", 0.5)
        error = refused(TransportError, endless(CHUNKED, b"1;" + b"y" * 4000 + b"\r\nx\r\n"), limit=100_000)
        assert isinstance(error, SilentError | BrokenError)


class TestEncoding:
    def test_compressed_body_is_told_as_such(self, refused):
        body = gzip.compress(b"{}" * 1000)
        head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert str(refused(BrokenError, head + body)) == "the answer is compressed, although it was asked not to be"

    def test_compressed_transfer_is_unpacked_by_nobody(self, ask):
        body = gzip.compress(b"\0" * 10_000_000)
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        try:
            response = ask(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk, limit=20_000_000)
        except BrokenError:
            return
        assert len(response.body) < 100_000

    def test_compressed_answer_of_a_registry_passes_with_its_cause_named(self, run, make_client, call):
        body = gzip.compress(b"{}")

        def respond(connection):
            while connection.ask():
                connection.answer(body, headers="Content-Encoding: gzip\r\n")

        with RawServer(respond) as server:
            address = f"127.0.0.1:{server.port}"
            client = make_client(insecure_registries={address})
            with pytest.raises(ImageError, match="compressed") as caught:
                run(client.manifest(parse(f"{address}/team/app:v1"), call))
        assert not caught.value.reason.durable


class TestTime:
    """Each ends by the caller's deadline, far before the limit of a single read."""

    def test_silence_before_the_first_byte(self, refused):
        assert refused(SilentError, lambda connection: connection.stopping.wait(20), seconds=0.3).own

    @pytest.mark.parametrize(
        "head",
        [b"", b"HTTP/1.1 200 OK\r\n", OK + b"Content-Length: 9999\r\n\r\n", CHUNKED, CHUNKED + b"ff\r\n"],
        ids=["status", "headers", "body", "chunk sizes", "chunks"],
    )
    def test_drip(self, refused, head):
        def drip(connection):
            connection.send(head)
            while not connection.stopping.wait(0.02):
                connection.send(b"1")

        error = refused(TransportError, drip, seconds=0.3, limit=10_000)
        assert isinstance(error, SilentError | BrokenError)

    def test_registry_that_says_nothing_at_all_ends_by_its_own_limit(self, refused, monkeypatch):
        monkeypatch.setattr(limits, "READ_SECONDS", 0.3)
        assert not refused(SilentError, lambda connection: connection.stopping.wait(20)).own

    def test_body_that_stops_ends_sooner_than_a_first_byte_may_take(self, refused, monkeypatch):
        monkeypatch.setattr(limits, "BODY_SECONDS", 0.3)

        def stop(connection):
            connection.send(OK + b"Content-Length: 100\r\n\r\nx")
            connection.stopping.wait(20)

        assert not refused(SilentError, stop).own

    def test_slow_body_that_goes_on_is_read(self, ask, monkeypatch):
        monkeypatch.setattr(limits, "BODY_SECONDS", 0.4)

        def slowly(connection):
            connection.send(OK + b"Content-Length: 8\r\n\r\n")
            for _ in range(8):
                connection.stopping.wait(0.1)
                connection.send(b"x")

        assert ask(slowly).body == b"x" * 8

    def test_deadline_of_one_ends_no_other(self, run, make_transport):
        release = threading.Event()

        def wait(connection):
            connection.ask()
            release.wait(10)
            connection.answer()

        with RawServer(wait) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})

            async def both():
                results = await gather(
                    get(transport, f"http://{host}", seconds=0.2), _released(get(transport, f"http://{host}"), release)
                )
                release.set()
                return results

            hasty, patient = run(both())
            assert isinstance(hasty, SilentError)
            assert patient.status == 200


async def _released(work, release):
    """Let the server answer while this waits."""
    asyncio.get_running_loop().call_later(0.4, release.set)
    return await work


class TestCallbacks:
    """What fails where libcurl calls us is raised where it is waited for, and printed nowhere."""

    @pytest.mark.parametrize("name", ["_read_header", "_read_body", "_check"])
    def test_defect_reaches_who_waits_and_prints_nothing(self, ask, monkeypatch, capfd, name):
        def defect(*_):
            raise KeyError("bug")

        monkeypatch.setattr(Answer, name, defect)
        with pytest.raises(KeyError):
            ask(OK + b"Content-Length: 2\r\n\r\n{}")
        assert capfd.readouterr() == ("", "")

    def test_defect_in_one_answer_leaves_the_others_alone(self, run, make_transport, monkeypatch):
        def respond(connection):
            while request := connection.ask():
                connection.answer(b"bad!" if b"/bad" in request else b"good")

        read = Answer._read_body

        def defect(answer, piece):
            if piece == b"bad!":
                raise KeyError("bug")
            return read(answer, piece)

        monkeypatch.setattr(Answer, "_read_body", defect)
        with RawServer(respond) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            paths = ["/bad", "/a", "/bad", "/b", "/c"]
            results = run(gather(*(get(transport, f"http://{host}", path=path) for path in paths)))
            assert [type(result).__name__ for result in results] == [
                "KeyError",
                "Response",
                "KeyError",
                "Response",
                "Response",
            ]


def test_connection_whose_answer_was_cut_off_is_not_used_again(run, make_transport):
    closed = threading.Event()

    def flood(connection):
        if connection.ask():
            try:
                endless(OK + b"\r\n", b"x" * 65536)(connection)
            finally:
                closed.set()

    with RawServer(flood) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})
        for number in range(3):
            with pytest.raises(TooLargeError):
                run(get(transport, f"http://{host}", limit=1000))
            assert soon(lambda expected=number + 1: len(server.connections) == expected)
        assert soon(closed.is_set)
