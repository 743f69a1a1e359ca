"""Registries on raw sockets: what they answer is up to a scene, byte by byte.

registry = await Registry(answering(shelf)).open()
registry.host                       # 127.0.0.1:PORT, as references name it
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.attack.images import Document

# A header that a token of 64 KB stands in.
_LINE_BYTES: Final = 512 * 1024
_REQUESTS: Final = 100_000
# Where a registry is that is named without a port.
HTTPS: Final = 443


@dataclass(frozen=True)
class Request:
    """What was asked.

    Attributes:
        method: `GET`, `HEAD` or `POST`.
        path: with its query.
        headers: by lower-case names.
    """

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def repository(self) -> str:
        """Path of the repository within the registry; empty for other paths."""
        for kind in ("/manifests/", "/blobs/", "/referrers/"):
            before, found, _ = self.path.removeprefix("/v2/").partition(kind)
            if found:
                return before
        return ""


@dataclass
class Exchange:
    """One request and the way back."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    kept: bool = True

    async def answer(
        self, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None, *, length: str = ""
    ) -> None:
        """A whole answer; `length` is what Content-Length says where that is not the truth."""
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {length or len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        await self.send(head if self.request.method == "HEAD" else head + body)

    async def document(self, document: Document | None) -> None:
        """A document as a registry gives it; 404 for none."""
        if document is None:
            await self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', {"Content-Type": "application/json"})
            return
        headers = {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest}
        await self.answer(200, document.body, headers)

    async def send(self, raw: bytes) -> None:
        """Bytes, once the peer takes them."""
        self.writer.write(raw)
        await self.writer.drain()

    async def hang(self) -> None:
        """Say nothing until the peer hangs up."""
        self.kept = False
        while await self.reader.read(4096):
            pass

    def hang_up(self) -> None:
        """Say nothing more."""
        self.kept = False


Handler = Callable[[Exchange], Awaitable[None]]


@dataclass
class Registry:
    """A server that answers by a handler.

    Attributes:
        handler: answers a request; what it raises of the network ends the connection.
        tls: for HTTPS.
        host: as references name it, once it is open.
        connections: that were made so far.
        open_connections: that there are now.
        requests: so far.
    """

    handler: Handler
    tls: ssl.SSLContext | None = None
    host: str = ""
    connections: int = 0
    open_connections: int = 0
    requests: list[Request] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def open(self, address: str = "127.0.0.1", port: int = 0) -> Registry:
        """Listen; on port 443 with TLS where none is given."""
        port = port or (HTTPS if self.tls else 0)
        self._server = await asyncio.start_server(
            self._serve, address, port, limit=_LINE_BYTES, ssl=self.tls, backlog=1024
        )
        port = self._server.sockets[0].getsockname()[1]
        named = f"[{address}]" if ":" in address else address
        self.host = named if port == HTTPS else f"{named}:{port}"
        return self

    def close(self) -> None:
        """Take no new connections."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        try:
            kept = True
            while kept and (request := await _request(reader)) is not None:
                if len(self.requests) < _REQUESTS:
                    self.requests.append(request)
                exchange = Exchange(request, reader, writer)
                await self.handler(exchange)
                kept = exchange.kept
        except (OSError, EOFError, ssl.SSLError, asyncio.LimitOverrunError, asyncio.CancelledError):
            # The peer went away, or speaks no HTTP: its affair. Or the scene is over, and nobody waits for this task.
            pass
        finally:
            self.open_connections -= 1
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()


async def _request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers)


def answering(shelf: Mapping[str, Document], after: float = 0.0) -> Handler:
    """A sound registry with some documents, after so many seconds each."""

    async def handler(exchange: Exchange) -> None:
        if after:
            await asyncio.sleep(after)
        await exchange.document(shelf.get(exchange.request.path))

    return handler


async def silent(exchange: Exchange) -> None:
    """Takes a request and says nothing."""
    await exchange.hang()


def hanging_but_for(shelf: Mapping[str, Document]) -> Handler:
    """Gives some documents, and hangs for all others."""

    async def handler(exchange: Exchange) -> None:
        document = shelf.get(exchange.request.path)
        await (exchange.document(document) if document else exchange.hang())

    return handler
