"""The plain port, for the kubelet and Prometheus: a small server that strangers cannot fill.

Whoever reaches the Pod may connect. So there are few connections at a time, each answers one request and has a few
seconds for it in all; beyond that, the one that has taken longest is dropped.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from provider import limits
from provider.clock import Clock


class PlainServer(ThreadingMixIn, WSGIServer):
    """Serves an application on a socket that listens already, a thread a connection.

    Args:
        listener: where.
        app: a WSGI application.
        clock: for how long a connection may take.
    """

    daemon_threads = True

    def __init__(self, listener: socket.socket, app: Callable[..., Any], clock: Clock) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = "bestbefore", listener.getsockname()[1]
        self.setup_environ()
        self.set_app(app)
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[Any, float] = OrderedDict()

    def start(self) -> None:
        """Serve, on a thread that ends with the process."""
        threading.Thread(target=self.serve_forever, name="plain", daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        """A connection was accepted."""
        with self._lock:
            self._open[request] = self._clock.monotonic()
            if len(self._open) > limits.PLAIN_CONNECTIONS:
                _hang_up(next(iter(self._open)))
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """A connection is done."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called twice a second: drop what has taken too long."""
        with self._lock:
            too_old = self._clock.monotonic() - limits.PLAIN_SECONDS
            for request, since in self._open.items():
                if since < too_old:
                    _hang_up(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A connection failed: the client's affair."""


class _Handler(WSGIRequestHandler):
    timeout = limits.PLAIN_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Scrapes and probes are no events."""


def _hang_up(request: socket.socket) -> None:
    """Wakes the thread that reads from it, which then closes it."""
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
