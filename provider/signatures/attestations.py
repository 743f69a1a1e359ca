"""The attestations of an image, verified; those of the wanted type with what was asked for of their statements.

All that can be proved are in the answer, because a policy is content with any of them; of those of other types only
one a signer and type, because a denial names the types that were seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Final

from provider import limits
from provider.cache.keys import ResultKey
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import ImageError
from provider.foreign_text import shown
from provider.loop import gathered
from provider.observer import Observer
from provider.pace import Pace
from provider.questions.answer import AttestationContent, Proof
from provider.questions.attestation_question import AttestationWish
from provider.questions.proof_question import Format
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.content.manifest import Descriptor
from provider.registry.store import Store
from provider.signatures.absence import Look
from provider.signatures.alive import alive
from provider.signatures.attestation_discovery import AttestationDiscovery
from provider.signatures.demands import Demands
from provider.signatures.discovery import Listing, Target
from provider.signatures.formats import attestation
from provider.signatures.formats.attestation import FORM, AttestationLayer
from provider.signatures.verdict import Verdict, Verdicts, VerificationResult, raise_first, worked_out

NONE_MATCHES: Final = "no matching attestations: "
# What a result takes beside its statement, about.
_RESULT_BYTES: Final = 1024


class AttestationVerifier:
    """Verifies attestations; for one event loop.

    Args:
        store: has them.
        pace: for the verification of each.
        clock: for what is remembered.
        observer: gets reports of look-ups.
    """

    def __init__(self, store: Store, pace: Pace, clock: Clock, observer: Observer) -> None:
        self._discovery = AttestationDiscovery(store, clock.now, observer)
        self._pace = pace
        self._observer = observer
        self._results: Memory[ResultKey, tuple[VerificationResult, int]] = Memory(
            clock, limits.ATTESTATION_RESULTS_BYTES, lambda known: known[1]
        )

    async def verdicts(self, target: Target, wish: AttestationWish, demands: Demands, call: Call) -> Verdicts:
        """What became of each attestation, in the order of the layers.

        Raises:
            ImageError: their list cannot be had, or is too long.
        """
        listing = await self._discovery.legacy(target, call)

        async def one(layer: Descriptor, strand: Call) -> Verdict:
            try:
                return await self._verdict(listing, layer, target, wish, demands, strand)
            except ImageError as error:
                result = VerificationResult(None, error.message, error=error.again())
                return Verdict(FORM, layer.digest, demands, result)

        strands = [call.fork() for _ in listing.entries]
        found = await gathered(one(*each) for each in zip(listing.entries, strands, strict=True))
        call.join(strands)
        unreadable = [_unreadable(problem, demands) for problem in listing.problems]
        return Verdicts([*found, *unreadable], listing.observed_at, Look(target, Format.LEGACY))

    async def _verdict(  # noqa: PLR0913, PLR0917 - one entry of a list, and what all have in common
        self,
        listing: Listing,
        layer: Descriptor,
        target: Target,
        wish: AttestationWish,
        demands: Demands,
        call: Call,
    ) -> Verdict:
        key = ResultKey(_name(layer), target.digest, f"{demands.revision}|{wish.revision}")
        known = self._results.get(key)
        self._observer.cache_lookup("memory", "proof", "hit" if known else "miss")
        if known is not None:
            return Verdict(FORM, layer.digest, demands, known[0])
        found = await self._discovery.layer(listing, layer, call)
        result, lasting = await self._worked_out(found, target, wish, demands, call)
        if lasting:
            kept = result.proof is not None and _statement(result.proof) is not None
            self._results.put(key, (result, _RESULT_BYTES + (layer.size if kept else 0)))
        return Verdict(FORM, layer.digest, demands, result)

    async def _worked_out(
        self, found: AttestationLayer, target: Target, wish: AttestationWish, demands: Demands, call: Call
    ) -> tuple[VerificationResult, bool]:
        await self._pace.wait()
        alive(call)()
        return worked_out(lambda: attestation.verify(found, target.digest, demands, wish, alive(call)))


def proved(results: Sequence[VerificationResult]) -> Sequence[Proof]:
    """The attestations that are proved, of which there is one at least.

    One that could not be had may be the one that a policy is content with, so without it there is no answer.

    Raises:
        ImageError: `AttestationRejected`; what keeps us from one of them; `LimitExceeded`.
    """
    raise_first(results)
    proofs = [result.proof for result in results if result.proof is not None]
    if not proofs:
        problems = [result.problem for result in results]
        more = len(problems) - limits.REJECTIONS_SHOWN
        said = " ".join(problems[: limits.REJECTIONS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        raise ImageError(Reason.ATTESTATION_REJECTED, NONE_MATCHES + said)
    _verify_size(proofs)
    return list(_without_repetition(proofs))


def said_something(proof: Proof | None) -> bool:
    """Whether it is a signature, or an attestation of the wanted type."""
    return proof is not None and (proof.attestation is None or proof.attestation.statement is not None)


def absent(target: Target, explained: bool) -> ImageError:  # noqa: FBT001 - a fact, not a switch
    """That there are none at all."""
    name = f"{target.digest.replace(':', '-')[:19]}….att"
    detail = f"no attestation under the tag {target.source.tag_prefix}{name}" if explained else ""
    return ImageError(Reason.ATTESTATION_ABSENT, NONE_MATCHES, detail=detail)


def _verify_size(proofs: Iterable[Proof]) -> None:
    statements = [each for proof in proofs if (each := _statement(proof)) is not None]
    size = len(json.dumps(statements, ensure_ascii=False, separators=(",", ":")))
    if size > limits.ITEM_BYTES:
        sentence = f"what the policy reads of the attestations has {size} bytes, more than {limits.ITEM_BYTES}"
        advice = "let its rule name the fields that it reads, or attest less"
        raise ImageError(Reason.LIMIT_EXCEEDED, f"{sentence}: {advice}")


def _statement(proof: Proof) -> object:
    return proof.attestation.statement if proof.attestation is not None else None


def _without_repetition(proofs: Iterable[Proof]) -> Iterable[Proof]:
    seen = set()
    for proof in proofs:
        said = proof.attestation or AttestationContent("", "")
        if said.statement is None and not said.problem:
            other = (said.predicate_type, tuple(proof.subjects), proof.issuer)
            if other in seen:
                continue
            seen.add(other)
        yield proof


def _name(layer: Descriptor) -> str:
    """Digest of all that is verified of a layer."""
    material = json.dumps([layer.media_type, layer.digest, dict(layer.annotations)], sort_keys=True)
    return hashlib.sha256(material.encode()).hexdigest()


def _unreadable(problem: str, demands: Demands) -> Verdict:
    # The first step is that it can be read.
    result = VerificationResult(None, shown(problem, limits.PROBLEM_CHARACTERS), step=1)
    return Verdict(FORM, "", demands, result)
