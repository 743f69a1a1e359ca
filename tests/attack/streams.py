"""Answers that do not end, or not as HTTP has it: what a registry may do to whoever reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tests.attack.registries import Exchange

# Bytes that are written at a time.
_PIECE: Final = 64 * 1024
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n\r\n"

Stream = Callable[[Exchange], Awaitable[None]]


async def in_chunks(exchange: Exchange, body: bytes, size: int) -> None:
    """A whole body in chunks of so many bytes."""
    await exchange.send(_HEAD + _CHUNKED)
    for first in range(0, len(body), _PIECE):
        await exchange.send(chunks(body[first : first + _PIECE], size))
    await exchange.send(b"0\r\n\r\n")


def chunks(body: bytes, size: int) -> bytes:
    """A part of a body in HTTP's chunks (RFC 9112, section 7.1), without the last."""
    count, rest = divmod(len(body), size)
    if not rest and body == body[:size] * count:
        # Who attacks shall not be slower than who is attacked.
        return b"%x\r\n%b\r\n" % (size, body[:size]) * count
    parts = (body[first : first + size] for first in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


async def _endless(exchange: Exchange, head: bytes, piece: bytes, pause: float = 0.0) -> None:
    """A beginning, and the same again and again until the peer hangs up."""
    exchange.kept = False
    await exchange.send(head)
    piece = piece if pause else piece * max(1, _PIECE // len(piece))
    while True:
        await exchange.send(piece)
        await asyncio.sleep(pause)


async def extensions(exchange: Exchange) -> None:
    """A chunk's extension without end."""
    await _endless(exchange, _HEAD + _CHUNKED + b"5;x=", b"y" * 1024)


async def interim(exchange: Exchange) -> None:
    """`100 Continue` without end."""
    await _endless(exchange, b"", b"HTTP/1.1 100 Continue\r\n\r\n")


async def trailers(exchange: Exchange) -> None:
    """Trailers without end after a whole body."""
    await _endless(exchange, _HEAD + _CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: y\r\n")


async def headers(exchange: Exchange) -> None:
    """Headers without end."""
    await _endless(exchange, _HEAD, b"X-Header: y\r\n")


async def header(exchange: Exchange) -> None:
    """One header without end."""
    await _endless(exchange, _HEAD + b"X-Header: ", b"y" * 1024)


async def body(exchange: Exchange) -> None:
    """A body without end."""
    await _endless(exchange, _HEAD + _CHUNKED, chunks(b" " * 1024, 1024))


async def empty_lines(exchange: Exchange) -> None:
    """Nothing but ends of lines before the status."""
    await _endless(exchange, b"", b"\r\n")


async def slow_body(exchange: Exchange) -> None:
    """A byte of the body every tenth of a second."""
    await _endless(exchange, _HEAD + b"Content-Length: 100000\r\n\r\n", b" ", 0.1)


async def slow_header(exchange: Exchange) -> None:
    """A byte of a header every tenth of a second."""
    await _endless(exchange, _HEAD + b"X-Header: ", b"y", 0.1)


async def half(exchange: Exchange) -> None:
    """Headers, a part of the body, then nothing."""
    await exchange.send(_HEAD + b"Content-Length: 1000\r\n\r\n{")
    await exchange.hang()
