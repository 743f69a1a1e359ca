"""The archive in a store that replicas share.

The store may be written by somebody else. A document is hashed again when it is read; all else stands under a seal
(`provider.cache.shared.seal`), with the moment at which it was seen. What is not as it should be is passed over: then
the registry is asked, as without a store. Tokens and results of cryptography are never in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from provider import limits
from provider.cache.keys import Right
from provider.cache.shared.seal import Seal, content_name
from provider.cache.shared.shared_memory import SharedMemory
from provider.cache.shared.value_store import Entry
from provider.clock import Clock
from provider.observer import Observer
from provider.registry.archive import shared_shelf
from provider.registry.archive.sealed_entries import EntrySubject, SealedEntries
from provider.registry.archive.shared_shelf import SharedShelf
from provider.registry.archive.shelf import Shelf
from provider.registry.client import Content
from provider.registry.content import digests
from provider.registry.sighting import Referrers, TagSighting

_DOCUMENT: Final = "document"
_RIGHT: Final = "right"


class SharedArchive:
    """Implements `Archive`.

    Args:
        memory: the store, at arm's length.
        seal: of entries, as it is now; None while there is no key, and then nothing is shared.
        clock: for what gets old.
        observer: gets reports of look-ups, and of entries that are not what they should be.
        tag_seconds: how long what tags point to and what refers to images is of use to anybody.
    """

    def __init__(
        self,
        memory: SharedMemory,
        seal: Callable[[], Seal | None],
        clock: Clock,
        observer: Observer,
        tag_seconds: float,
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._observer = observer
        self._entries = SealedEntries(memory, seal, clock, observer)
        seconds = max(1, int(tag_seconds))
        self.tags: Shelf[TagSighting] = SharedShelf(self._entries, shared_shelf.TAG, observer, seconds)
        self.referrers: Shelf[Referrers] = SharedShelf(self._entries, shared_shelf.REFERRERS, observer, seconds)

    @property
    def claims(self) -> int:
        """How many claims of ours are remembered."""
        return self._entries.claims

    async def document(self, digest: str, right: Right) -> Content | None:
        """See `Archive`."""
        name = content_name(digest)
        # Side by side: one round trip.
        body, granted = await asyncio.gather(
            self._memory.get(name, limits.MANIFEST_BYTES),
            self._entries.get(_right(digest, right), limits.STORE_RIGHT_SECONDS, _granted),
        )
        if body is not None and not digests.matches(digest, body):
            self._observer.store_entry_rejected(_DOCUMENT)
            self._memory.forget(name)
            body = None
        found = None if body is None or granted is None else Content(digest, granted[0], body, granted[1])
        self._observer.cache_lookup("store", _DOCUMENT, "miss" if found is None else "hit")
        return found

    async def others_document(self, digest: str, right: Right) -> Content | None:
        """See `Archive`."""
        return await self._entries.others(_right(digest, right), lambda: self.document(digest, right))

    def give_back_document(self, digest: str, right: Right) -> None:
        """See `Archive`."""
        self._entries.give_back(_right(digest, right))

    def put_document(self, document: Content, right: Right) -> None:
        """See `Archive`."""
        if len(document.body) > limits.MANIFEST_BYTES:
            return
        self._memory.put(Entry(content_name(document.digest), document.body, limits.STORE_CONTENT_SECONDS, fixed=True))
        fields = {"mediaType": document.media_type, "vouched": document.vouched}
        self._entries.put(_right(document.digest, right), fields, self._clock.now(), limits.STORE_RIGHT_SECONDS)

    def drop_right(self, digest: str, right: Right) -> None:
        """See `Archive`."""
        self._entries.forget(_right(digest, right))

    async def open(self) -> None:
        """See `Archive`."""
        await self._memory.open()

    async def close(self) -> None:
        """See `Archive`."""
        await self._memory.close()


def _right(digest: str, right: Right) -> EntrySubject:
    return EntrySubject(_RIGHT, (digest, right.context, right.credential))


def _granted(fields: Mapping[str, Any]) -> tuple[str, bool]:
    return fields["mediaType"], fields["vouched"]
