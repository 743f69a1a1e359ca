"""One registry request: let through, sent, timed, reported, its failure translated."""

from __future__ import annotations

import email.utils
from dataclasses import dataclass, replace
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, Operation
from provider.reasons import Reason
from provider.registry import failures
from provider.registry.call import Call
from provider.registry.gate import Gate
from provider.registry.transport import Request, Response, Transport, UnreachableError

TOO_MANY_REQUESTS: Final = 429


@dataclass(frozen=True)
class Errand:
    """What a request is for, as messages and metrics name it.

    Attributes:
        operation: label of the metric.
        what: how a message names it, `manifest of reg.io/app:v1`.
        subject: the repository, by which heavy images are told from silent registries.
        limit: bytes that the body of a good answer may have.
    """

    operation: Operation
    what: str
    subject: str
    limit: int


class Wire:
    """Sends requests to registries, token services and blob stores alike."""

    def __init__(self, transport: Transport, gate: Gate, clock: Clock, observer: Observer, user_agent: str) -> None:
        self._transport = transport
        self._gate = gate
        self._clock = clock
        self._observer = observer
        self._user_agent = user_agent

    def send(self, request: Request, errand: Errand, call: Call) -> Response:
        """Send one request.

        Raises:
            ImageError: no answer, or 429. Other statuses are the caller's.
        """
        if call.deadline.passed():
            raise ImageError(Reason.TIMEOUT, f"{errand.what}: the time was over before it could be asked for")
        headers = {**request.headers, "User-Agent": self._user_agent, "Accept-Encoding": "identity"}
        if call.ref:
            headers["X-Request-Id"] = call.ref
        call.round_trips += 1
        response = self._exchange(replace(request, headers=headers), errand, call)
        if response.status == TOO_MANY_REQUESTS:
            self._gate.leave_alone(request.origin, self._retry_after(response))
            raise failures.of_status(request.origin.authority, errand.what, response.status)
        return response

    def _exchange(self, request: Request, errand: Errand, call: Call) -> Response:
        where = request.origin
        with self._gate.visit(where, errand.subject, call.deadline) as visit:
            started = self._clock.monotonic()
            code = "connection"
            try:
                response = self._transport.send(request, errand.limit, call.deadline)
                visit.answered = True
                code = str(response.status)
            except Exception as error:
                code = failures.code(error)
                visit.answered = not isinstance(error, UnreachableError) and code != "timeout"
                ours = failures.translate(where.authority, errand.what, error)
                if ours is None or ours is error:
                    raise
                if isinstance(error, UnreachableError):
                    self._gate.unreachable(where, ours)
                raise ours from error
            finally:
                seconds = self._clock.monotonic() - started
                self._observer.registry_request(where.authority, errand.operation, code, seconds)
            return response

    def _retry_after(self, response: Response) -> float:
        """Seconds, from a number or a date (RFC 9110, section 10.2.3)."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isdecimal() and len(text) < len("1000000"):
            return float(text)
        try:
            return email.utils.parsedate_to_datetime(text).timestamp() - self._clock.now()
        except (ValueError, TypeError, OverflowError):
            return limits.RETRY_AFTER_DEFAULT_SECONDS
