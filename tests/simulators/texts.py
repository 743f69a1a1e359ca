"""A web server over TLS that answers as a test tells it, by path.

with TextServer(folder) as server:
    server.answers["/policy.rego"] = Told(content=b"package sigstore")
    fetch(server.url("/policy.rego"), server.ca_file)
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.simulators.certificates import Authority


@dataclass(frozen=True)
class TextAnswer:
    """One answer.

    Attributes:
        status: of the response.
        content: its body.
        headers: beside Content-Length.
        length: what Content-Length says, where it is not the truth; None to close the connection at the end instead.
    """

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = -1


class TextServer:
    """Listens on loopback.

    Attributes:
        answers: by path; 404 for what is not here.
        asked: the paths that were asked for.
        ca_file: the authority that its certificate is from.
    """

    def __init__(self, folder: Path) -> None:
        files = Authority().server(folder)
        self.answers: dict[str, TextAnswer] = {}
        self.asked: list[str] = []
        self.ca_file = str(files.client_ca)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.certificate, files.key)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.socket = self._context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str) -> str:
        """The URL of a path."""
        return f"https://127.0.0.1:{self._server.server_address[1]}{path}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: refused handshakes are what some tests are about."""


def _handler(server: TextServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            server.asked.append(self.path)
            told = server.answers.get(self.path, TextAnswer(404, b"not here"))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if told.length is not None:
                self.send_header("Content-Length", str(len(told.content) if told.length < 0 else told.length))
            self.end_headers()
            self.wfile.write(told.content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
