"""The artifact store: documents by digest, what tags point to, what refers to a manifest.

Age and signatures stand on it alike. Content is addressed by digest: verified when it came in, then kept for good. Only
what a tag points to, and what refers to a manifest, gets old; a tag whose document is kept is looked at again by HEAD,
which costs nobody's quota. An absence is never remembered.

One rule of rights: content is given to whoever fetched it, a repository with a credential, and to others only after a
HEAD of their own at a registry that has sent it before; another registry could say yes to anything, so it has to send
it. Who asks rides in the call.

While a registry is away, what a tag was last seen to point to is good enough for a while; the call says so (`stale`).

What is not in memory may be in the archive, where other replicas put what they have seen; it costs no request to a
registry, and nothing but time when it is lost.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeVar

from provider import limits
from provider.cache.flight import Flights
from provider.cache.keys import ContentKey, FetchKey, Right, TagKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.loop import let_go
from provider.observer import Observer, RemoteList
from provider.reasons import Reason
from provider.registry import wire_steps
from provider.registry.archive import Archive, NoArchive
from provider.registry.call import Call
from provider.registry.candidates import by_any
from provider.registry.client import Content, Page, RegistryClient
from provider.registry.content import artifact, digests, manifest
from provider.registry.content.artifact import DescriptorList
from provider.registry.content.manifest import Descriptor, Index, Manifest
from provider.registry.reference import Reference
from provider.registry.sighting import Referrers, Sighting, TagSighting
from provider.steps import StepSource, StepTarget

_OVERHEAD: Final = 2 * limits.KIB
_ENTRY_OVERHEAD: Final = 512
# What is said of a document that nothing vouches for may be another thing in ten seconds.
_OF_CONTENT: Final = frozenset({Reason.CONTENT_INVALID, Reason.LIMIT_EXCEEDED})
# What a registry says of a tag that it does not give: it is there, and what was known before counts no more.
_SAID_NO: Final = frozenset({Reason.NOT_FOUND, Reason.UNAUTHORIZED, Reason.PULL_REFUSED})

T = TypeVar("T")


@dataclass(slots=True)
class _StoredDocument:
    """A document in memory, and who may read it."""

    document: Content
    rights: OrderedDict[Right, None] = field(default_factory=OrderedDict)

    def may_read(self, right: Right) -> bool:
        return right in self.rights

    def came_from(self, registry: str) -> bool:
        """Whether this registry once sent it; only then does its word on who may read it count."""
        return any(right.registry == registry for right in self.rights)

    def grant(self, right: Right) -> None:
        self.rights[right] = None
        self.rights.move_to_end(right)
        if len(self.rights) > limits.RIGHTS:
            self.rights.popitem(last=False)


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


class Store:
    """Gives documents of registries; for one event loop.

    Args:
        client: asks registries.
        clock: for what gets old.
        observer: gets reports of look-ups.
        memory_bytes: bound of what is kept.
        tag_ttl: seconds for which a tag is believed.
        stale_seconds: for how long what was seen of a tag is good enough while its registry is away.
        archive: what other replicas have seen; None where nothing is shared.
    """

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        client: RegistryClient,
        clock: Clock,
        observer: Observer,
        *,
        memory_bytes: int,
        tag_ttl: float,
        stale_seconds: float = 0.0,
        archive: Archive | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._observer = observer
        self._tag_ttl = tag_ttl
        self._stale_seconds = stale_seconds
        self._kept: Memory[ContentKey, _StoredDocument] = Memory(
            clock, memory_bytes, lambda kept: len(kept.document.body) + _OVERHEAD
        )
        self._archive = archive or NoArchive()
        self._tags: Memory[TagKey, TagSighting] = Memory(clock, limits.TAGS)
        self._referrers: Memory[TagKey, Referrers] = Memory(
            clock,
            limits.REFERRERS_MEMORY_BYTES,
            lambda found: (len(found.descriptors) + len(found.problems) + 1) * _ENTRY_OVERHEAD,
        )
        self._flights: Flights[FetchKey, Content] = Flights()
        self._tag_flights: Flights[TagKey, Sighting] = Flights()
        self._referrer_flights: Flights[TagKey, Referrers | None] = Flights()

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()
        await self._archive.close()

    async def enter(self) -> None:
        """Connect to what others use, too, before the first question."""
        await self._archive.open()

    async def leave(self) -> None:
        """Have written what others can use, before the end of the process."""
        await self._archive.close()

    def url(self, reference: Reference) -> str:
        """The URL of a reference's manifest."""
        return self._client.url(reference)

    @property
    def used(self) -> int:
        """Bytes that documents take."""
        return self._kept.used

    def __len__(self) -> int:
        return len(self._kept)

    @by_any
    async def resolve(self, reference: Reference, call: Call, max_age: float | None = None) -> Sighting:
        """What a reference points to, and since when we know.

        Args:
            reference: with a tag, or a digest.
            call: the work that this belongs to.
            max_age: seconds since when a tag may have been seen; None for as long as tags are believed.

        Raises:
            ImageError: no answer; `NotFound`.
        """
        now = self._clock.now()
        if reference.digest:
            return Sighting(await self._manifest(reference, call), now)
        right = await self._right(reference, call)
        key = TagKey(reference.context, reference.identifier, right.credential)
        age = self._tag_ttl if max_age is None else max_age
        known = self._tags.get(key)
        fresh = known is not None and now - known.observed_at < age
        self._observer.cache_lookup("memory", "tag", "hit" if fresh else "miss")
        if not fresh:
            known = await self._newest_sighting(key, known)
        if known is not None and now - known.observed_at < age:
            source = StepSource.MEMORY if fresh else StepSource.STORE
            call.had(StepTarget.TAG, f"tag of {reference.name}", source)
            return Sighting(await self._manifest(reference.at(known.digest), call), known.observed_at)

        what = f"tag of {reference.name}"

        def look(own: Call) -> Coroutine[Any, Any, Sighting]:
            work = partial(self._looked_at, key, reference, right, own)
            return own.share(self._tag_flights, key, work, StepTarget.TAG, what)

        if known is None or not self._good_enough(known.observed_at):
            return await look(call)
        try:
            return await _in_time(look, what, call)
        except ImageError as error:
            if not error.away:
                raise
        call.stale = True
        call.had(StepTarget.TAG, what, StepSource.MEMORY)
        return Sighting(await self._manifest(reference.at(known.digest), call), known.observed_at)

    @by_any
    async def exists(self, reference: Reference, call: Call) -> bool:
        """Whether a tag points to anything, as far as the registry says without sending it.

        Raises:
            ImageError: no answer.
        """
        return bool(await self._client.tag(reference, call))

    @by_any
    async def manifest(self, reference: Reference, call: Call) -> Content:
        """The manifest or index of a reference with a digest, as it came.

        Raises:
            ImageError: no answer; `NotFound`.
        """
        return await self._manifest(reference, call)

    async def _manifest(self, reference: Reference, call: Call) -> Content:
        way = _Way(
            "manifest",
            lambda: self._client.manifest(reference, call),
            lambda: self._client.prove_manifest(reference, call),
        )
        return await self._read(reference.identifier, reference, way, call)

    @by_any
    async def blob(self, reference: Reference, descriptor: Descriptor, limit: int, call: Call) -> bytes:
        """A blob in the repository of the reference.

        Raises:
            ImageError: no answer; `NotFound`; `LimitExceeded` when it is longer than `limit`; `ContentInvalid` when it
                has another length than its descriptor says.
        """
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

    @by_any
    async def referrers(self, reference: Reference, call: Call, max_age: float | None = None) -> Referrers | None:
        """What refers to the manifest of a reference with a digest; None when nothing does.

        Args:
            reference: with a digest.
            call: the work that this belongs to.
            max_age: as for `resolve`.

        Raises:
            ImageError: no answer; `ContentInvalid`, `LimitExceeded`: it is no such list, or too long.
        """
        key = TagKey(
            reference.context, f"referrers/{reference.identifier}", (await self._right(reference, call)).credential
        )
        known = self._referrers.get(key)
        what = f"referrers of {reference.name}"
        now, age = self._clock.now(), self._tag_ttl if max_age is None else max_age
        fresh = known is not None and now - known.observed_at < age
        if not fresh:
            known = await self._newest_referrers(key, known)
        if known is not None and now - known.observed_at < age:
            call.had(StepTarget.REFERRERS, what, StepSource.MEMORY if fresh else StepSource.STORE)
            return known

        def look(own: Call) -> Coroutine[Any, Any, Referrers | None]:
            work = partial(self._listed, key, reference, own)
            return own.share(self._referrer_flights, key, work, StepTarget.REFERRERS, what)

        if known is None or not self._good_enough(known.observed_at):
            return await look(call)
        try:
            return await _in_time(look, what, call)
        except ImageError as error:
            if not error.away:
                raise
        call.stale = True
        call.had(StepTarget.REFERRERS, what, StepSource.MEMORY)
        return known

    def _good_enough(self, observed_at: float) -> bool:
        """Whether what was seen then may be answered while its registry is away."""
        return self._clock.now() - observed_at < self._stale_seconds

    async def _right(self, reference: Reference, call: Call) -> Right:
        return Right(reference.context, await self._client.identity(reference, call))

    # Tags.

    async def _newest_sighting(self, key: TagKey, known: TagSighting | None) -> TagSighting | None:
        """The newest of what is known and what the archive has."""
        shared = await self._archive.tag(key)
        if shared is None or (known is not None and known.observed_at >= shared.observed_at):
            return known
        self._tags.put(key, shared)
        return shared

    async def _looked_at(self, key: TagKey, reference: Reference, right: Right, call: Call) -> Sighting:
        """What a tag points to now; where the registry says that it does not, what was known of it is forgotten."""
        if (others := await self._archive.others_tag(key, self._clock.now() - limits.PASSING_SECONDS)) is not None:
            call.had(StepTarget.TAG, f"tag of {reference.name}", StepSource.STORE)
            self._tags.put(key, others)
            return Sighting(await self._manifest(reference.at(others.digest), call), others.observed_at)
        try:
            return await self._look_again(key, reference, right, call)
        except ImageError as error:
            if error.reason in _SAID_NO:
                self._tags.discard(key)
                self._archive.drop_tag(key)
            raise

    async def _look_again(self, key: TagKey, reference: Reference, right: Right, call: Call) -> Sighting:
        """What a tag points to now: by HEAD where its last document is kept, else by GET."""
        observed_at = self._clock.now()
        known = self._tags.get(key)
        kept = await self._at_hand(known.digest, right) if known is not None else None
        digest = ""
        if kept is not None:
            digest = await self._client.tag(reference, call)
            if digest == kept.digest:
                return self._seen(key, kept, observed_at)
        if digest:
            # By the digest that was just given: what the tag gives a moment later may be another one.
            return self._seen(key, await self._manifest(reference.at(digest), call), observed_at)
        document = await self._client.manifest(reference, call)
        if not document.vouched:
            # Nothing of an error page is remembered.
            parsed(document, f"manifest of {reference.name}")
        self._keep(document, right)
        self._archive.put_document(document, right)
        return self._seen(key, document, observed_at)

    def _seen(self, key: TagKey, document: Content, observed_at: float) -> Sighting:
        seen = TagSighting(document.digest, observed_at)
        self._tags.put(key, seen)
        self._archive.put_tag(key, seen)
        return Sighting(document, observed_at)

    # Content.

    async def _read(self, digest: str, reference: Reference, way: _Way, call: Call) -> Content:
        right = await self._right(reference, call)
        kept = self._kept.get(ContentKey(digest))
        if kept is not None and kept.may_read(right):
            self._observer.cache_lookup("memory", way.what, "hit")
            target, size = way.target(kept.document), len(kept.document.body)
            call.had(target, way.name(digest, reference), StepSource.MEMORY, size)
            return kept.document
        self._observer.cache_lookup("memory", way.what, "miss")

        async def work() -> Content:
            if (shared := await self._at_hand(digest, right)) is not None:
                size = len(shared.body)
                call.had(way.target(shared), way.name(digest, reference), StepSource.STORE, size)
                return shared
            if (others := await self._archive.others_document(digest, right)) is not None:
                call.had(way.target(others), way.name(digest, reference), StepSource.STORE, len(others.body))
                self._keep(others, right)
                return others
            if kept is not None and kept.came_from(right.registry):
                await way.prove()
                kept.grant(right)
                document = kept.document
            else:
                document = await way.fetch()
                self._keep(document, right)
            self._archive.put_document(document, right)
            return document

        key = FetchKey(ContentKey(digest), right)
        return await call.share(self._flights, key, work, way.target(), way.name(digest, reference))

    async def _at_hand(self, digest: str, right: Right) -> Content | None:
        """A document that who asks may read, without asking a registry."""
        kept = self._kept.get(ContentKey(digest))
        if kept is not None and kept.may_read(right):
            return kept.document
        shared = await self._archive.document(digest, right)
        if shared is not None:
            self._keep(shared, right)
        return shared

    def _keep(self, document: Content, right: Right) -> None:
        key = ContentKey(document.digest)
        kept = self._kept.get(key)
        # The digest says nothing of the media type: what one registry calls a document is nothing to another's users.
        if kept is None or kept.document.media_type != document.media_type:
            kept = _StoredDocument(document)
            self._kept.put(key, kept)
        kept.grant(right)

    # Referrers.

    async def _newest_referrers(self, key: TagKey, known: Referrers | None) -> Referrers | None:
        """The newest of what is known and what the archive has."""
        shared = await self._archive.referrers(key)
        if shared is None or (known is not None and known.observed_at >= shared.observed_at):
            return known
        self._referrers.put(key, shared)
        return shared

    async def _listed(self, key: TagKey, reference: Reference, call: Call) -> Referrers | None:
        observed_at = self._clock.now()
        try:
            listed = await self._list(reference, call)
        except ImageError as error:
            if error.reason in _SAID_NO:
                self._forget_referrers(key)
            if error.reason is Reason.NOT_FOUND:
                return None
            raise
        if listed.problems:
            self._observer.entries_passed_over(RemoteList.REFERRERS, listed.problems)
        if not (listed.entries or listed.problems):
            self._forget_referrers(key)
            return None
        found = Referrers(listed.entries, observed_at, listed.problems)
        self._referrers.put(key, found)
        self._archive.put_referrers(key, found)
        return found

    def _forget_referrers(self, key: TagKey) -> None:
        self._referrers.discard(key)
        self._archive.drop_referrers(key)

    async def _list(self, reference: Reference, call: Call) -> DescriptorList:
        """The list of the interface; where there is none, or none that can be read, that under the tag.

        Raises:
            ImageError: as for `referrers`; `NotFound`: there is neither.
        """
        what = f"referrers of {reference.name}"
        try:
            listed = await self._list_of_interface(reference, what, call)
        except ImageError as error:
            if error.reason not in _OF_CONTENT and not error.unfit:
                raise
            try:
                return await self._list_of_tag(reference, what, call)
            except ImageError:
                # What is wrong with the list says more than that there is no other.
                raise error from None
        return await self._list_of_tag(reference, what, call) if listed is None else listed

    async def _list_of_interface(self, reference: Reference, what: str, call: Call) -> DescriptorList | None:
        """All pages; None from a registry without the interface."""
        page = await self._client.referrers(reference, call)
        listed = artifact.read_referrers(page.body, what) if page is not None else None
        if page is None or listed is None:
            return None
        entries, problems = [*listed.entries], [*listed.problems]
        for _ in range(limits.REFERRER_PAGES):
            if len(entries) + len(problems) > limits.REFERRERS:
                raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: there are more than {limits.REFERRERS}")
            if not page.next:
                return DescriptorList(entries, problems)
            page = await self._further_page(reference, page, call)
            listed = _read_page(page, what)
            entries += listed.entries
            problems += listed.problems
        raise ImageError(Reason.LIMIT_EXCEEDED, f"{what}: they stand on more than {limits.REFERRER_PAGES} pages")

    async def _further_page(self, reference: Reference, before: Page, call: Call) -> Page:
        try:
            return await self._client.referrers_page(reference, call, before)
        except ImageError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            # The list is there, and a part of it cannot be had: that is not the same as no list.
            raise ImageError(Reason.REGISTRY_UNAVAILABLE, error.message) from error

    async def _list_of_tag(self, reference: Reference, what: str, call: Call) -> DescriptorList:
        """The list under the tag that the specification names for registries without the interface."""
        tag = digests.tag(reference.identifier)
        document = await self._client.manifest(replace(reference, tag=tag, digest=None), call)
        return artifact.read_referrers(document.body, what) or DescriptorList(())


async def _in_time(look: Callable[[Call], Coroutine[Any, Any, T]], what: str, call: Call) -> T:
    """What a look-up gives within the time that is waited for a registry whose last word is known.

    After it the look-up goes on, so that the next question finds what it gave.

    Raises:
        ImageError: the look-up's; `Timeout` of a registry that is away, when the time is over.
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


def _read_page(page: Page, what: str) -> DescriptorList:
    """A further page of a list; one that is none spoils not those before it."""
    try:
        listed = artifact.read_referrers(page.body, what)
    except ImageError as error:
        if error.reason is not Reason.CONTENT_INVALID:
            raise
        return DescriptorList((), (error.message,))
    return listed or DescriptorList((), (f"{what}: a further page is no list",))


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
        if document.vouched or error.reason not in _OF_CONTENT:
            raise
        raise ImageError(Reason.REGISTRY_UNAVAILABLE, error.message, unfit=True) from error


def rfc3339(seconds: float) -> str:
    """A moment as answers have it, in UTC."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
