"""Moving bytes: one request, one answer, nothing followed and nothing retried behind anybody's back.

`Transport` is the lowest boundary towards registries: `PooledTransport` has sockets under it, the tests' simulator a
world in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provider.clock import Deadline
from provider.registry.origin import Origin


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        method: `GET`, `HEAD` or `POST`.
        origin: where to.
        target: path and query, already encoded.
        headers: without Host and Content-Length.
        body: of a POST.
    """

    method: str
    origin: Origin
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.origin}{self.target}"


@dataclass(frozen=True)
class Response:
    """What came back, whole.

    Attributes:
        status: HTTP status code.
        headers: looked up without regard to case.
        body: complete for a 2xx status; of others at most `limits.ERROR_BYTES`, cut.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class TooLargeError(Exception):
    """A body is longer than it may be; reading stopped there.

    Attributes:
        limit: bytes that were allowed.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is longer than {limit} bytes")
        self.limit = limit


class UnreachableError(Exception):
    """No connection could be made, so nothing was sent.

    Attributes:
        cause: `timeout`, `connection` (refused, no route) or `name` (the look-up failed).
    """

    def __init__(self, cause: str) -> None:
        super().__init__(f"no connection: {cause}")
        self.cause = cause


class Transport(Protocol):
    """Sends requests."""

    def send(self, request: Request, limit: int, deadline: Deadline) -> Response:
        """Send one request and read its whole answer.

        Args:
            request: what to send.
            limit: bytes that the body of a 2xx answer may have.
            deadline: by when the last byte must have come; each wait has limits of its own as well.

        Raises:
            TooLargeError: the body is longer than `limit`.
            UnreachableError: no connection could be made.
            ImageError: `AddressRefused`.
            Exception: whatever the library raises; `provider.registry.failures` translates it.
        """
        ...

    def close(self) -> None:
        """Let go of connections that are idle; those in use are closed when they are done."""
        ...
