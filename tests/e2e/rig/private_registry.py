"""A door before the rig's registry: who may read what, by Basic authentication (RFC 7617), as registries have it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_REQUEST_SECONDS = 30.0
_KEPT_HEADERS = ("Content-Type", "Docker-Content-Digest")


class PrivateRegistry(ThreadingHTTPServer):
    """Gives what the registry behind it has to those who may read it.

    Args:
        behind: `HOST:PORT` of the registry.
        readers: user and password, by repository; all others are closed.

    Attributes:
        asked: user (empty for nobody) and path of every request, in order.
    """

    daemon_threads = True

    def __init__(self, behind: str, readers: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Reader)
        self.behind = behind
        self.readers = dict(readers)
        self.asked: list[tuple[str, str]] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, plain HTTP."""
        return f"127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        """Close it."""
        self.shutdown()
        self.server_close()


class _Reader(BaseHTTPRequestHandler):
    server: PrivateRegistry

    def do_GET(self) -> None:
        user = self._user()
        self.server.asked.append((user.partition(":")[0], self.path))
        repository = self.path.removeprefix("/v2/").rpartition("/manifests/")[0]
        repository = repository or self.path.removeprefix("/v2/").rpartition("/blobs/")[0]
        reader = self.server.readers.get(repository)
        if reader is None or user != ":".join(reader):
            self._answer(401, {"WWW-Authenticate": 'Basic realm="rig"'}, b"{}")
            return
        headers = {"Accept": self.headers.get("Accept", "*/*")}
        url = f"http://{self.server.behind}{self.path}"
        found = requests.request(self.command, url, headers=headers, timeout=_REQUEST_SECONDS)
        kept = {name: found.headers[name] for name in _KEPT_HEADERS if name in found.headers}
        self._answer(found.status_code, kept, found.content)

    do_HEAD = do_GET  # noqa: N815 - as http.server has it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
        """Say nothing."""

    def _user(self) -> str:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(value).decode() if scheme == "Basic" else ""

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
