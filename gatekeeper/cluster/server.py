"""The API server itself: its version, and what time it has."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import urllib3

from gatekeeper.cluster import limits
from gatekeeper.cluster.access import Access
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from provider import http_body
from provider.limits import ERROR_BYTES


@dataclass(frozen=True)
class ServerFacts:
    """What an API server says of itself.

    Attributes:
        version: as `v1.36.2`.
        ahead: by how many seconds its clock is before ours, to a second; None where it does not say its time.
    """

    version: str
    ahead: float | None


class ServerDesk(Protocol):
    """Asks an API server about itself."""

    def facts(self) -> ServerFacts:
        """Its version and its time.

        Raises:
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that cannot be read.
        """


class ApiServerDesk:
    """Implements `ServerDesk` by `GET /version`.

    Args:
        access: the way to it.
        now: our time, seconds since 1970.

    Raises:
        NoClusterError: its certificates cannot be used.
    """

    def __init__(self, access: Access, now: Callable[[], float]) -> None:
        self._access = access
        self._now = now
        self._pool = access.pool(limits.READ_SECONDS)

    def facts(self) -> ServerFacts:
        """Its version and its time; see the Protocol."""
        url, headers = f"{self._access.server}/version", self._access.headers()
        call = f"get {url}"
        before = self._now()
        try:
            answer = self._pool.request("GET", url, headers=headers, preload_content=False, redirect=False)
            after = self._now()
            with answer:
                body = http_body.read(answer, ERROR_BYTES, limits.CALL_SECONDS)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterUnavailableError(f"{call}: no answer ({type(error).__name__})") from error
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise AccessDeniedError(f"{call}: {answer.status}")
        return ServerFacts(_version(call, body), ahead(answer.headers.get("Date", ""), before, after))


def ahead(date: str, before: float, after: float) -> float | None:
    """By how many seconds a clock is before ours, by the `Date` of an answer; None of what is no date.

    It has whole seconds, cut off: half of one is added.
    """
    try:
        said = email.utils.parsedate_to_datetime(date).timestamp() + 0.5
    except (ValueError, TypeError):
        return None
    return said - (before + after) / 2


def _version(call: str, body: bytes) -> str:
    try:
        found = json.loads(body)["gitVersion"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ClusterUnavailableError(f"{call}: the answer has no version") from error
    return str(found)
