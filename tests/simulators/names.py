"""A name server on loopback (RFC 1035): names mean what a test says.

    with NameServer() as names:
        names.hosts["reg.test"] = ["192.0.2.1", "2001:db8::1"]
        names.port, names.asked

A host that is not there does not exist; one that means None gets no answer at all.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Sequence
from typing import Self

_HEAD = 12
_A, _AAAA, _CNAME = 1, 28, 5
_ANSWER, _REFUSAL = 0x8180, 0x8183
_POINTER_TO_QUESTION = b"\xc0\x0c"


class NameServer:
    """Answers questions for addresses by UDP.

    Attributes:
        port: where, on 127.0.0.1.
        hosts: what names mean: addresses, or one other name; None for silence.
        asked: names and kinds that were asked for.
        failure: the code of every answer instead (RFC 1035, section 4.1.1), 2 for a server's failure.
    """

    def __init__(self) -> None:
        self.hosts: dict[str, Sequence[str] | None] = {}
        self.asked: list[tuple[str, str]] = []
        self.failure: int | None = None
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Be gone: who asks is told that nobody listens."""
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def names(self) -> list[str]:
        """The names that were asked for, each once, in order."""
        return list(dict.fromkeys(name for name, _ in self.asked))

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                question, peer = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            answer = self._answer(question)
            if answer is not None:
                self._socket.sendto(answer, peer)

    def _answer(self, message: bytes) -> bytes | None:
        name, end = _name(message)
        kind = int.from_bytes(message[end : end + 2])
        self.asked.append((name, {_A: "A", _AAAA: "AAAA"}.get(kind, str(kind))))
        question = message[_HEAD : end + 4]
        if self.failure is not None:
            return _message(message[:2], 0x8180 | self.failure, question, [])
        if name not in self.hosts:
            return _message(message[:2], _REFUSAL, question, [])
        meant = self.hosts[name]
        if meant is None:
            return None
        return _message(message[:2], _ANSWER, question, self._records(meant, kind))

    def _records(self, meant: Sequence[str], kind: int) -> list[bytes]:
        records = []
        owner = _POINTER_TO_QUESTION
        while meant and not _is_address(meant[0]):
            records.append(_record(owner, _CNAME, _labels(meant[0])))
            owner, meant = _labels(meant[0]), self.hosts.get(meant[0]) or ()
        for text in meant:
            address = ipaddress.ip_address(text)
            if kind == (_A if address.version == 4 else _AAAA):
                records.append(_record(owner, kind, address.packed))
        return records


def _name(message: bytes) -> tuple[str, int]:
    """The name that is asked for, and where it ends."""
    labels, position = [], _HEAD
    while size := message[position]:
        labels.append(message[position + 1 : position + 1 + size].decode("latin-1"))
        position += 1 + size
    return ".".join(labels).lower(), position + 1


def _labels(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _record(owner: bytes, kind: int, data: bytes) -> bytes:
    seconds = 60
    return owner + kind.to_bytes(2) + (1).to_bytes(2) + seconds.to_bytes(4) + len(data).to_bytes(2) + data


def _message(identity: bytes, flags: int, question: bytes, records: Sequence[bytes]) -> bytes:
    counts = (1).to_bytes(2) + len(records).to_bytes(2) + bytes(4)
    return identity + flags.to_bytes(2) + counts + question + b"".join(records)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
