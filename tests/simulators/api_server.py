"""An API server on loopback that answers as a test says, over TLS and with tokens.

with ApiServer(folder) as server:
    server.answers["/api/v1/namespaces/a/pods"] = lambda request: ApiAnswer.of({"items": []})
    api = LightkubeApi(access.find(server.kubeconfig))
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.simulators.certificates import Authority


@dataclass(frozen=True)
class ApiRequest:
    """What the client asked.

    Attributes:
        method: `GET`.
        path: without the query.
        query: one value for each name.
        body: None where there is none.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass(frozen=True)
class ApiAnswer:
    """What it is told.

    Attributes:
        status: of HTTP.
        chunks: of the body; each is sent alone, as a log that is followed is.
        kind: its content type.
    """

    status: int
    chunks: Iterable[bytes]
    kind: str = "application/json"

    @classmethod
    def of(cls, body: object, status: int = 200) -> ApiAnswer:
        """An object."""
        return cls(status, [json.dumps(body).encode()])

    @classmethod
    def error(cls, status: int, message: str) -> ApiAnswer:
        """As the API server says that something is wrong."""
        return cls.of({"kind": "Status", "status": "Failure", "message": message, "code": status}, status)

    @classmethod
    def text(cls, *chunks: bytes, status: int = 200) -> ApiAnswer:
        """A log, or what is no JSON."""
        return cls(status, chunks, "text/plain")


class ApiServer:
    """Listens on loopback.

    Args:
        folder: for its certificate, and the token and kubeconfig of its clients.
    """

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, Callable[[ApiRequest], ApiAnswer]] = {}
        self.requests: list[ApiRequest] = []
        self.token_file = folder / "token"
        self.kubeconfig = folder / "kubeconfig"
        self._tokens = {"first"}
        self._stopping = threading.Event()
        self._connections: list[Any] = []
        files = Authority().server(folder)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.rotate("first")
        self._write_kubeconfig(files.client_ca)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self.disconnect()
        self._server.server_close()
        self._thread.join()

    def rotate(self, token: str) -> None:
        """Only this token is good now, and it stands in its file."""
        self._tokens = {token}
        self.token_file.write_text(token)

    def disconnect(self) -> None:
        """Every connection breaks."""
        connections, self._connections = self._connections, []
        for connection in connections:
            with contextlib.suppress(OSError, ValueError):
                connection.shutdown(2)

    def following(self, first: list[bytes], more: Callable[[], bytes]) -> ApiAnswer:
        """A log that is followed: what there is, then what `more` gives, for as long as the server lives."""

        def chunks() -> Iterator[bytes]:
            yield from first
            while not self._stopping.is_set():
                yield more()

        return ApiAnswer(200, chunks(), "text/plain")

    def _write_kubeconfig(self, authority: Path) -> None:
        cluster = {
            "server": f"https://127.0.0.1:{self._server.server_address[1]}",
            "certificate-authority": str(authority),
        }
        document = {
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "bestbefore"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"tokenFile": str(self.token_file)}}],
        }
        self.kubeconfig.write_text(json.dumps(document))

    def _answer(self, request: ApiRequest, token: str) -> ApiAnswer:
        self.requests.append(request)
        if token.removeprefix("Bearer ") not in self._tokens:
            return ApiAnswer.error(401, "Unauthorized")
        answer = self.answers.get(request.path)
        return answer(request) if answer else ApiAnswer.text(b"404 page not found\n", status=404)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                server._connections.append(self.connection)

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                values = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
                request = ApiRequest(self.command, path, values, json.loads(body) if body else None)
                answer = server._answer(request, self.headers.get("Authorization", ""))
                with contextlib.suppress(OSError, ValueError):
                    self._send(answer)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as the library calls them

            def _send(self, answer: ApiAnswer) -> None:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                if answer.status == 204:
                    self.end_headers()
                    return
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for chunk in answer.chunks:
                    if chunk:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.write(b"0\r\n\r\n")

            def handle(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().handle()

            def finish(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().finish()

            def log_message(self, *_: object) -> None:
                """No words."""

        return Handler
