"""Moving bytes: one request, one answer, nothing followed and nothing retried behind anybody's back.

`Transport` is the lowest boundary towards registries: `CurlTransport` has sockets under it, the tests' simulator a
world in memory.

TransportError              root: there is no whole answer
├── UnreachableError        no connection could be made, so nothing was sent
├── SilentError             it did not answer in time
├── BrokenError             what came is no HTTP, or was cut short
├── TLSError                its certificate is not trusted, or TLS failed
└── TooLargeError           it sends more than it may
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from provider.clock import Deadline
from provider.registry.origin import Origin
from provider.registry.transport.connection import HostConnection


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    Attributes:
        method: `GET`, `HEAD` or `POST`.
        origin: where to.
        target: path and query, already encoded.
        headers: without Host and Content-Length.
        body: of a POST.
        account: the name of the credential that is shown, or that the token was given for; empty for none.
        connection: how connections to its origin are made; None for as to all.
        led_by: the registry whose redirect or token service it is, `host[:port]`; empty for one asked for itself.
    """

    method: str
    origin: Origin
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    account: str = ""
    connection: HostConnection | None = None
    led_by: str = ""

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.origin}{self.target}"


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole.

    Attributes:
        status: HTTP status code.
        headers: by name in lower case; of a name that stands several times the values joined by commas.
        body: complete for a 2xx status; of others at most `limits.ERROR_BYTES`, cut.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty without one."""
        return self.headers.get(name, "")


class TransportError(Exception):
    """There is no whole answer."""


class Cause(StrEnum):
    """Why no connection could be made."""

    NAME = "name"
    """The look-up failed."""
    CONNECTION = "connection"
    """Refused, or no route."""
    TIMEOUT = "timeout"
    """Nobody answered in the time that connections have."""
    BUDGET = "budget"
    """The caller's own time was over first."""


class UnreachableError(TransportError):
    """No connection could be made, so nothing was sent.

    Attributes:
        cause: why.
        proxy: that did not take the connection, or did not make it; empty without one.
    """

    def __init__(self, cause: Cause, proxy: str = "") -> None:
        super().__init__(f"no connection: {cause}")
        self.cause = cause
        self.proxy = proxy


class SilentError(TransportError):
    """It did not answer in time, or stopped in the middle.

    Attributes:
        own: whether it was the caller's own time that was over.
    """

    def __init__(self, *, own: bool) -> None:
        super().__init__("no answer in time")
        self.own = own


class BrokenError(TransportError):
    """What came is no HTTP that we take; the message says what is wrong with it."""


class TLSError(TransportError):
    """TLS failed, or the certificate is not trusted, or not for this name."""


class TooLargeError(TransportError):
    """It sends more than it may; reading stopped there.

    Attributes:
        limit: bytes that were allowed.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer is longer than {limit} bytes")
        self.limit = limit


class Transport(Protocol):
    """Sends requests; for one event loop."""

    async def send(self, request: Request, limit: int, deadline: Deadline) -> Response:
        """Send one request and read its whole answer.

        Args:
            request: what to send.
            limit: bytes that the body of a 2xx answer may have.
            deadline: by when the last byte must have come; each wait has limits of its own as well.

        Raises:
            TransportError: there is no whole answer.
            ImageError: `AddressRefused`.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
