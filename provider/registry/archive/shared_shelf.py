"""A shelf of the shared store: what was seen stands under a seal, with its moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Generic

from provider.cache.keys import TagKey
from provider.observer import Observer
from provider.registry.archive.sealed_entries import EntrySubject, SealedEntries
from provider.registry.archive.shelf import S
from provider.registry.content.manifest import Descriptor, Platform
from provider.registry.sighting import Referrers, TagSighting


@dataclass(frozen=True, slots=True)
class EntryForm(Generic[S]):
    """How something that was seen is written.

    Attributes:
        kind: of entries.
        write: its fields, without its moment.
        read: makes it of them and `observedAt`; ValueError, TypeError or KeyError where they are not what they should
            be.
    """

    kind: str
    write: Callable[[S], Mapping[str, object]]
    read: Callable[[Mapping[str, Any]], S]


class SharedShelf(Generic[S]):
    """Implements `Shelf`.

    Args:
        entries: of the store.
        form: how what was seen is written.
        observer: gets reports of look-ups.
        seconds: how long it is of use to anybody.
    """

    def __init__(self, entries: SealedEntries, form: EntryForm[S], observer: Observer, seconds: int) -> None:
        self._entries = entries
        self._form = form
        self._observer = observer
        self._seconds = seconds

    async def get(self, key: TagKey) -> S | None:
        """See `Shelf`."""
        found = await self._entries.get(self._subject(key), self._seconds, self._form.read)
        self._observer.cache_lookup("store", self._form.kind, "miss" if found is None else "hit")
        return found

    async def others(self, key: TagKey, since: float) -> S | None:
        """See `Shelf`."""

        async def look() -> S | None:
            found = await self.get(key)
            return found if found is not None and found.observed_at > since else None

        return await self._entries.others(self._subject(key), look)

    def give_back(self, key: TagKey) -> None:
        """See `Shelf`."""
        self._entries.give_back(self._subject(key))

    def put(self, key: TagKey, seen: S) -> None:
        """See `Shelf`."""
        self._entries.put(self._subject(key), self._form.write(seen), seen.observed_at, self._seconds)

    def drop(self, key: TagKey, observed_at: float) -> None:
        """See `Shelf`."""
        self._entries.drop(self._subject(key), observed_at, self._seconds)

    def mark(self, key: TagKey, observed_at: float) -> None:
        """See `Shelf`."""
        self._entries.mark(self._subject(key), observed_at, self._seconds)

    def drop_for_all(self, key: TagKey, observed_at: float) -> None:
        """See `Shelf`."""
        self.drop(key, observed_at)
        self._entries.drop(self._of_all(key), observed_at, self._seconds)

    async def dropped_at(self, key: TagKey) -> float:
        """See `Shelf`."""
        return await self._entries.dropped_at((self._subject(key), self._of_all(key)), self._seconds)

    def _subject(self, key: TagKey) -> EntrySubject:
        return EntrySubject(self._form.kind, (key.context, key.tag, key.credential))

    def _of_all(self, key: TagKey) -> EntrySubject:
        """Stands for it as any credential sees it; only ever dropped."""
        return EntrySubject(self._form.kind, (key.context, key.tag))


def _write_tag(seen: TagSighting) -> Mapping[str, object]:
    return {"digest": seen.digest}


def _read_tag(fields: Mapping[str, Any]) -> TagSighting:
    return TagSighting(fields["digest"], fields["observedAt"])


def _write_referrers(seen: Referrers) -> Mapping[str, object]:
    return {"entries": [asdict(one) for one in seen.descriptors], "problems": [*seen.problems]}


def _read_referrers(fields: Mapping[str, Any]) -> Referrers:
    entries = tuple(_descriptor(one) for one in fields["entries"])
    return Referrers(entries, fields["observedAt"], tuple(fields["problems"]))


def _descriptor(fields: Mapping[str, Any]) -> Descriptor:
    platform = fields["platform"]
    return Descriptor(**{**fields, "platform": None if platform is None else Platform(**platform)})


TAG: Final = EntryForm("tag", _write_tag, _read_tag)
REFERRERS: Final = EntryForm("referrers", _write_referrers, _read_referrers)
