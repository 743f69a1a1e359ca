"""Whether digests are still in their registries: by HEAD, and what a "no" is worth.

Registries say 404 to a stranger, too. So a 404 counts only where the same credential has had this digest from this
registry before: it got a "yes" here, or it has read the manifest. What a mirror has sent says nothing of that, so
where a registry has mirrors only a "yes" of the registry itself counts. Mirrors are never asked: what one of them keeps
for a while is no image that lasts. Neither answer is cached.
"""

from __future__ import annotations

from typing import Final

from provider import limits
from provider.cache.keys import ContentKey, FetchKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.candidates import REFUSALS, by_any
from provider.registry.client import RegistryClient
from provider.registry.memory.documents import Documents
from provider.registry.presence import PRESENT, PresenceFinding, PresenceState
from provider.registry.reference import Reference

_STRANGER: Final = "this credential has not seen it there before, so it may only lack the right"
_MIRRORED: Final = "; nodes that pull by a mirror may find it there for as long as that keeps it"


class Presences:
    """Asks registries; for one event loop.

    Args:
        client: asks them.
        documents: what was read before, and by whom.
        clock: for what gets old.
    """

    def __init__(self, client: RegistryClient, documents: Documents, clock: Clock) -> None:
        self._client = client
        self._documents = documents
        self._seen: Memory[FetchKey, bool] = Memory(clock, limits.PRESENCES)

    async def of(self, reference: Reference, call: Call) -> PresenceFinding:
        """Whether a digest is there; of a reference that has a tag, too, whether at least the tag is.

        Args:
            reference: with a digest.
            call: the work that this belongs to.
        """
        seen: list[bool] = []
        try:
            await self._head(reference, call, seen)
        except ImageError as error:
            if error.reason not in REFUSALS or not any(seen):
                why = f"{error.message}; {_STRANGER}" if error.reason is Reason.NOT_FOUND else error.message
                return PresenceFinding(PresenceState.UNKNOWN, error.reason, why)
        else:
            return PRESENT
        if reference.tag is not None:
            return await self._of_tag(reference, call)
        return self._gone(reference)

    async def _of_tag(self, reference: Reference, call: Call) -> PresenceFinding:
        """Who starts it again asks for the tag, whatever became of the digest that it named."""
        tagged = Reference(reference.registry, reference.repository, reference.tag, None, reference.text)
        try:
            await self._head(tagged, call, [])
        except ImageError as error:
            if error.reason is not Reason.NOT_FOUND or error.away:
                return PresenceFinding(PresenceState.UNKNOWN, error.reason, error.message)
            return self._gone(reference)
        return PRESENT

    def _gone(self, reference: Reference) -> PresenceFinding:
        sentence = f"{reference.registry} had {reference.name}, and has it no more"
        if self._client.mirrored(reference.registry):
            sentence += _MIRRORED
        return PresenceFinding(PresenceState.GONE, Reason.NOT_FOUND, sentence)

    @by_any
    async def _head(self, reference: Reference, call: Call, seen: list[bool]) -> bool:
        """True, or an error; whether a credential that gets a "no" had it before is added to `seen`."""
        right = await self._documents.right(reference, call)
        key = FetchKey(ContentKey(reference.identifier), right)
        try:
            await self._client.present(reference, call)
        except ImageError as error:
            if error.reason is not Reason.NOT_FOUND or reference.digest is None:
                raise
            if self._seen.get(key):
                seen.append(True)
                raise
            if not await self._read(key, reference):
                raise
            # Nobody has seen yet that this registry knows HEAD, and some do not.
            seen.append(True)
            await self._client.present(reference, call, "GET")
            return True
        if reference.digest is not None:
            self._seen.put(key, value=True, seconds=limits.PRESENCE_SECONDS)
        return True

    async def _read(self, key: FetchKey, reference: Reference) -> bool:
        """Whether who asks has read it from this registry, and not from a mirror."""
        if self._client.mirrored(reference.registry):
            return False
        return await self._documents.at_hand(key.content.digest, key.right) is not None
