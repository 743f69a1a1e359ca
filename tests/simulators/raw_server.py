"""A server that does with each connection what a test says, byte by byte.

    def answer(connection):
        connection.ask()                                  # reads a request
        connection.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")

    with RawServer(answer) as server:
        server.port, server.requests, server.connections

The function is called in a thread of the connection's own, which is closed when it returns. What waits in it ends with
the server: `connection.stopping.wait(20)`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self


class Connection:
    """One that was accepted.

    Attributes:
        stopping: set when the server stops.
        closed: set when the peer has closed it, if somebody looks: `wait_for_close`.
    """

    def __init__(self, server: RawServer, accepted: socket.socket) -> None:
        self._server = server
        self._socket = accepted
        self._rest = b""
        self.stopping = server.stopping
        self.closed = threading.Event()

    def ask(self) -> bytes:
        """Read a request with its body; empty when the peer has closed."""
        while b"\r\n\r\n" not in self._rest:
            if not self._receive():
                return b""
        head, _, rest = self._rest.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(rest) < length:
            if not self._receive():
                return b""
            rest = self._rest.partition(b"\r\n\r\n")[2]
        request, self._rest = head + b"\r\n\r\n" + rest[:length], rest[length:]
        self._server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Send."""
        self._socket.sendall(data)

    def answer(self, body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> None:
        """Send a whole answer."""
        head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.send(head.encode("latin-1") + body)

    def receive(self, size: int) -> bytes:
        """As much as there is, at most so many bytes; empty when the peer has closed."""
        return self._socket.recv(size)

    def wait_for_close(self) -> None:
        """Read until the peer closes."""
        with contextlib.suppress(OSError):
            while self._socket.recv(65536):
                pass
        self.closed.set()

    def _receive(self) -> bool:
        received = self._socket.recv(65536)
        self._rest += received
        return bool(received)


class RawServer:
    """Listens on loopback.

    Attributes:
        port: where.
        connections: all that were accepted.
        requests: all that were read, head and body.
        errors: what a connection's function raised, but for broken connections.
    """

    def __init__(
        self, handle: Callable[[Connection], object], address: str = "127.0.0.1", context: ssl.SSLContext | None = None
    ) -> None:
        self._handle = handle
        self._address = address
        self._context = context
        self.connections: list[Connection] = []
        self.requests: list[bytes] = []
        self.errors: list[Exception] = []
        self.stopping = threading.Event()

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        self._listener = socket.create_server((self._address, 0), family=family, backlog=256)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            socket.create_connection((self._address, self.port), timeout=5).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                continue
            if self.stopping.is_set():
                accepted.close()
                return
            threading.Thread(target=self._run, args=(accepted,), daemon=True).start()

    def _run(self, accepted: socket.socket) -> None:
        accepted.settimeout(20)
        with accepted, contextlib.suppress(OSError):
            wrapped = self._context.wrap_socket(accepted, server_side=True) if self._context else accepted
            with wrapped:
                connection = Connection(self, wrapped)
                self.connections.append(connection)
                try:
                    self._handle(connection)
                except OSError:
                    connection.closed.set()
                    raise
                except Exception as error:  # noqa: BLE001 - told to the test
                    self.errors.append(error)
