"""A Pod's own port: every Pod listens on the same one at its own address, while our processes share one loopback."""

from __future__ import annotations

import errno
import socket
import socketserver
import threading

from tests.e2e.rig.network import POD_ADDRESSES

_CHUNK = 1 << 16
_CONNECT_SECONDS = 5.0


class Forwarding(socketserver.ThreadingTCPServer):
    """Forwards connections from a port of a Pod's address to a port of 127.0.0.1, where something listens or not.

    Args:
        port: of the Pod.
        target: on 127.0.0.1.

    Raises:
        OSError: no address of Pods is free, or there are none, for we have no network namespace of our own.
    """

    # Two processes of a test run look for a free one at the same time: with reuse, both would have the same.
    allow_reuse_address = False
    daemon_threads = True

    def __init__(self, port: int, target: int) -> None:
        super().__init__(("", port), _Connection, bind_and_activate=False)
        self.target = target
        self.address = self._bind_to_a_free_one(port)
        self.server_activate()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self.shutdown()
        self.server_close()

    def _bind_to_a_free_one(self, port: int) -> str:
        for address in map(str, POD_ADDRESSES.hosts()):
            self.server_address = (address, port)
            try:
                self.server_bind()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    self.server_close()
                    raise
            else:
                return address
        self.server_close()
        raise OSError(errno.EADDRINUSE, "no address of Pods is free")


class _Connection(socketserver.BaseRequestHandler):
    server: Forwarding

    def handle(self) -> None:
        copy_both_ways(self.request, self.server.target)


def copy_both_ways(connection: socket.socket, port: int) -> None:
    """Carry a client's words to a port of 127.0.0.1, and the answers back; nothing where nobody listens."""
    try:
        upstream = socket.create_connection(("127.0.0.1", port), _CONNECT_SECONDS)
    except OSError:
        return
    with upstream:
        # A kept connection may be silent for longer than one may take to be made.
        upstream.settimeout(None)
        answers = threading.Thread(target=_copy, args=(upstream, connection), daemon=True)
        answers.start()
        _copy(connection, upstream)
        answers.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
