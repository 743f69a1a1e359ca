"""The worker: a TLS handshake that holds up nobody, and nobody who ends it.

What differs from gunicorn's threaded worker, and why:

- **The handshake happens on the event loop, without blocking.** gunicorn does it on one of the request threads, with no
  time limit: fifty silent strangers would take all of them. Here a stranger costs a socket, for `HANDSHAKE_SECONDS`.
- **An event counts only for what it happened to.** One event of a turn may end the connection of a later one, whose
  descriptor may be another's by then. gunicorn would call it all the same, and end with the error.
- **No descriptor left is a reason to wait**, or to drop a stranger; gunicorn ends.
- **Nothing blocks for ever** (`provider.server.tls.BoundedSocket`), nor does the loop wait for a client to close its
  end.
- **Headers and body leave together** (`provider.server.response`).
- **Errors are JSON**, like everything else that Gatekeeper's port says; a malformed request is never our failure.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from gunicorn import util
from gunicorn.http.errors import InvalidResponseHeader, InvalidResponseHeaderName, ParseException
from gunicorn.http.wsgi import create
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from provider import limits
from provider.server.body import BodyReader
from provider.server.connection import Connection
from provider.server.exhaustion import NOTHING_LEFT
from provider.server.response import OneSegmentResponse
from provider.server.threads import Threads
from provider.server.tls import ServerTLS
from provider.settings.model import ServerSettings
from provider.telemetry.events import Event
from provider.telemetry.observation import Observation

Application: TypeAlias = Callable[..., Any]

# Headers of ours that are none: no client is at fault.
_OUR_HEADERS: Final = (InvalidResponseHeader, InvalidResponseHeaderName)


@dataclass(frozen=True)
class ServerParts:
    """What the server needs.

    Attributes:
        app: answers Gatekeeper: a WSGI application.
        listener: where Gatekeeper's questions come from, listening. It is gunicorn's from now on.
        tls: the context of each handshake.
        observation: gets reports of what happens.
        settings: threads and times.
        started: called in the worker once it can answer.
        draining: called in the worker when it is to stop. It may do no more than set a flag: it is a signal's handler.
        stopped: called in the worker when everything that was asked has its answer, before it ends.
    """

    app: Application
    listener: socket.socket
    tls: ServerTLS
    observation: Observation
    settings: ServerSettings
    started: Callable[[], None]
    draining: Callable[[], None]
    stopped: Callable[[], None]


class ProviderWorker(ThreadWorker):
    """The one worker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as gunicorn has it
        super().__init__(*args, **kwargs)
        serving: ServerParts = self.app.serving
        self._tls = serving.tls
        self._observation = serving.observation
        self._draining = serving.draining
        self._stopped = serving.stopped
        self._handshakes: OrderedDict[Connection, float] = OrderedDict()
        self._accepts_from = 0.0

    def run(self) -> None:
        """Serve until asked to stop, and finish."""
        super().run()
        self._stopped()

    def get_thread_pool(self) -> Threads:
        """The threads for requests."""
        return Threads(self.cfg.threads)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the loop: wait, then handle what happened, unless it happened to somebody who is gone since.

        Args:
            timeout: how long to wait, seconds.
        """
        for key, _ in self.poller.select(timeout):
            # The registration itself: its descriptor may have been given to somebody else.
            if self.poller.get_map().get(key.fd) is key:
                self._handle_event(key)

    def _handle_event(self, key: selectors.SelectorKey) -> None:
        try:
            key.data(key.fileobj)
        except Exception:
            # Our fault, and it may cost whoever it belongs to their connection, but not all others the worker.
            self.log.exception("an event could not be handled")
            if key.fileobj in self.sockets:
                self._pause()
            for part in getattr(key.data, "args", ()):
                if isinstance(part, Connection) and not part.closed:
                    self._drop(part)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - as gunicorn has it
        """Take new connections, or none for now; at the end none ever again.

        Who comes then is refused, and not left waiting.
        """
        if not enabled or time.monotonic() >= self._accepts_from:
            super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def accept(self, listener: Any) -> None:  # noqa: ANN401 - as gunicorn has it
        """A stranger has connected: begin the handshake."""
        try:
            client, address = listener.accept()
            with contextlib.closing(client):
                # It takes the descriptor over; what it could not take is closed here.
                secured = self._tls.context().wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        except OSError as error:
            # Gone again, or no descriptor left: nothing that should stop the server.
            self.log.debug("accept failed: %s", error)
            if error.errno in NOTHING_LEFT:
                self._make_room()
            return
        connection = Connection(self.cfg, secured, address, listener.getsockname())
        self.nr_conns += 1
        self._handshakes[connection] = time.monotonic() + limits.HANDSHAKE_SECONDS
        try:
            self.poller.register(secured, selectors.EVENT_READ, partial(self._shake_hands, connection))
        except OSError as error:
            self._refuse(connection, "reset", f"no room for it: {error.strerror}")
            self._pause()
            return
        if len(self._handshakes) > limits.HANDSHAKES:
            self._refuse(next(iter(self._handshakes)), "silent", "too many at a time; it had taken longest")

    def _make_room(self) -> None:
        """No descriptor is left for whoever waits: a stranger gives theirs, or they wait until somebody leaves."""
        if self._handshakes:
            self._refuse(next(iter(self._handshakes)), "silent", "no descriptor was left; it had taken longest")
        else:
            self._pause()

    def _pause(self) -> None:
        """Take nobody for a moment, in which the loop rests: who waits would wake it all the time."""
        self._accepts_from = time.monotonic() + limits.ACCEPT_PAUSE_SECONDS
        self.set_accept_enabled(False)

    def _shake_hands(self, connection: Connection, secured: ssl.SSLSocket) -> None:
        """The next step of a handshake, on the event loop."""
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            self.poller.modify(secured, selectors.EVENT_READ, partial(self._shake_hands, connection))
        except ssl.SSLWantWriteError:
            self.poller.modify(secured, selectors.EVENT_WRITE, partial(self._shake_hands, connection))
        except ssl.SSLError as error:
            self._refuse(connection, "tls", getattr(error, "reason", None) or "handshake failed")
        except OSError:
            self._refuse(connection, "reset", "the client hung up")
        else:
            self._welcome(connection)

    def _welcome(self, connection: Connection) -> None:
        """The client is who may ask: wait for its first request, without a thread."""
        del self._handshakes[connection]
        connection.established()
        connection.set_timeout()
        self.pending_conns.append(connection)
        self.poller.modify(connection.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, connection))

    def _refuse(self, connection: Connection, cause: str, detail: str) -> None:
        """End a handshake."""
        self._drop(connection)
        self._observation.handshake_refused(cause, detail, str(connection.client[0]))

    def _drop(self, connection: Connection) -> None:
        """End a connection that the loop has, whatever it was waiting for."""
        with contextlib.suppress(KeyError, ValueError):
            self.poller.unregister(connection.sock)
        self._handshakes.pop(connection, None)
        self._forget(connection)
        self.nr_conns -= 1
        connection.close()

    def _forget(self, connection: Connection) -> None:
        for waiting in (self.pending_conns, self.keepalived_conns):
            with contextlib.suppress(ValueError):
                waiting.remove(connection)

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

    def handle(self, conn: Connection) -> Any:  # noqa: ANN401
        """One request, on a thread."""
        if conn.closed:
            return False
        conn.begin_request()
        keep = super().handle(conn)
        if not keep:
            # Here and not on the loop: closing waits for the client's end.
            conn.close(graceful=True)
        return keep

    def finish_request(self, conn: Connection, fs: Any) -> None:  # noqa: ANN401
        """A request is done: wait for the next one."""
        super().finish_request(conn, fs)
        if conn.closed:
            # It could not be kept, perhaps after it was put among those that are.
            self._forget(conn)

    def handle_request(self, req: Any, conn: Connection) -> bool:  # noqa: ANN401
        """Answer a request.

        Returns:
            Whether the connection may be used for another one.
        """
        req.body.reader = BodyReader(req.body.reader)
        response, environ = create(
            req, conn.sock, conn.client, conn.server, self.cfg, response_class=OneSegmentResponse
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

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:  # noqa: FBT001 - as gunicorn has it
        """Whether the connection may be used for another request, once all of this one's body is read.

        Of a body that is refused for its size gunicorn would read 64 KiB, and hang up: who is still sending it then
        never reads why it is refused.
        """
        if not keepalive:
            return False
        ends = time.monotonic() + limits.CLIENT_SECONDS
        return bool(conn.parser.finish_body(deadline=ends, max_bytes=limits.REQUEST_WIRE_BYTES))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ANN401, ARG002
        """What could not become a request, as JSON."""
        if isinstance(exc, OSError):
            return
        bad = isinstance(exc, ParseException) and not isinstance(exc, _OUR_HEADERS)
        if bad:
            # No more than the kind of it: what it complains of may be a secret.
            self.log.debug("no HTTP request: %s", type(exc).__name__)
        else:
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
        self._observation.log.info(Event.SERVER_DRAINING, "asked to stop; finishing the requests under way")
