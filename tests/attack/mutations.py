"""Bytes and texts that are nearly what they were: seeded, so that a run can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

# What parsers stumble over.
_PIECES: Final = (
    *(b"\x00", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b"\n", b"\t", b" ", b"\\", b'"', b"'"),
    *(b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"-0", b"1e400", b"-1", b"9" * 30, b"NaN", b"Infinity"),
    *(
        b"\\u0000",
        b"\\ud800",
        b"\\udfff",
        b"\\u",
        b"../",
        b"%2e%2e/",
        b"@",
        b"#",
        b"?",
        b"//",
        b"::",
        b"%",
        b"&",
        b"<",
        b">",
    ),
    *(
        b"sha256:",
        b"https://",
        b"[::1]",
        b"127.0.0.1",
        b"=",
        b";",
        b"\xe2\x80\xa8",
        "\u0130".encode(),
        "\uff0e".encode(),
    ),
    *(b"---\n", b"&a ", b"*a", b"!!python/object:x ", b"- ", b"? ", b"|\n"),
)
_MOST: Final = 6
_REPEATED: Final = 40


def mutated(original: bytes, chance: Random) -> bytes:
    """The original with one to six changes."""
    body = original
    for _ in range(chance.randint(1, _MOST)):
        body = chance.choice(_CHANGES)(body, chance)
    return body


def text(original: str, chance: Random) -> str:
    """The same of a text; bytes that are no UTF-8 become surrogates, as in JSON."""
    return mutated(original.encode("utf-8", "surrogatepass"), chance).decode("utf-8", "surrogateescape")


def header(original: str, chance: Random) -> str:
    """The same of a header's value: without ends of lines, which would end it."""
    found = mutated(original.encode(), chance).decode("latin-1")
    return found.replace("\r", "").replace("\n", "").replace("\x00", "")


def _span(body: bytes, chance: Random) -> tuple[int, int]:
    first = chance.randint(0, len(body))
    return first, min(len(body), first + chance.choice((1, 2, 4, 16, 64)))


def _flip(body: bytes, chance: Random) -> bytes:
    if not body:
        return body
    position = chance.randrange(len(body))
    return body[:position] + bytes([body[position] ^ (1 << chance.randrange(8))]) + body[position + 1 :]


def _delete(body: bytes, chance: Random) -> bytes:
    first, end = _span(body, chance)
    return body[:first] + body[end:]


def _insert(body: bytes, chance: Random) -> bytes:
    position = chance.randint(0, len(body))
    return body[:position] + chance.choice(_PIECES) + body[position:]


def _repeat(body: bytes, chance: Random) -> bytes:
    first, end = _span(body, chance)
    return body[:first] + body[first:end] * chance.randint(2, _REPEATED) + body[end:]


def _move(body: bytes, chance: Random) -> bytes:
    first, end = _span(body, chance)
    rest = body[:first] + body[end:]
    position = chance.randint(0, len(rest))
    return rest[:position] + body[first:end] + rest[position:]


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randint(0, len(body))]


_CHANGES: Final[Sequence[Callable[[bytes, Random], bytes]]] = (
    _flip,
    _flip,
    _delete,
    _insert,
    _insert,
    _repeat,
    _move,
    _cut,
)
