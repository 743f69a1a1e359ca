"""Requests that wait for their turn at one registry, in their order."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from provider.registry.turns.claim import Claim


class LaneWaiter(Protocol):
    """A request that waits.

    Attributes:
        claim: whose.
    """

    claim: Claim


W = TypeVar("W", bound=LaneWaiter)


class Lane(Generic[W]):
    """Requests that wait at one registry, by caller and question."""

    def __init__(self) -> None:
        # Ordered dictionaries: thousands of one question may come and leave at once, from anywhere.
        self._callers: OrderedDict[object, OrderedDict[Claim, OrderedDict[W, None]]] = OrderedDict()

    def add(self, ticket: W) -> None:
        """One more waits."""
        claims = self._callers.setdefault(ticket.claim.caller, OrderedDict())
        claims.setdefault(ticket.claim, OrderedDict())[ticket] = None
        if ticket.claim.served:
            # What was begun is finished first: some answers in time are better than none.
            claims.move_to_end(ticket.claim, last=False)

    def remove(self, ticket: W) -> None:
        """It waits no more, if it did."""
        claims = self._callers.get(ticket.claim.caller)
        tickets = None if claims is None else claims.get(ticket.claim)
        if claims is None or tickets is None or ticket not in tickets:
            return
        del tickets[ticket]
        if not tickets:
            del claims[ticket.claim]
        if not claims:
            del self._callers[ticket.claim.caller]

    def last(self, caller: object) -> None:
        """It has just had a turn: the others come before it."""
        if caller in self._callers:
            self._callers.move_to_end(caller)

    def __bool__(self) -> bool:
        return bool(self._callers)

    def others(self, caller: object) -> bool:
        """Whether anybody else waits."""
        return len(self._callers) > (caller in self._callers)

    def __iter__(self) -> Iterator[W]:
        """All that wait."""
        for claims in self._callers.values():
            for tickets in claims.values():
                yield from tickets

    def callers(self, places: Counter[object]) -> Iterable[tuple[object, Mapping[Claim, Mapping[W, None]]]]:
        """Who waits, with their questions' requests; callers with the fewest places first."""
        if len(self._callers) < 2:  # noqa: PLR2004 - nothing to sort
            return self._callers.items()
        return sorted(self._callers.items(), key=lambda item: places[item[0]])
