"""What a policy says of Waivers: it has the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gatekeeper.documents.problems import Problem
from gatekeeper.waivers import limits
from gatekeeper.waivers.waiver import Waiver


@dataclass(frozen=True)
class WaiverTerms:
    """Whether Waivers may let pass for a time what a policy denies.

    Attributes:
        allowed: whether they may.
        max_days: for how many days one may hold at most; None for the usual bound.
        entries: those that stand in the policy's own parameters.
    """

    allowed: bool = False
    max_days: int | None = None
    entries: tuple[Waiver, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The parameter `waivers`."""
        found: dict[str, Any] = {"allowed": self.allowed}
        if self.max_days is not None:
            found["maxDays"] = self.max_days
        if self.entries:
            found["entries"] = [each.entry() for each in self.entries]
        return found

    def problems(self, path: str) -> Iterator[Problem]:
        """What is wrong, the field below a path."""
        if self.max_days is not None and not 1 <= self.max_days <= limits.MOST_DAYS:
            yield Problem(f"{path}.maxDays", f"{self.max_days}: expected 1 to {limits.MOST_DAYS}")
