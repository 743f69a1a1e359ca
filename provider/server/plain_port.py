"""The plain port, for the kubelet and Prometheus: a small server that strangers cannot fill.

Whoever reaches the Pod may connect. So there are few connections at a time, each answers one request, which is small,
and has a few seconds for it in all; beyond that, the one that has taken longest is dropped. Answers are made one at a
time: threads that compute side by side would keep the interpreter from those who ask about images.
"""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from http.client import LineTooLong
from socketserver import ThreadingMixIn
from typing import IO, Any, cast
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from provider import limits
from provider.clock import Clock
from provider.server.exhaustion import NOTHING_LEFT


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
        self.set_app(_one_at_a_time(app))
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[Any, float] = OrderedDict()
        # Those that were dropped, too, until their threads have noticed it.
        self._threads_left = threading.Semaphore(2 * limits.PLAIN_CONNECTIONS)
        self._one_is_gone = threading.Event()

    def start(self) -> None:
        """Serve, on a thread that ends with the process."""
        threading.Thread(target=self.serve_forever, name="plain", daemon=True).start()

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection.

        Raises:
            OSError: it is gone again, or the system has no descriptor left.
        """
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in NOTHING_LEFT:
                self._one_is_gone.clear()
                with self._lock:
                    self._drop_oldest()
                # Who waits to be accepted would wake us all the time.
                self._one_is_gone.wait(limits.ACCEPT_PAUSE_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        """A connection was accepted."""
        self._threads_left.acquire()
        with self._lock:
            self._open[request] = self._clock.monotonic()
            if len(self._open) > limits.PLAIN_CONNECTIONS:
                self._drop_oldest()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """A connection is done."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)
        self._threads_left.release()
        self._one_is_gone.set()

    def service_actions(self) -> None:
        """Called twice a second: drop what has taken too long."""
        too_old = self._clock.monotonic() - limits.PLAIN_SECONDS
        with self._lock:
            while self._open and next(iter(self._open.values())) < too_old:
                self._drop_oldest()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A connection failed: the client's affair."""

    def _drop_oldest(self) -> None:
        """Wake the thread that reads from the connection, which then closes it."""
        if self._open:
            request, _ = self._open.popitem(last=False)
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    timeout = limits.PLAIN_SECONDS

    def setup(self) -> None:
        """A connection has a thread."""
        super().setup()
        self.rfile = _Head(self.rfile)  # type: ignore[assignment]  # nothing but lines is read

    def handle(self) -> None:
        """One request, without its body: none here has one."""
        try:
            self.raw_requestline = self.rfile.readline()
        except LineTooLong:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
            return
        if self.parse_request():
            exchange = _Exchange(io.BytesIO(), cast("IO[bytes]", self.wfile), sys.stderr, self.get_environ())
            exchange.request_handler = self
            exchange.run(self.server.get_app())  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Scrapes and probes are no events."""


class _Exchange(ServerHandler):
    request_handler: WSGIRequestHandler

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 - as the library has it
        """Report an error of ours; a client that takes no answer is none."""
        if not isinstance(exc_info[1], OSError):
            super().log_exception(exc_info)


class _Head:
    """The lines of a request, up to a number of bytes."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._left = limits.PLAIN_BYTES

    def readline(self, _size: int = -1) -> bytes:
        """The next line.

        Raises:
            LineTooLong: no more bytes are read.
        """
        line = self._stream.readline(self._left + 1)
        if len(line) > self._left:
            raise LineTooLong("request")
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._stream.close()


def _one_at_a_time(app: Callable[..., Any]) -> Callable[..., Any]:
    turn = threading.Lock()

    def taking_turns(environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI
        with turn:
            return app(environ, start_response)

    return taking_turns
