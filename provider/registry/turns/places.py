"""The places of requests under way: whose they are, who may have one more, and which are stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from provider.registry.turns.claim import Claim


class Occupant(Protocol):
    """A request that has a place.

    Attributes:
        claim: whose.
    """

    claim: Claim

    def stuck(self, now: float) -> bool:
        """Whether it is far slower than its registry usually is."""
        ...


class Waiter(Protocol):
    """A request that waits for one.

    Attributes:
        claim: whose.
    """

    claim: Claim


R = TypeVar("R", bound=Occupant)


class RequestPlaces(Generic[R]):
    """What is under way, and what more may be.

    Args:
        reserved: of the places, the last ones, for callers that have none yet.
    """

    def __init__(self, reserved: int) -> None:
        self._reserved = reserved
        self.turns: dict[R, None] = {}
        self.callers: Counter[object] = Counter()
        self.claims: Counter[Claim] = Counter()
        self.audit = 0

    def open_to(self, caller: object, bound: int, *, audit: bool, others: bool) -> bool:
        """Whether a caller may send one more.

        Args:
            caller: who asks.
            bound: how many may be under way.
            audit: whether nobody's admission waits for it.
            others: whether other callers wait.
        """
        room = bound - len(self.turns)
        if room <= 0 or (audit and self._audit_full(bound)):
            return False
        return room > self._reserved or not self.callers[caller] or not (others or len(self.callers) > 1)

    def add(self, turn: R) -> None:
        """One more is under way."""
        self.turns[turn] = None
        self.callers[turn.claim.caller] += 1
        self.claims[turn.claim] += 1
        self.audit += turn.claim.audit

    def remove(self, turn: R) -> None:
        """One is done."""
        del self.turns[turn]
        claim = turn.claim
        self.callers[claim.caller] -= 1
        if not self.callers[claim.caller]:
            del self.callers[claim.caller]
        self.claims[claim] -= 1
        if not self.claims[claim]:
            del self.claims[claim]
        self.audit = sum(other.claim.audit for other in self.turns) if self.audit else 0

    def scarce(self, bound: int) -> bool:
        """Whether somebody may have to wait for one of these places."""
        return self._full(bound) or self._audit_full(bound)

    def stuck(self, bound: int, now: float, waiting: Iterable[Waiter]) -> Iterator[R]:
        """Stuck requests whose places are what others wait for: they go to callers with at least two fewer."""
        left = self.callers.copy()
        full, audit_full = self._full(bound), self._audit_full(bound)
        old = [turn for turn in self.turns if turn.stuck(now)] if full or audit_full else []
        content: set[tuple[object, bool]] = set()
        for ticket in waiting if old else ():
            caller, audit = ticket.claim.caller, ticket.claim.audit
            if (caller, audit) in content:
                continue
            of_use = (turn for turn in old if (turn.claim.audit if audit and audit_full else full))
            turn = next((turn for turn in of_use if left[turn.claim.caller] > left[caller] + 1), None)
            if turn is None:
                content.add((caller, audit))
                continue
            old.remove(turn)
            left[turn.claim.caller] -= 1
            left[caller] += 1
            yield turn

    def _full(self, bound: int) -> bool:
        """But for the last ones."""
        return bound - len(self.turns) <= self._reserved

    def _audit_full(self, bound: int) -> bool:
        return self.audit >= max(1, bound // 2)
