"""The metrics of the API server itself: one family of them, since the whole page has megabytes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Protocol

import urllib3

from gatekeeper.cluster import limits
from gatekeeper.cluster.access import Access
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError


class ServerMetrics(Protocol):
    """Reads the metrics of an API server."""

    def family(self, name: str) -> list[str]:
        """The lines of one family, in Prometheus' text format; none of one that has no series yet.

        Raises:
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that cannot be read.
        """


class ApiServerMetrics:
    """Implements `ServerMetrics` by `GET /metrics`, of the one API server that answers.

    Args:
        access: the way to it.

    Raises:
        NoClusterError: its certificates cannot be used.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pool = access.pool(limits.READ_SECONDS)

    def family(self, name: str) -> list[str]:
        """The lines of one family; see the Protocol."""
        headers = {**self._access.headers(), "Accept": "text/plain", "Accept-Encoding": "identity"}
        call = "get /metrics of the API server"
        try:
            answer = self._pool.request(
                "GET", f"{self._access.server}/metrics", headers=headers, preload_content=False, redirect=False
            )
            with answer:
                if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                    raise AccessDeniedError(
                        f"{call}: {answer.status}; it needs `get` on the nonResourceURL /metrics in a ClusterRole"
                    )
                if answer.status != HTTPStatus.OK:
                    raise ClusterUnavailableError(f"{call}: {answer.status}")
                return [line for line in _lines(call, answer) if _is_of(name, line)]
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterUnavailableError(f"{call}: no answer ({type(error).__name__})") from error


def _is_of(name: str, line: str) -> bool:
    return line.startswith((f"{name}{{", f"{name} ", f"# HELP {name} ", f"# TYPE {name} "))


def _lines(call: str, answer: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """The lines of an answer, within a size and a time."""
    ends, read, left = time.monotonic() + limits.SERVER_METRICS_SECONDS, 0, b""
    while piece := answer.read1(limits.LOG_PIECE_BYTES, decode_content=False):
        read += len(piece)
        if read > limits.SERVER_METRICS_BYTES:
            raise ClusterUnavailableError(f"{call}: more than {limits.SERVER_METRICS_BYTES} bytes")
        if time.monotonic() > ends:
            raise ClusterUnavailableError(f"{call}: not done in {limits.SERVER_METRICS_SECONDS:g} s")
        *whole, left = (left + piece).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
        if len(left) > limits.LOG_LINE_BYTES:
            raise ClusterUnavailableError(f"{call}: a line of more than {limits.LOG_LINE_BYTES} bytes")
