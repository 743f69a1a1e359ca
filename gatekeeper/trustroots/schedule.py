"""When each TrustRoot is looked at: at once when its text changes, then now and then."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from gatekeeper.trust.limits import FRESH_JITTER, FRESH_SECONDS
from gatekeeper.trustroots import limits
from gatekeeper.trustroots.look import RootLook
from gatekeeper.trustroots.root_object import RootObject
from provider.clock import Clock


class LookSchedule:
    """Remembers the last look at each object; for one thread.

    Args:
        clock: says when.
        share: a number from 0 to 1, another one each time, so that not all look at once.
    """

    def __init__(self, clock: Clock, share: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._share = share
        self._last: dict[str, RootLook] = {}
        self._next: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def due(self, objects: Mapping[str, RootObject]) -> Iterator[RootObject]:
        """Those that should be looked at now, whose text was never looked at first."""
        now = self._clock.monotonic()
        fresh = [each for each in objects.values() if self.last(each) is None]
        yield from fresh
        yield from (each for each in objects.values() if each not in fresh and self._next[each.name] <= now)

    def last(self, found: RootObject) -> RootLook | None:
        """The last look at an object as it is now."""
        look = self._last.get(found.name)
        return look if look is not None and look.object.version == found.version else None

    def took(self, look: RootLook) -> None:
        """A look has ended."""
        name = look.object.name
        self._last[name] = look
        self._failures[name] = 0 if look.good else self._failures.get(name, 0) + 1
        failed = min(limits.AGAIN_AT_LAST_SECONDS, limits.AGAIN_SECONDS * 2.0 ** min(self._failures[name] - 1, 10))
        longest = FRESH_SECONDS if look.good else failed
        self._next[name] = self._clock.monotonic() + longest * (1 - FRESH_JITTER * self._share())

    def keep(self, objects: Mapping[str, RootObject]) -> None:
        """Forget objects that are gone."""
        for name in self._last.keys() - objects.keys():
            del self._last[name], self._next[name], self._failures[name]
