"""A connection, from its first byte to its last."""

from __future__ import annotations

from gunicorn import http
from gunicorn.workers.gthread import TConn

from provider.server.tls import BoundedSocket


class Connection(TConn):
    """A connection whose TLS socket is its own from the start, and that may be closed twice."""

    closed = False
    sock: BoundedSocket

    def established(self) -> None:
        """The handshake is done: requests may come."""
        self.initialized = True
        self.parser = http.get_parser(self.cfg, self.sock, self.client)

    def begin_request(self) -> None:
        """A request comes: from now on its bytes and its seconds count."""
        self.sock.begin_request()

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002 - as gunicorn has it
        """Close it, unless it is closed.

        Args:
            graceful: whether to wait for the client's end.
        """
        if self.closed:
            return
        self.closed = True
        try:
            super().close(graceful)
        except OSError:
            # It cannot be closed politely, because it is gone.
            self.sock.close()
