"""The body of a request, as the client frames it."""

from __future__ import annotations

import errno
from typing import Protocol

from gunicorn.http.errors import NoMoreData, ParseException


class Reader(Protocol):
    """One of gunicorn's readers: of chunks, or of a length."""

    def read(self, size: int) -> bytes:
        """At most that many bytes; none at the end."""
        ...


class BodyReader:
    """A body whose bad framing, or early end, is the client hanging up.

    An application expects that, and answers with 400; gunicorn expects it too, and closes the connection.

    Args:
        reader: gunicorn's.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        """At most that many bytes; none at the end.

        Raises:
            ConnectionResetError: chunks that are none, or less than was announced.
        """
        wanted = min(size, getattr(self._reader, "length", 0))
        try:
            data = self._reader.read(size)
        except (ParseException, NoMoreData) as error:
            raise ConnectionResetError(errno.ECONNRESET, "the body cannot be read") from error
        if len(data) < wanted:
            raise ConnectionResetError(errno.ECONNRESET, "the body is shorter than its Content-Length")
        return data
