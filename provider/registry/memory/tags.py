"""What tags point to; one whose document is kept is looked at again by HEAD, which costs nobody's quota.

That there is nothing under a tag is remembered of discovery alone (tags of signatures), where it leads to a denial at
worst. Of an image it is not: it is there as soon as it is pushed.
"""

from __future__ import annotations

from functools import partial

from provider import limits
from provider.cache.keys import Right, TagKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.reasons import Reason
from provider.registry.archive.shelf import Shelf
from provider.registry.call import Call
from provider.registry.client import Content, RegistryClient
from provider.registry.memory.documents import Documents, parsed
from provider.registry.memory.refusals import SAID_NO
from provider.registry.memory.renewals import Renewals
from provider.registry.memory.sightings import Belief, RegistryLook, Sightings
from provider.registry.reference import Reference
from provider.registry.sighting import Sighting, TagSighting, Vacancy
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
        renewals: looks again at what is asked often; None where nobody does.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its collaborators
        self,
        client: RegistryClient,
        documents: Documents,
        shelf: Shelf[TagSighting],
        belief: Belief,
        clock: Clock,
        observer: Observer,
        renewals: Renewals | None = None,
    ) -> None:
        self._client = client
        self._documents = documents
        self._clock = clock
        kept: Memory[TagKey, TagSighting] = Memory(clock, limits.TAGS)
        self._seen: Sightings[TagSighting, Sighting | Vacancy] = Sightings(
            StepTarget.TAG, kept, shelf, belief, clock, observer, renewals
        )

    async def resolve(self, reference: Reference, call: Call, max_age: float | None = None) -> Sighting:
        """What a tag points to; see `Store.resolve`."""
        found = await self._newest(reference, call, max_age, absence=False)
        if isinstance(found, Vacancy):
            # Somebody who discovers signatures has just looked for us.
            raise ImageError(Reason.NOT_FOUND, f"manifest of {reference.name}: {reference.registry} does not know it")
        return found

    async def discover(self, reference: Reference, call: Call, max_age: float | None = None) -> Sighting | Vacancy:
        """What a tag points to, or that it points to nothing; see `Store.discover`."""
        return await self._newest(reference, call, max_age, absence=True)

    async def forget(self, reference: Reference, call: Call) -> str:
        """What is known of a tag counts no more; gives the digest that it pointed to, empty where nobody knows."""
        right = await self._documents.right(reference, call)
        known = await self._seen.forget_for_all(TagKey(reference.context, reference.identifier, right.credential))
        return "" if known is None else known.digest

    async def _newest(
        self, reference: Reference, call: Call, max_age: float | None, *, absence: bool
    ) -> Sighting | Vacancy:
        right = await self._documents.right(reference, call)
        key = TagKey(reference.context, reference.identifier, right.credential)
        work = partial(self._looked_at, key, reference, right, absence)
        found = await self._seen.newest(RegistryLook(key, f"tag of {reference.name}", work, absence), call, max_age)
        return found if isinstance(found, Sighting | Vacancy) else await self._known(found, reference, call)

    async def _known(self, seen: TagSighting, reference: Reference, call: Call) -> Sighting | Vacancy:
        if seen.absent:
            return Vacancy(seen.observed_at)
        return Sighting(await self._documents.manifest(reference.at(seen.digest), call), seen.observed_at)

    async def _looked_at(
        self,
        key: TagKey,
        reference: Reference,
        right: Right,
        absence: bool,  # noqa: FBT001 - bound by `partial`
        call: Call,
    ) -> Sighting | Vacancy:
        """What a tag points to now; where the registry says no, what was known of it is forgotten."""
        others = await self._seen.others(key, self._clock.now() - limits.PASSING_SECONDS)
        if others is not None:
            call.had(StepTarget.TAG, f"tag of {reference.name}", StepSource.STORE)
            return await self._known(others, reference, call)
        observed_at = self._clock.now()
        try:
            return await self._look_again(key, reference, right, call)
        except ImageError as error:
            if absence and error.reason is Reason.NOT_FOUND:
                self._seen.put(key, TagSighting("", observed_at))
                return Vacancy(observed_at)
            if error.reason in SAID_NO:
                self._seen.forget(key, observed_at)
            raise

    async def _look_again(self, key: TagKey, reference: Reference, right: Right, call: Call) -> Sighting:
        """What a tag points to now: by HEAD where its last document is kept, else by GET."""
        observed_at = self._clock.now()
        known = self._seen.get(key)
        there = known is not None and not known.absent
        kept = await self._documents.at_hand(known.digest, right) if known is not None and there else None
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
