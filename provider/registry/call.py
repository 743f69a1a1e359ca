"""What goes along with the requests that one question causes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provider.clock import Deadline


@dataclass
class Call:
    """One strand of work for one question; used by one thread at a time.

    Attributes:
        deadline: by when the work must be done.
        ref: short name of the key that asks, sent along as request id; None where there is none.
        round_trips: sequential registry requests so far.
    """

    deadline: Deadline
    ref: str | None = None
    round_trips: int = 0

    def fork(self) -> Call:
        """A strand that goes on side by side with others."""
        return Call(self.deadline, self.ref, self.round_trips)

    def join(self, strands: Iterable[Call]) -> None:
        """Go on after all strands are done: the longest one counts."""
        self.round_trips = max([self.round_trips, *(strand.round_trips for strand in strands)])
