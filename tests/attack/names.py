"""A name server on loopback that answers, answers late, or is silent, by the name.

| name | answer |
| --- | --- |
| `ANY.ADDRESS.name.test`, dashes for dots | that address |
| `ANY-late-MS.ADDRESS.name.test` | the same, so many milliseconds later |
| `….silent.test` | none |
| anything else | there is no such name |
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, cast

PORT: Final = 53
SILENT: Final = ".silent.test"
_NAMED: Final = re.compile(r"[a-z0-9-]*?(?:-late-(\d{1,5}))?\.(\d+-\d+-\d+-\d+)\.name\.test")
_A, _IN = 1, 1
_ANSWER, _NO_SUCH_NAME = 0x8180, 0x8183
_POINTER_TO_QUESTION: Final = 0xC00C
_HEADER_BYTES: Final = 12


def name(address: str, prefix: str = "a", late_ms: int = 0) -> str:
    """A name for an address."""
    late = f"-late-{late_ms}" if late_ms else ""
    return f"{prefix}{late}.{address.replace('.', '-')}.name.test"


@dataclass(frozen=True)
class Question:
    """What a resolver asks.

    Attributes:
        number: of the message.
        name: lower case, without a dot at its end.
        kind: 1 for IPv4 addresses, 28 for IPv6.
        raw: the question's own bytes.
    """

    number: int
    name: str
    kind: int
    raw: bytes


def read(message: bytes) -> Question:
    """The first question of a message (RFC 1035, section 4).

    Raises:
        ValueError: there is none.
    """
    labels, position = [], _HEADER_BYTES
    while position < len(message) and (size := message[position]):
        labels.append(message[position + 1 : position + 1 + size].decode("ascii").lower())
        position += 1 + size
    raw = message[_HEADER_BYTES : position + 5]
    if len(message) < position + 5:
        raise ValueError("the question is cut")
    (number,) = struct.unpack_from("!H", message)
    (kind,) = struct.unpack_from("!H", message, position + 1)
    return Question(number, ".".join(labels), kind, raw)


def write(question: Question, address: str | None, seconds: int = 1) -> bytes:
    """The answer: an address, none of this kind, or no such name."""
    known = address is not None
    told = known and question.kind == _A
    head = struct.pack("!6H", question.number, _ANSWER if known else _NO_SUCH_NAME, 1, int(told), 0, 0)
    if not told or address is None:
        return head + question.raw
    packed = ipaddress.IPv4Address(address).packed
    return head + question.raw + struct.pack("!HHHIH", _POINTER_TO_QUESTION, _A, _IN, seconds, len(packed)) + packed


def looked_up(text: str) -> tuple[float, str | None]:
    """After how many seconds a name is answered, and by which address."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return 0.0, None
    try:
        return int(match[1] or 0) / 1000, str(ipaddress.IPv4Address(match[2].replace("-", ".")))
    except ValueError:
        return 0.0, None


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP.

    Attributes:
        deaf: whether it answers nobody at all.
        asked: how often each name was.
    """

    deaf: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    transport: asyncio.DatagramTransport | None = None

    async def open(self, address: str) -> NameServer:
        """Listen on port 53."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, (address, PORT))
        return self

    def close(self) -> None:
        """Stop."""
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio has it."""
        # Python's own is none by its class, up to 3.11.
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A question."""
        try:
            question = read(data)
        except (ValueError, struct.error):
            return
        self.asked[question.name] += 1
        if self.deaf or question.name.endswith(SILENT):
            return
        late, address = looked_up(question.name)
        asyncio.get_running_loop().call_later(late, self._send, write(question, address), addr)

    def _send(self, message: bytes, where: tuple[str, int]) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(message, where)
