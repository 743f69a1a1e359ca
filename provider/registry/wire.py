"""One registry request: let through, given its turn, sent, timed, reported, its failure translated."""

from __future__ import annotations

import asyncio
import email.utils
from dataclasses import replace
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry import failures, wire_steps
from provider.registry.bounds import LARGE_BOUNDS, affordable, open_files
from provider.registry.call import Call
from provider.registry.errand import Errand, Outcome
from provider.registry.gate import Gate
from provider.registry.transport import (
    Cause,
    Request,
    Response,
    SilentError,
    TooLargeError,
    Transport,
    TransportError,
    UnreachableError,
)
from provider.registry.turns import Turn, Turns

TOO_MANY_REQUESTS: Final = 429
_DIGITS: Final = len("1000000")


class Wire:
    """Sends requests to registries, token services and blob stores alike; for one event loop.

    Large documents are fetched a few at a time, so that what is in flight has a bound in bytes; each keeps its place
    until it may be read. A document that turns out to be large although nobody said so is asked for again when it
    may be.

    Args:
        transport: moves the bytes.
        clock: for every wait.
        observer: gets reports of requests.
        user_agent: how we introduce ourselves.
        pace: when what came may be read.
    """

    def __init__(self, transport: Transport, clock: Clock, observer: Observer, user_agent: str, pace: Pace) -> None:
        self._transport = transport
        self._pace = pace
        self._clock = clock
        self._observer = observer
        self._gate = Gate(clock, observer)
        self._turns = Turns(clock, observer, affordable(open_files()))
        self._large = Turns(clock, observer, LARGE_BOUNDS)
        self._common = {"User-Agent": user_agent, "Accept-Encoding": "identity"}

    async def send(self, request: Request, errand: Errand, call: Call) -> Response:
        """Send one request.

        Raises:
            ImageError: no answer, or 429. Other statuses are the caller's.
        """
        before = call.round_trips
        try:
            return await self._send(request, errand, call)
        except ImageError as error:
            if call.recorder is not None and call.round_trips == before:
                call.recorder.record(wire_steps.held_back(request, errand, call, error))
            raise

    async def _send(self, request: Request, errand: Errand, call: Call) -> Response:
        call.paced = False
        headers = {**request.headers, **self._common}
        if call.ref:
            headers["X-Request-Id"] = call.ref
        request = replace(request, headers=headers)
        small = min(errand.limit, limits.SMALL_DOCUMENT_BYTES)
        if errand.size <= small:
            try:
                return await self._sent(request, errand, small, call)
            except TooLargeError as error:
                if errand.limit <= small:
                    raise failures.of_transport(request.origin.authority, errand.what, error) from error
        return await self._sent_large(request, errand, call)

    async def _sent_large(self, request: Request, errand: Errand, call: Call) -> Response:
        authority = request.origin.authority
        self._gate.check(authority, errand.what)
        turn = await self._large.take(authority, call.claim, call.deadline)
        answered = False
        try:
            response = await self._sent(request, errand, errand.limit, call)
            answered = True
        except TooLargeError as error:
            raise failures.of_transport(authority, errand.what, error) from error
        except asyncio.CancelledError:
            if not turn.only_withdrawn():
                raise
            raise failures.of_transport(authority, errand.what, SilentError(own=False)) from None
        finally:
            turn.end(answered=answered)
        return response

    async def close(self) -> None:
        """Let go of all connections."""
        await self._transport.close()

    async def _sent(self, request: Request, errand: Errand, limit: int, call: Call) -> Response:
        authority = request.origin.authority
        self._gate.check(authority, errand.what)
        turn = await self._turns.take(authority, call.claim, call.deadline)
        answered = False
        try:
            # It may have been closed while we waited.
            self._gate.check(authority, errand.what)
            if call.deadline.passed():
                raise ImageError(Reason.TIMEOUT, f"{errand.what}: the time was over before it could be asked for")
            call.round_trips += 1
            response = await self._exchanged(request, errand, limit, turn, call)
            answered = turn.answered = True
            if len(response.body) > limits.STEP_BYTES:
                # With its place, so that those that wait have a bound in bytes.
                await self._pace.wait()
                call.paced = True
        finally:
            turn.end(answered=answered)
        if response.status == TOO_MANY_REQUESTS:
            self._gate.leave_alone(authority, self._retry_after(response))
            raise failures.of_status(authority, errand.what, response.status)
        return response

    async def _exchanged(self, request: Request, errand: Errand, limit: int, turn: Turn, call: Call) -> Response:
        """Send it; what fails is reported to the gate and translated, except for a body that is too large."""
        authority = request.origin.authority
        visit = self._gate.enter(authority, errand.subject)
        started = self._clock.monotonic()
        outcome = Outcome()
        try:
            response = await self._transport.send(request, limit, call.deadline)
            outcome = Outcome(str(response.status), answered=True, response=response)
        except TooLargeError:
            outcome = Outcome("200", answered=True)
            raise
        except TransportError as error:
            ours = failures.of_transport(authority, errand.what, error)
            outcome = Outcome(failures.code(error), ours.reason, not isinstance(error, UnreachableError | SilentError))
            self._tell(authority, error, ours)
            raise ours from error
        except ImageError as error:
            outcome = Outcome(failures.code(error), error.reason)
            raise
        except asyncio.CancelledError:
            if not turn.only_withdrawn():
                raise
            outcome = Outcome("timeout", Reason.TIMEOUT)
            raise failures.of_transport(authority, errand.what, SilentError(own=False)) from None
        finally:
            self._gate.leave(authority, visit, answered=outcome.answered)
            self._report(request, errand, call, outcome, self._clock.monotonic() - started)
        return response

    def _report(self, request: Request, errand: Errand, call: Call, outcome: Outcome, seconds: float) -> None:
        self._observer.registry_request(request.origin.authority, errand.operation, outcome.code, seconds)
        if call.recorder is not None:
            call.recorder.record(wire_steps.of(request, errand, call, outcome, seconds))

    def _tell(self, authority: str, error: TransportError, ours: ImageError) -> None:
        """A registry to which no connection can be made is left alone; whose own time was over says nothing of it."""
        if isinstance(error, UnreachableError) and error.cause is not Cause.BUDGET:
            self._gate.unreachable(authority, ours.reason, _CLOSED[error.cause])

    def _retry_after(self, response: Response) -> float:
        """Seconds, from a number or a date (RFC 9110, section 10.2.3); more digits than anybody means are the most."""
        text = response.header("retry-after").strip()
        if text.isascii() and text.isdecimal():
            return float(text) if len(text) < _DIGITS else limits.RETRY_AFTER_SECONDS
        try:
            return email.utils.parsedate_to_datetime(text).timestamp() - self._clock.now()
        except (ValueError, TypeError, OverflowError):
            return limits.RETRY_AFTER_DEFAULT_SECONDS


_CLOSED: Final = {
    Cause.TIMEOUT: "did not take a connection a moment ago",
    Cause.CONNECTION: "refused a connection a moment ago, or there is no way to it",
    Cause.NAME: "has a name that was not found a moment ago",
}
