"""Servers that misbehave on purpose, and one provider that says what a test tells it to."""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.e2e.rig.certificates import Pair

EXTERNAL_DATA = "externaldata.gatekeeper.sh/v1beta1"
Behaviour = Callable[[list[str]], bytes]


def values(answer: Callable[[str], Any]) -> Behaviour:
    """Answer every key with what the function makes of it."""
    return lambda keys: _response([{"key": key, "value": answer(key)} for key in keys])


def slow(seconds: float) -> Behaviour:
    """Answer rightly, and too late."""

    def behave(keys: list[str]) -> bytes:
        time.sleep(seconds)
        return _response([{"key": key, "value": "late"} for key in keys])

    return behave


def rubbish(_keys: list[str]) -> bytes:
    """Answer with what is no JSON."""
    return b"<html>Bad Gateway</html>"


def _response(items: list[dict[str, Any]]) -> bytes:
    response = {"idempotent": True, "items": items, "systemError": ""}
    return json.dumps({"apiVersion": EXTERNAL_DATA, "kind": "ProviderResponse", "response": response}).encode()


@dataclass
class StubProvider:
    """A provider over TLS 1.3 that demands a client certificate, as the real one does.

    Attributes:
        pair: its certificate, and the authority whose clients it takes.
        behave: what it answers, by keys.
        clients: the common names of who asked.
        asked: the keys of each request.
    """

    pair: Pair
    behave: Behaviour
    clients: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        context.load_verify_locations(self.pair.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = _QuietServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self._server.server_address[1]}/validate"


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    # Connections that Gatekeeper keeps open must not hold up the end of a test.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: refused handshakes are what some tests are about."""


def _handler(stub: StubProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Buffered, so that headers and body leave in one segment: two cost 40 ms.
        wbufsize = -1
        timeout = 10

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            keys = json.loads(self.rfile.read(length))["request"]["keys"]
            stub.clients.append(_common_name(self.connection))
            stub.asked.append(keys)
            content = stub.behave(keys)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _common_name(connection: Any) -> str:
    subject = connection.getpeercert()["subject"]
    return str(dict(pair for relative in subject for pair in relative)["commonName"])


class SilentRegistry:
    """Accepts every connection, reads what comes and never answers."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        self._ending = threading.Event()
        self._accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        for connection in [self._listener, *self._accepted]:
            connection.close()

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def connections(self) -> int:
        """How many have been accepted."""
        return len(self._accepted)

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._ending.is_set():
                if selector.select(0.1):
                    self._accepted.append(self._listener.accept()[0])
