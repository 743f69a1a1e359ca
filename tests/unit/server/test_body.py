"""The body of a request: whole, or its client has hung up."""

from __future__ import annotations

import errno

import pytest
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidChunkSize, LimitRequestHeaders, NoMoreData
from gunicorn.http.unreader import IterUnreader

from provider.server.body import BodyReader
from tests.simulators.gatekeeper import Answer


class BrokenReader:
    def __init__(self, error):
        self._error = error

    def read(self, size):
        raise self._error


@pytest.mark.parametrize("error", [InvalidChunkSize(b"zz"), LimitRequestHeaders("too many"), NoMoreData(b"")])
def test_bad_framing_is_a_client_that_hung_up(error):
    with pytest.raises(ConnectionResetError) as caught:
        BodyReader(BrokenReader(error)).read(10)
    assert caught.value.errno == errno.ECONNRESET


def test_fault_of_ours_stays_one():
    with pytest.raises(ZeroDivisionError):
        BodyReader(BrokenReader(ZeroDivisionError())).read(10)


def test_body_is_read_to_its_length_and_ends_there():
    reader = BodyReader(LengthReader(IterUnreader([b"abc", b"defgh"]), 6))
    assert (reader.read(4), reader.read(4), reader.read(4)) == (b"abcd", b"ef", b"")


def test_body_that_is_shorter_than_its_length_is_none():
    reader = BodyReader(LengthReader(IterUnreader([b"abc"]), 6))
    assert reader.read(2) == b"ab"
    with pytest.raises(ConnectionResetError):
        reader.read(4)


def test_chunks_are_read_to_the_last():
    reader = BodyReader(ChunkedReader(None, IterUnreader([b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"])))
    assert (reader.read(4), reader.read(4), reader.read(4)) == (b"abcd", b"e", b"")


def test_application_answers_a_client_that_hung_up_in_the_words_of_the_wire(client):
    stream = BodyReader(BrokenReader(InvalidChunkSize(b"zz")))
    response = client.post("/validate", environ_overrides={"wsgi.input": stream, "wsgi.input_terminated": True})
    assert response.status_code == 400
    assert Answer(response.data).system_error.startswith("KeyInvalid: ")
