"""Who signed an image: a question becomes proofs.

The order: the key is read, or the trust roots are found (`demand_reader`); the image's digest; its signatures, each
of them by itself (`signatures`), or its attestations (`attestations`). One good one is enough for an answer, and all
good ones are in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from provider import limits
from provider.clock import Clock, rfc3339
from provider.errors import ImageError
from provider.observer import Observer
from provider.pace import Pace
from provider.questions.answer import Proofs
from provider.questions.proof_question import Verify
from provider.reasons import Reason
from provider.registry import candidates
from provider.registry.call import Call
from provider.registry.reference import Reference
from provider.registry.store import Store
from provider.signatures import attestation_proofs, attestations
from provider.signatures.absence import Absence
from provider.signatures.attestations import AttestationVerifier
from provider.signatures.demand_reader import DemandReader, load_libraries
from provider.signatures.demands import Demands
from provider.signatures.document_reader import DocumentReader
from provider.signatures.examination import Examination, SignatureSteps, steps
from provider.signatures.signatures import SignatureVerifier
from provider.signatures.target import Target
from provider.signatures.trust.root_folder import RootFolder
from provider.signatures.trust.trust_roots import TrustRoots
from provider.signatures.upstream_words import upstream_words
from provider.signatures.verdict import Verdict, Verdicts, proved, raise_first


class ProofVerifier:
    """Proves who signed images; for one event loop.

    Args:
        store: knows what tags point to.
        trust_roots: finds trust roots.
        pace: for the verification of each signature.
        clock: for certificates whose time of signing nobody proves, and for what is remembered.
        observer: gets reports of look-ups.
        reader: reads large documents.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with
        self,
        store: Store,
        trust_roots: TrustRoots,
        pace: Pace,
        clock: Clock,
        observer: Observer,
        reader: DocumentReader,
    ) -> None:
        self._store = store
        self._demands = DemandReader(trust_roots, clock)
        self._signatures = SignatureVerifier(store, pace, clock, observer)
        self._absence = Absence(store)
        self._attestations = AttestationVerifier(store, pace, clock, observer, reader)
        self._trust_roots = trust_roots
        self._clock = clock
        self._reader = reader

    @property
    def trust_roots(self) -> TrustRoots:
        """Whose word counts."""
        return self._trust_roots

    def close(self) -> None:
        """End the process that reads large documents, where there is one."""
        self._reader.close()

    async def prove(self, image: Reference, verify: Verify, call: Call, *, explained: bool = True) -> Proofs:
        """What cryptography proves about who signed an image.

        Args:
            image: its reference.
            verify: what has to be proved.
            call: the work that this belongs to; every wait within honours its deadline.
            explained: whether anybody reads why there is no signature; to find that out takes requests.

        Raises:
            ImageError: `SignatureAbsent`, `SignatureRejected`, `TrustRootStale`, `KeyInvalid`, or what keeps the
                registry from answering; in policy-controller's words where it has some.
        """
        demands = await self._demands.demands(verify)
        with upstream_words(image, self._store.url(image)):
            digest, seen_at = await self._digest(image, call)
            strand = candidates.instead(call, verify.source.pull_secrets)
            target = Target(image, digest, verify.source)
            try:
                verdicts = await self._looked(target, verify, demands, strand)
            finally:
                call.join([strand])
        if not verdicts.of and verify.attestation is not None:
            raise attestations.absent(target, verify.format, explained)
        if not verdicts.of:
            detail = await self._absence.sentence(verdicts.look, call) if explained else ""
            if detail and call.stale:
                detail += f"; its registry is away, and this is what was seen at {rfc3339(verdicts.observed_at)}"
            raise ImageError(Reason.SIGNATURE_ABSENT, "no signatures found", detail=detail)
        proofs = (proved if verify.attestation is None else attestation_proofs.proved)(verdicts)
        observed_at = min(seen_at or verdicts.observed_at, verdicts.observed_at)
        complete = all(result.error is None for result in verdicts.results)
        return Proofs(
            image.name,
            digest,
            f"{image.context}@{digest}",
            proofs,
            rfc3339(observed_at),
            complete,
            earliest=verdicts.earliest,
            passed_over=verdicts.passed_over,
        )

    async def examine(self, image: Reference, verify: Verify, call: Call) -> Examination:
        """Every signature of an image, and how far each came; for people, since the answer is in `prove`.

        Raises:
            ImageError: the key, the trust root, the image or its signatures cannot be had.
        """
        demands = await self._demands.demands(verify)
        with upstream_words(image, self._store.url(image)):
            digest, _ = await self._digest(image, call)
            call = candidates.instead(call, verify.source.pull_secrets)
            verdicts = await self._verdicts(Target(image, digest, verify.source), verify, demands, call)
        if not any(one.proof for one in verdicts.results):
            raise_first(verdicts.results)
        absence = "" if verdicts.of else await self._absent(verdicts, verify, call)
        return Examination(image.name, digest, [_examined(one, digest) for one in verdicts.of], absence)

    async def _absent(self, verdicts: Verdicts, verify: Verify, call: Call) -> str:
        """What a person is shown where nothing was found."""
        if verify.attestation is not None:
            return attestations.absent(verdicts.look.target, verify.format, explained=True).detail
        return await self._absence.sentence(verdicts.look, call, thorough=True)

    async def _looked(self, target: Target, verify: Verify, demands: Demands, call: Call) -> Verdicts:
        """Find signatures and verify them; what was seen a while ago and proves nothing is looked for again."""
        strand = call.fork()
        try:
            found = await self._verdicts(target, verify, demands, strand)
        finally:
            call.join([strand])
        old = self._clock.now() - found.observed_at > limits.PASSING_SECONDS
        # Of a registry that is away nothing newer is to be had, and the wait is short.
        if old and not strand.stale and not any(attestations.said_something(one.proof) for one in found.results):
            # Somebody may have signed it meanwhile: sign and retry works at once.
            target = replace(target, max_age=limits.PASSING_SECONDS)
            return await self._verdicts(target, verify, demands, call)
        return found

    async def _digest(self, image: Reference, call: Call) -> tuple[str, float]:
        """What the image is, and when its tag was seen to point there; 0 for a digest."""
        if image.digest:
            return image.digest, 0.0
        sighting = await self._store.resolve(image, call)
        return sighting.document.digest, sighting.observed_at

    async def _verdicts(self, target: Target, verify: Verify, demands: Demands, call: Call) -> Verdicts:
        """What became of all that is looked for."""
        if verify.attestation is not None:
            return await self._attestations.verdicts(target, verify, demands, call)
        return await self._signatures.verdicts(target, verify.format, demands, call)


def build_verifier(  # noqa: PLR0913, PLR0917 - what it works with
    store: Store,
    pace: Pace,
    clock: Clock,
    observer: Observer,
    trust_roots: Mapping[str, Path],
    reader: DocumentReader,
    folder: RootFolder | None = None,
) -> ProofVerifier:
    """The verifier with everything below it."""
    if trust_roots or (folder is not None and folder.digests()):
        # They were named to be used: what they need is not loaded in the first question's time.
        load_libraries()
    found = TrustRoots(trust_roots, clock, observer, folder)
    return ProofVerifier(store, found, pace, clock, observer, reader)


def _examined(verdict: Verdict, digest: str) -> SignatureSteps:
    """A result with its steps; one that ended in none of them is refused before the first."""
    result = verdict.result
    failed = None if result.proof else result.step
    shown_steps = steps(verdict.form, digest, verdict.demands, failed)
    return SignatureSteps(verdict.form, verdict.name, shown_steps, result.proof, result.problem)
