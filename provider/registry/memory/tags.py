"""What tags point to; one whose document is kept is looked at again by HEAD, which costs nobody's quota."""

from __future__ import annotations

from functools import partial

from provider import limits
from provider.cache.keys import Right, TagKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.registry.archive.shelf import Shelf
from provider.registry.call import Call
from provider.registry.client import Content, RegistryClient
from provider.registry.memory.documents import Documents, parsed
from provider.registry.memory.refusals import SAID_NO
from provider.registry.memory.sightings import Belief, RegistryLook, Sightings
from provider.registry.reference import Reference
from provider.registry.sighting import Sighting, TagSighting
from provider.steps import StepSource, StepTarget


class Tags:
    """Resolves tags; for one event loop.

    Args:
        client: asks registries.
        documents: has what they point to.
        shelf: what other replicas have seen.
        belief: of what was seen.
        clock: for what gets old.
        observer: gets reports of look-ups.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its collaborators
        self,
        client: RegistryClient,
        documents: Documents,
        shelf: Shelf[TagSighting],
        belief: Belief,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._client = client
        self._documents = documents
        self._clock = clock
        kept: Memory[TagKey, TagSighting] = Memory(clock, limits.TAGS)
        self._seen: Sightings[TagSighting, Sighting] = Sightings(StepTarget.TAG, kept, shelf, belief, clock, observer)

    async def resolve(self, reference: Reference, call: Call, max_age: float | None = None) -> Sighting:
        """What a tag points to; see `Store.resolve`."""
        right = await self._documents.right(reference, call)
        key = TagKey(reference.context, reference.identifier, right.credential)
        look = RegistryLook(key, f"tag of {reference.name}", partial(self._looked_at, key, reference, right))
        found = await self._seen.newest(look, call, max_age)
        return found if isinstance(found, Sighting) else await self._with_document(found, reference, call)

    async def _with_document(self, seen: TagSighting, reference: Reference, call: Call) -> Sighting:
        return Sighting(await self._documents.manifest(reference.at(seen.digest), call), seen.observed_at)

    async def _looked_at(self, key: TagKey, reference: Reference, right: Right, call: Call) -> Sighting:
        """What a tag points to now; where the registry says that it does not, what was known of it is forgotten."""
        if (others := await self._seen.others(key, self._clock.now() - limits.PASSING_SECONDS)) is not None:
            call.had(StepTarget.TAG, f"tag of {reference.name}", StepSource.STORE)
            return await self._with_document(others, reference, call)
        try:
            return await self._look_again(key, reference, right, call)
        except ImageError as error:
            if error.reason in SAID_NO:
                self._seen.forget(key)
            raise

    async def _look_again(self, key: TagKey, reference: Reference, right: Right, call: Call) -> Sighting:
        """What a tag points to now: by HEAD where its last document is kept, else by GET."""
        observed_at = self._clock.now()
        known = self._seen.get(key)
        kept = await self._documents.at_hand(known.digest, right) if known is not None else None
        digest = ""
        if kept is not None:
            digest = await self._client.tag(reference, call)
            if digest == kept.digest:
                return self._saw(key, kept, observed_at)
        if digest:
            # By the digest that was just given: what the tag gives a moment later may be another one.
            return self._saw(key, await self._documents.manifest(reference.at(digest), call), observed_at)
        document = await self._client.manifest(reference, call)
        if not document.vouched:
            # Nothing of an error page is remembered.
            parsed(document, f"manifest of {reference.name}")
        self._documents.fetched(document, right)
        return self._saw(key, document, observed_at)

    def _saw(self, key: TagKey, document: Content, observed_at: float) -> Sighting:
        self._seen.put(key, TagSighting(document.digest, observed_at))
        return Sighting(document, observed_at)
