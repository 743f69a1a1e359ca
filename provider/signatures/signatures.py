"""The signatures of an image, verified: simple signings, bundles, or both."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from provider import limits
from provider.cache.keys import ResultKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.pace import Pace
from provider.questions.answer import Proof
from provider.questions.proof_question import Format
from provider.registry.call import Call
from provider.registry.content.manifest import Descriptor
from provider.registry.store import Store
from provider.signatures.absence import Look
from provider.signatures.alive import alive
from provider.signatures.demands import Demands
from provider.signatures.discovery import Discovery
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.legacy_search import LegacySearch
from provider.signatures.listing import Listing, ReferrerList
from provider.signatures.side_by_side import side_by_side
from provider.signatures.target import Target
from provider.signatures.verdict import Verdict, Verdicts, VerificationResult, not_had, together, worked_out


@dataclass(frozen=True)
class _Look:
    """What all entries of a list have in common."""

    listing: Listing
    target: Target
    demands: Demands


class SignatureVerifier:
    """Verifies signatures; for one event loop.

    Args:
        store: has them.
        pace: for the verification of each.
        clock: for certificates whose time of signing nobody proves, and for what is remembered.
        observer: gets reports of look-ups.
    """

    def __init__(self, store: Store, pace: Pace, clock: Clock, observer: Observer) -> None:
        self._discovery = Discovery(store, clock.now, observer)
        self._pace = pace
        self._clock = clock
        self._observer = observer
        self._results: Memory[ResultKey, VerificationResult] = Memory(clock, limits.SIGNATURE_RESULTS)

    async def verdicts(self, target: Target, form: Format, demands: Demands, call: Call) -> Verdicts:
        """What became of each signature, in the order of their lists.

        Raises:
            ImageError: their list cannot be had, or is too long.
        """
        if form is Format.LEGACY:
            return await self._legacy_search(form, target, demands, call).verdicts(target, call)
        if form is Format.BUNDLE:
            return await self._bundles(await self._discovery.referring(target, call), target, form, demands, call)
        return await self._either(target, demands, call)

    async def _either(self, target: Target, demands: Demands, call: Call) -> Verdicts:
        """Signatures of both forms; what keeps us from some of them may not hide a good one among the others."""
        found: list[Verdicts] = []

        async def looked(form: str, look: Coroutine[Any, Any, Verdicts]) -> None:
            try:
                found.append(await look)
            except ImageError as error:
                verdict = not_had(form, "", error, demands)
                found.append(Verdicts([verdict], self._clock.now(), Look(target, Format.ANY)))

        search = self._legacy_search(Format.ANY, target, demands, call)

        async def among_referrers() -> Verdicts:
            referring = await self._discovery.referring(target, call)
            await looked(simple_signing.FORMAT, search.referred(referring, target, call))
            return await self._bundles(referring, target, Format.ANY, demands, call)

        await looked(simple_signing.FORMAT, search.tagged(target, call))
        await looked(bundle.FORMAT, among_referrers())
        return together(found)

    def _legacy_search(self, form: Format, target: Target, demands: Demands, call: Call) -> LegacySearch:
        async def verified(listing: Listing, where: Look) -> Verdicts:
            look = _Look(listing, target, demands)

            async def one(layer: Descriptor, strand: Call) -> Verdict | None:
                return await self._simple_signing(look, layer, strand)

            verdicts = await side_by_side(listing, simple_signing.FORMAT, demands, one, call)
            return Verdicts(verdicts, listing.observed_at, where)

        return LegacySearch(self._discovery, self._clock.now, form, verified)

    async def _simple_signing(self, look: _Look, layer: Descriptor, call: Call) -> Verdict | None:
        signature = await self._discovery.layer(look.listing, layer, look.target, call)
        digest, demands = look.target.digest, look.demands

        def work() -> Proof:
            now = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
            return simple_signing.verify(signature, digest, demands, now, alive(call))

        result = await self._remembered(ResultKey(signature.name, digest, demands.revision), work, call)
        if result is None:
            return None
        had = signature.payload is not None
        return Verdict(simple_signing.FORMAT, signature.name, demands, result, looked_at=had)

    async def _bundles(
        self, referring: ReferrerList, target: Target, form: Format, demands: Demands, call: Call
    ) -> Verdicts:
        listing = await self._discovery.bundles_among(referring, call)
        look = _Look(listing, target, demands.for_bundles)

        async def one(layer: Descriptor, strand: Call) -> Verdict | None:
            return await self._bundle(look, layer, strand)

        verdicts = await side_by_side(listing, bundle.FORMAT, look.demands, one, call)
        others = listing.others + listing.count - len(verdicts)
        where = Look(target, form, referring.descriptors, others, len(referring.problems))
        return Verdicts(verdicts, listing.observed_at, where)

    async def _bundle(self, look: _Look, layer: Descriptor, call: Call) -> Verdict | None:
        """None for a bundle that is no signature."""
        raw = await self._discovery.bundle(look.listing, layer, call)
        digest, demands = look.target.digest, look.demands
        key = ResultKey(hashlib.sha256(raw).hexdigest(), digest, demands.revision)
        result = await self._remembered(key, lambda: bundle.verify(raw, digest, demands, alive(call)), call)
        return None if result is None else Verdict(bundle.FORMAT, key.material, demands, result)

    async def _remembered(self, key: ResultKey, work: Callable[[], Proof], call: Call) -> VerificationResult | None:
        """The result from memory, or worked out, one at a time; None for what is no signature.

        One that the time of day has a say in is worked out each time.
        """
        known = self._results.get(key)
        self._observer.cache_lookup("memory", "proof", "hit" if known else "miss")
        if known is not None:
            return known
        await self._pace.wait()
        alive(call)()
        try:
            result, lasting = worked_out(work)
        except bundle.NoSignatureError:
            return None
        if lasting:
            self._results.put(key, result)
        return result
