"""Hosts that take a connection and never say anything."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator

_LOOK_SECONDS = 0.1


@contextlib.contextmanager
def silent_hosts(count: int) -> Iterator[list[str]]:
    """So many `host:port`, each with a loopback address of its own; all connections are closed in the end."""
    with contextlib.ExitStack() as sockets, selectors.DefaultSelector() as selector:
        listeners = [
            sockets.enter_context(socket.create_server((f"127.0.0.{number}", 0), backlog=512))
            for number in range(2, 2 + count)
        ]
        for listener in listeners:
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ)
        ended = threading.Event()
        thread = threading.Thread(target=_accept, args=(selector, sockets, ended), name="silent hosts", daemon=True)
        thread.start()
        try:
            yield ["{}:{}".format(*listener.getsockname()) for listener in listeners]
        finally:
            ended.set()
            thread.join()


def _accept(selector: selectors.BaseSelector, sockets: contextlib.ExitStack, ended: threading.Event) -> None:
    """Take every connection and keep it."""
    while not ended.is_set():
        for key, _ in selector.select(_LOOK_SECONDS):
            with contextlib.suppress(BlockingIOError, ConnectionError):
                sockets.enter_context(key.fileobj.accept()[0])  # type: ignore[union-attr]
