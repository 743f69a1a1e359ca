"""The body of an HTTP answer, within a size and a time: a byte now and then would be an answer without an end."""

from __future__ import annotations

import time
from typing import Final, Protocol

_PIECE_BYTES: Final = 64 * 1024


class HttpAnswer(Protocol):
    """An answer of urllib3's whose body was not read yet."""

    def read1(self, amt: int, *, decode_content: bool) -> bytes:
        """What has come, at most so much; nothing at the end."""


def read(answer: HttpAnswer, most: int, seconds: float) -> bytes:
    """The body as it was sent: a small one that is compressed could be of any size.

    Args:
        answer: whose headers have come.
        most: bytes. Of a larger body one more is given, which shows that it was not whole.
        seconds: for all of it.

    Raises:
        TimeoutError: it takes longer.
        urllib3.exceptions.HTTPError: the connection broke, or was silent for too long.
    """
    ends, body = time.monotonic() + seconds, bytearray()
    while found := answer.read1(min(_PIECE_BYTES, most + 1 - len(body)), decode_content=False):
        body += found
        if len(body) > most:
            break
        if time.monotonic() > ends:
            raise TimeoutError(f"it takes longer than {seconds:g} s")
    return bytes(body)
