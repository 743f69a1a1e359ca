"""The artifact store: documents by digest, what tags point to, what refers to a manifest.

Age and signatures stand on it alike. This is its face: what it knows is in `memory` (documents, tags, lists of
referrers), and what other replicas have seen in `archive`, which costs no request to a registry, and nothing but time
when it is lost.
"""

from __future__ import annotations

from provider.clock import Clock
from provider.observer import Observer
from provider.registry.archive.archive import Archive, NoArchive
from provider.registry.call import Call
from provider.registry.candidates import by_any
from provider.registry.client import Content, RegistryClient
from provider.registry.content.manifest import Descriptor
from provider.registry.memory.documents import Documents
from provider.registry.memory.presences import Presences
from provider.registry.memory.referrer_lists import ReferrerLists
from provider.registry.memory.renewals import Renewals
from provider.registry.memory.sightings import Belief
from provider.registry.memory.tags import Tags
from provider.registry.presence import PresenceFinding
from provider.registry.reference import Reference
from provider.registry.sighting import Referrers, Sighting, Vacancy
from provider.registry.tag_pages import TagList, TagPages


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
        renewals: looks again at what is asked often; None where nobody does.
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
        renewals: Renewals | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._archive = archive or NoArchive()
        self._renewals = renewals
        belief = Belief(tag_ttl, stale_seconds)
        self._documents = Documents(client, self._archive, clock, observer, memory_bytes)
        self._referrer_lists = ReferrerLists(client, self._archive.referrers, belief, clock, observer, renewals)
        self._presences = Presences(client, self._documents, clock)
        self._tags = Tags(client, self._documents, self._archive.tags, belief, clock, observer, renewals)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._end_renewals()
        await self._client.close()
        await self._archive.close()

    async def enter(self) -> None:
        """Connect to what others use, too, before the first question."""
        await self._archive.open()

    async def leave(self) -> None:
        """Have written what others can use, before the end of the process."""
        await self._end_renewals()
        await self._archive.close()

    async def _end_renewals(self) -> None:
        if self._renewals is not None:
            await self._renewals.close()

    def url(self, reference: Reference) -> str:
        """The URL of a reference's manifest."""
        return self._client.url(reference)

    @property
    def used(self) -> int:
        """Bytes that documents take."""
        return self._documents.used

    def __len__(self) -> int:
        return len(self._documents)

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
        if reference.digest:
            now = self._clock.now()
            return Sighting(await self._documents.manifest(reference, call), now)
        return await self._tags.resolve(reference, call, max_age)

    @by_any
    async def discover(self, reference: Reference, call: Call, max_age: float | None = None) -> Sighting | Vacancy:
        """What a tag points to under which there may be nothing: one of signatures.

        Unlike an image's own absence, that of signatures is remembered like a sighting: it can but deny.

        Args:
            reference: with a tag.
            call: the work that this belongs to.
            max_age: as for `resolve`.

        Raises:
            ImageError: no answer.
        """
        return await self._tags.discover(reference, call, max_age)

    async def forget(self, reference: Reference, call: Call) -> str:
        """Forget what is known of a reference: what its tag points to, what refers to that, who may read it.

        Other replicas believe what they have seen as long as ever, and then look again; what they have seen is not
        answered any more while the registry is away, whoever asks. Documents stay, and rights of other credentials.

        Args:
            reference: with a tag, or a digest.
            call: the work that this belongs to; its credentials count.

        Returns:
            The digest; empty where nobody knows what the tag points to.
        """
        digest = reference.digest or await self._tags.forget(reference, call)
        if digest:
            pinned = reference.at(digest)
            await self._referrer_lists.forget(pinned, call)
            await self._documents.forget(pinned, call)
        return digest

    @by_any
    async def exists(self, reference: Reference, call: Call) -> bool:
        """Whether a tag points to anything, as far as the registry says without sending it.

        Raises:
            ImageError: no answer.
        """
        return bool(await self._client.tag(reference, call))

    async def presence(self, reference: Reference, call: Call) -> PresenceFinding:
        """Whether a digest is still in its registry, which is asked now; see `Presences`. It raises nothing."""
        return await self._presences.of(reference, call)

    @by_any
    async def listed_tags(self, reference: Reference, call: Call) -> TagList:
        """The tags of the reference's repository, as its registry lists them now; see `TagPages`.

        Raises:
            ImageError: no answer; the registry lists none.
        """
        return await TagPages(self._client).all(reference, call)

    @by_any
    async def manifest(self, reference: Reference, call: Call) -> Content:
        """The manifest or index of a reference with a digest, as it came.

        Raises:
            ImageError: no answer; `NotFound`.
        """
        return await self._documents.manifest(reference, call)

    @by_any
    async def blob(self, reference: Reference, descriptor: Descriptor, limit: int, call: Call) -> bytes:
        """A blob in the repository of the reference.

        Raises:
            ImageError: no answer; `NotFound`; `LimitExceeded` when it is longer than `limit`; `ContentInvalid` when it
                has another length than its descriptor says.
        """
        return await self._documents.blob(reference, descriptor, limit, call)

    @by_any
    async def referrers(self, reference: Reference, call: Call, max_age: float | None = None) -> Referrers:
        """What refers to the manifest of a reference with a digest; it may be nothing.

        Args:
            reference: with a digest.
            call: the work that this belongs to.
            max_age: as for `resolve`.

        Raises:
            ImageError: no answer; `ContentInvalid`, `LimitExceeded`: it is no such list, or too long.
        """
        return await self._referrer_lists.of(reference, call, max_age)
