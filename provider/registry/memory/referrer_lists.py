"""What refers to manifests, as lists that get old; that nothing does is such a list, too."""

from __future__ import annotations

from functools import partial
from sys import getsizeof
from typing import Final

from provider import limits
from provider.cache.keys import TagKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, RemoteList
from provider.reasons import Reason
from provider.registry.archive.shelf import Shelf
from provider.registry.call import Call
from provider.registry.client import RegistryClient
from provider.registry.content.artifact import DescriptorList
from provider.registry.content.manifest import Descriptor
from provider.registry.memory.refusals import SAID_NO
from provider.registry.memory.renewals import Renewals
from provider.registry.memory.sightings import Belief, RegistryLook, Sightings
from provider.registry.reference import Reference
from provider.registry.referrer_pages import ReferrerPages
from provider.registry.sighting import Referrers
from provider.steps import StepSource, StepTarget

_ENTRY_OVERHEAD: Final = 512


class ReferrerLists:
    """Lists what refers to manifests; for one event loop.

    Args:
        client: asks registries.
        shelf: what other replicas have seen.
        belief: of what was seen.
        clock: for what gets old.
        observer: gets reports of look-ups, and of entries that are passed over.
        renewals: looks again at what is asked often; None where nobody does.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its collaborators
        self,
        client: RegistryClient,
        shelf: Shelf[Referrers],
        belief: Belief,
        clock: Clock,
        observer: Observer,
        renewals: Renewals | None = None,
    ) -> None:
        self._client = client
        self._pages = ReferrerPages(client)
        self._clock = clock
        self._observer = observer
        self._kept: Memory[TagKey, Referrers] = Memory(clock, limits.REFERRERS_MEMORY_BYTES, _cost)
        self._seen: Sightings[Referrers, Referrers] = Sightings(
            StepTarget.REFERRERS, self._kept, shelf, belief, clock, observer, renewals
        )

    @property
    def used(self) -> int:
        """Bytes that they take."""
        return self._kept.used

    def __len__(self) -> int:
        return len(self._kept)

    async def of(self, reference: Reference, call: Call, max_age: float | None = None) -> Referrers:
        """What refers to a manifest; see `Store.referrers`."""
        key = await self._key(reference, call)
        look = RegistryLook(key, f"referrers of {reference.name}", partial(self._listed, key, reference), absence=True)
        return await self._seen.newest(look, call, max_age)

    async def forget(self, reference: Reference, call: Call) -> None:
        """What is known to refer to a manifest counts no more."""
        await self._seen.forget_for_all(await self._key(reference, call))

    async def _key(self, reference: Reference, call: Call) -> TagKey:
        credential = await self._client.identity(reference, call)
        return TagKey(reference.context, f"referrers/{reference.identifier}", credential)

    async def _listed(self, key: TagKey, reference: Reference, call: Call) -> Referrers:
        others = await self._seen.others(key, self._clock.now() - limits.PASSING_SECONDS)
        if others is not None:
            call.had(StepTarget.REFERRERS, f"referrers of {reference.name}", StepSource.STORE)
            return others
        observed_at = self._clock.now()
        try:
            listed = await self._pages.all(reference, call)
        except ImageError as error:
            if error.reason is not Reason.NOT_FOUND:
                if error.reason in SAID_NO:
                    self._seen.forget(key, observed_at)
                raise
            listed = DescriptorList(())
        if listed.problems:
            self._observer.entries_passed_over(RemoteList.REFERRERS, listed.problems)
        found = Referrers(tuple(listed.entries), observed_at, tuple(listed.problems))
        self._seen.put(key, found)
        return found


def _cost(found: Referrers) -> int:
    """Bytes that a list takes: what registries write beside their entries may be most of it."""
    return _ENTRY_OVERHEAD + sum(map(_size, found.descriptors)) + sum(map(getsizeof, found.problems))


def _size(one: Descriptor) -> int:
    texts = (one.media_type, one.digest, one.artifact_type, *one.annotations, *one.annotations.values())
    return _ENTRY_OVERHEAD + sum(map(getsizeof, texts))
