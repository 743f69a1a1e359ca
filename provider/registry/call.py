"""What goes along with the requests that one question causes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provider.clock import Deadline
from provider.registry.claim import Claim
from provider.registry.credentials import Credential, Credentials


@dataclass(slots=True)
class Call:
    """One strand of work for one question.

    Attributes:
        deadline: by when the work must be done.
        claim: whose work it is, and how urgent.
        credentials: who asks, at each registry.
        ref: short name of the key that asks, sent along as request id; None where there is none.
        round_trips: sequential registry requests so far.
        paced: whether what it has just fetched may be read at once (`provider.pace`).
    """

    deadline: Deadline
    claim: Claim
    credentials: Credentials
    ref: str | None = None
    round_trips: int = 0
    paced: bool = False

    def credential(self, registry: str, repository: str) -> Credential:
        """Who asks there."""
        return self.credentials.of(registry, repository)

    async def prepare(self, registry: str, repository: str) -> None:
        """Find out who asks there, where that takes a while; before `credential`."""
        await self.credentials.prepare(registry, repository)

    def fork(self) -> Call:
        """A strand that goes on side by side with others."""
        return Call(self.deadline, self.claim, self.credentials, self.ref, self.round_trips)

    def join(self, strands: Iterable[Call]) -> None:
        """Go on after all strands are done: the longest one counts."""
        self.round_trips = max([self.round_trips, *(strand.round_trips for strand in strands)])
