"""As little of an HTTP/2 server as shows how a client uses its connections (RFC 9113).

    with HTTP2Server(context) as server:
        ...
    server.connections, server.streams

Every request gets status 200 and `{}`, whatever it is: headers are not read. With `together` set none is answered
before so many have come on one connection; with `dies_after` the first connection dies when so many have come on it.
"""

from __future__ import annotations

import ssl
import threading
from typing import Self

from tests.simulators.raw_server import Connection, RawServer

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = 9
_DATA, _HEADERS, _SETTINGS, _PING = 0, 1, 4, 6
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
# `:status: 200` of HPACK's static table.
_STATUS_200 = b"\x88"


class HTTP2Server:
    """Listens on loopback with TLS, and speaks nothing but HTTP/2.

    Attributes:
        port: where.
        streams: requests that came, by connection.
    """

    def __init__(self, context: ssl.SSLContext, *, together: int = 1, dies_after: int | None = None) -> None:
        context.set_alpn_protocols(["h2"])
        self._server = RawServer(self._converse, context=context)
        self._together = together
        self._dies_after = dies_after
        self.streams: list[int] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server.__enter__()
        self.port = self._server.port
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.__exit__(*problem)

    @property
    def connections(self) -> int:
        """How many spoke."""
        return len(self.streams)

    def _converse(self, connection: Connection) -> None:
        reader = _Reader(connection)
        if reader.read(len(_PREFACE)) != _PREFACE:
            return
        with self._lock:
            number = len(self.streams)
            self.streams.append(0)
        connection.send(_frame(_SETTINGS, 0, 0, b""))
        waiting: list[int] = []
        while True:
            kind, flags, stream, payload = reader.frame()
            if kind == _SETTINGS and not flags & _ACK:
                connection.send(_frame(_SETTINGS, _ACK, 0, b""))
            elif kind == _PING and not flags & _ACK:
                connection.send(_frame(_PING, _ACK, 0, payload))
            elif kind == _HEADERS:
                self.streams[number] += 1
                waiting.append(stream)
                if number == 0 and self.streams[0] == self._dies_after:
                    return
                if len(waiting) >= self._together:
                    for one in waiting:
                        connection.send(_frame(_HEADERS, _END_HEADERS, one, _STATUS_200))
                        connection.send(_frame(_DATA, _END_STREAM, one, b"{}"))
                    waiting.clear()


class _Reader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, size: int) -> bytes:
        """So many bytes.

        Raises:
            ConnectionError: the peer has closed.
        """
        data = b""
        while len(data) < size:
            piece = self._connection.receive(size - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def frame(self) -> tuple[int, int, int, bytes]:
        """Kind, flags, stream and payload of the next frame."""
        head = self.read(_HEAD)
        return head[3], head[4], int.from_bytes(head[5:9]) & 0x7FFFFFFF, self.read(int.from_bytes(head[:3]))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload
