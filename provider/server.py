"""The server: gunicorn's threaded worker, a TLS handshake that holds up nobody, an answer in one segment.

What differs from gunicorn's own, and why:

- **The handshake happens on the event loop, without blocking.** gunicorn does it on one of the request threads, with no
  time limit: fifty silent strangers would take all of them. Here a stranger costs a socket, for `HANDSHAKE_SECONDS`.
- **Nothing blocks for ever** (`provider.tls.BoundedSocket`), nor does the loop wait for a client to close its end.
- **Headers and body leave together.** Sent one after the other they cost 40 ms whenever the client delays its
  acknowledgement.
- **Errors are JSON**, like everything else that Gatekeeper's port says.
- **There is exactly one worker**: metrics, windows and memory are a process's own.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import selectors
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from flask import Flask
from gunicorn import glogging, http, util
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import Response, create
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from provider import limits
from provider.logs import Event
from provider.observation import Observation
from provider.settings import ServerSettings
from provider.tls import ServerTLS

# A loop that does not turn for so long is stuck, and the worker is replaced.
_STUCK_SECONDS: Final = 30
# In memory, so that a slow disk is not taken for a stuck worker.
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - gunicorn makes its file there safely


@dataclass(frozen=True)
class Serving:
    """What the server needs.

    Attributes:
        app: answers Gatekeeper.
        listener: where Gatekeeper's questions come from, listening. It is gunicorn's from now on.
        tls: the context of each handshake.
        observation: is told what happens.
        settings: threads and times.
        started: called in the worker once it can answer.
        draining: called in the worker when it is to stop. It may do no more than set a flag: it is a signal's handler.
    """

    app: Flask
    listener: socket.socket
    tls: ServerTLS
    observation: Observation
    settings: ServerSettings
    started: Callable[[], None]
    draining: Callable[[], None]


class Server(BaseApplication):
    """gunicorn, embedded."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its settings; nothing is read from its own files, flags or variables."""
        settings = self.serving.settings
        chosen = {
            "bind": f"fd://{self.serving.listener.detach()}",
            "workers": 1,
            "worker_class": ProviderWorker,
            "threads": settings.threads,
            "worker_connections": limits.CONNECTIONS,
            "keepalive": max(1, round(settings.keepalive_seconds)),
            "graceful_timeout": max(1, round(settings.drain_seconds)),
            "timeout": _STUCK_SECONDS,
            # The files are read by `provider.tls`; named here so that gunicorn knows that it speaks TLS.
            "certfile": str(settings.tls_cert),
            "keyfile": str(settings.tls_key),
            "logger_class": _Logger,
            "proc_name": "bestbefore",
            "control_socket_disable": True,
            "worker_tmp_dir": str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK) else None,
            "post_worker_init": lambda _worker: self.serving.started(),
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, built before the fork."""
        return self.serving.app

    def run(self) -> None:
        """Serve until told to stop. Ends by SystemExit: in this process and in the worker's, which is its fork."""
        # What there is now is not going to be garbage: the collector need not look at it, nor unshare its pages.
        gc.freeze()
        _OneWorkerArbiter(self).run()


class _OneWorkerArbiter(Arbiter):
    """Signals that would change the number of workers, or replace the program, do nothing."""

    def handle_hup(self) -> None:
        """Certificates and credentials are read anew when they change; other settings need a restart."""

    handle_ttin = handle_ttou = handle_usr2 = handle_winch = handle_hup


class _Logger(glogging.Logger):
    """gunicorn's lines go where all lines go; there is no access log, for `request.answered` says more."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - as gunicorn has it
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.propagate = True


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


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; on all addresses of both families where no host is given.

    Raises:
        OSError: the port is taken, or the address is not ours.
    """
    if host:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=limits.BACKLOG)
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=limits.BACKLOG)
        except OSError as error:
            if error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
    return socket.create_server(("", port), backlog=limits.BACKLOG)
