"""One registry request: let through, given its turn, sent, timed, reported, its failure translated.

A registry that is busy (429, 502, 503, 504) is asked again after a while, as far as the call has patience: a few tenths
of a second of an admission, for an answer that comes too late is none.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.pace import Pace
from provider.reasons import Reason
from provider.registry import failures, wire_steps
from provider.registry.call import Call
from provider.registry.errand import Errand, Outcome
from provider.registry.quota import rate_limit, retry_after
from provider.registry.quota.backoff import CHANCE, Backoff, Chance
from provider.registry.quota.gates import Gates
from provider.registry.transport.transport import (
    Cause,
    Request,
    Response,
    SilentError,
    TooLargeError,
    Transport,
    TransportError,
    UnreachableError,
)
from provider.registry.turns.bounds import LARGE_BOUNDS, affordable, open_files
from provider.registry.turns.turns import Turn, Turns

TOO_MANY_REQUESTS: Final = 429
UNAVAILABLE: Final = 503
# What passes by itself, more often than not.
_BUSY: Final = frozenset({502, 503, 504})


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
        chance: for waits that are not the same everywhere.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its collaborators
        self,
        transport: Transport,
        clock: Clock,
        observer: Observer,
        user_agent: str,
        pace: Pace,
        chance: Chance = CHANCE,
    ) -> None:
        self._transport = transport
        self._pace = pace
        self._clock = clock
        self._observer = observer
        self._gates = Gates(clock, observer, chance)
        self._backoff = Backoff(limits.BACKOFF_SECONDS, limits.BACKOFF_LONGEST_SECONDS, chance)
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
            return await self._patiently(request, errand, call)
        except ImageError as error:
            if call.recorder is not None and call.round_trips == before:
                call.recorder.record(wire_steps.held_back(request, errand, call, error))
            raise

    async def _patiently(self, request: Request, errand: Errand, call: Call) -> Response:
        """Send it, again if the registry is busy and the call can wait."""
        until = self._clock.monotonic() + min(call.patience, call.deadline.remaining())
        for tries in range(limits.ATTEMPTS - 1):
            await self._wait_to_be_let_in(request, until)
            try:
                response = await self._send(request, errand, call)
                pause = self._pause(request, tries, until) if response.status in _BUSY else None
                if pause is None:
                    return response
            except ImageError as error:
                throttled = error.reason is Reason.THROTTLED and not error.audit_only
                pause = self._pause(request, tries, until) if throttled else None
                if pause is None:
                    raise
            self._observer.registry_retried(request.origin.authority)
            await asyncio.sleep(pause)
        return await self._send(request, errand, call)

    async def _wait_to_be_let_in(self, request: Request, until: float) -> None:
        """Wait for a registry that is left alone, if that is over in time."""
        while pause := self._gates.of(request).pause(request.origin.authority, _account(request)):
            if self._clock.monotonic() + pause >= until:
                return
            await asyncio.sleep(pause)

    def _pause(self, request: Request, tries: int, until: float) -> float | None:
        """Seconds until it is worth to send it again; None where that is not in time."""
        closed = self._gates.of(request).pause(request.origin.authority, _account(request))
        pause = max(self._backoff.seconds(tries), closed)
        return pause if self._clock.monotonic() + pause < until else None

    def _check(self, request: Request, errand: Errand, call: Call) -> None:
        gate = self._gates.of(request)
        gate.check(request.origin.authority, errand.what, _account(request), audit=call.claim.audit)

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
        self._check(request, errand, call)
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
        self._check(request, errand, call)
        turn = await self._turns.take(authority, call.claim, call.deadline)
        answered = False
        try:
            # It may have been closed while we waited.
            self._check(request, errand, call)
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
        later = retry_after.seconds(response, self._clock.now())
        gate = self._gates.of(request)
        if response.status == TOO_MANY_REQUESTS:
            gate.leave_alone(authority, self._unless_said(later, response), _account(request))
            raise failures.of_status(authority, errand.what, response.status)
        gate.welcomed(authority, _account(request))
        if response.status == UNAVAILABLE and later is not None:
            gate.unavailable(authority, later)
        return response

    def _unless_said(self, later: float | None, response: Response) -> float:
        """Seconds until a registry that has enough wants to be asked again: as it says, else until it gives more."""
        if later is not None:
            return later
        left = rate_limit.read(response.headers, self._clock.now())
        known = left is not None and left.seconds is not None and left.remaining == 0
        return left.seconds if left and left.seconds and known else limits.RETRY_AFTER_DEFAULT_SECONDS

    async def _exchanged(self, request: Request, errand: Errand, limit: int, turn: Turn, call: Call) -> Response:
        """Send it; what fails is reported to the gate and translated, except for a body that is too large."""
        authority = request.origin.authority
        gate = self._gates.of(request)
        visit = gate.enter(authority, errand.subject, _account(request), audit=call.claim.audit)
        started = self._clock.monotonic()
        outcome = Outcome()
        try:
            response = await self._transport.send(request, limit, call.deadline)
            outcome = Outcome(
                str(response.status), answered=True, response=response, failure=failures.own(response.status)
            )
        except TooLargeError:
            outcome = Outcome("200", answered=True)
            raise
        except TransportError as error:
            ours = failures.of_transport(authority, errand.what, error)
            outcome = Outcome(
                failures.code(error),
                ours.reason,
                answered=not isinstance(error, UnreachableError | SilentError),
                failure=None if failures.of_caller(error) else ours.reason,
            )
            self._tell(request, error, ours)
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
            gate.leave(authority, visit, answered=outcome.answered, failure=outcome.failure)
            self._report(request, errand, call, outcome, self._clock.monotonic() - started)
        return response

    def _report(self, request: Request, errand: Errand, call: Call, outcome: Outcome, seconds: float) -> None:
        self._observer.registry_request(request.origin.authority, errand.operation, outcome.code, seconds)
        response = outcome.response
        left = rate_limit.read(response.headers, self._clock.now()) if response is not None else None
        if left is not None:
            self._gates.of(request).counted(request.origin.authority, _account(request), left)
        if call.recorder is not None:
            call.recorder.record(wire_steps.of(request, errand, call, outcome, seconds, left))

    def _tell(self, request: Request, error: TransportError, ours: ImageError) -> None:
        """A registry to which no connection can be made is left alone; whose own time was over says nothing of it."""
        if isinstance(error, UnreachableError) and error.cause is not Cause.BUDGET:
            self._gates.of(request).unreachable(request.origin.authority, ours.reason, _CLOSED[error.cause])


def _account(request: Request) -> str:
    return request.account or wire_steps.NOBODY


_CLOSED: Final = {
    Cause.TIMEOUT: "did not take a connection a moment ago",
    Cause.CONNECTION: "refused a connection a moment ago, or there is no way to it",
    Cause.NAME: "has a name that was not found a moment ago",
}
