"""`python -m tests.integration.server.flood PORT COUNT WIDTH KIND`: strangers by the hundred.

COUNT of them come to 127.0.0.1, WIDTH at a time, and it ends when all have gone. KIND is one of `KINDS`.
"""

from __future__ import annotations

import itertools
import selectors
import socket
import ssl
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeAlias

from tests.simulators.certificates import Authority

# What a stranger does with a connection: each `yield` waits for that event of the socket it has by then.
Stranger: TypeAlias = Callable[[socket.socket], Generator[tuple[socket.socket, int]]]

# Seldom more than five are needed; it ends all the same.
SECONDS = 60.0
# The beginning of a ClientHello.
HELLO = b"\x16\x03\x01\x02\x00\x01"


def shake_hands(context: ssl.SSLContext) -> Stranger:
    """Who finishes a handshake as far as they are let, and waits for what comes of it."""

    def stranger(connection: socket.socket) -> Generator[tuple[socket.socket, int]]:
        with context.wrap_socket(connection, do_handshake_on_connect=False) as secured:
            for step in (secured.do_handshake, lambda: secured.recv(1)):
                yield from _until_done(secured, step)

    return stranger


def say(*parts: bytes) -> Stranger:
    """Who says these, one after the other, and waits to be hung up on."""

    def stranger(connection: socket.socket) -> Generator[tuple[socket.socket, int]]:
        for part in parts:
            yield connection, selectors.EVENT_WRITE
            connection.send(part)
        yield connection, selectors.EVENT_READ

    return stranger


def reset_after(said: bytes) -> Stranger:
    """Who says that, and resets the connection without waiting."""

    def stranger(connection: socket.socket) -> Generator[tuple[socket.socket, int]]:
        yield connection, selectors.EVENT_WRITE
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.send(said)

    return stranger


def _goes_on(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> bool:
    """A stranger's next step; false when it was the last one."""
    connection = key.fileobj
    try:
        connection, event = next(key.data)
    except (StopIteration, OSError):
        key.data.close()
        connection.close()
        return False
    selector.register(connection, event, key.data)
    return True


def _until_done(secured: ssl.SSLSocket, step: Callable[[], object]) -> Generator[tuple[socket.socket, int]]:
    while True:
        try:
            step()
        except ssl.SSLWantReadError:
            yield secured, selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            yield secured, selectors.EVENT_WRITE
        else:
            return


def of_all_kinds() -> list[Stranger]:
    """Everything that can be done without a certificate that counts."""
    return [
        shake_hands(_context()),
        say(HELLO),
        shake_hands(_context(Authority())),
        reset_after(HELLO),
        say(HELLO, b"\xfc\x03", b"\x03" * 100, b"\0" * 400),
        reset_after(b"garbage"),
        say(b"GET /validate HTTP/1.1\r\nHost: a\r\n\r\n"),
        say(b"garbage that is no handshake"),
        reset_after(b"\0"),
    ]


def without_a_certificate() -> list[Stranger]:
    """Handshakes that go as far as they can."""
    return [shake_hands(_context())]


KINDS = {"of all kinds": of_all_kinds, "without a certificate": without_a_certificate}


def flood(port: int, count: int, width: int, strangers: Sequence[Stranger]) -> bool:
    """Have strangers come, so many at a time, until all have gone or the time is over.

    Returns:
        Whether all have gone.
    """
    end = time.monotonic() + SECONDS
    coming = itertools.islice(itertools.cycle(strangers), count)
    gone, here = 0, 0
    with selectors.DefaultSelector() as selector:
        while gone < count and time.monotonic() < end:
            for stranger in itertools.islice(coming, width - here):
                connection = socket.socket()
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", port))
                selector.register(connection, selectors.EVENT_WRITE, stranger(connection))
                here += 1
            for key, _ in selector.select(end - time.monotonic()):
                selector.unregister(key.fileobj)
                if not _goes_on(selector, key):
                    gone, here = gone + 1, here - 1
        for key in list(selector.get_map().values()):
            key.data.close()
            key.fileobj.close()
    return gone == count


def _context(certified_by: Authority | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certified_by:
        with tempfile.TemporaryDirectory() as folder:
            context.load_cert_chain(*certified_by.client(Path(folder)))
    return context


if __name__ == "__main__":
    port, count, width = map(int, sys.argv[1:4])
    sys.exit(not flood(port, count, width, KINDS[sys.argv[4]]()))
