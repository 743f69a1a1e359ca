"""The worker: a TLS handshake that holds up nobody, an answer in one segment.

What differs from gunicorn's threaded worker, and why:

- **The handshake happens on the event loop, without blocking.** gunicorn does it on one of the request threads, with no
  time limit: fifty silent strangers would take all of them. Here a stranger costs a socket, for `HANDSHAKE_SECONDS`.
- **Nothing blocks for ever** (`provider.server.tls.BoundedSocket`), nor does the loop wait for a client to close its
  end.
- **Headers and body leave together.** Sent one after the other they cost 40 ms whenever the client delays its
  acknowledgement.
- **Errors are JSON**, like everything else that Gatekeeper's port says.
"""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from gunicorn import http, util
from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import Response, create
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from provider import limits
from provider.server.tls import ServerTLS
from provider.settings.model import ServerSettings
from provider.telemetry.logs import Event
from provider.telemetry.observation import Observation

Application: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Serving:
    """What the server needs.

    Attributes:
        app: answers Gatekeeper: a WSGI application.
        listener: where Gatekeeper's questions come from, listening. It is gunicorn's from now on.
        tls: the context of each handshake.
        observation: is told what happens.
        settings: threads and times.
        started: called in the worker once it can answer.
        draining: called in the worker when it is to stop. It may do no more than set a flag: it is a signal's handler.
    """

    app: Application
    listener: socket.socket
    tls: ServerTLS
    observation: Observation
    settings: ServerSettings
    started: Callable[[], None]
    draining: Callable[[], None]


class _Connection(TConn):
    """A connection whose TLS socket is its own from the start, and that may be closed twice."""

    closed = False

    def established(self) -> None:
        """The handshake is done: requests may come."""
        self.initialized = True
        self.parser = http.get_parser(self.cfg, self.sock, self.client)

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002
        if not self.closed:
            self.closed = True
            super().close(graceful)


class _OneSegmentResponse(Response):
    """Keeps the headers until there is a body to send with them."""

    _head = b""
    headers_sent: bool

    def send_headers(self) -> None:
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._head = "".join(lines).encode("latin-1")
            self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._flush(data)

    def close(self) -> None:
        self.send_headers()
        if self._head:
            self._flush(b"")
        super().close()

    def _flush(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self.sock.sendall(head + data if head else data)


class ProviderWorker(ThreadWorker):
    """The one worker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as gunicorn has it
        super().__init__(*args, **kwargs)
        serving: Serving = self.app.serving
        self._tls = serving.tls
        self._observation = serving.observation
        self._draining = serving.draining
        self._handshakes: OrderedDict[_Connection, float] = OrderedDict()

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - as gunicorn has it
        """Take new connections, or none for now; at the end none ever again.

        Who comes then is refused, and not left waiting.
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def accept(self, listener: Any) -> None:  # noqa: ANN401
        """A stranger has connected: begin the handshake."""
        try:
            client, address = listener.accept()
        except OSError as error:
            # Gone again, or no descriptor left: nothing that should stop the server.
            self.log.debug("accept failed: %s", error)
            return
        try:
            client.settimeout(0.0)
            secured = self._tls.context().wrap_socket(client, server_side=True, do_handshake_on_connect=False)
            connection = _Connection(self.cfg, secured, address, listener.getsockname())
        except OSError:
            client.close()
            return
        self.nr_conns += 1
        self._handshakes[connection] = time.monotonic() + limits.HANDSHAKE_SECONDS
        self.poller.register(secured, selectors.EVENT_READ, partial(self._shake_hands, connection))
        if len(self._handshakes) > limits.HANDSHAKES:
            self._refuse(next(iter(self._handshakes)), "silent", "too many at a time; it had taken longest")

    def _shake_hands(self, connection: _Connection, secured: ssl.SSLSocket) -> None:
        """The next step of a handshake, on the event loop."""
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            self.poller.modify(secured, selectors.EVENT_READ, partial(self._shake_hands, connection))
        except ssl.SSLWantWriteError:
            self.poller.modify(secured, selectors.EVENT_WRITE, partial(self._shake_hands, connection))
        except ssl.SSLError as error:
            self._refuse(connection, "tls", error.reason or "handshake failed")
        except OSError:
            self._refuse(connection, "reset", "the client hung up")
        else:
            self._welcome(connection)

    def _welcome(self, connection: _Connection) -> None:
        """The client is who may ask: wait for its first request, without a thread."""
        self.poller.unregister(connection.sock)
        del self._handshakes[connection]
        connection.established()
        connection.set_timeout()
        self.pending_conns.append(connection)
        self.poller.register(
            connection.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, connection)
        )

    def _refuse(self, connection: _Connection, cause: str, detail: str) -> None:
        self.poller.unregister(connection.sock)
        del self._handshakes[connection]
        self.nr_conns -= 1
        connection.close()
        self._observation.handshake_refused(cause, detail, str(connection.client[0]))

    def murder_pending(self) -> None:
        """Called with each turn of the loop: drop who has been silent for too long."""
        now = time.monotonic()
        late = [connection for connection, until in self._handshakes.items() if now >= until or not self.alive]
        for connection in late:
            self._refuse(connection, "silent", f"no handshake in {limits.HANDSHAKE_SECONDS:g} s")
        if not self.alive:
            for pending in self.pending_conns:
                pending.timeout = min(pending.timeout, now + STOP_KEEPALIVE_LINGER)
        super().murder_pending()

    def handle(self, conn: _Connection) -> Any:  # noqa: ANN401
        """One request, on a thread."""
        keep = super().handle(conn)
        if not keep:
            # Here and not on the loop: closing waits for the client's end.
            conn.close(graceful=True)
        return keep

    def handle_request(self, req: Any, conn: _Connection) -> bool:  # noqa: ANN401
        """Answer a request.

        Returns:
            Whether the connection may be used for another one.
        """
        response, environ = create(
            req, conn.sock, conn.client, conn.server, self.cfg, response_class=_OneSegmentResponse
        )
        environ["wsgi.multithread"] = True
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        body = self.wsgi(environ, response.start_response)
        try:
            for part in body:
                response.write(part)
            response.close()
        finally:
            body.close()
        return not response.should_close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ANN401, ARG002
        """What could not become a request, as JSON."""
        if isinstance(exc, OSError):
            return
        bad = isinstance(exc, ParseException)
        if not bad:
            self.log.error("a request failed", exc_info=exc)
        status, text = (
            ("400 Bad Request", "this is no HTTP request") if bad else ("500 Internal Server Error", "internal")
        )
        body = json.dumps({"error": text})
        head = (
            f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        )
        try:
            util.write(client, f"{head}\r\n\r\n{body}".encode("latin-1"))
        except OSError as error:
            self.log.debug("the client did not wait for its error: %s", error)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ANN401
        """Told to stop: from now on not ready, and no request is begun that was not there already."""
        if self.alive:
            self._draining()
            # Not here, where a line may be half written: on the loop.
            self.method_queue.defer(self._tell_draining)
        super().handle_exit(sig, frame)

    def _tell_draining(self) -> None:
        self._observation.log.info(Event.SERVER_DRAINING, "told to stop; finishing what has been asked")
