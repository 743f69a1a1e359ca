"""Documents by digest: verified when they came in, then kept for good.

One rule of rights: content is given to whoever fetched it, a repository with a credential, and to others only after a
HEAD of their own at a registry that has sent it before; another registry could say yes to anything, so it has to send
it. Who asks rides in the call.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provider import limits
from provider.cache.flight import Flights
from provider.cache.keys import ContentKey, FetchKey, Right
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.reasons import Reason
from provider.registry import wire_steps
from provider.registry.archive.archive import Archive
from provider.registry.call import Call
from provider.registry.client import Content, RegistryClient
from provider.registry.content import manifest
from provider.registry.content.manifest import Descriptor, Index, Manifest
from provider.registry.memory.stored_document import StoredDocument
from provider.registry.reference import Reference
from provider.steps import StepSource, StepTarget

_OVERHEAD: Final = 2 * limits.KIB
# What is said of a document that nothing vouches for may be another thing in ten seconds.
OF_CONTENT: Final = frozenset({Reason.CONTENT_INVALID, Reason.LIMIT_EXCEEDED})


@dataclass(frozen=True, slots=True)
class _Way:
    """How a kind of document is got: fetched, or proved to be ours to read."""

    what: str
    fetch: Callable[[], Coroutine[Any, Any, Content]]
    prove: Callable[[], Coroutine[Any, Any, None]]

    def name(self, digest: str, reference: Reference) -> str:
        """As messages have it."""
        return f"blob {digest} of {reference.name}" if self.what == "blob" else f"manifest of {reference.name}"

    def target(self, found: Content | None = None) -> StepTarget:
        """As a step names it."""
        if self.what == "blob":
            return StepTarget.BLOB
        return StepTarget.MANIFEST if found is None else wire_steps.document(found.media_type)


class Documents:
    """Gives manifests and blobs; for one event loop.

    Args:
        client: asks registries.
        archive: what other replicas have seen.
        clock: for the memory.
        observer: gets reports of look-ups.
        memory_bytes: bound of what is kept.
    """

    def __init__(
        self, client: RegistryClient, archive: Archive, clock: Clock, observer: Observer, memory_bytes: int
    ) -> None:
        self._client = client
        self._archive = archive
        self._observer = observer
        self._kept: Memory[ContentKey, StoredDocument] = Memory(
            clock, memory_bytes, lambda kept: len(kept.document.body) + _OVERHEAD
        )
        self._flights: Flights[FetchKey, Content] = Flights()

    @property
    def used(self) -> int:
        """Bytes that they take."""
        return self._kept.used

    def __len__(self) -> int:
        return len(self._kept)

    async def right(self, reference: Reference, call: Call) -> Right:
        """What who asks may be given: a repository with a credential."""
        return Right(reference.context, await self._client.identity(reference, call))

    async def manifest(self, reference: Reference, call: Call) -> Content:
        """The manifest or index of a reference with a digest, as it came.

        Raises:
            ImageError: no answer; `NotFound`.
        """
        way = _Way(
            "manifest",
            lambda: self._client.manifest(reference, call),
            lambda: self._client.prove_manifest(reference, call),
        )
        return await self._read(reference.identifier, reference, way, call)

    async def blob(self, reference: Reference, descriptor: Descriptor, limit: int, call: Call) -> bytes:
        """A blob in the repository of the reference; see `Store.blob`."""
        if descriptor.size > limit:
            sentence = f"blob {descriptor.digest} of {reference.name}: {descriptor.size} bytes, more than {limit}"
            raise ImageError(Reason.LIMIT_EXCEEDED, sentence)

        async def fetch() -> Content:
            body = await self._client.blob(reference, descriptor, limit, call)
            return Content(descriptor.digest, "", body, host=call.host)

        way = _Way("blob", fetch, lambda: self._client.prove_blob(reference, descriptor, call))
        body = (await self._read(descriptor.digest, reference, way, call)).body
        if len(body) != descriptor.size:
            # As of one that has just been fetched: what is kept changes no answer.
            sentence = f"it has {len(body)} bytes, its descriptor says {descriptor.size}"
            raise manifest.invalid(f"blob {descriptor.digest} of {reference.name}", sentence)
        return body

    async def at_hand(self, digest: str, right: Right) -> Content | None:
        """A document that who asks may read, without asking a registry."""
        kept = self._kept.get(ContentKey(digest))
        if kept is not None and kept.may_read(right):
            return kept.document
        shared = await self._archive.document(digest, right)
        if shared is not None:
            self._keep(shared, right)
        return shared

    def fetched(self, document: Content, right: Right) -> None:
        """Who asks has just fetched a document."""
        self._keep(document, right)
        self._archive.put_document(document, right)

    async def forget(self, reference: Reference, call: Call) -> None:
        """Forget that who asks may read a manifest, and what it names: children and configurations.

        Args:
            reference: with a digest.
            call: the work that this belongs to.
        """
        right = await self.right(reference, call)
        found: set[str] = set()
        waiting = [reference.identifier]
        while waiting and len(found) <= 2 * limits.INDEX_MANIFESTS:
            digest = waiting.pop()
            if digest not in found:
                found.add(digest)
                waiting += _named(await self.at_hand(digest, right))
        for digest in found:
            if (kept := self._kept.get(ContentKey(digest))) is not None:
                kept.revoke(right)
            self._archive.drop_right(digest, right)

    async def _read(self, digest: str, reference: Reference, way: _Way, call: Call) -> Content:
        right = await self.right(reference, call)
        kept = self._kept.get(ContentKey(digest))
        if kept is not None and kept.may_read(right):
            self._observer.cache_lookup("memory", way.what, "hit")
            target, size = way.target(kept.document), len(kept.document.body)
            call.had(target, way.name(digest, reference), StepSource.MEMORY, size)
            return kept.document
        self._observer.cache_lookup("memory", way.what, "miss")

        async def work() -> Content:
            if (shared := await self._shared(digest, right)) is not None:
                call.had(way.target(shared), way.name(digest, reference), StepSource.STORE, len(shared.body))
                return shared
            try:
                return await self._asked(kept, right, way)
            finally:
                self._archive.give_back_document(digest, right)

        key = FetchKey(ContentKey(digest), right)
        return await call.share(self._flights, key, work, way.target(), way.name(digest, reference))

    async def _asked(self, kept: StoredDocument | None, right: Right, way: _Way) -> Content:
        """A document that a registry has just sent, or has said that it is for who asks."""
        if kept is None or not kept.came_from(right.registry):
            document = await way.fetch()
            self.fetched(document, right)
            return document
        await way.prove()
        kept.grant(right)
        self._archive.put_document(kept.document, right)
        return kept.document

    async def _shared(self, digest: str, right: Right) -> Content | None:
        """A document that another replica has read, or is just fetching."""
        if (shared := await self.at_hand(digest, right)) is not None:
            return shared
        others = await self._archive.others_document(digest, right)
        if others is not None:
            self._keep(others, right)
        return others

    def _keep(self, document: Content, right: Right) -> None:
        key = ContentKey(document.digest)
        kept = self._kept.get(key)
        # The digest says nothing of the media type: what one registry calls a document is nothing to another's users.
        if kept is None or kept.document.media_type != document.media_type:
            kept = StoredDocument(document)
            self._kept.put(key, kept)
        kept.grant(right)


def _named(document: Content | None) -> Sequence[str]:
    """The digests that a document names; none of one that is no manifest."""
    try:
        found = None if document is None else parsed(document, document.digest)
    except ImageError:
        return ()
    if isinstance(found, Index):
        return [one.digest for one in found.manifests]
    return () if found is None else (found.config.digest,)


def parsed(document: Content, what: str) -> Manifest | Index:
    """The manifest or index that a document is.

    Args:
        document: as it came.
        what: how messages call it.

    Raises:
        ImageError: `ContentInvalid`, `LimitExceeded`, which are durable; of a document that nothing vouches for
            `RegistryUnavailable`, which is passing, with the same cause.
    """
    try:
        return manifest.parse(document.body, document.media_type, document.digest, what)
    except ImageError as error:
        if document.vouched or error.reason not in OF_CONTENT:
            raise
        raise ImageError(Reason.REGISTRY_UNAVAILABLE, error.message, unfit=True) from error
