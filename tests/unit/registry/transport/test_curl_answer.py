"""An answer while it comes: its parts as libcurl hands them over, and the limits that hold meanwhile."""

import errno
import ipaddress
import socket
import time

import pycurl
import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.transport import curl_answer
from provider.registry.transport.curl_answer import Answer, failure
from provider.registry.transport.transport import BrokenError, Cause, TooLargeError

ADDRESS = ipaddress.ip_address("192.0.2.1")


@pytest.fixture
def answer():
    return Answer(1000, ADDRESS, 0.0)


def tell(answer, *lines):
    """The lines of a header, without their ends; gives what the last one was told."""
    told = None
    for line in lines:
        told = answer.header(line.encode("latin-1") + b"\r\n")
    return told


def told(answer):
    """Why it had to end."""
    return failure(answer)


class TestHeaders:
    def test_status_headers_and_body_are_one_answer(self, answer):
        tell(answer, "HTTP/1.1 200 OK", "Content-Type:  text/plain ", "X-Empty:", "")
        answer.body(b"ab")
        answer.body(b"c")
        response = answer.response()
        assert response.status == 200
        assert response.headers == {"content-type": "text/plain", "x-empty": ""}
        assert response.body == b"abc"
        assert told(answer) is None

    def test_header_that_stands_several_times_is_joined(self, answer):
        tell(answer, "HTTP/1.1 200 OK", "WWW-Authenticate: Basic", "www-authenticate: Bearer", "")
        assert answer.response().header("www-authenticate") == "Basic, Bearer"

    @pytest.mark.parametrize(
        "line", ["HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/2 200", "HTTP/1.1 200", "HTTP/2 200 "]
    )
    def test_every_spelling_of_a_status_is_read(self, answer, line):
        tell(answer, line, "")
        assert answer.response().status == 200

    @pytest.mark.parametrize("line", ["", "ICY 200 OK", "HTTP/1.1 abc", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1200"])
    def test_line_that_is_no_status_is_no_http(self, answer, line):
        assert tell(answer, line) == -1
        assert isinstance(told(answer), BrokenError)

    def test_preliminary_answers_leave_nothing(self, answer):
        tell(answer, "HTTP/1.1 100 Continue", "X: 1", "", "HTTP/1.1 103 Early Hints", "Link: </x>", "")
        tell(answer, "HTTP/1.1 404 Not Found", "Y: 2", "")
        assert answer.response().status == 404
        assert answer.response().headers == {"y": "2"}

    def test_line_that_is_no_header_is_no_http(self, answer):
        assert tell(answer, "HTTP/1.1 200 OK", "nonsense") == -1
        assert isinstance(told(answer), BrokenError)

    def test_trailers_are_no_headers(self, answer):
        tell(answer, "HTTP/1.1 200 OK", "")
        answer.body(b"ab")
        assert tell(answer, "Docker-Content-Digest: sha256:x", "") is None
        assert answer.response().headers == {}

    @pytest.mark.parametrize(
        "lines",
        [
            ["HTTP/1.1 200 OK", *["X: " + "y" * 1000] * 70],
            ["HTTP/1.1 200 OK", "X: " + "y" * 70_000],
            ["HTTP/1.1 200 OK", "", *["X: " + "y" * 1000] * 70],
            ["HTTP/1.1 100 Continue", ""] * 3000,
            ["HTTP/1.1 103 Early Hints", "Link: " + "x" * 1000, ""] * 70,
        ],
        ids=["headers", "one header", "trailers", "continue", "hints"],
    )
    def test_headers_preliminary_answers_and_trailers_have_one_bound(self, answer, lines):
        for line in lines:
            if tell(answer, line) == -1:
                break
        error = told(answer)
        assert isinstance(error, TooLargeError)
        assert error.limit == limits.HEADER_BYTES


class TestLength:
    @pytest.mark.parametrize("length", ["1001", "999999999999999999"])
    def test_body_that_is_said_to_be_too_long_is_not_waited_for(self, answer, length):
        assert tell(answer, "HTTP/1.1 200 OK", f"Content-Length: {length}", "") == -1
        assert isinstance(told(answer), TooLargeError)

    @pytest.mark.parametrize("length", ["9" * 5000, "-1", "+5", "0x10", "5, 5", "5;", "", "٣", "1_000", "1e3"])
    def test_length_that_is_no_number_is_no_http(self, answer, length):
        assert tell(answer, "HTTP/1.1 200 OK", f"Content-Length: {length.encode().decode('latin-1')}", "") == -1
        assert isinstance(told(answer), BrokenError)

    def test_length_of_the_limit_is_fine(self, answer):
        assert tell(answer, "HTTP/1.1 200 OK", "Content-Length: 1000", "") is None
        assert answer.body(b"x" * 1000) is None

    def test_body_that_becomes_too_long_ends_there(self, answer):
        tell(answer, "HTTP/1.1 200 OK", "")
        assert answer.body(b"x" * 1000) is None
        assert answer.body(b"x") == -1
        assert told(answer).limit == 1000

    def test_head_tells_of_a_body_that_does_not_come(self):
        answer = Answer(0, ADDRESS, 0.0, bodiless=True)
        assert tell(answer, "HTTP/1.1 200 OK", "Content-Length: 100000", "") is None
        assert told(answer) is None

    @pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "aws-chunked"])
    def test_compressed_answer_is_named_as_such(self, answer, encoding):
        assert tell(answer, "HTTP/1.1 200 OK", f"Content-Encoding: {encoding}", "") == -1
        assert str(told(answer)) == "the answer is compressed, although it was asked not to be"

    @pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
    def test_answer_as_it_was_asked_for_is_fine(self, answer, encoding):
        assert tell(answer, "HTTP/1.1 200 OK", f"Content-Encoding: {encoding}", "") is None


class TestErrorText:
    def test_error_of_any_length_is_cut_and_no_more_is_read(self, answer):
        tell(answer, "HTTP/1.1 500 Oops", "Content-Length: 99999999", "Content-Encoding: gzip", "")
        assert answer.body(b"x" * limits.ERROR_BYTES) is None
        assert answer.body(b"x") == -1
        assert answer.enough
        assert told(answer) is None
        assert len(answer.response().body) == limits.ERROR_BYTES

    def test_short_error_is_read_to_its_end(self, answer):
        tell(answer, "HTTP/1.1 404 Not Found", "")
        assert answer.body(b"no") is None
        assert not answer.enough
        assert answer.response().body == b"no"


class TestPieces:
    def test_body_in_pieces_of_a_usual_size_is_fine(self):
        answer = Answer(limits.MANIFEST_BYTES, ADDRESS, 0.0)
        tell(answer, "HTTP/1.1 200 OK", "")
        assert all(answer.body(b"x" * 1400) is None for _ in range(2000))

    def test_small_body_in_small_pieces_is_fine(self, answer):
        tell(answer, "HTTP/1.1 200 OK", "")
        assert all(answer.body(b"x") is None for _ in range(limits.BODY_PIECES))

    @pytest.mark.parametrize("status", [200, 500])
    def test_body_in_two_byte_pieces_ends_after_some_hundreds(self, status):
        answer = Answer(limits.MANIFEST_BYTES, ADDRESS, 0.0)
        tell(answer, f"HTTP/1.1 {status} OK", "")
        pieces = next(number for number in range(10_000) if answer.body(b"xx") == -1)
        assert pieces <= 2 * limits.BODY_PIECES
        assert str(told(answer)) == "the answer comes in pieces that are too small"

    def test_empty_pieces_are_pieces(self, answer):
        tell(answer, "HTTP/1.1 200 OK", "")
        assert -1 in [answer.body(b"") for _ in range(limits.BODY_PIECES + 1)]


class TestSilence:
    def test_first_byte_may_take_longer_than_any_next(self, monkeypatch, answer):
        monkeypatch.setattr(time, "monotonic", lambda: 100.0)
        assert not answer.stalled(limits.READ_SECONDS)
        assert answer.stalled(limits.READ_SECONDS + 0.1)
        tell(answer, "HTTP/1.1 200 OK")
        assert not answer.stalled(100 + limits.READ_SECONDS)
        assert answer.stalled(100 + limits.READ_SECONDS + 0.1)
        tell(answer, "")
        assert not answer.stalled(100 + limits.BODY_SECONDS)
        assert answer.stalled(100 + limits.BODY_SECONDS + 0.1)
        monkeypatch.setattr(time, "monotonic", lambda: 110.0)
        answer.body(b"x")
        assert not answer.stalled(110 + limits.BODY_SECONDS)


class TestAddress:
    """The connection goes where it was decided, whoever else decides something."""

    @pytest.mark.parametrize(
        ("address", "peer"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::1", "2001:DB8:0:0:0:0:0:1"),
            ("fe80::1", "fe80::1%eth0"),
        ],
    )
    def test_request_to_the_checked_address_goes_out(self, address, peer):
        answer = Answer(1000, ipaddress.ip_address(address), 0.0)
        assert answer.request(peer, "10.0.0.9", 443, 50000) == pycurl.PREREQFUNC_OK
        assert told(answer) is None

    @pytest.mark.parametrize("peer", ["192.0.2.2", "::ffff:192.0.2.1", "127.0.0.1", "", "nonsense", "::1"])
    def test_request_to_another_address_does_not_go_out_not_even_on_a_connection_that_is_there(self, answer, peer):
        assert answer.request(peer, "10.0.0.9", 443, 50000) == pycurl.PREREQFUNC_ABORT
        with pytest.raises((ImageError, ValueError)):
            raise told(answer)

    def test_refusal_of_an_address_has_its_reason(self, answer):
        answer.request("192.0.2.2", "10.0.0.9", 443, 50000)
        assert told(answer).reason is Reason.ADDRESS_REFUSED

    @pytest.mark.parametrize("host", ["127.0.0.1", b"127.0.0.1"])
    def test_socket_is_opened_to_the_checked_address(self, host):
        answer = Answer(1000, ipaddress.ip_address("127.0.0.1"), 0.0)
        opened = answer.socket(0, (socket.AF_INET, socket.SOCK_STREAM, 6, (host, 443)))
        assert opened.family == socket.AF_INET
        opened.close()

    def test_no_socket_is_opened_to_another_address(self, answer):
        assert answer.socket(0, (socket.AF_INET, socket.SOCK_STREAM, 6, ("192.0.2.2", 443))) == pycurl.SOCKET_BAD
        assert told(answer).reason is Reason.ADDRESS_REFUSED

    @pytest.mark.parametrize("address", [None, (), (1, 2, 3), (socket.AF_UNIX, socket.SOCK_STREAM, 0, "/x")])
    def test_address_of_another_shape_is_a_defect_and_no_socket(self, answer, address):
        assert answer.socket(0, address) == pycurl.SOCKET_BAD
        with pytest.raises((TypeError, ValueError, ImageError)):
            raise told(answer)

    def test_provider_without_a_socket_to_spare_is_overloaded_and_the_registry_not_at_fault(self, answer, monkeypatch):
        def none_left(*_):
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(curl_answer, "_LentSocket", none_left)
        assert answer.socket(0, (socket.AF_INET, socket.SOCK_STREAM, 6, ("192.0.2.1", 443))) == pycurl.SOCKET_BAD
        error = told(answer)
        assert isinstance(error, ImageError)
        assert error.reason is Reason.OVERLOADED

    def test_machine_without_this_kind_of_address_may_try_the_next(self, monkeypatch):
        answer = Answer(1000, ipaddress.ip_address("2001:db8::1"), 0.0)

        def unsupported(*_):
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

        monkeypatch.setattr(curl_answer, "_LentSocket", unsupported)
        assert answer.socket(0, (socket.AF_INET6, socket.SOCK_STREAM, 6, ("2001:db8::1", 443, 0, 0))) == (
            pycurl.SOCKET_BAD
        )
        assert told(answer).cause is Cause.CONNECTION


def test_defect_in_a_callback_is_kept_and_raised_where_it_is_waited_for(answer, capfd):
    assert answer.header(None) == -1
    with pytest.raises(TypeError):
        failure(answer)
    answer.error = None
    assert answer.body(None) == -1
    with pytest.raises(TypeError):
        failure(answer)
    assert capfd.readouterr() == ("", "")
