"""Who signed an image: a question becomes proofs.

The order: the key is read, or the trust roots are found; the image's digest; its signatures; then each of them by
itself, as `simple_signing` and `bundle` have it. One good signature is enough for an answer, and all good ones are in
it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import importlib
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from provider import limits
from provider.cache.keys import ResultKey
from provider.cache.memory import Memory
from provider.clock import Clock, rfc3339
from provider.errors import ImageError
from provider.loop import gathered
from provider.observer import Observer
from provider.pace import Pace
from provider.questions.answer import Proof, Proofs
from provider.questions.proof_question import Format, Key, LogName, TrustRootName, Verify
from provider.reasons import Reason
from provider.registry import candidates
from provider.registry.call import Call
from provider.registry.content.manifest import Descriptor
from provider.registry.reference import Reference
from provider.registry.store import Store
from provider.signatures import attestation_proofs, attestations
from provider.signatures.absence import Absence, Look
from provider.signatures.alive import alive
from provider.signatures.attestations import AttestationVerifier
from provider.signatures.demands import Demands
from provider.signatures.discovery import Discovery, Listing, ReferrerList, Target
from provider.signatures.document_reader import DocumentReader
from provider.signatures.examination import Examination, SignatureSteps, steps
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.legacy_search import LegacySearch
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import keys
from provider.signatures.trust.keys import PublicKey
from provider.signatures.trust.root_folder import RootFolder
from provider.signatures.trust.trust_roots import TrustRoots
from provider.signatures.verdict import (
    Verdict,
    Verdicts,
    VerificationResult,
    listed,
    not_had,
    proved,
    raise_first,
    together,
    unreadable,
    worked_out,
)

_LIBRARIES: Final = "provider.signatures.evidence.sigstore_parts"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})


_Verification = Callable[[Listing, Descriptor, Target, Demands, Call], Coroutine[Any, Any, Verdict | None]]


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
        self._discovery = Discovery(store, clock.now, observer)
        self._absence = Absence(store)
        self._attestations = AttestationVerifier(store, pace, clock, observer, reader)
        self._trust_roots = trust_roots
        self._pace = pace
        self._clock = clock
        self._observer = observer
        self._loading = asyncio.Lock()
        self._results: Memory[ResultKey, VerificationResult] = Memory(clock, limits.SIGNATURE_RESULTS)
        self._keys: Memory[Key, PublicKey] = Memory(clock, limits.SIGNATURE_KEYS)

    @property
    def trust_roots(self) -> TrustRoots:
        """Whose word counts."""
        return self._trust_roots

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
        demands = await self._ready(verify)
        with self._upstream_words(image):
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
        proofs = (proved if verify.attestation is None else attestation_proofs.proved)(verdicts.results)
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
        demands = await self._ready(verify)
        with self._upstream_words(image):
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

    async def _ready(self, verify: Verify) -> Demands:
        """What has to be proved; the libraries for certificates and logs are loaded by the first who needs them."""
        demands = self._demands(verify)
        if _LIBRARIES not in sys.modules and (demands.trust_root or demands.logs):
            async with self._loading:
                # In a thread, because it takes half a second.
                await asyncio.to_thread(importlib.import_module, _LIBRARIES)
        return demands

    def _demands(self, verify: Verify) -> Demands:
        """Read the key, find the trust roots.

        Raises:
            ImageError: `KeyInvalid`, `TrustRootStale`.
        """
        key = self._key(verify.key) if verify.key else None
        trust_root = self._trust_roots.find(verify.keyless.trust_root) if verify.keyless else None
        log = verify.log or _implied_log(verify)
        return Demands(
            key=key,
            trust_root=trust_root,
            ignore_sct=verify.keyless.ignore_sct if verify.keyless else False,
            logs=self._trust_roots.find(log.trust_root) if log else None,
            offline=verify.log is None,
            timestamps=self._trust_roots.find(verify.timestamp) if verify.timestamp is not None else None,
        )

    def _key(self, key: Key) -> PublicKey:
        found = self._keys.get(key)
        if found is None:
            found = keys.load(key.data, key.hash_algorithm)
            self._keys.put(key, found)
        return found

    async def _digest(self, image: Reference, call: Call) -> tuple[str, float]:
        """What the image is, and when its tag was seen to point there; 0 for a digest."""
        if image.digest:
            return image.digest, 0.0
        sighting = await self._store.resolve(image, call)
        return sighting.document.digest, sighting.observed_at

    async def _verdicts(self, target: Target, verify: Verify, demands: Demands, call: Call) -> Verdicts:
        """Every signature, fetched and verified side by side, in the order of their lists."""
        if verify.attestation is not None:
            return await self._attestations.verdicts(target, verify, demands, call)
        form = verify.format
        if form is Format.LEGACY:
            return await self._legacy_search(form, target, demands, call).verdicts(target, call)
        if form is Format.BUNDLE:
            return await self._bundles(await self._discovery.referring(target, call), target, form, demands, call)
        return await self._either(target, demands, call)

    def _legacy_search(self, form: Format, target: Target, demands: Demands, call: Call) -> LegacySearch:
        async def verified(listing: Listing, look: Look) -> Verdicts:
            return await self._simple_signings(listing, target, look, demands, call)

        return LegacySearch(self._discovery, self._clock.now, form, verified)

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

    async def _simple_signings(
        self, listing: Listing, target: Target, look: Look, demands: Demands, call: Call
    ) -> Verdicts:
        form = simple_signing.FORMAT
        verdicts = await self._each(form, self._legacy, listing, target, demands, call)
        return Verdicts([*verdicts, *listed(listing, form, demands)], listing.observed_at, look)

    async def _bundles(
        self, referring: ReferrerList, target: Target, form: Format, demands: Demands, call: Call
    ) -> Verdicts:
        listing, demands = await self._discovery.bundles_among(referring, call), demands.for_bundles
        verdicts = await self._each(bundle.FORMAT, self._bundle, listing, target, demands, call)
        others = listing.others + len(listing.entries) - len(verdicts)
        look = Look(target, form, referring.descriptors, others, len(referring.problems))
        return Verdicts([*verdicts, *listed(listing, bundle.FORMAT, demands)], listing.observed_at, look)

    async def _each(  # noqa: PLR0913, PLR0917 - what all of a list have in common
        self, form: str, verify: _Verification, listing: Listing, target: Target, demands: Demands, call: Call
    ) -> list[Verdict]:
        async def one(entry: Descriptor, strand: Call) -> Verdict | None:
            try:
                return await verify(listing, entry, target, demands, strand)
            except ImageError as error:
                return not_had(form, entry.digest, error, demands)

        strands = [call.fork() for _ in listing.entries]
        entries = zip(listing.entries, strands, strict=True)
        works = [one(entry, strand) for entry, strand in entries]
        found = [await works[0]] if len(works) == 1 else await gathered(works)
        call.join(strands)
        return [verdict for verdict in found if verdict is not None]

    async def _legacy(
        self, listing: Listing, layer: Descriptor, target: Target, demands: Demands, call: Call
    ) -> Verdict | None:
        signature = await self._discovery.layer(listing, layer, target, call)
        key = ResultKey(signature.name, target.digest, demands.revision)

        def work() -> Proof:
            return simple_signing.verify(signature, target.digest, demands, self._now(), alive(call))

        result = await self._remembered(key, work, call)
        if result is None:
            return None
        had = signature.payload is not None
        return Verdict(simple_signing.FORMAT, signature.name, demands, result, looked_at=had)

    async def _bundle(
        self, listing: Listing, layer: Descriptor, target: Target, demands: Demands, call: Call
    ) -> Verdict | None:
        """None for a bundle that is no signature."""
        try:
            raw = await self._discovery.bundle(listing, layer, call)
        except RejectionError as error:
            return unreadable(bundle.FORMAT, str(error), demands)
        key = ResultKey(hashlib.sha256(raw).hexdigest(), target.digest, demands.revision)
        result = await self._remembered(key, lambda: bundle.verify(raw, target.digest, demands, alive(call)), call)
        return None if result is None else Verdict(bundle.FORMAT, key.material, demands, result)

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)

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

    @contextmanager
    def _upstream_words(self, image: Reference) -> Iterator[None]:
        """Policy-controller's words for a registry that does not answer, or does not know the image."""
        try:
            yield
        except ImageError as error:
            url = self._store.url(image)
            if error.reason is Reason.NOT_FOUND:
                sentence = f"image tag not found: GET {url}: MANIFEST_UNKNOWN: manifest unknown"
                raise ImageError(error.reason, sentence) from error
            if error.unconnected:
                raise ImageError(error.reason, _refused(image, url), unconnected=True) from error
            raise


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
        importlib.import_module(_LIBRARIES)
    found = TrustRoots(trust_roots, clock, observer, folder)
    return ProofVerifier(store, found, pace, clock, observer, reader)


def _examined(verdict: Verdict, digest: str) -> SignatureSteps:
    """A result with its steps; one that ended in none of them is refused before the first."""
    result = verdict.result
    failed = None if result.proof else result.step
    shown_steps = steps(verdict.form, digest, verdict.demands, failed)
    return SignatureSteps(verdict.form, verdict.name, shown_steps, result.proof, result.problem)


def _implied_log(verify: Verify) -> LogName | None:
    """The log that is asked for though nobody named one.

    Policy-controller wants it of certificates of the public good instance, unless a timestamp authority is named.
    """
    public = verify.keyless is not None and verify.keyless.trust_root.name == ""
    return LogName(trust_root=TrustRootName()) if public and verify.timestamp is None else None


def _refused(image: Reference, url: str) -> str:
    """Go's words for a refused connection; where plain HTTP is allowed, cosign tries HTTPS first."""
    host, _, port = image.registry.partition(":")
    address = f" 127.0.0.1:{port}" if host in _LOOPBACK and port else ""
    schemes = ("https", "http") if url.startswith("http://") else ("https",)
    tries = (
        f'Get "{scheme}://{image.registry}/v2/": dial tcp{address}: connect: connection refused' for scheme in schemes
    )
    return "; ".join(tries)
