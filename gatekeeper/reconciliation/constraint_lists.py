"""Constraints of the kinds that matter to us: each kind is a resource of its own, so there is a list for each.

Nothing at all is asked of a kind that is settled but a list now and then, in turn, so that 500 policies cost no more
requests a minute than 50.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ClusterError, ObjectAbsentError
from gatekeeper.cluster.resource import constraints
from gatekeeper.reconciliation import limits, present
from gatekeeper.reconciliation.present import PresentObject
from provider.clock import Clock

# Kinds that were read at once, at the start, are read apart later; but several in one round.
_SPREAD: Final = (0.75, 1.25)
# The moment of a kind that was read in this round.
_READ: Final = float("inf")
# After so many kinds that could not be read the others are not asked for in this round.
_ERRORS: Final = 3


@dataclass
class _Kind:
    found: Mapping[str, PresentObject] | None
    known: bool = False
    due: float = 0.0
    pause: float = limits.SOON_SECONDS


class ConstraintLists:
    """Reads them; one thread uses it.

    Args:
        api: of the cluster.
        clock: for the next list.
    """

    def __init__(self, api: KubernetesApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._kinds: dict[str, _Kind] = {}
        self._failed: dict[str, ClusterError] = {}

    @property
    def errors(self) -> list[ClusterError]:
        """What could not be read when it was last tried."""
        return list(self._failed.values())

    def read(self, kinds: Collection[str]) -> Mapping[str, Mapping[str, PresentObject] | None]:
        """The Constraints of these kinds that could be read, those that are due anew; None of a kind that is not there.

        A kind that could not be read even once is left out.
        """
        self._kinds = {kind: kept for kind, kept in self._kinds.items() if kind in kinds}
        self._failed = {kind: error for kind, error in self._failed.items() if kind in kinds}
        errors = 0
        now = self._clock.monotonic()
        for name in sorted(kinds):
            kind = self._kinds.setdefault(name, _Kind(None))
            if kind.due <= now and errors < _ERRORS:
                # Once a round; `rest` says when next.
                kind.due = _READ
                self._read(name, kind)
                errors += name in self._failed
        return {name: kind.found for name, kind in self._kinds.items() if kind.known}

    def knows(self, kind: str) -> bool:
        """Whether the Constraints of a kind were read, or it was found not to be there."""
        return kind in self._kinds and self._kinds[kind].known

    def note(self, kind: str, name: str, found: Object | None) -> None:
        """What a write of our own made of a Constraint; it is read again soon."""
        kept = self._kinds.setdefault(kind, _Kind({}))
        others = {other: each for other, each in (kept.found or {}).items() if other != name}
        kept.found = others if found is None else {**others, name: present.constraint(found)}
        kept.known = True
        self.expect(kind)

    def expect(self, kind: str) -> None:
        """Something is about to change in a kind: it is read again soon."""
        kept = self._kinds.setdefault(kind, _Kind(None))
        kept.pause = limits.SOON_SECONDS
        kept.due = min(kept.due, self._clock.monotonic() + kept.pause)

    def rest(self, unsettled: Collection[str]) -> None:
        """A round is over: kinds that are not settled are read again, less and less often, all others in their turn."""
        now = self._clock.monotonic()
        turn = max(limits.CONSTRAINTS_SECONDS, 60.0 * len(self._kinds) / limits.CONSTRAINT_LISTS_A_MINUTE)
        for name, kind in self._kinds.items():
            over = kind.due == _READ or kind.due <= now
            if name in unsettled or not kind.known or name in self._failed:
                kind.due = now + kind.pause if over else min(kind.due, now + kind.pause)
                kind.pause = min(limits.LATE_SECONDS, 1.6 * kind.pause) if over else kind.pause
            elif over:
                kind.pause = limits.SOON_SECONDS
                due = now + turn * random.uniform(*_SPREAD)  # noqa: S311 - no secret
                kind.due = math.ceil(due / limits.LATE_SECONDS) * limits.LATE_SECONDS

    def next(self) -> float:
        """When the next list is due, monotonic seconds."""
        return min((kind.due for kind in self._kinds.values()), default=float("inf"))

    def _read(self, name: str, kind: _Kind) -> None:
        try:
            found: dict[str, PresentObject] | None = {}
            for page in self._api.pages(constraints(name)):
                found |= {str(each["metadata"]["name"]): present.constraint(each) for each in page}  # type: ignore[operator]
        except ObjectAbsentError:
            found = None
        except ClusterError as error:
            self._failed[name] = error
            return
        self._failed.pop(name, None)
        kind.found, kind.known = found, True
