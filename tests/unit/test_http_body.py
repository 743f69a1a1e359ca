"""Bodies of HTTP answers end, whatever a server does."""

from __future__ import annotations

import io

import pytest

from provider import http_body


class Answer:
    """Implements `HttpAnswer`: gives some bytes each time, again and again; what it has is left to be asked for."""

    def __init__(self, content: bytes, piece: int) -> None:
        self.content = io.BytesIO(content)
        self.piece = piece

    def read1(self, amt: int, *, decode_content: bool) -> bytes:
        assert decode_content is False
        return self.content.read(min(amt, self.piece))


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_body_comes_whole(piece: int) -> None:
    assert http_body.read(Answer(b"a" * 100, piece), 100, 60.0) == b"a" * 100


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_of_a_body_that_is_too_large_one_byte_more_is_read(piece: int) -> None:
    answer = Answer(b"a" * 1000, piece)
    assert http_body.read(answer, 100, 60.0) == b"a" * 101
    assert answer.content.tell() == 101


def test_body_that_takes_too_long_is_given_up_however_fast_its_bytes_come() -> None:
    answer = Answer(b"a" * 1000, 1)
    with pytest.raises(TimeoutError, match="it takes longer than -1 s"):
        http_body.read(answer, 100, -1.0)
    assert answer.content.tell() == 1
