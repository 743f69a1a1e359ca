"""The server: `python -m tests.e2e.rig.kubelet.server PORT CERTIFICATE KEY FOLDER`.

It answers `GET /containerLogs/NAMESPACE/POD/CONTAINER` with the options of pods/log, over TLS, as an API server asks.
"""

from __future__ import annotations

import select
import ssl
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from tests.e2e.rig.kubelet import reading
from tests.e2e.rig.kubelet.entry import nanoseconds
from tests.e2e.rig.kubelet.reading import NoLogError, Wish

_SECOND: Final = 10**9


class KubeletServer(ThreadingHTTPServer):
    """Serves the logs of a folder on loopback.

    Attributes:
        folder: holds `NAMESPACE/POD/CONTAINER/N.log`.
    """

    daemon_threads = True

    def __init__(self, port: int, folder: Path, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.folder = folder
        if context is not None:
            # The handshake is done by the thread of the connection, at its first read.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: KubeletServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["containerLogs", namespace, pod, container]:
                self._logs(self.server.folder / namespace / pod / container, pod, dict(parse_qsl(url.query)))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "404 page not found")

    def _logs(self, folder: Path, pod: str, query: Mapping[str, str]) -> None:
        if not folder.parent.is_dir():
            self._refuse(HTTPStatus.NOT_FOUND, f'pod "{pod}" does not exist')
            return
        if not folder.is_dir():
            self._refuse(HTTPStatus.NOT_FOUND, f'container "{folder.name}" not found in pod "{pod}"')
            return
        wished = wish(query)
        try:
            log = reading.attempt(folder, wished, pod)
        except NoLogError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        self._begin("text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for piece in reading.read(log, wished, self._gone):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._begin("text/plain", status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _begin(self, content_type: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)

    def _gone(self) -> bool:
        """Whether the API server has hung up; it never sends anything while it waits."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {format % args}\n")


def wish(query: Mapping[str, str]) -> Wish:
    """What the query of a request asks for."""
    since = nanoseconds(query["sinceTime"]) if "sinceTime" in query else 0
    if "sinceSeconds" in query:
        since = time.time_ns() - int(query["sinceSeconds"]) * _SECOND
    return Wish(
        follow=_yes(query, "follow"),
        timestamps=_yes(query, "timestamps"),
        previous=_yes(query, "previous"),
        since=since // _SECOND * _SECOND if "sinceTime" in query else since,
        tail_lines=int(query["tailLines"]) if "tailLines" in query else None,
        limit_bytes=int(query["limitBytes"]) if "limitBytes" in query else None,
    )


def _yes(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "false") in ("true", "1")


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    port, certificate, key, folder = arguments
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    KubeletServer(int(port), Path(folder), context).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
