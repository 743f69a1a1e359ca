"""What gets old: seen at a moment, believed for a time to live, then looked at again.

While a registry is away, what was last seen is good enough for a while; the call says so (`stale`). What is not in
memory, or not new enough there, may be in the archive, where other replicas put what they have seen, and that a
registry said no.

That there is nothing may be seen, too. It is an answer only where that was asked for: of signatures, never of images.

A no that this process itself has met counts, whatever becomes of the store; and nothing is believed that was seen at
a moment which has not come yet, for then it would be for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from provider import limits
from provider.cache.flight import Flights
from provider.cache.keys import TagKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.loop import let_go
from provider.observer import Observer
from provider.reasons import Reason
from provider.registry.archive.shelf import S, Shelf
from provider.registry.call import Call
from provider.registry.memory.renewals import Renewals
from provider.steps import StepSource, StepTarget

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Belief:
    """How long what was seen is of use.

    Attributes:
        seconds: for which it is believed.
        stale: seconds for which it is good enough while its registry is away.
    """

    seconds: float
    stale: float = 0.0


@dataclass(frozen=True, slots=True)
class RegistryLook(Generic[R]):
    """A look at a registry.

    Attributes:
        key: what is looked at.
        what: how messages name it.
        work: looks.
        absence: whether it is an answer that there was nothing.
    """

    key: TagKey
    what: str
    work: Callable[[Call], Coroutine[Any, Any, R]]
    absence: bool


class Sightings(Generic[S, R]):
    """What was seen of one kind of thing; for one event loop.

    A look may give more (R) than what is remembered of it (S).

    Args:
        asked: for what, as steps and reports name it.
        kept: the memory.
        shelf: what other replicas have seen.
        belief: of what was seen.
        clock: for what gets old.
        observer: gets reports of look-ups.
        renewals: looks again at what is asked often; None where nobody does.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its collaborators
        self,
        asked: StepTarget,
        kept: Memory[TagKey, S],
        shelf: Shelf[S],
        belief: Belief,
        clock: Clock,
        observer: Observer,
        renewals: Renewals | None,
    ) -> None:
        self._asked = asked
        self._renewals = renewals
        self._kept = kept
        self._shelf = shelf
        self._belief = belief
        self._clock = clock
        self._observer = observer
        self._flights: Flights[TagKey, R] = Flights()
        self._refused_at: Memory[TagKey, float] = Memory(clock, limits.REFUSALS_KNOWN)

    async def newest(self, look: RegistryLook[R], call: Call, max_age: float | None = None) -> S | R:
        """What is known, where it is new enough, else what a look gives.

        Args:
            look: what is asked.
            call: the work that this belongs to.
            max_age: seconds since when it may have been seen; None for as long as it is believed.

        Raises:
            ImageError: the look's.
        """
        now = self._clock.now()
        age = self._belief.seconds if max_age is None else max_age
        known = _answer(self.get(look.key), look)
        fresh = known is not None and now - known.observed_at < age
        self._observer.cache_lookup("memory", self._asked.value, "hit" if fresh else "miss")
        if not fresh:
            known = _answer(await self._newer(look.key), look)
        if known is not None and now - known.observed_at < age:
            call.had(self._asked, look.what, StepSource.MEMORY if fresh else StepSource.STORE)
            self._renew(look, known, call)
            return known
        if known is None or self._clock.now() - known.observed_at >= self._belief.stale:
            return await self._look(look, call)
        try:
            return await _in_time(lambda own: self._look(look, own), look.what, call)
        except ImageError as error:
            if not error.away or await self._dropped(look.key, known):
                raise
        call.stale = True
        call.had(self._asked, look.what, StepSource.MEMORY)
        return known

    def _renew(self, look: RegistryLook[R], known: S, call: Call) -> None:
        """Have it looked at again, where it is not believed much longer."""
        age = self._belief.seconds * limits.RENEWAL_SHARE
        if self._renewals is not None and self._clock.now() - known.observed_at >= age:
            self._renewals.asked(look.key, self._asked, call, lambda own: self.newest(look, own, age))

    def get(self, key: TagKey) -> S | None:
        """What is remembered, however old; nothing where the clock has been set back since."""
        known = self._kept.get(key)
        if known is not None and known.observed_at - self._clock.now() > limits.STORE_SKEW_SECONDS:
            self._kept.discard(key)
            return None
        return known

    async def others(self, key: TagKey, since: float) -> S | None:
        """What another replica, which is just looking, sees; None where it is ours to look. See `Shelf.others`."""
        found = await self._shelf.others(key, since)
        if found is not None:
            self._kept.put(key, found)
        return found

    def put(self, key: TagKey, seen: S) -> None:
        """Remember what was seen."""
        before = self.get(key)
        if seen.absent and before is not None and not before.absent:
            # It was taken away: who saw it before is to know.
            self._shelf.drop(key, seen.observed_at)
        elif seen.absent:
            # Who saw it before, if anybody did, may be just about to write it.
            self._shelf.mark(key, seen.observed_at)
        self._kept.put(key, seen)
        self._shelf.put(key, seen)

    def forget(self, key: TagKey, observed_at: float) -> None:
        """The registry says that it is not there, or not for who asks: what was known before counts no more.

        Args:
            key: what it is.
            observed_at: when it was asked; seconds since 1970.
        """
        self._kept.discard(key)
        self._refused_at.put(key, observed_at, max(self._belief.seconds, self._belief.stale))
        self._shelf.drop(key, observed_at)

    async def forget_for_all(self, key: TagKey) -> S | None:
        """What was known counts no more, for nobody; gives what it was."""
        known = await self._newer(key)
        self._kept.discard(key)
        self._shelf.drop_for_all(key, self._clock.now())
        return known

    async def _dropped(self, key: TagKey, known: S) -> bool:
        """Whether the registry has said no since that was seen, to whichever replica; then it is forgotten."""
        # By the clock of whoever met the no, which may be behind; that nothing was seen is marked itself.
        margin = 0.0 if known.absent else limits.STORE_NO_SKEW_SECONDS
        if await self._shelf.dropped_at(key) <= known.observed_at - margin:
            return False
        self._kept.discard(key)
        return True

    async def _newer(self, key: TagKey) -> S | None:
        """The newer one of what is known and what other replicas have seen."""
        shared = await self._shelf.get(key)
        # Read after that: meanwhile the registry may have said no.
        known = self.get(key)
        if shared is None or shared.observed_at < (self._refused_at.get(key) or 0.0):
            return known
        if known is not None and known.observed_at >= shared.observed_at:
            return known
        self._kept.put(key, shared)
        return shared

    async def _look(self, look: RegistryLook[R], call: Call) -> R:
        async def work() -> R:
            try:
                return await look.work(call)
            finally:
                self._shelf.give_back(look.key)

        return await call.share(self._flights, look.key, work, self._asked, look.what)


def _answer(seen: S | None, look: RegistryLook[Any]) -> S | None:
    """What was seen, where that is an answer to who asks."""
    return None if seen is None or (seen.absent and not look.absence) else seen


async def _in_time(look: Callable[[Call], Coroutine[Any, Any, T]], what: str, call: Call) -> T:
    """What a look gives within the time that is waited for a registry whose last word is known.

    After it the look goes on, so that the next question finds what it gave.

    Raises:
        ImageError: the look's; `Timeout` of a registry that is away, when the time is over.
    """
    strand = call.fork()
    task = asyncio.ensure_future(look(strand))
    let_go(task)
    seconds = limits.STALE_AUDIT_WAIT_SECONDS if call.claim.audit else limits.STALE_WAIT_SECONDS
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.shield(task)
    except TimeoutError as error:
        sentence = f"{what}: its registry has not answered within {seconds:g} seconds"
        raise ImageError(Reason.TIMEOUT, sentence, away=True) from error
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        call.join([strand])
