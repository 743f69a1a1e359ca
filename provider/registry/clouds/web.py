"""HTTP for the clouds' libraries: to hosts that are fixed, nothing followed, each answer within bounds.

Registries are never asked here. The metadata address is let through for these libraries alone: the registry client's
own checks of addresses refuse it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from provider import limits
from provider.foreign_text import shown
from provider.registry import origin
from provider.registry.clouds.cloud import CloudError
from provider.registry.origin import Origin

_PART: Final = 16 * limits.KIB
_BUSY: Final = 429
_FAULTY: Final = 500


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What came back, whole.

    Attributes:
        status: HTTP status code.
        headers: as they came.
        body: at most `limits.CLOUD_BYTES`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web(Protocol):
    """Sends what a library wants to send; blocks."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None) -> WebAnswer:
        """One request and its whole answer, whose status says that it is no passing failure.

        Raises:
            CloudError: the host is none of the cloud's; there was no answer, or too long a one.
        """
        ...


class FixedWeb:
    """Sends to hosts that are fixed.

    Args:
        allowed: whether a host is one of the cloud's.
        authorities: PEM file of whom they must be certified by.
    """

    def __init__(self, allowed: Callable[[Origin], bool], authorities: Path) -> None:
        self._allowed = allowed
        self._authorities = authorities

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None) -> WebAnswer:
        """See `Web`."""
        where = self._where(url)
        try:
            with self._pool(where) as pool:
                answer = _exchange(pool, method, _target(url), headers, body)
        except HTTPError as error:
            raise CloudError(f"{where.authority} cannot be reached, or did not answer in time") from error
        if answer is None:
            raise CloudError(f"{where.authority} took too long, or sent more than {limits.CLOUD_BYTES} bytes")
        if answer.status == _BUSY or answer.status >= _FAULTY:
            # Said here, or libraries would try again by themselves and wait in between.
            raise CloudError(f"{where.authority} answered with an error of its own (status {answer.status})")
        return answer

    def _where(self, url: str) -> Origin:
        try:
            where = origin.of_url(url)
        except ValueError as error:
            raise CloudError("its library was to ask what is no URL") from error
        if not self._allowed(where):
            raise CloudError(f"its library was to ask {shown(where.authority)}, which is none of its hosts")
        return where

    def _pool(self, where: Origin) -> urllib3.HTTPConnectionPool:
        timeout = Timeout(connect=limits.CLOUD_CONNECT_SECONDS, read=limits.CLOUD_READ_SECONDS)
        if where.secure:
            return urllib3.HTTPSConnectionPool(
                where.host, where.port, timeout=timeout, ca_certs=str(self._authorities), cert_reqs="CERT_REQUIRED"
            )
        return urllib3.HTTPConnectionPool(where.host, where.port, timeout=timeout)


def _exchange(
    pool: urllib3.HTTPConnectionPool, method: str, target: str, headers: Mapping[str, str], body: bytes | str | None
) -> WebAnswer | None:
    """The answer; None for one that exceeds its bounds."""
    until = time.monotonic() + limits.CLOUD_SECONDS
    sent = {name: value for name, value in headers.items() if name.lower() != "accept-encoding"}
    response = pool.urlopen(
        method, target, body, sent, retries=False, redirect=False, preload_content=False, decode_content=False
    )
    read = b""
    for part in _parts(response):
        read += part
        if len(read) > limits.CLOUD_BYTES or time.monotonic() > until:
            return None
    return WebAnswer(response.status, dict(response.headers), read)


def _parts(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    while part := response.read1(_PART):
        yield part


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
