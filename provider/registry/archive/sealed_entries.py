"""Entries of the shared store that stand under a seal, with the moment at which they were seen, and claims on them.

What is damaged, forged, of another version, or older than it may be is passed over. Of what is dropped a mark stays,
with the moment of that: a replica that has seen the thing before finds the mark, and so does one whose older entry was
written late. Where more is to be dropped than a lost store lets us note, a mark for everything stands for all of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from provider import limits
from provider.cache.memory import Memory
from provider.cache.shared.seal import Seal
from provider.cache.shared.shared_memory import SharedMemory
from provider.cache.shared.value_store import Entry
from provider.clock import Clock
from provider.observer import Observer

_DROPPED: Final = "dropped"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EntrySubject:
    """What an entry is about.

    Attributes:
        kind: of entries; stands in clear in the name.
        about: the rest of it, which the name hides; the order counts.
    """

    kind: str
    about: tuple[str, ...]


class SealedEntries:
    """Reads and writes them; for one event loop. It raises nothing.

    Args:
        memory: the store, at arm's length.
        seal: of entries, as it is now; None while there is no key, and then nothing is shared.
        clock: for what gets old.
        observer: gets reports of entries that are not what they should be.
    """

    def __init__(self, memory: SharedMemory, seal: Callable[[], Seal | None], clock: Clock, observer: Observer) -> None:
        self._memory = memory
        self._seal = seal
        self._clock = clock
        self._observer = observer
        # Of a process that ends in the middle they end by themselves.
        self._claims: Memory[str, bool] = Memory(clock, limits.STORE_CLAIMS)
        # What was seen before it is not read: some of it is to be dropped, and nobody knows which.
        self._everything_dropped_at = 0.0

    async def get(self, subject: EntrySubject, seconds: float, read: Callable[[Mapping[str, Any]], T]) -> T | None:
        """What an entry says; None where there is none of ours, or none that is new enough.

        Args:
            subject: what it is about.
            seconds: how old it may be.
            read: makes it of the fields; ValueError, TypeError or KeyError where they are not what they should be.
        """
        seal = self._seal()
        if seal is None:
            return None
        name = _name(seal, subject)
        body = await self._memory.get(name, limits.STORE_PIECE_BYTES)
        if body is None:
            return None
        payload = seal.open(name, body)
        try:
            fields = None if payload is None else self._recent(json.loads(payload), seconds)
            found = None if fields is None else read(fields)
        except (ValueError, TypeError, KeyError, RecursionError):
            payload = found = None
        if payload is None:
            self._observer.store_entry_rejected(subject.kind)
            self._memory.forget(name)
        return found

    def put(self, subject: EntrySubject, fields: Mapping[str, object], observed_at: float, seconds: int) -> None:
        """Have an entry written, and the claim on it given back.

        Args:
            subject: what it is about.
            fields: what it says.
            observed_at: when that was so; seconds since 1970.
            seconds: how long it is kept.
        """
        seal = self._seal()
        if seal is None:
            return
        payload = json.dumps({**fields, "observedAt": observed_at}).encode()
        name = _name(seal, subject)
        body = seal.close(name, payload)
        if len(body) <= limits.STORE_PIECE_BYTES:
            self._memory.put(Entry(name, body, seconds))
        else:
            # An older one that was short enough is not to be taken for what is so now.
            self._memory.forget(name)
        self._release(seal, subject)

    def drop(self, subject: EntrySubject, observed_at: float, seconds: int) -> None:
        """Have an entry forgotten, and everybody know it.

        Args:
            subject: what it is about.
            observed_at: since when it counts no more; seconds since 1970.
            seconds: how long somebody may have what it said.
        """
        seal = self._seal()
        if seal is None:
            return
        noted = self._memory.forget(_name(seal, subject))
        self.mark(subject, observed_at, seconds)
        if not noted:
            self._everything_dropped_at = self._clock.now()
            self.put(_EVERYTHING, {}, self._everything_dropped_at, seconds)

    def mark(self, subject: EntrySubject, observed_at: float, seconds: int) -> None:
        """Have everybody know since when an entry counts no more, beside a newer one that is put; see `drop`."""
        self.put(_mark(subject), {}, observed_at, seconds)

    def forget(self, subject: EntrySubject) -> None:
        """Have an entry forgotten that somebody may well write again."""
        if (seal := self._seal()) is not None:
            self._memory.forget(_name(seal, subject))

    async def dropped_at(self, subjects: Iterable[EntrySubject], seconds: float) -> float:
        """When one of them was dropped last, by any replica; seconds since 1970, 0 where nobody knows."""
        marks = (*map(_mark, subjects), _EVERYTHING)
        found = await asyncio.gather(*(self.get(mark, seconds, _moment) for mark in marks))
        return max(self._everything_dropped_at, *(moment or 0.0 for moment in found))

    async def others(self, subject: EntrySubject, look: Callable[[], Coroutine[Any, Any, T | None]]) -> T | None:
        """What whoever holds the claim writes within a short while; None where the claim is ours, or nothing comes.

        A claim that is given back, because its holder found nothing, is for those who wait.

        Args:
            subject: what is claimed.
            look: finds what they wrote.
        """
        seal = self._seal()
        if seal is None:
            return None
        claim = _claim(seal, subject)
        until = self._clock.monotonic() + limits.STORE_CLAIM_WAIT_SECONDS
        while not await self._claimed(claim):
            if self._clock.monotonic() >= until:
                return None
            await asyncio.sleep(limits.STORE_CLAIM_PAUSE_SECONDS)
            if (found := await look()) is not None:
                return found
        return None

    async def _claimed(self, claim: str) -> bool:
        """Whether it is ours now, or nobody can say."""
        if not await self._memory.claim(claim, limits.STORE_CLAIM_SECONDS):
            return False
        if not self._memory.away:
            # Of a store that is lost there is nothing to give back.
            self._claims.put(claim, value=True, seconds=limits.STORE_CLAIM_SECONDS)
        return True

    def give_back(self, subject: EntrySubject) -> None:
        """The claim on it is for others, where it is ours: what was to be done is done, or came to nothing."""
        if (seal := self._seal()) is not None:
            self._release(seal, subject)

    @property
    def claims(self) -> int:
        """How many claims of ours are remembered."""
        return len(self._claims)

    def _release(self, seal: Seal, subject: EntrySubject) -> None:
        claim = _claim(seal, subject)
        if self._claims.get(claim):
            self._claims.discard(claim)
            self._memory.forget(claim)

    def _recent(self, fields: Mapping[str, Any], seconds: float) -> Mapping[str, Any] | None:
        """The fields, with a moment that is not ahead; None where they are older, or from a clock that is wrong."""
        now = self._clock.now()
        age = now - fields["observedAt"]
        if not -limits.STORE_SKEW_SECONDS <= age < seconds or fields["observedAt"] < self._everything_dropped_at:
            return None
        return {**fields, "observedAt": min(now, fields["observedAt"])}


_EVERYTHING: Final = EntrySubject(_DROPPED, ())


def _mark(subject: EntrySubject) -> EntrySubject:
    return EntrySubject(_DROPPED, (subject.kind, *subject.about))


def _moment(fields: Mapping[str, Any]) -> float:
    return float(fields["observedAt"])


def _name(seal: Seal, subject: EntrySubject) -> str:
    return seal.name(subject.kind, *subject.about)


def _claim(seal: Seal, subject: EntrySubject) -> str:
    return seal.name("claim", subject.kind, *subject.about)
