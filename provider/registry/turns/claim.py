"""Whose requests they are, and how urgent: what decides on their turn."""

from __future__ import annotations

from typing import Protocol


class Ticket(Protocol):
    """A request that waits for its turn."""

    def hurry(self) -> None:
        """Move up: an admission waits for it now."""
        ...


class Claim:
    """One question's claim to turns.

    Attributes:
        caller: whoever asked this question and others with it: one call of Gatekeeper. Turns go round callers.
        audit: whether nobody's admission waits for it.
        served: whether it has had a turn.
        waiting: its requests that have no turn yet.
    """

    __slots__ = ("audit", "caller", "served", "waiting")

    def __init__(self, caller: object, *, audit: bool = False) -> None:
        self.caller = caller
        self.audit = audit
        self.served = False
        self.waiting: set[Ticket] = set()

    def hurry(self) -> None:
        """An admission waits for it now: its requests move up."""
        if self.audit:
            self.audit = False
            for ticket in tuple(self.waiting):
                ticket.hurry()
