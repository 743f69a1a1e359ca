"""Where legacy signatures and attestations are looked for: under cosign's tag; where there are none, among referrers.

So an image that has them under the tag costs no request more. Upstream knows no other place than the tag: who refuses
us the list of referrers, which many registries do that do not know it, is none who hides anything; who does not answer
may be.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeAlias

from provider import limits
from provider.errors import ImageError
from provider.questions.proof_question import Format
from provider.registry import candidates
from provider.registry.call import Call
from provider.signatures.absence import Look
from provider.signatures.discovery import Discovery
from provider.signatures.listing import Listing, ReferrerList
from provider.signatures.target import Target
from provider.signatures.verdict import Verdicts, together

ListVerification: TypeAlias = Callable[[Listing, Look], Coroutine[Any, Any, Verdicts]]
"""What becomes of the entries of a list."""


class LegacySearch:
    """A search for the legacy ones of one image; for one event loop.

    Args:
        discovery: looks for them.
        now: seconds since 1970.
        form: what the question asked for.
        verified: verifies them.
    """

    def __init__(
        self, discovery: Discovery, now: Callable[[], float], form: Format, verified: ListVerification
    ) -> None:
        self._discovery = discovery
        self._now = now
        self._form = form
        self._verified = verified

    async def verdicts(self, target: Target, call: Call) -> Verdicts:
        """What became of those under the tag, or among the referrers.

        Raises:
            ImageError: neither can be had, or there are too many.
        """
        try:
            tagged = await self.tagged(target, call)
        except ImageError as error:
            if not error.away:
                raise
            return await self._referred_before(target, call, error)
        if tagged.of:
            return tagged
        trips = call.round_trips
        if call.stale:
            # A registry that is away is waited for once: a list that was seen with the tag is as good as that.
            age = self._now() - tagged.observed_at + limits.PASSING_SECONDS
            target = replace(target, max_age=age)
        try:
            referring = await self._discovery.referring(target, call)
        except ImageError as error:
            if error.reason not in candidates.REFUSALS:
                raise
            return tagged
        # Of a list that was seen a while ago it is not said what the image has instead.
        fresh = call.round_trips > trips
        referred = await self.referred(referring, target, call)
        look = referred.look if fresh else replace(referred.look, referrers=None)
        return together((tagged, replace(referred, look=look)))

    async def tagged(self, target: Target, call: Call) -> Verdicts:
        """What became of those under the tag.

        Raises:
            ImageError: they cannot be had, or are too many.
        """
        listing = await self._discovery.tagged(target, call)
        return await self._verified(listing, Look(target, self._form))

    async def referred(self, referring: ReferrerList, target: Target, call: Call) -> Verdicts:
        """What became of those among the referrers.

        Raises:
            ImageError: they are too many.
        """
        listing = await self._discovery.legacy_among(referring, call)
        look = Look(target, self._form, referring.descriptors, unreadable=len(referring.problems))
        return await self._verified(listing, look)

    async def _referred_before(self, target: Target, call: Call, away: ImageError) -> Verdicts:
        """What was seen among the referrers before the registry went away, where that proves something.

        Raises:
            ImageError: that it is away.
        """
        try:
            found = await self.referred(await self._discovery.referring(target, call), target, call)
        except ImageError:
            raise away from None
        if not any(result.proof for result in found.results):
            raise away
        return found
