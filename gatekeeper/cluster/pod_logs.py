"""Logs of Pods, as the API server passes them on from the kubelet: `GET pods/NAME/log` by urllib3.

lightkube knows neither `sinceTime` nor `previous`. What matters of the API's behaviour: a stream that broke looks like
one that ended, a dead peer shows only by silence, and `sinceTime` loses its fraction of a second on its way.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

import urllib3

from gatekeeper.cluster import limits
from gatekeeper.cluster.access import Access
from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterError,
    ClusterUnavailableError,
    ObjectAbsentError,
    ObjectInvalidError,
)
from gatekeeper.cluster.log_lines import LineCutter, StampedLine
from provider import http_body
from provider.foreign_text import shown
from provider.limits import ERROR_BYTES

_ERRORS: Final = {
    400: ObjectInvalidError,
    401: AccessDeniedError,
    403: AccessDeniedError,
    404: ObjectAbsentError,
    422: ObjectInvalidError,
}


@dataclass(frozen=True)
class ContainerLog:
    """Which log.

    Attributes:
        namespace: of the Pod.
        pod: its name.
        container: whose log it is.
    """

    namespace: str
    pod: str
    container: str


@dataclass(frozen=True)
class LogPart:
    """How much of a log.

    Attributes:
        since: RFC 3339; lines of its second and later. Empty for all that there is.
        previous: the log of the container's attempt before this one.
        follow: go on with what is written later, until the container ends.
        tail: only so many lines at the end.
    """

    since: str = ""
    previous: bool = False
    follow: bool = False
    tail: int | None = None


class LogStream(Protocol):
    """Lines of an open log."""

    def lines(self) -> Iterator[StampedLine]:
        """The lines, until the log ends, or seems to: a stream that breaks looks the same."""

    def interrupt(self) -> None:
        """End the wait of the thread that reads; any thread may call it."""

    def close(self) -> None:
        """Let go of it; by the thread that reads."""


class PodLogs(Protocol):
    """Opens logs."""

    def open(self, log: ContainerLog, part: LogPart) -> LogStream:
        """A log, open.

        Raises:
            ObjectAbsentError: there is no such Pod, or its node is gone.
            ObjectInvalidError: there is no such log: no previous attempt, or a container that has not begun.
            AccessDeniedError: we may not.
            ClusterUnavailableError: no answer, or one that may be different in a moment.
        """


class ApiPodLogs:
    """Implements `PodLogs` by an API server.

    Args:
        access: the way to it.

    Raises:
        NoClusterError: its certificates cannot be used.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pool = access.pool(limits.LOG_SILENCE_SECONDS, connections=16)

    def close(self) -> None:
        """Let go of its connections; open logs stay."""
        self._pool.clear()

    def open(self, log: ContainerLog, part: LogPart) -> LogStream:
        """A log, open; see the Protocol."""
        call = f"read the log of Pod {log.namespace}/{log.pod}"
        url = f"{self._access.server}/api/v1/namespaces/{log.namespace}/pods/{log.pod}/log"
        try:
            answer = self._pool.request(
                "GET",
                url,
                fields=_query(log, part),
                headers=self._access.headers(),
                preload_content=False,
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterUnavailableError(f"{call}: no answer ({type(error).__name__})") from error
        if answer.status != HTTPStatus.OK:
            raise _refused(call, answer)
        return _ApiLogStream(answer)


def _query(log: ContainerLog, part: LogPart) -> dict[str, str]:
    query = {"container": log.container, "timestamps": "true"}
    if part.since:
        query["sinceTime"] = part.since
    if part.previous:
        query["previous"] = "true"
    if part.follow:
        query["follow"] = "true"
    if part.tail is not None:
        query["tailLines"] = str(part.tail)
    return query


def _refused(call: str, answer: urllib3.BaseHTTPResponse) -> ClusterError:
    try:
        said = _message(http_body.read(answer, ERROR_BYTES, limits.CALL_SECONDS))
    except (urllib3.exceptions.HTTPError, OSError):
        said = ""
    finally:
        answer.close()
    if answer.status == HTTPStatus.NO_CONTENT:
        return ObjectInvalidError(f"{call}: the Pod has no node yet")
    kind = _ERRORS.get(answer.status, ClusterUnavailableError)
    return kind(f"{call}: {answer.status} {shown(said, limits.SAID_CHARACTERS)}".rstrip())


def _message(body: bytes) -> str:
    try:
        status = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace").strip()
    return str(status.get("message", "")) if isinstance(status, dict) else ""


class _ApiLogStream:
    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer
        self._interrupted = threading.Event()

    def lines(self) -> Iterator[StampedLine]:
        """The lines; see the Protocol."""
        cutter = LineCutter(limits.LOG_LINE_BYTES)
        # What ends a stream from outside, silence or a broken connection, is its end. A socket of TLS that another
        # thread shuts down makes a ValueError.
        with contextlib.suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
            for piece in self._answer.stream(limits.LOG_PIECE_BYTES):
                if self._interrupted.is_set():
                    # After a shutdown TLS gives what it has not deciphered.
                    return
                yield from cutter.lines(piece)

    def interrupt(self) -> None:
        """End the wait of the thread that reads; see the Protocol."""
        self._interrupted.set()
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            self._answer.shutdown()

    def close(self) -> None:
        """Let go of it; see the Protocol."""
        self._answer.close()
