"""A SOCKS5 proxy (RFC 1928, 1929) on a free port of 127.0.0.1, or one that lies.

    with SocksProxy({"reg.test": "127.0.0.1"}) as proxy:
        … f"socks5h://127.0.0.1:{proxy.port}" …

`asked` has where it was to connect to, as it was asked: `reg.test:443`; `logins` who asked.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Self

_NAME = 3
_IPV4 = 1


class SocksProxy:
    """Connects one client at a time to whatever it asks for.

    Args:
        names: what it takes names for; others are connected to as they are.
        login: `user:password` that it wants; None for none.
        reply: what it answers; 0 for yes, 2 for a rule against it.
    """

    def __init__(self, names: Mapping[str, str] | None = None, login: str | None = None, reply: int = 0) -> None:
        self.asked: list[str] = []
        self.logins: list[str] = []
        self._names, self._login, self._reply = names or {}, login, reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(client,), daemon=True).start()

    def _converse(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, struct.error):
            client.settimeout(10)
            if not self._admits(client):
                return
            _, _, _, kind = _exactly(client, 4)
            host = _exactly(client, _exactly(client, 1)[0]).decode() if kind == _NAME else _address(client, kind)
            (port,) = struct.unpack(">H", _exactly(client, 2))
            self.asked.append(f"{host}:{port}")
            client.sendall(bytes([5, self._reply, 0, _IPV4]) + bytes(6))
            if self._reply == 0:
                with socket.create_connection((self._names.get(host, host), port), 10) as there:
                    _relay(client, there)

    def _admits(self, client: socket.socket) -> bool:
        _, count = _exactly(client, 2)
        _exactly(client, count)
        if self._login is None:
            client.sendall(b"\x05\x00")
            return True
        client.sendall(b"\x05\x02")
        _exactly(client, 1)
        user = _exactly(client, _exactly(client, 1)[0]).decode()
        password = _exactly(client, _exactly(client, 1)[0]).decode()
        self.logins.append(f"{user}:{password}")
        client.sendall(b"\x01\x00" if self.logins[-1] == self._login else b"\x01\x01")
        return self.logins[-1] == self._login


def _address(client: socket.socket, kind: int) -> str:
    family, size = (socket.AF_INET, 4) if kind == _IPV4 else (socket.AF_INET6, 16)
    return socket.inet_ntop(family, _exactly(client, size))


def _exactly(client: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = client.recv(size - len(found))
        if not piece:
            raise OSError("it hung up")
        found += piece
    return found


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Both ways, until either ends."""
    back = threading.Thread(target=_copy, args=(other, one), daemon=True)
    back.start()
    _copy(one, other)
    back.join(10)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
