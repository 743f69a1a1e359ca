"""A response that leaves in one segment.

Headers and body, sent one after the other, cost 40 ms whenever the client delays its acknowledgement.
"""

from __future__ import annotations

from gunicorn.http.wsgi import Response


class OneSegmentResponse(Response):
    """Keeps the headers until there is a body to send with them."""

    _head = b""
    headers_sent: bool

    def should_close(self) -> bool:
        """Whether this is the connection's last response; always after a body whose end nobody knows."""
        return bool(self.req.body.failed or super().should_close())

    def send_headers(self) -> None:
        """Keep them for the body."""
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._flush(data)

    def close(self) -> None:
        """Send what is kept: there is no more."""
        self.send_headers()
        if self._head:
            self._flush(b"")
        super().close()

    def _flush(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self.sock.sendall(head + data if head else data)
