"""What goes along with the requests that one question causes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from provider.cache.flight import Flights, K
from provider.clock import Deadline
from provider.errors import ImageError
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import Credentials
from provider.registry.turns.claim import Claim
from provider.steps import AnswerStep, StepPurpose, StepRecorder, StepSource, StepTarget, milliseconds

V = TypeVar("V")


@dataclass(slots=True)
class Call:
    """One strand of work for one question.

    Attributes:
        deadline: by when the work must be done.
        claim: whose work it is, and how urgent.
        credentials: who asks, at each registry.
        ref: short name of the key that asks, sent along as request id; None where there is none.
        round_trips: sequential registry requests so far.
        host: that answered the last request, `host[:port]`: the registry or a mirror of it; empty before the first.
        paced: whether what it has just fetched may be read at once (`provider.pace`).
        patience: seconds that one request may wait for a registry that is busy.
        recorder: gets the steps; None where nobody wants to know them.
        purpose: what is being asked for is to the answer.
        stale: whether a part of the answer is what was seen before its registry went away.
    """

    deadline: Deadline
    claim: Claim
    credentials: Credentials
    ref: str | None = None
    round_trips: int = 0
    paced: bool = False
    patience: float = 0.0
    recorder: StepRecorder | None = None
    purpose: StepPurpose = StepPurpose.IMAGE
    host: str = ""
    stale: bool = False

    def credential(self, registry: str, repository: str) -> Credential:
        """Who asks there."""
        return self.credentials.of(registry, repository)

    async def prepare(self, registry: str, repository: str) -> None:
        """Find out who asks there, where that takes a while; before `credential`."""
        await self.credentials.prepare(registry, repository)

    def fork(self) -> Call:
        """A strand that goes on side by side with others."""
        return Call(
            self.deadline,
            self.claim,
            self.credentials,
            self.ref,
            self.round_trips,
            patience=self.patience,
            recorder=self.recorder,
            purpose=self.purpose,
        )

    def join(self, strands: Iterable[Call]) -> None:
        """Go on after all strands are done: the longest one counts."""
        strands = tuple(strands)
        self.round_trips = max([self.round_trips, *(strand.round_trips for strand in strands)])
        self.stale = self.stale or any(strand.stale for strand in strands)

    def had(self, asked: StepTarget, what: str, source: StepSource, size: int = 0) -> None:
        """Record a step that took no request.

        Args:
            asked: for what.
            what: how messages name it.
            source: where it was.
            size: bytes.
        """
        if self.recorder is not None:
            self.recorder.record(AnswerStep(asked=asked, purpose=self.purpose, what=what, source=source, bytes=size))

    async def share(
        self,
        flights: Flights[K, V],
        key: K,
        work: Callable[[], Coroutine[Any, Any, V]],
        asked: StepTarget,
        what: str,
    ) -> V:
        """The result of `work`, or of another caller's work under the same key, which is a step then.

        Raises:
            ImageError: what the work raised.
        """
        if self.recorder is None:
            return await flights.run(key, work, self.claim, self.deadline)
        own = False

        async def ours() -> V:
            nonlocal own
            own = True
            return await work()

        clock, reason = self.deadline.clock, ""
        started = clock.monotonic()
        try:
            return await flights.run(key, ours, self.claim, self.deadline)
        except ImageError as error:
            reason = error.reason
            raise
        finally:
            if not own:
                self.recorder.record(
                    AnswerStep(
                        asked=asked,
                        purpose=self.purpose,
                        what=what,
                        source=StepSource.FLIGHT,
                        ms=milliseconds(clock.monotonic() - started),
                        reason=reason,
                    )
                )
