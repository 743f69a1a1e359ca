"""An answer while it comes: what libcurl calls, and the limits that hold meanwhile.

An exception in a callback would be printed and forgotten, so each catches everything and keeps it; the exchange ends
then, and the exception is raised where it is waited for.
"""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import time
from ipaddress import ip_address
from typing import Any, Final

import pycurl

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.transport.addresses import Address
from provider.registry.transport.transport import (
    BrokenError,
    Cause,
    Response,
    TooLargeError,
    TransportError,
    UnreachableError,
)

_OK: Final = range(200, 300)
_STATUS: Final = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: |\r|\n|$)")
_LENGTH: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_SPENT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_IDENTITY: Final = frozenset({"", "identity"})


class _LentSocket(socket.socket):
    """libcurl works with a copy of it: closed when pycurl has made one and lets go of it."""

    def __del__(self) -> None:
        self.close()


class Answer:
    """One request's.

    Args:
        limit: bytes that the body of a 2xx answer may have.
        address: where the request must go to, and nowhere else.
        started: monotonic seconds.
        bodiless: whether it answers a HEAD: the length that it names is of what a GET would give.

    Attributes:
        asked: whether there was a connection, and the request went out.
        error: why the exchange must end; None while all is well.
        enough: whether the rest is not worth reading.
    """

    __slots__ = (
        "_address",
        "_bodiless",
        "_body",
        "_header_bytes",
        "_headers",
        "_limit",
        "_peer",
        "_pieces",
        "_started",
        "_status",
        "asked",
        "enough",
        "error",
        "heard",
        "in_body",
    )

    def __init__(self, limit: int, address: Address, started: float, *, bodiless: bool = False) -> None:
        self._limit = limit
        self._bodiless = bodiless
        self._address = address
        self._peer = str(address)
        self._started = started
        self._status = 0
        self._headers: dict[str, str] = {}
        self._header_bytes = 0
        self._body = bytearray()
        self._pieces = 0
        self.asked = False
        self.in_body = False
        self.heard = started
        self.enough = False
        self.error: Exception | None = None

    def response(self) -> Response:
        """What came."""
        return Response(self._status, self._headers, bytes(self._body))

    def stalled(self, now: float) -> bool:
        """Whether nothing has come for too long: no first byte, or no more of a body."""
        return now - self.heard > (limits.BODY_SECONDS if self.in_body else limits.READ_SECONDS)

    # What libcurl calls.

    def header(self, line: bytes) -> int | None:
        """A line of a header, of the answer's or a preliminary one, or a trailer."""
        try:
            self._read_header(line)
        except Exception as error:  # noqa: BLE001 - kept, and raised where it is waited for
            self.error = error
            return -1
        return None

    def body(self, piece: bytes) -> int | None:
        """A piece of the body."""
        try:
            return self._read_body(piece)
        except Exception as error:  # noqa: BLE001 - as above
            self.error = error
            return -1

    def socket(self, _purpose: int, address: Any) -> object:  # noqa: ANN401 - as pycurl has it
        """Open a socket, to the address that was checked."""
        opened: socket.socket | None = None
        try:
            family, kind, protocol, (host, *_) = address
            self._check(host.decode() if isinstance(host, bytes) else str(host))
            opened = _LentSocket(family, kind, protocol)
        except OSError as error:
            self.error = _without_socket(error)
            return pycurl.SOCKET_BAD
        except Exception as error:  # noqa: BLE001 - as above
            self.error = error
            with contextlib.suppress(OSError):
                if opened is not None:
                    opened.close()
            return pycurl.SOCKET_BAD
        return opened

    def request(self, peer: str, _own: str, _peer_port: int, _own_port: int) -> int:
        """A request is about to be sent, maybe on a connection that was there before."""
        try:
            self._check(peer)
        except Exception as error:  # noqa: BLE001 - as above
            self.error = error
            return int(pycurl.PREREQFUNC_ABORT)
        self.asked = True
        return int(pycurl.PREREQFUNC_OK)

    def _check(self, peer: str) -> None:
        # As a text it is nearly always written alike; if not, it is read.
        if peer != self._peer and ip_address(peer.partition("%")[0]) != self._address:
            raise ImageError(Reason.ADDRESS_REFUSED, "the connection would lead to an address that was not checked")

    def _read_header(self, line: bytes) -> None:
        self.heard = time.monotonic()
        self._header_bytes += len(line)
        if self._header_bytes > limits.HEADER_BYTES:
            raise TooLargeError(limits.HEADER_BYTES)
        if self.in_body:
            # A trailer: counted, not read.
            return
        if not self._status or (line[:5] == b"HTTP/" and self._status < 200):  # noqa: PLR2004 - preliminary answers
            self._read_status(line)
            return
        text = line.strip()
        if not text:
            self.in_body = self._status >= 200  # noqa: PLR2004 - as above
            self._check_headers()
            return
        name, colon, value = text.partition(b":")
        if not colon:
            raise BrokenError("the answer is no HTTP")
        key, content = name.decode("latin-1").lower(), value.strip().decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {content}" if key in self._headers else content

    def _read_status(self, line: bytes) -> None:
        found = _STATUS.match(line)
        if found is None:
            raise BrokenError("the answer is no HTTP")
        self._status = int(found[1])
        self._headers = {}

    def _check_headers(self) -> None:
        if self._status not in _OK:
            return
        length = self._headers.get("content-length", "0")
        if not _LENGTH.fullmatch(length):
            raise BrokenError("the answer has a Content-Length that is no number")
        if int(length) > self._limit and not self._bodiless:
            raise TooLargeError(self._limit)
        if self._headers.get("content-encoding", "").strip().lower() not in _IDENTITY:
            raise BrokenError("the answer is compressed, although it was asked not to be")

    def _read_body(self, piece: bytes) -> int | None:
        self.heard = time.monotonic()
        self._pieces += 1
        size = len(self._body) + len(piece)
        if self._pieces > limits.BODY_PIECES + size // limits.BYTES_A_PIECE:
            raise BrokenError("the answer comes in pieces that are too small")
        if self._status not in _OK:
            # The beginning of an error's text; a longer rest is not worth the connection.
            self._body += piece[: max(0, limits.ERROR_BYTES - len(self._body))]
            self.enough = size > limits.ERROR_BYTES
            return -1 if self.enough else None
        if size > self._limit:
            raise TooLargeError(self._limit)
        self._body += piece
        return None


def _without_socket(error: OSError) -> Exception:
    """We have none to spare, or this machine does not speak that kind of address."""
    if error.errno in _SPENT:
        return ImageError(Reason.OVERLOADED, "the provider has too many connections open")
    return UnreachableError(Cause.CONNECTION)


def failure(answer: Answer) -> TransportError | ImageError | None:
    """Why the exchange had to end, if we ended it."""
    if answer.error is None or isinstance(answer.error, TransportError | ImageError):
        return answer.error
    raise answer.error
