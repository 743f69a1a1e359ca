"""What replicas share of registries: documents, who may read them, what tags point to, what refers to images.

The store between them may be written by somebody else. A document is hashed again when it is read; all else stands
under a seal (`provider.cache.shared.seal`), with the moment at which it was seen. What is damaged, forged, of another
version, or older than it may be is passed over: then the registry is asked, as without a store. Tokens and results of
cryptography are never in it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol, TypeVar

from provider import limits
from provider.cache.keys import Right, TagKey
from provider.cache.memory import Memory
from provider.cache.shared.seal import Seal, content_name
from provider.cache.shared.shared_memory import SharedMemory
from provider.cache.shared.value_store import Entry
from provider.clock import Clock
from provider.observer import Observer
from provider.registry.client import Content
from provider.registry.content import digests
from provider.registry.content.manifest import Descriptor, Platform
from provider.registry.sighting import Referrers, TagSighting

_DOCUMENT: Final = "document"
_RIGHT: Final = "right"
_TAG: Final = "tag"
_REFERRERS: Final = "referrers"

T = TypeVar("T")


class Archive(Protocol):
    """What other replicas, and this one before its restart, have seen; for one event loop. It raises nothing."""

    async def document(self, digest: str, right: Right) -> Content | None:
        """A document that somebody with this right has read."""
        ...

    async def others_document(self, digest: str, right: Right) -> Content | None:
        """A document that another replica is just fetching; None where it is ours to fetch."""
        ...

    def put_document(self, document: Content, right: Right) -> None:
        """Somebody with this right has read a document."""
        ...

    async def tag(self, key: TagKey) -> TagSighting | None:
        """What a tag was last seen to point to."""
        ...

    async def others_tag(self, key: TagKey, since: float) -> TagSighting | None:
        """What another replica, which is just looking, sees it point to; None where it is ours to look.

        Args:
            key: the tag.
            since: how new that must be, seconds since 1970.
        """
        ...

    def put_tag(self, key: TagKey, seen: TagSighting) -> None:
        """A tag was seen to point to something."""
        ...

    def drop_tag(self, key: TagKey) -> None:
        """A registry says that there is no such tag, or that it is not for who asks."""
        ...

    async def referrers(self, key: TagKey) -> Referrers | None:
        """What was last seen to refer to a manifest."""
        ...

    def put_referrers(self, key: TagKey, seen: Referrers) -> None:
        """Something was seen to refer to a manifest."""
        ...

    def drop_referrers(self, key: TagKey) -> None:
        """A registry says that nothing refers to it, or that it is not for who asks."""
        ...

    async def open(self) -> None:
        """Connect before anybody asks."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


class NoArchive:
    """Of a process that shares nothing."""

    async def document(self, digest: str, right: Right) -> Content | None:  # noqa: ARG002 - as `Archive` has it
        """See `Archive`."""
        return None

    async def others_document(self, digest: str, right: Right) -> Content | None:  # noqa: ARG002 - as above
        """See `Archive`."""
        return None

    def put_document(self, document: Content, right: Right) -> None:
        """See `Archive`."""

    async def tag(self, key: TagKey) -> TagSighting | None:  # noqa: ARG002 - as `Archive` has it
        """See `Archive`."""
        return None

    async def others_tag(self, key: TagKey, since: float) -> TagSighting | None:  # noqa: ARG002 - as above
        """See `Archive`."""
        return None

    def put_tag(self, key: TagKey, seen: TagSighting) -> None:
        """See `Archive`."""

    def drop_tag(self, key: TagKey) -> None:
        """See `Archive`."""

    async def referrers(self, key: TagKey) -> Referrers | None:  # noqa: ARG002 - as `Archive` has it
        """See `Archive`."""
        return None

    def put_referrers(self, key: TagKey, seen: Referrers) -> None:
        """See `Archive`."""

    def drop_referrers(self, key: TagKey) -> None:
        """See `Archive`."""

    async def open(self) -> None:
        """See `Archive`."""

    async def close(self) -> None:
        """See `Archive`."""


class SharedArchive:
    """Implements `Archive` on a shared store.

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
        self._seal = seal
        self._clock = clock
        self._observer = observer
        self._tag_seconds = max(1, int(tag_seconds))
        # Of work that fails nothing is ever written: its claims end by themselves, here as in the store.
        self._claims: Memory[str, bool] = Memory(clock, limits.STORE_CLAIMS)

    async def document(self, digest: str, right: Right) -> Content | None:
        """See `Archive`."""
        name = content_name(digest)
        about = digest, right.context, right.credential
        # Side by side: one round trip.
        body, granted = await asyncio.gather(
            self._memory.get(name, limits.MANIFEST_BYTES),
            self._sealed(_RIGHT, about, limits.STORE_RIGHT_SECONDS, _granted),
        )
        if body is not None and not digests.matches(digest, body):
            self._rejected(_DOCUMENT, name)
            body = None
        found = None if body is None or granted is None else Content(digest, granted[0], body, granted[1])
        self._observer.cache_lookup("store", _DOCUMENT, "miss" if found is None else "hit")
        return found

    async def others_document(self, digest: str, right: Right) -> Content | None:
        """See `Archive`."""
        about = digest, right.context, right.credential
        return await self._others(_RIGHT, about, lambda: self.document(digest, right))

    def put_document(self, document: Content, right: Right) -> None:
        """See `Archive`."""
        if len(document.body) > limits.MANIFEST_BYTES:
            return
        entry = Entry(content_name(document.digest), document.body, limits.STORE_CONTENT_SECONDS, fixed=True)
        fields = {"mediaType": document.media_type, "vouched": document.vouched}
        self._memory.put(entry)
        about = document.digest, right.context, right.credential
        self._put(_RIGHT, about, fields, self._clock.now(), limits.STORE_RIGHT_SECONDS)

    async def tag(self, key: TagKey) -> TagSighting | None:
        """See `Archive`."""
        found = await self._sealed(_TAG, _of_tag(key), self._tag_seconds, _tag_sighting)
        self._observer.cache_lookup("store", _TAG, "miss" if found is None else "hit")
        return found

    async def others_tag(self, key: TagKey, since: float) -> TagSighting | None:
        """See `Archive`."""

        async def look() -> TagSighting | None:
            found = await self.tag(key)
            return found if found is not None and found.observed_at > since else None

        return await self._others(_TAG, _of_tag(key), look)

    def put_tag(self, key: TagKey, seen: TagSighting) -> None:
        """See `Archive`."""
        self._put(_TAG, _of_tag(key), {"digest": seen.digest}, seen.observed_at, self._tag_seconds)

    def drop_tag(self, key: TagKey) -> None:
        """See `Archive`."""
        self._drop(_TAG, _of_tag(key))

    async def referrers(self, key: TagKey) -> Referrers | None:
        """See `Archive`."""
        found = await self._sealed(_REFERRERS, _of_tag(key), self._tag_seconds, _referrers)
        self._observer.cache_lookup("store", _REFERRERS, "miss" if found is None else "hit")
        return found

    def put_referrers(self, key: TagKey, seen: Referrers) -> None:
        """See `Archive`."""
        fields = {"entries": [asdict(one) for one in seen.descriptors], "problems": [*seen.problems]}
        self._put(_REFERRERS, _of_tag(key), fields, seen.observed_at, self._tag_seconds)

    def drop_referrers(self, key: TagKey) -> None:
        """See `Archive`."""
        self._drop(_REFERRERS, _of_tag(key))

    async def open(self) -> None:
        """See `Archive`."""
        await self._memory.open()

    async def close(self) -> None:
        """See `Archive`."""
        await self._memory.close()

    # Single flight.

    async def _others(
        self, kind: str, about: tuple[str, ...], look: Callable[[], Coroutine[Any, Any, T | None]]
    ) -> T | None:
        """What whoever holds the claim writes within a short while; None where the claim is ours, or nothing comes."""
        seal = self._seal()
        if seal is None:
            return None
        claim = seal.name("claim", kind, *about)
        if await self._memory.claim(claim, limits.STORE_CLAIM_SECONDS):
            self._claims.put(claim, value=True, seconds=limits.STORE_CLAIM_SECONDS)
            return None
        until = self._clock.monotonic() + limits.STORE_CLAIM_WAIT_SECONDS
        while self._clock.monotonic() < until and not self._memory.away:
            await asyncio.sleep(limits.STORE_CLAIM_PAUSE_SECONDS)
            if (found := await look()) is not None:
                return found
        return None

    def _release(self, seal: Seal, kind: str, about: tuple[str, ...]) -> None:
        """What was claimed is done. Of work that failed the claim ends by itself."""
        claim = seal.name("claim", kind, *about)
        if self._claims.get(claim):
            self._claims.discard(claim)
            self._memory.forget(claim)

    # Entries under the seal.

    def _put(
        self, kind: str, about: tuple[str, ...], fields: Mapping[str, object], observed_at: float, seconds: int
    ) -> None:
        seal = self._seal()
        if seal is None:
            return
        payload = json.dumps({**fields, "observedAt": observed_at}).encode()
        name = seal.name(kind, *about)
        body = seal.close(name, payload)
        if len(body) <= limits.STORE_PIECE_BYTES:
            self._memory.put(Entry(name, body, seconds))
        self._release(seal, kind, about)

    def _drop(self, kind: str, about: tuple[str, ...]) -> None:
        if (seal := self._seal()) is not None:
            self._memory.forget(seal.name(kind, *about))

    async def _sealed(
        self, kind: str, about: tuple[str, ...], seconds: float, read: Callable[[Mapping[str, Any]], T]
    ) -> T | None:
        """What an entry says; None where there is none of ours, or none that is new enough."""
        seal = self._seal()
        if seal is None:
            return None
        name = seal.name(kind, *about)
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
            self._rejected(kind, name)
        return found

    def _recent(self, fields: Mapping[str, Any], seconds: float) -> Mapping[str, Any] | None:
        """The fields, with a moment that is not ahead; None where they are older, or from a clock that is wrong."""
        now = self._clock.now()
        age = now - fields["observedAt"]
        if not -limits.STORE_SKEW_SECONDS <= age < seconds:
            return None
        return {**fields, "observedAt": min(now, fields["observedAt"])}

    def _rejected(self, kind: str, name: str) -> None:
        self._observer.store_entry_rejected(kind)
        self._memory.forget(name)


def _of_tag(key: TagKey) -> tuple[str, ...]:
    return key.context, key.tag, key.credential


def _granted(fields: Mapping[str, Any]) -> tuple[str, bool]:
    return fields["mediaType"], fields["vouched"]


def _tag_sighting(fields: Mapping[str, Any]) -> TagSighting:
    return TagSighting(fields["digest"], fields["observedAt"])


def _referrers(fields: Mapping[str, Any]) -> Referrers:
    entries = [_descriptor(one) for one in fields["entries"]]
    return Referrers(entries, fields["observedAt"], fields["problems"])


def _descriptor(fields: Mapping[str, Any]) -> Descriptor:
    platform = fields["platform"]
    return Descriptor(**{**fields, "platform": None if platform is None else Platform(**platform)})
