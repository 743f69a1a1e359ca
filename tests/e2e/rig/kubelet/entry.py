"""A line of a log file as container runtimes write it: `2026-11-30T08:00:00.123456789Z stderr F text`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LONGEST: Final = 16_384
_DIGITS: Final = 9
_NANOSECONDS: Final = 10**_DIGITS


@dataclass(frozen=True)
class Entry:
    """A line, or a part of a long one.

    Attributes:
        written: RFC 3339, as the file has it.
        stream: `stdout` or `stderr`.
        text: with its newline, unless a further part follows.
    """

    written: str
    stream: str
    text: bytes

    @property
    def stamp(self) -> str:
        """When it was written, with nine digits, as a kubelet gives it out."""
        moment, zone = _split_zone(self.written)
        whole, _, fraction = moment.partition(".")
        return f"{whole}.{fraction.ljust(_DIGITS, '0')}{zone}"

    @property
    def nanoseconds(self) -> int:
        """When it was written, since 1970."""
        return nanoseconds(self.written)


def parse(line: bytes) -> Entry | None:
    """The entry of a line with its newline; none where it has another form."""
    fields = line.split(b" ", 3)
    if len(fields) != 4 or fields[1] not in (b"stdout", b"stderr"):
        return None
    written, stream, tag, text = fields
    partial = tag.split(b":")[0] == b"P"
    return Entry(written.decode(), stream.decode(), text.removesuffix(b"\n") if partial else text)


def entries(moment: int, stream: str, text: bytes) -> Iterator[bytes]:
    """The lines that a runtime writes for a line of output, given without its newline: parts of 16,384 bytes."""
    head = f"{rfc3339(moment)} {stream}".encode()
    while len(text) > LONGEST:
        yield head + b" P " + text[:LONGEST] + b"\n"
        text = text[LONGEST:]
    yield head + b" F " + text + b"\n"


def rfc3339(moment: int) -> str:
    """Nanoseconds since 1970 as Go's RFC3339Nano has them: without the zeros at the end."""
    seconds, fraction = divmod(moment, _NANOSECONDS)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return f"{_second(seconds)}{digits}Z"


def nanoseconds(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time."""
    moment, zone = _split_zone(text)
    whole, _, fraction = moment.partition(".")
    return _seconds(whole + zone) * _NANOSECONDS + int(fraction.ljust(_DIGITS, "0")[:_DIGITS])


def _split_zone(text: str) -> tuple[str, str]:
    if text.endswith("Z"):
        return text[:-1], "Z"
    return text[:-6], text[-6:]


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=16)
def _seconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp())
