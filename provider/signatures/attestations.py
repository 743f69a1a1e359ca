"""The attestations of an image, verified; those of the wanted type with what was asked for of their statements."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from provider import limits
from provider.cache.keys import ResultKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer
from provider.pace import Pace
from provider.questions.answer import Proof
from provider.questions.attestation_question import AttestationWish
from provider.questions.proof_question import Format, Verify
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.content.manifest import Descriptor
from provider.registry.store import Store
from provider.signatures.absence import Look
from provider.signatures.alive import alive
from provider.signatures.attestation_proofs import NONE_MATCHES
from provider.signatures.demands import Demands
from provider.signatures.discovery import Discovery
from provider.signatures.document_reader import DocumentReader
from provider.signatures.document_work import Verification
from provider.signatures.formats import attestation, attestation_bundle
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.legacy_search import LegacySearch
from provider.signatures.listing import Listing
from provider.signatures.proof_kind import ATTESTATIONS
from provider.signatures.rejection import RejectionError
from provider.signatures.side_by_side import side_by_side
from provider.signatures.target import Target
from provider.signatures.verdict import (
    Verdict,
    Verdicts,
    VerificationResult,
    failed,
    proved_by,
)

# What a result takes beside its statement, about.
_RESULT_BYTES: Final = 1024


@dataclass(frozen=True)
class _Look:
    """What all entries of a list have in common."""

    listing: Listing
    form: str
    target: Target
    wish: AttestationWish
    demands: Demands


class AttestationVerifier:
    """Verifies attestations; for one event loop.

    Args:
        store: has them.
        pace: for the verification of each.
        clock: for what is remembered.
        observer: gets reports of look-ups.
        reader: reads what is signed.
    """

    def __init__(self, store: Store, pace: Pace, clock: Clock, observer: Observer, reader: DocumentReader) -> None:
        self._discovery = Discovery(store, clock.now, observer, ATTESTATIONS)
        self._reader = reader
        self._large = asyncio.Lock()
        self._pace = pace
        self._clock = clock
        self._observer = observer
        self._results: Memory[ResultKey, tuple[VerificationResult, int]] = Memory(
            clock, limits.ATTESTATION_RESULTS_BYTES, lambda known: known[1]
        )

    async def verdicts(self, target: Target, verify: Verify, demands: Demands, call: Call) -> Verdicts:
        """What became of each attestation, in the order of their list.

        Raises:
            ImageError: their list cannot be had, or is too long.
        """
        wish = verify.attestation
        if wish is None:
            raise ImageError(Reason.QUESTION_UNSUPPORTED, "the question asks for no attestation")
        if verify.format is not Format.BUNDLE:

            async def verified(listing: Listing, look: Look) -> Verdicts:
                return await self._listed(_Look(listing, attestation.FORM, target, wish, demands), look, call)

            search = LegacySearch(self._discovery, self._clock.now, verify.format, verified)
            return await search.verdicts(target, call)
        referring = await self._discovery.referring(target, call)
        listing = await self._discovery.bundles_among(referring, call)
        look = _Look(listing, attestation_bundle.FORM, target, wish, demands.for_bundles)
        return await self._listed(look, Look(target, verify.format, referring.descriptors), call)

    async def _listed(self, look: _Look, where: Look, call: Call) -> Verdicts:
        async def one(entry: Descriptor, strand: Call) -> Verdict | None:
            return await self._verdict(look, entry, strand)

        found = await side_by_side(look.listing, look.form, look.demands, one, call)
        return Verdicts(found, look.listing.observed_at, where)

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)

    async def _verdict(self, look: _Look, entry: Descriptor, call: Call) -> Verdict | None:
        """None for a bundle that is no attestation."""
        key = ResultKey(_name(entry), look.target.digest, f"{look.form}|{look.demands.revision}|{look.wish.revision}")
        known = self._results.get(key)
        self._observer.cache_lookup("memory", "proof", "hit" if known else "miss")
        if known is not None:
            return Verdict(look.form, entry.digest, look.demands, known[0])
        verification, size = await self._verification(look, entry, call)
        try:
            # Large ones wait for one reader anyway; here none holds the half of its work meanwhile.
            async with self._large if size > limits.READ_AT_ONCE_BYTES else nullcontext():
                result, lasting = proved_by(await self._proof(verification, call))
        except NoSignatureError:
            return None
        except Exception as error:  # noqa: BLE001 - as `failed` has it
            result, lasting = failed(error)
        if lasting:
            kept = result.proof is not None and _statement(result.proof) is not None
            # Of a large statement nothing is kept that has no room in an answer.
            self._results.put(key, (result, _RESULT_BYTES + (min(size, limits.PROOFS_BYTES) if kept else 0)))
        return Verdict(look.form, entry.digest, look.demands, result)

    async def _proof(self, verification: Verification[Proof], call: Call) -> Proof:
        """Verify, step by step; what is large is read elsewhere meanwhile."""
        await self._pace.wait()
        alive(call)()
        value, rejected = None, None
        try:
            while True:
                work = verification.send(value) if rejected is None else verification.throw(rejected)
                value, rejected = None, None
                try:
                    value = await self._reader.result(work, alive(call))
                except RejectionError as error:
                    rejected = error
                if work.size > limits.READ_AT_ONCE_BYTES:
                    await self._pace.wait()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _verification(self, look: _Look, entry: Descriptor, call: Call) -> tuple[Verification[Proof], int]:
        """How an entry is verified, and its bytes.

        Raises:
            RejectionError: it cannot be read.
            ImageError: no answer.
        """
        digest, demands, wish = look.target.digest, look.demands, look.wish
        if look.form == attestation_bundle.FORM:
            raw = await self._discovery.bundle(look.listing, entry, call)
            return attestation_bundle.verify(raw, digest, demands, wish, alive(call)), len(raw)
        found = await self._discovery.layer(look.listing, entry, look.target, call)
        if found.payload is None:
            raise RejectionError(found.problem)
        return attestation.verify(found, digest, demands, wish, self._now(), alive(call)), entry.size


def said_something(proof: Proof | None) -> bool:
    """Whether it is a signature, or an attestation of the wanted type."""
    return proof is not None and (proof.attestation is None or proof.attestation.statement is not None)


def absent(target: Target, form: Format, explained: bool) -> ImageError:  # noqa: FBT001 - a fact, not a switch
    """That there are none at all."""
    name = f"{target.digest.replace(':', '-')[:19]}….att"
    places = f"under the tag {target.source.tag_prefix}{name}, nor a legacy one among the referrers"
    detail = (
        f"no attestation {'in a bundle that refers to it' if form is Format.BUNDLE else places}" if explained else ""
    )
    return ImageError(Reason.ATTESTATION_ABSENT, NONE_MATCHES, detail=detail)


def _statement(proof: Proof) -> object:
    return proof.attestation.statement if proof.attestation is not None else None


def _name(layer: Descriptor) -> str:
    """Digest of all that is verified of a layer."""
    material = json.dumps([layer.media_type, layer.digest, dict(layer.annotations)], sort_keys=True)
    return hashlib.sha256(material.encode()).hexdigest()
